package gateway

import (
	"net/http"

	"github.com/steadhq/stead"
)

// Introduce gives the headers that tell a that p is there as himself, but for the assertion: for who looks at an
// application that stands behind no gateway yet.
func (a *App) Introduce(p *stead.Principal) http.Header {
	who, h := served{actor: p, subject: p}, http.Header{}
	told := a.identity(who)
	for _, one := range append([]Header{{"X-Stead-Subject", "{subject.full}"}}, told.Headers...) {
		if value, ok := who.header(one.Text); ok {
			h[one.Name] = []string{value}
		}
	}
	if told.Basic != nil {
		if value, ok := who.basic(told.Basic); ok {
			h.Set("Authorization", value)
		}
	}
	return h
}

// Served is whom a page says it serves, "" where it does not say, and whether that is who was told as name.
func (w *Whoami) Served(body []byte, name string) (written string, same bool) {
	m := w.Match.FindSubmatch(body[:min(len(body), maxLooked)])
	if m == nil {
		return "", false
	}
	return string(m[1]), w.is(name, string(m[1]))
}
