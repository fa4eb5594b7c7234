package console

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/web"
)

func (c *Console) newPerson(v *visit) error { return v.showNewPerson(http.StatusOK, nil, "") }

func (v *visit) showNewPerson(status int, f url.Values, problem string) error {
	p := formView{frame: v.frame("Add an account", "Of somebody who acts, or is acted for."), Problem: problem, Action: "/people", Back: "/people", Button: "Add it"}
	p.Fields = []web.FieldSpec{
		v.c.homeOf(f.Get("directory")),
		{Name: "name", Label: "Account name", Required: true, Value: f.Get("name"), Autocomplete: "off", Hint: "As it is signed in with, without spaces: sam.okafor"},
		{Name: "shown", Label: "Name", Value: f.Get("shown"), Autocomplete: "off", Hint: "As others see it: Sam Okafor"},
		{Name: "groups", Label: "Groups", Value: f.Get("groups"), Autocomplete: "off", Hint: "With commas between them. The policy says what each may."},
	}
	return v.show(status, formPage(p))
}

// makePerson adds an account that has no password: whom it is for chooses one by a link, or is only acted for.
func (c *Console) makePerson(v *visit) error {
	f, err := v.form()
	if err != nil {
		return err
	}
	n := authority.NewPerson{Directory: f.Get("directory"), Name: strings.TrimSpace(f.Get("name")), Shown: strings.TrimSpace(f.Get("shown")), Groups: listed(f.Get("groups"))}
	var made []stead.Principal
	var no error = stead.E(stead.Invalid, stead.ReasonRequest, "choose one of the directories")
	if slices.ContainsFunc(c.Directories, func(d Directory) bool { return d.ID == n.Directory }) {
		made, no = c.Authority.Enroll(v.r.Context(), v.by, []authority.NewPerson{n})
	}
	switch {
	case v.retell(no):
		return v.showNewPerson(web.StatusOf(no), f, saying(no))
	case no != nil:
		return no
	}
	return v.to("/people/" + url.PathEscape(string(made[0].ID)) + "?done=new")
}

// listed are names with commas between them.
func listed(text string) []string {
	all := []string{}
	for one := range strings.SplitSeq(text, ",") {
		if one = strings.TrimSpace(one); one != "" {
			all = append(all, one)
		}
	}
	return all
}
