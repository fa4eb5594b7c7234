package gateway_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/steadhq/stead"
)

func TestSamActsForDana(t *testing.T) {
	g := newShop(t)
	sam := g.enter("staff/sam")

	before := g.size()
	if a := sam.act(); a.StatusCode != http.StatusSeeOther || a.Header.Get("Location") != "/" {
		t.Fatalf("start: %s %s\n%s", a.Status, a.Header.Get("Location"), a.body)
	}
	g.leaves(before, "acting.armed", "person.searched", "mandate.asked", "mandate.started", "session.passed")

	before = g.size()
	a := sam.get("/orders", browser...)
	if a.StatusCode != http.StatusOK || !strings.Contains(a.body, "stead-bar") || !strings.Contains(a.body, "Dana Reyes") {
		t.Fatalf("read: %s\n%s", a.Status, a.body)
	}
	if a.Header.Get("Stead-Acting") == "" || a.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("an acting answer is not marked: %v", a.Header)
	}
	events := g.leaves(before, "request.allowed", "request.served")
	for _, e := range events {
		if e.Actor != g.People["staff/sam"].ID || e.Subject != g.People["customers/dana"].ID || e.Mandate != sam.last {
			t.Errorf("%s does not name both: %+v", e.Kind, e.Event)
		}
	}
	if s := events[1]; s.Status != 200 || s.Size != int64(len(a.body)) || !strings.Contains(s.What["title"], "Orders") {
		t.Errorf("outcome: status %d size %d of %d title %q", s.Status, s.Size, len(a.body), s.What["title"])
	}

	before = g.size()
	sent := len(g.up.requests())
	a = sam.post("/orders/7", map[string][]string{"note": {"x"}}, browser...)
	if a.StatusCode != http.StatusForbidden || !strings.Contains(a.body, "order-change") || !strings.Contains(a.body, "dec_") {
		t.Errorf("write: %s\n%s", a.Status, a.body)
	}
	if g.leaves(before, "request.denied")[0].Reason != stead.ReasonReadOnly || len(g.up.requests()) != sent {
		t.Error("a refused write left something else than one refusal")
	}
}

func TestOrdinaryTraffic(t *testing.T) {
	g := newShop(t)
	dana := g.enter("customers/dana")
	before := g.size()
	a := dana.get("/orders", browser...)
	if a.StatusCode != http.StatusOK || strings.Contains(a.body, "stead-bar") || a.Header.Get("Stead-Acting") != "" {
		t.Fatalf("%s\n%s", a.Status, a.body)
	}
	g.leaves(before, "request.allowed", "request.served")
	up := g.up.last(t)
	for name, want := range map[string]string{"X-Stead-Subject": "person:customers/dana", "X-Stead-Actor": "", "X-Stead-Mandate": "", "X-Stead-Mode": ""} {
		if got := up.Header.Get(name); got != want {
			t.Errorf("%s = %q, want %q", name, got, want)
		}
	}
}
