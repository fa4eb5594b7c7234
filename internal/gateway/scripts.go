package gateway

import (
	"net/http"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/steadhq/stead"
)

// scripted tells whether scripts of the application read or write a cookie, by its rules.
func (a *App) scripted(name string) bool {
	return slices.ContainsFunc(a.ScriptCookies, func(glob string) bool {
		ok, err := path.Match(glob, name)
		return ok && err == nil
	})
}

// sends writes the cookies that the application gets.
func (t *trip) sends(h http.Header) {
	if !t.v.acting() {
		t.g.visitors.note(t.v, t.in)
		t.returns(h)
		t.g.Cookie.Hide(h)
		return
	}
	if app := t.v.app; app.Whoami != nil || len(app.Secrets) > 0 {
		h.Set("Accept-Encoding", "identity") // it is read on the way back, and whole
		h.Del("Range")
	}
	h.Del("Cookie2")
	host, at := bare(t.v.place.own()), pathOf(t.in.URL)
	var list []string
	sent := map[string]bool{}
	for _, c := range inOrder(slices.Clone(t.carried)) {
		if c.reaches(host) && c.under(at) {
			list = append(list, c.name+"="+c.value)
		}
		sent[c.name] = true
	}
	for _, p := range append(t.plain(), t.replayed(sent)...) {
		list = append(list, p.name+"="+p.value)
	}
	h.Del("Cookie")
	if len(list) > 0 {
		h.Set("Cookie", strings.Join(list, "; "))
	}
}

// plain are the cookies that scripts have written, by the application's rules alone: what a script of another mandate's
// host, or of the actor's own pages, has set for a wider domain looks the same.
func (t *trip) plain() (list []pair) {
	t.aside()
	for _, p := range pairs(t.in.Header) {
		if t.v.app.scripted(p.name) && (t.v.place.label != "" || t.own == nil) && !t.g.Cookie.Ours(p.name) {
			list = append(list, p)
		}
	}
	return list
}

// life is how long the mandate may be in force at most, however often it is extended.
func (t *trip) life() time.Duration { return lifeOf(t.v.who.mandate, t.g.Now()) }

func lifeOf(m *stead.Mandate, now time.Time) time.Duration {
	return max(time.Second, m.StartedAt.Add(m.Bounds.Longest()).Sub(now))
}

// gives seals what the application sets, and lets pass by rule what its scripts must read.
func (t *trip) gives(h http.Header) error {
	lines, now := h["Set-Cookie"], t.g.Now()
	h.Del("Set-Cookie")
	defer t.jar.answered()
	id, app := t.v.who.mandate.ID, t.v.app.ID
	if err := t.putAside(h); err != nil || len(lines) == 0 {
		return err
	}
	box, err := t.g.box("jar", id)
	if err != nil {
		return err
	}
	for _, line := range lines {
		c, ok := readCookie(line, bare(t.v.place.own()), pathOf(t.in.URL), now)
		if !ok || t.g.Cookie.Ours(c.name) {
			t.g.Door.Log.Debug("a browser would not keep this cookie", "app", app, "cookie", c.name)
			continue
		}
		t.g.jars.learn(app, c, now)
		life := t.lifeOfCookie(c, now)
		if t.v.app.scripted(c.name) {
			c.domain = ""
			h.Add("Set-Cookie", t.g.setLine(c, life, false))
			continue
		}
		t.jar.keep(now, c)
		sealed, fits := c.sealed(box, app, id)
		if !fits && life > 0 {
			return t.tooLarge(c.name, len(c.value))
		}
		if life < 0 {
			sealed.value = ""
		}
		sealed.domain = t.wide(c)
		h.Add("Set-Cookie", t.g.setLine(sealed, life, true))
	}
	return nil
}

// lifeOfCookie is never longer than the mandate's; less than none takes the cookie back.
func (t *trip) lifeOfCookie(c cookie, now time.Time) time.Duration {
	switch {
	case c.over(now):
		return -1
	case c.until.IsZero():
		return t.life()
	}
	return max(time.Second, min(t.life(), c.until.Sub(now)))
}

// wide is the domain that the browser is told: none where the cookie is for one host of the application's alone. What it
// is sent to besides can not open it.
func (t *trip) wide(c cookie) string {
	n := 0
	for _, h := range t.v.app.Hosts {
		if c.reaches(bare(h)) {
			n++
		}
	}
	switch {
	case n < 2 || !strings.HasPrefix(c.domain, "."):
		return ""
	case t.v.place.label != "":
		return bare(t.g.Acting)
	}
	return c.domain
}

func (t *trip) tooLarge(name string, size int) error {
	t.g.Door.Log.Error("cookie too large to be kept while somebody acts", "app", t.v.app.ID, "cookie", name, "size", size)
	return stead.E(stead.Conflict, stead.ReasonBroken,
		"the application sets a cookie, %q, of %d bytes: more than can be kept while you act. Nothing is shown rather than a page that does not know you", short(name), size)
}

// observes keeps our own cookies ours, and learns which the application sets.
func (t *trip) observes(h http.Header) {
	kept := slices.DeleteFunc(h["Set-Cookie"], func(line string) bool {
		c, ok := readCookie(line, bare(t.v.place.own()), pathOf(t.in.URL), t.g.Now())
		if ok {
			t.g.jars.learn(t.v.app.ID, c, t.g.Now())
		}
		name, _, _ := strings.Cut(line, "=")
		return t.g.Cookie.Ours(trim(name))
	})
	if kept = append(kept, t.g.givenBack(t.v.place, pairs(t.in.Header))...); len(kept) == 0 {
		h.Del("Set-Cookie")
		return
	}
	h["Set-Cookie"] = kept
}

// cookies are the application's, and no concern of the actor's own browser while he acts (R22). Then what the answer
// tells is looked at: whom it is for, and which secrets stand in it.
func (t *trip) cookies(res *http.Response) error {
	if !t.v.acting() {
		t.observes(res.Header)
		return nil
	}
	if err := t.gives(res.Header); err != nil {
		return err
	}
	if err := t.whoami(res); err != nil {
		return err
	}
	if t.v.first == never {
		res.Header.Set("Stead-First-Visit", "?1")
	}
	return t.hides(res)
}
