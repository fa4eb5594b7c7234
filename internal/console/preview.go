package console

import (
	"net/http"
	"net/url"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/web"
)

// A previewView says what a wish would need, before anything is asked for.
type previewView struct {
	frame
	Facts  [][2]string
	Stages []string
	Code   string // what is wanted of the second factor
	Form   url.Values
	Back   string
}

// wished are the fields of a wish, in the order of the form.
var wished = []string{"subject", "name", "directory", "attr", "reason", "ticket", "app", "target", "mode", "for"}

// preview tells what would be needed. It asks for nothing, and is written down like a search.
func (c *Console) preview(v *visit) error {
	f, err := v.form()
	if err != nil {
		return err
	}
	wish, err := c.wish(f)
	if err != nil {
		return v.showChoice(web.StatusOf(err), f, f, saying(err))
	}
	p, err := c.Authority.Preview(v.r.Context(), v.by, wish)
	switch {
	case stead.ReasonOf(err) == stead.ReasonNotArmed && v.retell(err):
		return v.showArm(web.StatusOf(err), saying(err), f)
	case v.retell(err) || stead.ReasonOf(err) == stead.ReasonUnknown && web.PrefersHTML(v.r):
		return v.showChoice(web.StatusOf(err), f, f, saying(err))
	case err != nil:
		return err
	}
	view := previewView{frame: v.frame("What it will need", "Nothing is asked for yet."), Facts: c.terms(p.Mandate), Stages: stages(p.Mandate), Form: url.Values{}, Back: "/act?" + keep(f).Encode()}
	view.Code = "No fresh code: none is wanted."
	if p.Code {
		view.Code = "A fresh code of your authenticator when you start."
		if p.Fresh.After(c.Now()) {
			view.Code = "A fresh code: the one you gave counts until " + c.at(p.Fresh) + "."
		}
	}
	if p.Bounds.Idle > 0 {
		view.Facts = append(view.Facts, [2]string{"Ends when idle for", span(lengthOf(p.Bounds.Idle))})
	}
	if p.Bounds.Start > 0 {
		view.Facts = append(view.Facts, [2]string{"Waits for its start", span(lengthOf(p.Bounds.Start))})
	}
	for _, k := range wished {
		if s := f.Get(k); s != "" {
			view.Form.Set(k, s)
		}
	}
	return v.show(http.StatusOK, previewPage(view))
}
