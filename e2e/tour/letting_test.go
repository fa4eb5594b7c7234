package tour

import (
	"crypto/sha256"
	"encoding/base64"
	"net/url"
	"strings"
	"testing"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/e2e/stage"
	"github.com/steadhq/stead/internal/authority"
	inside "github.com/steadhq/stead/internal/house"
	"github.com/steadhq/stead/internal/house/housetest"
)

// An agent that passed its work on is drawn with those behind it, and the table says the same; who looks after it stops all of
// them at once.
func TestChainByKeys(t *testing.T) {
	w, b := newWorks(t), stage.Chromium(t, "")
	names := []string{"planner", "writer", "checker"}
	task := counted()
	task.Depth = 2
	var by []authority.By
	for _, name := range names {
		w.registers(name, "The "+name, "Finds what is there twice.", "max", stead.LowTier, task)
		by = append(by, w.runs(name, name+"-run"))
	}
	m := w.asks(by[0], "tidy")
	if _, err := w.StartTask(t.Context(), by[0], m.ID); err != nil {
		t.Fatal(err)
	}
	last := m.ID
	for i, name := range names[1:] {
		next, err := w.Narrow(t.Context(), by[i], last, name, stead.Passing{})
		if err != nil {
			t.Fatal(err)
		}
		if next.State != stead.Active {
			if next, err = w.StartTask(t.Context(), by[i+1], next.ID); err != nil {
				t.Fatal(err)
			}
		}
		last = next.ID
	}
	w.uses(by[0], m.ID, 3)
	olga := byKeys(w.comes(b, "olga"))
	olga.gets(w.seen.Console + "/mandates/" + string(m.ID))
	olga.reads("Who passed it on to whom", "The planner", "The writer", "The checker")
	olga.looks("mandate-chain")
}

// Somebody is asked whether a program may act for him: what it may, for how long, and how he takes it back. He says no, and then
// yes; both go back to the program, and what he agreed to is on his account.
func TestConsentByKeys(t *testing.T) {
	const calendar = "https://calendar.example/mcp"
	w, b := newWorks(t, func(o *inside.Options) {
		app := stead.NewSystem("calendar")
		app.Address, app.Privileged = calendar, []string{"staff/admins"}
		o.Settings.Apps = append(o.Settings.Apps, app)
	}), stage.Chromium(t, "")
	back := w.seen.Console + "/nowhere"
	look := stead.Task{ID: "look", Purpose: "find a time that suits", Grants: []stead.Entitlement{{System: "calendar", Action: stead.ActionRead, Resource: "events"}}}
	r := stead.Registration{Kind: stead.Company, Tier: stead.LowTier, Owner: w.People["staff/max"].ID, Purpose: "Finds times that suit everybody.", Segment: "reporting",
		Tasks: []stead.Task{look}, Redirects: []string{back}, Public: true}
	if _, err := w.Register(t.Context(), w.root, authority.NewAgent{Name: "scheduler", Shown: "Scheduler", Registration: r}); err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256([]byte("a verifier of forty-three characters, or more: 0123456789"))
	ask := w.seen.Console + "/oauth/authorize?" + url.Values{"response_type": {"code"}, "client_id": {"scheduler"}, "redirect_uri": {back}, "state": {"s1"},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])}, "code_challenge_method": {"S256"}, "resource": {calendar}}.Encode()
	dana := byKeys(newWindow(t, b, "dana"))
	dana.gets(ask)
	dana.types("name", "dana")
	dana.selects("directory", "Customers")
	dana.types("password", housetest.Password)
	dana.follows("Sign in")
	dana.watch()
	dana.reads("Let Scheduler act for you?", "find a time that suits", "events", "You can end it at any time")
	dana.looks("consent")
	dana.wants(dana.presses("No"), 404, "back at the program")
	dana.comesBack(back, "error=access_denied", "state=s1")
	dana.gets(ask)
	dana.wants(dana.presses("Let it act for me"), 404, "back at the program")
	dana.comesBack(back, "code=", "state=s1")
	dana.gets(w.seen.Console + "/me")
	dana.reads("Scheduler", "find a time that suits")
	dana.looks("me-lets")
}

// comesBack sees what a browser was sent back to a program with.
func (w *window) comesBack(to string, with ...string) {
	w.t.Helper()
	at := w.at()
	for _, part := range append(with, to) {
		if !strings.Contains(at, part) {
			w.t.Errorf("%s: at %s, which has no %s", w.who, at, part)
		}
	}
}
