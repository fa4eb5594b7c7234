package agents

import (
	"crypto/x509"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/house"
)

// A client that nobody registered describes itself, asks Dana, and is hers when she has agreed: an agent of low tier that does
// nothing for anybody else, and that she retires as any other.
func TestDescribedClient(t *testing.T) {
	name := ""
	host := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"client_id":"` + name + `","client_name":"Notes","redirect_uris":["http://127.0.0.1/cb"]}`))
	}))
	t.Cleanup(host.Close)
	name = host.URL + "/notes.json"
	roots := x509.NewCertPool()
	roots.AddCert(host.Certificate())
	at := strings.TrimPrefix(host.URL, "https://")
	w := newLetting(t, func(o *house.Options) {
		o.Settings.Described = []stead.Task{{ID: "look", Purpose: "look at your calendar", Grants: []stead.Entitlement{{System: "calendar", Action: stead.ActionRead, Resource: "events"}}}}
	})
	w.apply(map[string]string{"letting.cedar": letting, "agents.cedar": rules[:strings.Index(rules, `@id("tidy")`)]})
	b := w.browser("customers/dana")
	if status, head, _ := b.get(w.wants("client_id", name)); status != http.StatusBadRequest || head.Get("Location") != "" {
		t.Error("no host is named:", status)
	}
	w.beside(house.Documents{Hosts: []string{at}, Networks: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}, Roots: roots})
	b = w.browser("customers/dana")
	if status, _, page := b.get(w.wants("client_id", name)); status != http.StatusForbidden || !strings.Contains(page, "o rule of the policy") {
		t.Error("policy has not let it:", status, page)
	}
	w.apply(map[string]string{"agents.cedar": rules, "letting.cedar": letting + `
@id("described-clients")
@owner("head of product")
@max("1h")
permit (principal is Agent, action == Action::"act", resource in Group::"customers/customers")
when { principal has segment && principal.segment == "` + at + `" && principal has tier && principal.tier == "low" && context.app == "calendar" };`})
	for name, wrong := range map[string][]string{
		"another host": {"client_id", "https://evil.example/notes.json"}, "another document": {"client_id", name + "x"},
		"another redirect": {"client_id", name, "redirect_uri", "https://evil.example/cb"},
	} {
		if status, head, _ := b.get(w.wants(wrong...)); status != http.StatusBadRequest || head.Get("Location") != "" {
			t.Error(name, status, head)
		}
	}
	if _, _, page := b.get(w.wants("client_id", name)); !strings.Contains(page, "Notes") || !strings.Contains(page, name) || !strings.Contains(page, "you answer for it") {
		t.Error(page)
	}
	code := b.agrees(w.wants("client_id", name)).Get("code")
	s := w.takes(w.run, code, "client_id", name)
	if s.status != http.StatusOK {
		t.Fatal(s)
	}
	w.Clock.Move(time.Minute)
	again := w.refreshes(w.run, s.text("refresh_token"), "client_id", name)
	id := w.mandateOf(again)
	m, err := w.Mandate(t.Context(), w.Login("customers/dana", "console.test"), id)
	if err != nil {
		t.Fatal(err)
	}
	c, err := w.Card(t.Context(), w.Login("customers/dana", "console.test"), string(m.Actor))
	if err != nil || c.Kind != stead.Employee || c.Tier != stead.LowTier || c.Owner != m.Subject || c.Document != name || m.Until.Sub(m.StartedAt) != time.Hour {
		t.Fatal(c, m, err)
	}
	if second := w.browser("customers/dana").agrees(w.wants("client_id", name)).Get("code"); second == "" || w.mandateOf(w.takes(newKey(t), second, "client_id", name)) == id {
		t.Error("the second time")
	}
	if all, err := w.Cards(t.Context(), w.Login("customers/dana", "console.test")); err != nil || len(all) != 1 {
		t.Error("one for each person and document:", all, err)
	}
	if status, _, _ := b.get(w.wants("client_id", c.Account.Name)); status != http.StatusBadRequest {
		t.Error("by its name here:", status)
	}
	erins := w.browser("customers/erin").agrees(w.wants("client_id", name)).Get("code")
	if s = w.takes(newKey(t), erins, "client_id", "scheduler"); s.text("error") != "invalid_grant" {
		t.Error("another client:", s)
	}
	if _, err := w.RetireAgent(t.Context(), w.Login("customers/dana", "console.test"), m.Actor); err != nil {
		t.Fatal(err)
	}
	if s = w.refreshes(w.run, again.text("refresh_token"), "client_id", name); s.text("error") != "invalid_grant" {
		t.Error("retired:", s)
	}
	back := w.post("/oauth/revoke", url.Values{"client_id": {name}, "token": {again.text("refresh_token")}}, nil)
	if back.status != http.StatusOK {
		t.Error(back)
	}
	w.told("agent.registered", "mandate.consented")
}
