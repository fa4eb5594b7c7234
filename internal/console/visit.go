package console

import (
	"cmp"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/a-h/templ"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/web"
)

// A visit is one request of somebody who is signed in.
type visit struct {
	c  *Console
	w  http.ResponseWriter
	r  *http.Request
	by authority.By
	st authority.Status
}

type page func(*visit) error

// in answers with p for whoever is signed in and may, and sends people without a session to sign in.
func (c *Console) in(tag web.Tag, roles []authority.Role, p page) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		by, err := c.Authority.Present(r.Context(), presented(r, c.Cookie))
		if err == nil {
			err = c.sees(by, tag, roles)
		}
		var st authority.Status
		if err == nil {
			st, err = c.Authority.Status(r.Context(), by)
		}
		switch {
		case err == nil:
			if web.ByHand(r) {
				c.Authority.Seen(by)
			}
			return p(&visit{c, w, r, by, st})
		case web.StatusOf(err) == http.StatusUnauthorized && web.PrefersHTML(r):
			return toSignIn(w, r)
		case stead.ReasonOf(err) == stead.ReasonLevel && r.Method == http.MethodGet && web.PrefersHTML(r):
			return c.toStronger(w, r, by)
		}
		return err
	}
}

// toSignIn remembers where a reader wanted to go. What a form was to do is not done later unseen.
func toSignIn(w http.ResponseWriter, r *http.Request) error {
	here := "/"
	if r.Method == http.MethodGet {
		here = r.URL.RequestURI()
	}
	http.Redirect(w, r, "/login?"+url.Values{"next": {here}}.Encode(), http.StatusSeeOther)
	return nil
}

// toStronger leads to the proof of the second factor, and whoever has none to one.
func (c *Console) toStronger(w http.ResponseWriter, r *http.Request, by authority.By) error {
	to := "/step-up?" + url.Values{"next": {r.URL.RequestURI()}}.Encode()
	if who, err := c.Authority.Human(r.Context(), by, by.Principal); err == nil && !who.Code && c.Factors != nil {
		to = "/me/factor"
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
	return nil
}

// might tells whether somebody has a role, or would have it with a stronger sign-in.
func (v *visit) might(roles ...authority.Role) bool {
	err := v.c.Authority.May(v.by, roles...)
	return err == nil || stead.ReasonOf(err) == stead.ReasonLevel
}

// acts tells whether the reader may ever act for somebody: of who certainly may not nothing is asked for it.
func (v *visit) acts() bool { return v.c.Authority.MayAct(v.r.Context(), v.by) }

// audits tells whether the reader reads the whole trail: no page leads there whoever does not.
func (v *visit) audits() bool { return v.c.Authority.May(v.by, authority.Auditor) == nil }

// barred tells whoever would not be taken for the second person of what takes two why, before he tries; empty: he would.
// Who has proved too little here is asked for more when he tries.
func (v *visit) barred(verb, about string) string {
	no := v.c.Authority.Would(v.by, verb, about)
	if stead.ReasonOf(no) == stead.ReasonLevel {
		return ""
	}
	return web.Sentence(saying(no))
}

// show answers with a page.
func (v *visit) show(status int, page templ.Component) error {
	v.w.Header().Set("Content-Security-Policy", v.w.Header().Get("Content-Security-Policy")+"; script-src 'self'; connect-src 'self'")
	return web.WritePage(v.r.Context(), v.w, status, page)
}

// to sends the browser on after a form, so that reloading repeats nothing.
func (v *visit) to(path string) error {
	http.Redirect(v.w, v.r, path, http.StatusSeeOther)
	return nil
}

// form reads what was posted.
func (v *visit) form() (url.Values, error) {
	if err := web.ReadForm(v.w, v.r); err != nil {
		return nil, err
	}
	return v.r.PostForm, nil
}

// retell tells whether a no belongs on the page the form came from: people who can do better get it there. A wrong proof is typed anew,
// and signs nobody out.
func (v *visit) retell(err error) bool {
	if err == nil || !web.PrefersHTML(v.r) || stead.KindOf(err) == stead.Broken || stead.KindOf(err) == stead.Missing {
		return false
	}
	return web.StatusOf(err) != http.StatusUnauthorized || stead.ReasonOf(err) == stead.ReasonBadProof
}

// renew gives the browser a new pass: what it held before the start or the end of acting is worth nothing after (B2).
func (v *visit) renew() error {
	signed, err := v.c.Authority.Rotate(v.r.Context(), v.by)
	if err != nil {
		return err
	}
	v.by = signed.By
	v.c.Cookie.Set(v.w, signed.Secret, 0)
	return nil
}

// lead takes the session to where m is acted under.
func (v *visit) lead(m stead.Mandate) error {
	host, origin, err := v.c.Place(first(m), m.ID)
	if err != nil {
		return err
	}
	code, err := v.c.Authority.Hand(v.r.Context(), v.by, host)
	if err != nil {
		return err
	}
	q := url.Values{"code": {code}, "next": {cmp.Or(m.Target, "/")}}
	return v.to(origin + "/.stead/in?" + q.Encode())
}

// frame is what surrounds a page.
func (v *visit) frame(title, lead string) frame {
	f := frame{Clock: v.c.Now().UTC().Format(time.RFC3339Nano), Shell: web.Shell{Title: title, Lead: lead, Who: v.st.Actor.DisplayName() + " (" + v.st.Actor.Directory + ")"}}
	at := v.r.URL.Path
	link := func(text, href string, also ...string) {
		here := at == href || strings.HasPrefix(at, href+"/")
		for _, a := range also {
			here = here || strings.HasPrefix(at, a)
		}
		f.Shell.Nav = append(f.Shell.Nav, web.Link{Text: text, Href: href, Here: here})
	}
	link("Home", "/")
	if f.Ruled = v.c.oversees(v.by); v.acts() {
		link("Act", "/act")
		f.Ruled = true
	}
	link("Requests", "/requests")
	link("Mandates", "/mandates")
	if v.might(authority.Onlookers()...) || v.c.Authority.Answers(v.by) > 0 {
		link("Agents", "/agents", "/templates", "/segments", "/flows", "/exclusions")
	}
	if v.audits() {
		link("Trail", "/audit")
		link("Reports", "/reports")
	}
	if v.might(authority.Onlookers()...) {
		link("People", "/people", "/groups")
		link("Policies", "/policies")
		link("Settings", "/settings")
		link("Health", "/health")
	}
	link("My account", "/me")
	if v.st.Acting {
		f.Acting = v.running()
	}
	return f
}

// code is the field for a fresh code.
func (v *visit) code(required bool, hint, problem string) web.FieldSpec {
	f := web.FieldSpec{Name: "code", Label: "Code", Required: required, Autocomplete: "one-time-code",
		Inputmode: "numeric", Hint: hint, Error: problem}
	if v.c.Demo != nil {
		if code := v.c.Demo.CodeOf(v.by.Principal); code != "" {
			f.Hint += " Demonstration: your authenticator would show " + code + " now."
		}
	}
	return f
}

// saying is the text that was written for who caused err; none for nil.
func saying(err error) string {
	var e *stead.Error
	switch {
	case err == nil:
		return ""
	case errors.As(err, &e):
		return e.Text
	}
	return "that did not work"
}
