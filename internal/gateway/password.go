package gateway

import "github.com/steadhq/stead"

// ReadPasswords reads the files that hold the passwords of accounts. read refuses a file that others may read.
func ReadPasswords(apps []App, read func(file string) (string, error)) error {
	for i := range apps {
		all := []*Account{apps[i].Basic}
		for _, told := range apps[i].ByMode {
			all = append(all, told.Basic)
		}
		for _, a := range all {
			if a == nil || a.File == "" {
				continue
			}
			var err error
			if a.password, err = read(a.File); err != nil {
				return stead.Because(err, "read the password of "+string(apps[i].ID))
			}
		}
	}
	return nil
}
