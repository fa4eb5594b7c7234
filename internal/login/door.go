package login

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/web"
)

// Sessions are the verbs of one's own login.
type Sessions interface {
	SignIn(context.Context, authority.SignIn) (authority.Signed, error)
	Present(context.Context, authority.Presented) (authority.By, error)
	StepUp(ctx context.Context, by authority.By, code string) (authority.Signed, error)
	SignOut(context.Context, authority.By) error
}

// Hander makes the one-time code that carries a session to an application's host.
type Hander interface {
	Hand(ctx context.Context, by authority.By, host string) (string, error)
}

// A Demo shows who may be tried, on the sign-in page of a demonstration and nowhere else.
type Demo interface {
	People() []DemoPerson
	Code(directory, name string) string // the code that would be taken now, "" where none is needed
	CodeOf(stead.PrincipalID) string
}

// A DemoPerson is somebody everybody may sign in as.
type DemoPerson struct{ Directory, Name, Password, About string }

// A Directory is one choice of the sign-in form.
type Directory struct{ ID, Label string }

// A Place is an application's host, where a sign-in may lead.
type Place struct {
	Host   string // as browsers write it: "127.0.0.1:8421"
	Origin string // "http://127.0.0.1:8421"
	App    stead.AppID
	Label  string // what people call it: "Acme Orders"
}

// A Door signs people in. All members but Acting and Demo are needed.
type Door struct {
	Sessions    Sessions
	Hander      Hander
	Directories []Directory
	Places      []Place
	Acting      func(host string) (app stead.AppID, ok bool) // whose host of a mandate it is; nil knows none
	Cookie      web.Cookie
	Now         func() time.Time
	Demo        Demo
}

// Mount adds the door's routes.
func (d *Door) Mount(t *web.Routes) {
	t.Add("GET /login", web.Public, d.form)
	t.Add("POST /login", web.Public, d.signIn)
	t.Add("POST /logout", web.Public, d.signOut) // who is signed out already gets the same answer
	t.Add("GET /step-up", web.InSession, d.stepForm)
	t.Add("POST /step-up", web.InSession, d.stepUp)
}

// by tells who sent r.
func (d *Door) by(r *http.Request) (authority.By, error) {
	c := web.ClientOf(r)
	return d.Sessions.Present(r.Context(), authority.Presented{
		Secret: d.Cookie.Read(r), Host: r.Host, Client: c.Mark, Address: c.Addr.String(),
	})
}

// in runs h for whoever is signed in, and sends everybody else to sign in first.
func (d *Door) in(w http.ResponseWriter, r *http.Request, h func(authority.By) error) error {
	by, err := d.by(r)
	switch {
	case err == nil:
		return h(by)
	case web.StatusOf(err) == http.StatusUnauthorized && web.PrefersHTML(r):
		here := "/"
		if r.Method == http.MethodGet {
			here = r.URL.RequestURI()
		}
		http.Redirect(w, r, "/login?"+url.Values{"next": {here}}.Encode(), http.StatusSeeOther)
		return nil
	}
	return err
}
