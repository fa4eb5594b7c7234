package gateway_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/steadhq/stead"
)

func mandate(v *visitor) url.Values { return url.Values{"mandate": {string(v.last)}} }

// Ended by hand, he is himself again at once, with a new pass; the old one is worth nothing (B2, B13).
func TestEndByHand(t *testing.T) {
	g := newShop(t)
	sam := g.acting()
	old := sam.cookie
	before := g.size()
	form := mandate(sam)
	form.Set("return", "/orders?page=2")
	a := sam.post("/.stead/end", form, browser...)
	if a.StatusCode != http.StatusSeeOther || a.Header.Get("Location") != "/orders?page=2" || sam.cookie == old {
		t.Fatalf("%s %v", a.Status, a.Header)
	}
	g.leaves(before, "mandate.ended", "session.passed")
	if a := sam.get("/", browser...); a.StatusCode != http.StatusOK || strings.Contains(a.body, "stead-bar") {
		t.Errorf("after the end: %s", a.Status)
	}
	stale := &visitor{g: g, cookie: old}
	for _, path := range []string{"/", "/.stead/status", "/.stead/end"} {
		if a := stale.get(path); a.StatusCode != http.StatusUnauthorized {
			t.Errorf("%s with the old pass: %s", path, a.Status)
		}
	}
	if a := sam.post("/.stead/end", mandate(sam)); a.StatusCode != http.StatusConflict {
		t.Errorf("end twice: %s", a.Status)
	}
	if a := sam.post("/.stead/extend", url.Values{"reason": {"more"}}); a.StatusCode != http.StatusConflict {
		t.Errorf("extend after the end: %s", a.Status)
	}
}

// Programs post and are done.
func TestEndByProgram(t *testing.T) {
	g := newShop(t)
	sam := g.acting()
	if a := sam.do("POST", "/.stead/end", ""); a.StatusCode != http.StatusOK || !strings.Contains(a.body, string(sam.last)) {
		t.Fatalf("%s %s", a.Status, a.body)
	}
	if a := sam.get("/api/whoami"); !strings.Contains(a.body, "staff/sam") {
		t.Errorf("%s", a.body)
	}
}

// restarts closes the house and opens it again behind the same gateway.
func (g *gate) restarts() {
	g.t.Helper()
	g.Shut()
	g.Open()
	g.gw.Passes, g.gw.Starts, g.gw.Ends, g.gw.Decider = g.Authority, g.Authority, g.Authority, g.Authority
}

// A script of the page ends and goes on as the actor: it gets nothing until he has seen the end himself, whatever is
// restarted meanwhile (R16, GATEWAY 1).
func TestEndByScript(t *testing.T) {
	g := newShop(t)
	sam := g.acting()
	m := mandate(sam)
	if a := sam.post("/.stead/end", m, script...); a.StatusCode != http.StatusOK {
		t.Fatalf("%s %s", a.Status, a.body)
	}
	sent := len(g.up.requests())
	before := g.size()
	if a := sam.post("/orders/7", url.Values{"note": {"x"}}, script...); a.StatusCode != http.StatusForbidden {
		t.Errorf("a write by script after its end: %s", a.Status)
	}
	if e := g.leaves(before, "request.denied")[0]; e.Actor != g.People["staff/sam"].ID || e.Reason != stead.ReasonUnseen {
		t.Errorf("%+v", e.Event)
	}
	g.restarts()
	navigates := append(browser[:4:4], "Sec-Fetch-User: ?0")
	for _, head := range [][]string{script, navigates} {
		if a := sam.post("/.stead/end", m, head...); a.StatusCode != http.StatusForbidden {
			t.Errorf("acknowledged by script: %s", a.Status)
		}
	}
	if a := sam.post("/.stead/end", nil, browser...); a.StatusCode != http.StatusForbidden {
		t.Errorf("acknowledged without saying what: %s", a.Status)
	}
	if a := sam.get("/", browser...); a.StatusCode != http.StatusForbidden || len(g.up.requests()) != sent {
		t.Errorf("%s", a.Status)
	}
	if a := sam.get("/.stead/end", browser...); !strings.Contains(a.body, "I have seen it") {
		t.Errorf("%s", a.body)
	}
	if a := sam.post("/.stead/end", m, browser...); a.StatusCode != http.StatusSeeOther {
		t.Errorf("%s %s", a.Status, a.body)
	}
	if a := sam.get("/", browser...); a.StatusCode != http.StatusOK {
		t.Errorf("after the acknowledgement: %s", a.Status)
	}
}

// After its time nothing goes on, a background poll does not eat the news, and the record names both (story 12:11).
func TestExpiry(t *testing.T) {
	g := newShop(t)
	sam := g.acting()
	g.Clock.Move(11 * time.Minute)
	before := g.size()
	a := sam.get("/orders", browser...)
	if a.StatusCode != http.StatusForbidden || !strings.Contains(a.body, "/.stead/end") {
		t.Fatalf("%s\n%s", a.Status, a.body)
	}
	all := g.leaves(before, "request.denied", "mandate.ended")
	if e := all[0]; e.Reason != stead.ReasonExpired || e.Subject != g.People["customers/dana"].ID || e.Actor != g.People["staff/sam"].ID {
		t.Errorf("%+v", e.Event)
	}
	for range 3 {
		if a := sam.get("/api/whoami", script...); a.StatusCode != http.StatusForbidden {
			t.Errorf("a poll: %s %s", a.Status, a.body)
		}
	}
	if a := sam.get("/.stead/status", script...); !strings.Contains(a.body, `"end_unseen":"man_`) || !strings.Contains(a.body, `"acting":false`) {
		t.Errorf("%s", a.body)
	}
	if a := sam.post("/.stead/end", mandate(sam), browser...); a.StatusCode != http.StatusSeeOther {
		t.Fatalf("%s %s", a.Status, a.body)
	}
	if a := sam.get("/", browser...); a.StatusCode != http.StatusOK {
		t.Errorf("%s", a.Status)
	}
}

func TestRevoked(t *testing.T) {
	g := newShop(t)
	sam := g.acting()
	if _, err := g.Revoke(t.Context(), g.Login("staff/omar", "api"), sam.last, "no"); err != nil {
		t.Fatal(err)
	}
	if a := sam.get("/orders", browser...); a.StatusCode != http.StatusForbidden {
		t.Errorf("%s", a.Status)
	}
	if a := sam.post("/.stead/end", mandate(sam), browser...); a.StatusCode != http.StatusSeeOther {
		t.Errorf("%s %s", a.Status, a.body)
	}
}

// The application's own sign-out is an end, and is forwarded nowhere (R18).
func TestLogoutOfTheApplication(t *testing.T) {
	g := newGate(t, http.NotFoundHandler(), echo)
	sam := g.acting()
	if a := sam.get("/bye", browser...); a.StatusCode != http.StatusSeeOther || a.Header.Get("Location") != "/.stead/end" {
		t.Fatalf("%s %v", a.Status, a.Header)
	}
	if len(g.up.requests()) != 0 {
		t.Error("it was forwarded")
	}
	if a := sam.get("/.stead/status"); !strings.Contains(a.body, `"acting":false`) {
		t.Errorf("%s", a.body)
	}
}

// The actor's sign-out ends the mandate first (R18), and every pass with it (B13).
func TestSignOut(t *testing.T) {
	g := newShop(t)
	sam := g.acting()
	before := g.size()
	if a := sam.post("/.stead/out", nil, browser...); a.StatusCode != http.StatusOK || !strings.Contains(a.body, "Signed out") {
		t.Fatalf("%s", a.Status)
	}
	g.leaves(before, "mandate.ended", "session.ended")
	if a := sam.get("/.stead/status"); a.StatusCode != http.StatusUnauthorized {
		t.Errorf("%s", a.Status)
	}
}

func TestStatus(t *testing.T) {
	g := newShop(t)
	sam := g.acting()
	read := func() (s struct {
		Acting         bool
		Actor, Subject struct{ ID, Name string }
		Mandate, Mode  string
		Until          time.Time
		WarnAt         time.Time `json:"warn_at"`
		WarnsOf        string    `json:"warns_of"`
		ExtensionsLeft int       `json:"extensions_left"`
	}) {
		a := sam.get("/.stead/status")
		if err := json.Unmarshal([]byte(a.body), &s); err != nil {
			t.Fatalf("%s: %s", a.Status, a.body)
		}
		return s
	}
	s := read()
	if !s.Acting || s.Actor.Name != "sam" || s.Subject.Name != "dana" || s.Subject.ID != string(g.People["customers/dana"].ID) ||
		s.Mandate != string(sam.last) || s.Mode != "read-only" || s.WarnsOf != "mandate" || s.ExtensionsLeft != 3 ||
		!s.WarnAt.Equal(s.Until.Add(-time.Minute)) {
		t.Errorf("%+v", s)
	}
	if a := sam.post("/.stead/extend", url.Values{"reason": {"still looking"}, "code": {g.Code("staff/sam")}}); a.StatusCode != http.StatusOK {
		t.Fatalf("extend: %s %s", a.Status, a.body)
	}
	if again := read(); again.ExtensionsLeft != 2 || !again.Until.After(s.Until) {
		t.Errorf("%+v", again)
	}
	if a := sam.get("/.stead/status", browser...); !strings.Contains(a.body, "You act for Dana Reyes.") {
		t.Errorf("%s", a.body)
	}
	if a := (&visitor{g: g}).get("/.stead/status"); a.StatusCode != http.StatusUnauthorized {
		t.Errorf("%s", a.Status)
	}
}

// Who acts again before he has seen that the last time is over gets nothing either: his open pages are still the other's (R16).
func TestUnseenBeforeTheNext(t *testing.T) {
	g := newShop(t)
	sam := g.acting()
	first := mandate(sam)
	if a := sam.post("/.stead/end", first, script...); a.StatusCode != http.StatusOK {
		t.Fatalf("%s %s", a.Status, a.body)
	}
	if a := sam.act("subject=erin"); a.StatusCode != http.StatusSeeOther {
		t.Fatalf("%s %s", a.Status, a.body)
	}
	before, sent := g.size(), len(g.up.requests())
	if a := sam.get("/orders", browser...); a.StatusCode != http.StatusForbidden || len(g.up.requests()) != sent || !strings.Contains(a.body, "/.stead/end") {
		t.Errorf("%s %s", a.Status, a.body)
	}
	if e := g.leaves(before, "request.denied")[0]; e.Reason != stead.ReasonUnseen {
		t.Errorf("%+v", e.Event)
	}
	if a := sam.post("/.stead/end", first, browser...); a.StatusCode != http.StatusSeeOther {
		t.Fatalf("%s %s", a.Status, a.body)
	}
	if a := sam.get("/orders", browser...); a.StatusCode != http.StatusOK || !strings.Contains(a.body, "Erin Novak") {
		t.Errorf("%s %s", a.Status, a.body)
	}
}
