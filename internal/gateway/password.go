package gateway

import (
	"slices"

	"github.com/steadhq/stead"
)

// ReadPasswords reads the files that hold the passwords of accounts. read refuses a file that others may read.
func ReadPasswords(apps []App, read func(file string) (string, error)) error {
	for i := range apps {
		for _, a := range apps[i].secret() {
			var err error
			if a.password, err = read(a.File); err != nil {
				return stead.Because(err, "read the password of "+string(apps[i].ID))
			}
		}
	}
	return nil
}

// secret are the accounts whose password stands in a file.
func (a *App) secret() []*Account {
	all := []*Account{a.Basic}
	for _, told := range a.ByMode {
		all = append(all, told.Basic)
	}
	return slices.DeleteFunc(all, func(a *Account) bool { return a == nil || a.File == "" })
}

// Files are those that are read when the application is: passwords and certificates.
func (a *App) Files() []string {
	var all []string
	for _, one := range a.secret() {
		all = append(all, one.File)
	}
	if a.Reach.CAFile != "" {
		all = append(all, a.Reach.CAFile)
	}
	return all
}
