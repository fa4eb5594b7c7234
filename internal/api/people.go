package api

import (
	"context"
	"net/http"
	"slices"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/web"
)

type peopleIn struct {
	Page
	Name      string `query:"name" maxLength:"256" doc:"account name, or part of the shown name"`
	Directory string `query:"directory" maxLength:"64"`
}

type peopleOut struct {
	Next
	Body struct {
		People []Person `json:"people"`
		NextPage
	}
}

type importedOut struct {
	Status int
	Body   struct {
		People   []Person `json:"people"`
		Warnings []string `json:"warnings,omitempty" doc:"what is right and should be different"`
	}
}

type PersonPath struct {
	ID stead.PrincipalID `path:"id" maxLength:"64"`
}

type personOut struct {
	Status int
	ETag   string `header:"ETag"`
	Body   Person
}

type enrollIn struct {
	Body struct {
		Directory  string            `json:"directory" minLength:"1" maxLength:"64"`
		Name       string            `json:"name" minLength:"1" maxLength:"128" doc:"no spaces, no '/', nothing invisible; the groups alike"`
		Shown      string            `json:"shown,omitempty" maxLength:"256"`
		Person     string            `json:"person,omitempty" maxLength:"64" doc:"any text, the same for all accounts of one human"`
		Groups     []string          `json:"groups,omitempty" maxItems:"100"`
		Attributes map[string]string `json:"attributes,omitempty"`
		Password   string            `json:"password,omitempty" maxLength:"1024"`
		TOTP       string            `json:"totp_secret,omitempty" maxLength:"256" doc:"base32"`
	}
}

type changeIn struct {
	PersonPath
	Body struct {
		Shown      *string            `json:"shown,omitempty" maxLength:"256"`
		Groups     *[]string          `json:"groups,omitempty" maxItems:"100"`
		Attributes *map[string]string `json:"attributes,omitempty"`
		Disabled   *bool              `json:"disabled,omitempty"`
		Password   *string            `json:"password,omitempty" maxLength:"1024"`
		TOTP       *string            `json:"totp_secret,omitempty" maxLength:"256"`
	}
}

type eraseIn struct {
	PersonPath
	Erase bool `query:"erase" doc:"lose the keys of the person too: what was recorded can then not be read any more"`
}

func (a *API) people(d *door) {
	add(d, operation{method: "GET", path: "/v1/people", id: "list-people", tag: web.Admin, roles: authority.Onlookers(), group: "people", says: "List accounts, by directory and name"}, a.listPeople)
	once(d, operation{method: "POST", path: "/v1/people", id: "enroll", tag: web.Admin, group: "people", status: http.StatusCreated, says: "Add an account"}, a.enroll, a.enrolled)
	once(d, operation{method: "POST", path: "/v1/people/import", id: "import-people", tag: web.Admin, group: "people", status: http.StatusCreated, max: 16 << 20, says: "Add accounts from CSV: all of them or none"}, a.importPeople, a.imported)
	add(d, operation{method: "GET", path: "/v1/people/{id}", id: "get-person", tag: web.InSession, group: "people", tagged: true, says: "Show an account: one's own, or any for who may see it"}, a.getPerson)
	once(d, operation{method: "PATCH", path: "/v1/people/{id}", id: "change-person", tag: web.Admin, group: "people", of: stead.KindPrincipal, says: "Change an account"}, a.change, func(ctx context.Context, by authority.By, in *changeIn, _ uint64) (*personOut, error) {
		return a.getPerson(ctx, by, &in.PersonPath)
	})
	add(d, operation{method: "POST", path: "/v1/people/{id}/vouch", id: "vouch", tag: web.Admin, roles: rulers(), group: "people", says: "Say that somebody is a person of his own: by an administrator or security who had no part in his account"}, a.vouch)
	add(d, operation{method: "DELETE", path: "/v1/people/{id}", id: "delete-person", tag: web.Admin, group: "people", of: stead.KindPrincipal, status: http.StatusNoContent, says: "Delete an account: its name is free again, its id is not"}, a.remove)
}

// whoever is somebody, or the id of one whose account is gone.
func whoever(p stead.Principal) Who {
	if p.Name == "" {
		return Who{ID: p.ID}
	}
	return who(p.ID, p)
}

func (a *API) vouch(ctx context.Context, by authority.By, in *linkIn) (*personOut, error) {
	p, err := a.Verbs.Vouch(ctx, by, in.ID, in.Body.Reason)
	if err != nil {
		return nil, err
	}
	return &personOut{Status: http.StatusOK, ETag: etag(p.Version), Body: person(p)}, nil
}

func (a *API) listPeople(ctx context.Context, by authority.By, in *peopleIn) (*peopleOut, error) {
	after, err := place(ctx, in.Token)
	if err != nil {
		return nil, err
	}
	found, more, err := a.Verbs.PeoplePage(ctx, by, authority.PeopleQuery{Name: in.Name, Directory: in.Directory, After: after, Limit: in.Limit})
	if err != nil {
		return nil, err
	}
	out, next := &peopleOut{}, ""
	if more {
		last := found[len(found)-1]
		next = last.Directory + "/" + last.Name
	}
	out.Body.People = each(found, person)
	out.Body.NextPage, out.Next = onward(ctx, next)
	return out, nil
}

func (a *API) enroll(ctx context.Context, by authority.By, in *enrollIn) (*personOut, error) {
	b := in.Body
	if len(a.Directories) > 0 && !slices.Contains(a.Directories, b.Directory) {
		return nil, stead.E(stead.Invalid, stead.ReasonRequest, "there is no directory %q%s", b.Directory, stead.DidYouMean(b.Directory, a.Directories))
	}
	made, err := a.Verbs.Enroll(ctx, by, []authority.NewPerson{{
		Directory: b.Directory, Name: b.Name, Shown: b.Shown, Person: b.Person, Groups: b.Groups,
		Attributes: b.Attributes, Password: b.Password, TOTP: b.TOTP,
	}})
	if err != nil {
		return nil, err
	}
	return &personOut{Status: http.StatusCreated, ETag: etag(made[0].Version), Body: person(made[0])}, nil
}

func (a *API) getPerson(ctx context.Context, by authority.By, in *PersonPath) (*personOut, error) {
	h, err := a.Verbs.Human(ctx, by, in.ID)
	if err != nil {
		return nil, err
	}
	out := &personOut{Status: http.StatusOK, ETag: etag(h.Version), Body: person(h.Principal)}
	if h.Password {
		out.Body.Proofs = append(out.Body.Proofs, "password")
	}
	if h.Code {
		out.Body.Proofs = append(out.Body.Proofs, "code")
	}
	for _, o := range h.Holders {
		out.Body.Hands = append(out.Body.Hands, Hand{whoever(o.Principal), o.Mark})
	}
	if h.Voucher.ID != "" {
		by := whoever(h.Voucher)
		out.Body.Vouched = &by
	}
	for _, o := range h.Others {
		out.Body.Others = append(out.Body.Others, who(o.ID, o))
	}
	return out, nil
}

func (a *API) change(ctx context.Context, by authority.By, in *changeIn) (*personOut, error) {
	b := in.Body
	p, err := a.Verbs.Change(ctx, by, in.ID, authority.Edit{
		Shown: b.Shown, Groups: b.Groups, Attributes: b.Attributes, Disabled: b.Disabled, Password: b.Password, TOTP: b.TOTP,
	})
	if err != nil {
		return nil, err
	}
	return &personOut{Status: http.StatusOK, ETag: etag(p.Version), Body: person(p)}, nil
}

func (a *API) remove(ctx context.Context, by authority.By, in *eraseIn) (*nothing, error) {
	if in.Erase {
		return nil, a.Verbs.Erase(ctx, by, in.ID)
	}
	yes := true
	_, err := a.Verbs.Change(ctx, by, in.ID, authority.Edit{Deleted: &yes})
	return nil, err
}

// enrolled shows an account that was added before, as it is now.
func (a *API) enrolled(ctx context.Context, by authority.By, _ *enrollIn, number uint64) (*personOut, error) {
	left, err := a.left(ctx, number, 1)
	if err != nil || len(left) == 0 {
		return nil, err
	}
	out, err := a.getPerson(ctx, by, &PersonPath{left[0].Subject})
	if err == nil {
		out.Status = http.StatusCreated
	}
	return out, err
}
