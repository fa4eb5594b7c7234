package web

import (
	"bytes"
	"context"
	"net/http"

	"github.com/a-h/templ"
	"github.com/steadhq/stead"
)

//go:generate go run github.com/a-h/templ/cmd/templ@v0.3.1020 generate

// A Shell is what surrounds every page of Stead's.
type Shell struct {
	Title string // of the page; shown as its heading too
	Lead  string // one sentence under the heading, may be empty
	Who   string // who is signed in, may be empty: "Sam (staff)"
	Nav   []Link
	Foot  string // one line at the end, such as a request id
}

// A Link is one entry of the navigation.
type Link struct {
	Text, Href string
	Here       bool // it is the page shown
}

// A FieldSpec describes one labelled input. Kind is the input's type, "text" where empty; "select" and "textarea"
// are kinds too.
type FieldSpec struct {
	Name, Label, Kind, Value, Hint, Error string
	Options                               []Option // for "select"
	Autocomplete, Inputmode, Pattern      string
	Required, Autofocus                   bool
}

// An Option is one choice of a select.
type Option struct {
	Value, Text string
	Chosen      bool
}

func (f FieldSpec) kind() string {
	if f.Kind == "" {
		return "text"
	}
	return f.Kind
}

// describedBy names the elements that explain the field, for who cannot see them beside it.
func (f FieldSpec) describedBy() string {
	switch {
	case f.Error != "" && f.Hint != "":
		return f.Name + "-error " + f.Name + "-hint"
	case f.Error != "":
		return f.Name + "-error"
	case f.Hint != "":
		return f.Name + "-hint"
	}
	return ""
}

// A NoticeKind sets the colour and the word of a notice; colour alone tells nobody anything.
type NoticeKind string

const (
	Note    NoticeKind = "note"
	Good    NoticeKind = "good"
	Warning NoticeKind = "warning"
	Stop    NoticeKind = "stop"
)

var noticeWords = map[NoticeKind]string{Note: "Note", Good: "Done", Warning: "Careful", Stop: "Not done"}

// A ButtonKind tells the one main action of a form from the others and from those that take something away.
type ButtonKind string

const (
	Main   ButtonKind = "main"
	Plain  ButtonKind = "plain"
	Danger ButtonKind = "danger"
)

// WritePage answers with a page. It is rendered whole first, so that a failure can still be told.
func WritePage(ctx context.Context, w http.ResponseWriter, status int, page templ.Component) error {
	var b bytes.Buffer
	if err := page.Render(ctx, &b); err != nil {
		return stead.Because(err, "writing a page")
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, err := w.Write(b.Bytes())
	return err
}
