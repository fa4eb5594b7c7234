package gateway

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/steadhq/stead"
)

// Where somebody acts at an application's own host, cookies that its scripts write lie in the way of the actor's own. They
// are put aside at the first answer, sealed, and given back at the end, or when he comes again as himself (R22).

// An old one is what was put aside under a mandate.
type old struct {
	name    string // of the cookie that holds it
	mandate stead.MandateID
	cookies []cookie // name, value and path
}

func oldName(id stead.MandateID) string { return oldPrefix + id.Label()[:8] }

// olds are what was put aside in this browser.
func (g *Gateway) olds(app stead.AppID, sent []pair) (list []old) {
	for _, p := range sent {
		id, text, ok := strings.Cut(p.value, ".")
		o := old{name: p.name, mandate: stead.MandateID(id)}
		if !ok || p.name != oldName(o.mandate) {
			continue
		}
		box, err := g.box("old", o.mandate)
		if err != nil {
			return nil
		}
		fields, ok := unseal(box, app, text)
		if !ok || len(fields)%3 != 1 {
			continue
		}
		for f := range slices.Chunk(fields[1:], 3) {
			o.cookies = append(o.cookies, cookie{name: f[0], value: f[1], path: f[2]})
		}
		list = append(list, o)
	}
	return list
}

// scripted are the cookies of the application's scripts, as they lie there in the clear.
func (g *Gateway) scripted(a *App, sent []pair) (list []cookie) {
	for _, p := range sent {
		if a.scripted(p.name) && !g.Cookie.Ours(p.name) {
			list = append(list, cookie{name: p.name, value: p.value, path: cmp.Or(g.jars.setAt(a.ID, p.name), "/")})
		}
	}
	return list
}

// aside looks whether the actor's own were put aside. If not, what lies there is his, or what a mandate left that has put
// his aside before.
func (t *trip) aside() {
	if t.v.place.label != "" || len(t.v.app.ScriptCookies) == 0 {
		return
	}
	sent := pairs(t.in.Header)
	t.own = append([]cookie{}, t.g.scripted(t.v.app, sent)...)
	for i, o := range t.g.olds(t.v.app.ID, sent) {
		switch {
		case o.mandate == t.v.who.mandate.ID:
			t.own = nil
			return
		case i == 0:
			t.own = append([]cookie{}, o.cookies...)
		}
	}
}

// putAside has the browser keep the actor's own values, sealed, until the end, and forget them for now.
func (t *trip) putAside(h http.Header) error {
	if t.own == nil {
		return nil
	}
	id, app, sent := t.v.who.mandate.ID, t.v.app, pairs(t.in.Header)
	box, err := t.g.box("old", id)
	if err != nil {
		return err
	}
	for _, c := range t.g.scripted(app, sent) {
		h.Add("Set-Cookie", t.g.gone(c.name, c.path))
	}
	for _, o := range t.g.olds(app.ID, sent) {
		h.Add("Set-Cookie", t.g.gone(o.name, "/"))
	}
	fields := []string{string(app.ID)}
	for _, c := range t.own {
		fields = append(fields, c.name, c.value, c.path)
	}
	c := cookie{name: oldName(id), path: "/", value: string(id) + "." + seal(box, app.ID, fields...)}
	if len(c.name)+len(c.value) > maxCookie {
		return t.tooLarge(c.name, len(c.value))
	}
	h.Add("Set-Cookie", t.g.setLine(c, t.life()+30*24*time.Hour, true)) // who comes back late gets his own back too
	return nil
}

func (g *Gateway) gone(name, path string) string {
	return g.setLine(cookie{name: name, path: path}, -1, false)
}

// givenBack are the lines that give the actor his own back, and take away what mandates have left.
func (g *Gateway) givenBack(p place, sent []pair) (lines []string) {
	olds := g.olds(p.app.ID, sent)
	if p.label != "" || len(olds) == 0 {
		return nil
	}
	for _, c := range g.scripted(p.app, sent) {
		lines = append(lines, g.gone(c.name, c.path))
	}
	for _, c := range sent {
		if strings.HasPrefix(c.name, jarPrefix) {
			lines = append(lines, g.gone(c.name, "/"))
		}
	}
	for _, c := range olds[0].cookies {
		lines = append(lines, g.setLine(c, 0, false))
	}
	for _, o := range olds {
		lines = append(lines, g.gone(o.name, "/"))
	}
	return lines
}

// returns has the application see the actor's own already in the request that gives them back.
func (t *trip) returns(h http.Header) {
	sent := pairs(h)
	olds := t.g.olds(t.v.app.ID, sent)
	if t.v.place.label != "" || len(olds) == 0 {
		return
	}
	var list []string
	for _, p := range sent {
		if !t.v.app.scripted(p.name) {
			list = append(list, p.name+"="+p.value)
		}
	}
	for _, c := range olds[0].cookies {
		list = append(list, c.name+"="+c.value)
	}
	h["Cookie"] = []string{strings.Join(list, "; ")}
}

// restore gives the actor his own back with the answer to the end.
func (g *Gateway) restore(w http.ResponseWriter, r *http.Request) {
	p, _ := g.at(r.Host)
	for _, line := range g.givenBack(p, pairs(r.Header)) {
		w.Header().Add("Set-Cookie", line)
	}
}

// forget takes away what is left in the browser at a host that nobody comes back to.
func (g *Gateway) forget(w http.ResponseWriter, r *http.Request) {
	for _, c := range pairs(r.Header) {
		if !g.Cookie.Ours(c.name) || strings.HasPrefix(c.name, jarPrefix) {
			w.Header().Add("Set-Cookie", g.gone(c.name, "/"))
		}
	}
}
