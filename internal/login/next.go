package login

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/web"
)

// A goal is where somebody wants to be once he is signed in.
type goal struct {
	place Place  // the zero Place is Stead itself
	path  string // with its query
}

// goal reads next: a path on this host, or an address on the host of a configured application. Errors: invalid.
func (d *Door) goal(next string) (goal, error) {
	if next == "" {
		return goal{path: "/"}, nil
	}
	u, err := url.Parse(next)
	switch {
	case err != nil || u.User != nil || u.Opaque != "" || len(next) > 4<<10 || !visible(next):
		return goal{}, nowhere()
	case u.Scheme == "" && u.Host == "" && strings.HasPrefix(next, "/") && web.CheckTarget(u.RequestURI(), nil) == nil:
		return goal{path: u.RequestURI()}, nil
	}
	path, at := u.RequestURI(), d.place(u)
	if at.Host == "" || !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") {
		return goal{}, nowhere()
	}
	return goal{place: at, path: path}, nil
}

// place is the host of an application, or of a mandate there, that u is at; the zero Place where it is none.
func (d *Door) place(u *url.URL) Place {
	for _, p := range d.Places {
		own, err := url.Parse(p.Origin)
		if err != nil || u.Scheme != own.Scheme {
			continue
		}
		if web.FoldHost(u.Scheme, u.Host) == web.FoldHost(own.Scheme, own.Host) {
			return p
		}
		host := strings.ToLower(u.Host)
		if d.Acting == nil {
			continue
		}
		if app, ok := d.Acting(host); ok && app == p.App {
			return Place{Host: host, Origin: u.Scheme + "://" + host, App: app, Label: p.Label}
		}
	}
	return Place{}
}

// visible tells whether s holds nothing that browsers drop or turn around while they read an address.
func visible(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r == '\\' || r == 0x7f })
}

func nowhere() error {
	return stead.E(stead.Invalid, stead.ReasonNoRoute,
		"the address to go on to is neither here nor at an application that Stead knows: open the application itself")
}

// lead sends somebody on to his goal, with a one-time code where that is another host.
func (d *Door) lead(w http.ResponseWriter, r *http.Request, by authority.By, to goal) error {
	if to.place.Host == "" {
		http.Redirect(w, r, to.path, http.StatusSeeOther)
		return nil
	}
	code, err := d.Hander.Hand(r.Context(), by, to.place.Host)
	if err != nil {
		return err
	}
	q := url.Values{"code": {code}, "next": {to.path}}
	http.Redirect(w, r, to.place.Origin+"/.stead/in?"+q.Encode(), http.StatusSeeOther)
	return nil
}
