package login

import (
	"errors"
	"net/url"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/web"
)

// An entry is what the pages of this door show.
type entry struct {
	Next        string
	To          string // what the application is called, "" for Stead itself
	Directories []Directory
	People      []DemoPerson
	Name        string
	Directory   string
	Step        string // half a sign-in
	Problem     string
	DemoCode    string
	Out         bool // somebody has just signed out
}

func (d *Door) entry(to goal) entry {
	v := entry{To: to.place.Label, Directories: d.Directories}
	if v.To == "" {
		v.To = string(to.place.App)
	}
	if d.Demo != nil {
		v.People = d.Demo.People()
	}
	return v
}

func (v entry) lead() string {
	if v.To == "" {
		return ""
	}
	return "to go on to " + v.To
}

// again is the first page, for the same goal.
func (v entry) again() string {
	return "/login?" + url.Values{"again": {"1"}, "next": {v.Next}}.Encode()
}

func (v entry) directoryField() web.FieldSpec {
	f := web.FieldSpec{Name: "directory", Label: "Directory", Kind: "select", Required: true, Hint: "Where your account is kept."}
	for _, d := range v.Directories {
		label := d.Label
		if label == "" {
			label = d.ID
		}
		f.Options = append(f.Options, web.Option{Value: d.ID, Text: label, Chosen: d.ID == v.Directory})
	}
	return f
}

func (v entry) codeField() web.FieldSpec {
	f := web.FieldSpec{Name: "code", Label: "Code", Required: true, Autofocus: true, Autocomplete: "one-time-code",
		Inputmode: "numeric", Hint: "The six digits that your authenticator shows now."}
	if v.DemoCode != "" {
		f.Hint = "Demonstration: your authenticator would show " + v.DemoCode + " now."
	}
	return f
}

// saying is the text that was written for who caused err.
func saying(err error) string {
	var e *stead.Error
	if errors.As(err, &e) {
		return e.Text
	}
	return "that did not work"
}

func (v entry) demoRows() [][]string {
	var rows [][]string
	for _, p := range v.People {
		rows = append(rows, []string{p.Name, p.Directory, p.Password, p.About})
	}
	return rows
}
