package gateway_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/steadhq/stead/internal/web"
)

// What scripts write flows by rule, and on a host of the mandate's own by itself; what the application sets itself does
// not, so that a session of the actor's own cannot be copied there (R22, GATEWAY 12).
func TestScriptCookies(t *testing.T) {
	k := &keeper{head: []string{"csrf=token; Path=/; Max-Age=999999", "flag=1"}}
	g := newOwn(t, k, echo, func(g *gate) { g.gw.Apps[0].ScriptCookies = []string{"csrf", "settings-*"} })
	there := g.acting().over().tab()
	there.load("/look/a")
	var plain []string
	for _, c := range there.kept("/") {
		if !strings.HasPrefix(c.Name, "stead-jar-") {
			plain = append(plain, c.String())
		}
	}
	if strings.Join(plain, ";") != "csrf=token" {
		t.Errorf("plain: %v", plain)
	}
	k.head = nil
	a := there.load("/look/a", "Cookie: settings-1=x; Theme=dark; sid=stolen; flag=stolen; stead-jar-x=1; stead_80=pass")
	got := strings.Join(g.up.last(t).Header["Cookie"], ";")
	if !strings.Contains(got, "settings-1=x") || strings.Contains(got, "Theme=dark") || strings.Contains(got, "stolen") || strings.Contains(got, "stead") || !strings.Contains(got, "csrf=token") {
		t.Errorf("%q %s", got, a.Status)
	}
}

// On a host that the actor shares with himself his own values are put aside and given back (R22).
func TestSharedHostGivesBack(t *testing.T) {
	k := &keeper{}
	g := newGate(t, k, echo, func(g *gate) { g.gw.Apps[0].ScriptCookies = []string{"prefs", "more"} })
	sam := g.acting().tab()
	sam.jar.SetCookies(sam.at("/"), []*http.Cookie{{Name: "prefs", Value: "of-sam", Path: "/"}, {Name: "other", Value: "of-sam", Path: "/"}})
	sam.load("/look/a")
	if got := strings.Join(g.up.last(t).Header["Cookie"], ";"); got != "" {
		t.Errorf("his own went on: %q", got)
	}
	for _, c := range sam.kept("/") {
		if c.Name == "prefs" || strings.Contains(c.Value, "of-sam") && c.Name != "other" {
			t.Errorf("%v stays", c)
		}
	}
	sam.jar.SetCookies(sam.at("/"), []*http.Cookie{{Name: "prefs", Value: "of-dana", Path: "/"}, {Name: "more", Value: "of-dana", Path: "/"}})
	sam.load("/look/a")
	if got := strings.Join(g.up.last(t).Header["Cookie"], ";"); !strings.Contains(got, "prefs=of-dana") || strings.Contains(got, "of-sam") || strings.Contains(got, "other") {
		t.Errorf("what scripts wrote since: %q", got)
	}
	a := sam.send("POST", "/.stead/end", "")
	if a.StatusCode != http.StatusSeeOther {
		t.Fatalf("%s", a.Status)
	}
	var now []string
	for _, c := range sam.kept("/") {
		now = append(now, c.Name+"="+c.Value)
	}
	if strings.Join(now, ";") != "other=of-sam;prefs=of-sam" && strings.Join(now, ";") != "prefs=of-sam;other=of-sam" {
		t.Errorf("afterwards he has %v", now)
	}
}

// Who lets the time run out, signs out, or acts again at once, has his own back when he is himself (R22).
func TestSharedHostGivesBackLater(t *testing.T) {
	k := &keeper{}
	g := newGate(t, k, echo, func(g *gate) { g.gw.Apps[0].ScriptCookies = []string{"prefs"} })
	sam := g.acting().tab()
	sam.jar.SetCookies(sam.at("/"), []*http.Cookie{{Name: "prefs", Value: "of-sam", Path: "/"}})
	sam.load("/look/a")
	sam.jar.SetCookies(sam.at("/"), []*http.Cookie{{Name: "prefs", Value: "of-dana", Path: "/"}})
	next := g.fresh().tab() // another session, in the same browser
	next.jar = sam.jar
	if a := next.act("subject=erin"); a.StatusCode != http.StatusSeeOther {
		t.Fatalf("%s %s", a.Status, a.body)
	}
	next.load("/look/a")
	if got := strings.Join(g.up.last(t).Header["Cookie"], ";"); strings.Contains(got, "prefs") {
		t.Errorf("what one mandate left goes on under the next: %q", got)
	}
	self := g.fresh().tab()
	self.jar = sam.jar
	self.jar.SetCookies(self.at("/"), []*http.Cookie{{Name: "prefs", Value: "of-erin-dana", Path: "/"}})
	for range 2 {
		a := self.load("/look/a")
		if got := strings.Join(g.up.last(t).Header["Cookie"], ";"); !strings.Contains(got, "prefs=of-sam") || strings.Contains(got, "dana") || strings.Contains(got, "stead") {
			t.Errorf("%s: as himself he sends %q", a.Status, got)
		}
	}
	for _, c := range self.kept("/") {
		if strings.HasPrefix(c.Name, "stead-old") {
			t.Errorf("%v stays", c)
		}
	}
}

// At the end nothing of a mandate's stays at its host.
func TestHostOfMandateIsLeftEmpty(t *testing.T) {
	k := &keeper{head: []string{"csrf=1; Path=/"}}
	g := newOwn(t, k, echo, func(g *gate) { g.gw.Apps[0].ScriptCookies = []string{"csrf"} })
	there := g.acting().over().tab()
	there.load("/look/a")
	if len(there.kept("/")) != 2 {
		t.Fatalf("%v", there.kept("/"))
	}
	there.send("POST", "/.stead/end", "")
	if left := there.kept("/"); len(left) != 0 {
		t.Errorf("%v", left)
	}
}

// The names that browsers really send reach the application as they are, ours never (B2).
func TestOwnCookiesStayAsTheyAre(t *testing.T) {
	k := &keeper{}
	g := newGate(t, k, echo)
	dana := g.enter("customers/dana")
	dana.get("/look/a", `Cookie: a[b]={"x":1,"y":"é"}; stead-jar-aaaaaaaa-sid=1; Stead-Old-x=2;sid=7;  __Secure-stead-x=3`)
	if got := strings.Join(g.up.last(t).Header["Cookie"], "|"); got != `a[b]={"x":1,"y":"é"}; sid=7` {
		t.Errorf("%q", got)
	}
}

// Cookies and the gateway agree on what is ours.
func TestOurNames(t *testing.T) {
	c := web.NewCookie("stead", "127.0.0.1:8420", false)
	for name, ours := range map[string]bool{"stead-jar-a-b": true, "STEAD-OLD-a": true, "__Host-stead-x": true, "stead_1": true, "stead": true,
		"steadfast": false, "instead-jar": false, "sid": false} {
		if c.Ours(name) != ours {
			t.Errorf("%s: %v", name, !ours)
		}
	}
}
