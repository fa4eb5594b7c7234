package api

import (
	"context"
	"net/http"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
)

// An Importer reads files of people.
type Importer interface {
	// ReadPeople reads CSV; directory is that of rows that name none. Errors: invalid, with the line and column of
	// all that is wrong; then nobody is to be added.
	ReadPeople(csv []byte, directory string) (people []authority.NewPerson, warnings []string, err error)
}

type importIn struct {
	Directory string `query:"directory" maxLength:"64" doc:"for rows that name none"`
	RawBody   []byte `contentType:"text/csv" doc:"columns: name; directory, shown, person, groups (separated by ;), totp_secret, password_hash (argon2id), password, attr.NAME"`
}

func (a *API) importPeople(ctx context.Context, by authority.By, in *importIn) (*importedOut, error) {
	rows, warnings, err := a.Importer.ReadPeople(in.RawBody, in.Directory)
	if err != nil {
		return nil, err
	}
	made, err := a.Verbs.Enroll(ctx, by, rows)
	if err != nil {
		return nil, err
	}
	return imported(made, warnings), nil
}

// imported shows the accounts that were added before, as they are now; those that are no more are missing.
func (a *API) imported(ctx context.Context, by authority.By, in *importIn, number uint64) (*importedOut, error) {
	rows, warnings, err := a.Importer.ReadPeople(in.RawBody, in.Directory)
	if err != nil {
		return nil, err
	}
	left, err := a.left(ctx, number, len(rows))
	if err != nil {
		return nil, err
	}
	var now []stead.Principal
	for _, e := range left {
		if p := a.Register.Principal(e.Subject); p.ID != "" {
			now = append(now, p)
		}
	}
	return imported(now, warnings), nil
}

func imported(people []stead.Principal, warnings []string) *importedOut {
	out := &importedOut{Status: http.StatusCreated}
	out.Body.People, out.Body.Warnings = each(people, person), warnings
	return out
}
