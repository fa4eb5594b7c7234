package login

import (
	"cmp"
	"context"
	"net/http"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/web"
)

// retryAfter is how long, in seconds, somebody who tried too often is told to wait.
const retryAfter = "30"

// form shows the sign-in page. A pass that is still good goes on without it.
func (d *Door) form(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	to, err := d.goal(q.Get("next"))
	if err != nil {
		return err
	}
	if by, err := d.by(r); err == nil && !q.Has("again") && goesThere(r) {
		return d.lead(w, r, by, to)
	}
	v := d.entry(to)
	v.Next, v.Out = q.Get("next"), q.Has("out")
	return web.WritePage(r.Context(), w, http.StatusOK, passwordPage(v))
}

// goesThere tells a browser that opens a page from one that loads a part of another: no picture makes a code.
func goesThere(r *http.Request) bool {
	dest := r.Header.Get("Sec-Fetch-Dest")
	return dest == "" || dest == "document"
}

// signIn takes the password form, the code form, or both in one.
func (d *Door) signIn(w http.ResponseWriter, r *http.Request) error {
	if err := web.ReadForm(w, r); err != nil {
		return err
	}
	f := r.PostForm
	if !f.Has("next") { // a program that posts to the address it was sent to
		f.Set("next", r.URL.Query().Get("next"))
	}
	to, err := d.goal(f.Get("next"))
	if err != nil {
		return err
	}
	c := web.ClientOf(r)
	in := authority.SignIn{
		Directory: f.Get("directory"), Name: f.Get("name"), Password: f.Get("password"), Code: f.Get("code"),
		Half: f.Get("step"), Host: r.Host, Address: c.Addr.String(), Client: c.Mark, App: to.place.App, Path: to.path,
	}
	if to.place.Host == "" {
		in.Path = ""
	}
	signed, err := d.Sessions.SignIn(r.Context(), in)
	if err != nil {
		return d.again(w, r, to, in, cmp.Or(signed.Half, in.Half), err)
	}
	d.retire(r)
	d.Cookie.Set(w, signed.Secret, 0)
	return d.lead(w, r, signed.By, to)
}

// retire ends the session whose pass this browser had before: none lives on unseen (B2).
func (d *Door) retire(r *http.Request) {
	if by, err := d.by(r); err == nil {
		// It ends by itself otherwise; that must not keep anybody out.
		_ = d.Sessions.SignOut(context.WithoutCancel(r.Context()), by)
	}
}

// again shows the page that fits the no: that of the code to whose password was right. Programs get the no itself.
func (d *Door) again(w http.ResponseWriter, r *http.Request, to goal, in authority.SignIn, half string, no error) error {
	reason := stead.ReasonOf(no)
	if reason == stead.ReasonTooMany {
		w.Header().Set("Retry-After", retryAfter)
	}
	if !web.PrefersHTML(r) || stead.KindOf(no) == stead.Broken {
		return no
	}
	v := d.entry(to)
	v.Next, v.Name, v.Directory, v.Step = r.PostForm.Get("next"), in.Name, in.Directory, half
	if reason != stead.ReasonSecondFactor {
		v.Problem = saying(no)
	}
	if reason == stead.ReasonExpired {
		v.Step = ""
	}
	if v.Step != "" {
		v.DemoCode = d.demoCode(in)
		return web.WritePage(r.Context(), w, web.StatusOf(no), codePage(v))
	}
	return web.WritePage(r.Context(), w, web.StatusOf(no), passwordPage(v))
}

func (d *Door) demoCode(in authority.SignIn) string {
	if d.Demo == nil {
		return ""
	}
	return d.Demo.Code(in.Directory, in.Name)
}
