package outside

import (
	"net/http"
	"strings"
	"testing"
)

// A service of the demonstration asks without anything being set up: whether somebody may, by every way he is named, and whether a
// token counts. The secret that it is told is the same at the next start on the same folder, and no other serves. A21
func TestDevAsker(t *testing.T) {
	w := dev(t)
	c := stranger(w)
	if len(w.Services) != 1 || len(w.Services[0].Secret) < 40 {
		t.Fatalf("%+v", w.Services)
	}
	asks := func(secret, subject string) answer {
		t.Helper()
		c.head = http.Header{"Authorization": {"Bearer " + secret}}
		return c.json(t, "POST", w.Console+"/access/v1/evaluation", map[string]any{"subject": map[string]string{"type": "user", "id": subject},
			"action": map[string]string{"name": "read"}, "resource": map[string]string{"type": "application", "id": "orders"}})
	}
	secret := w.Services[0].Secret
	for subject, want := range map[string]bool{"customers/dana": true, "person:customers/dana": true, w.person(t, "customers/dana").ID: true,
		"agent:customers/dana": false, "person:agents/triage-bot": false, "person:person:customers/dana": false, "customers/nobody": false} {
		a := asks(secret, subject).is(t, subject, http.StatusOK)
		if yes := strings.Contains(a.body, `"decision":true`); yes != want {
			t.Errorf("%s: %s", subject, a.body)
		}
	}
	asks(secret+"x", "customers/dana").is(t, "another secret", http.StatusUnauthorized, "sign-in")
	c.head = http.Header{"Authorization": {"Bearer " + secret}}
	if a := c.form(t, w.Console+"/oauth/introspect", "token", "x"); a.status != http.StatusOK || strings.TrimSpace(a.body) != `{"active":false}` {
		t.Errorf("introspection: %d %s", a.status, a.body)
	}
	w.stop(t)
	if again := open(t, w.data); again.Services[0] != w.Services[0] {
		t.Error("it has another secret after a restart")
	}
}
