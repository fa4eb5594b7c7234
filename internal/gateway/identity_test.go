package gateway_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/steadhq/stead/internal/demo"
	"github.com/steadhq/stead/internal/house/housetest"
)

// An application is told who is there as its rules say, and of who acts by the account of his mode.
func TestIdentity(t *testing.T) {
	g := newGate(t, demo.New(housetest.NewClock().Wall).Handler(), func(host, upstream string) []byte {
		return []byte(fmt.Sprintf(`
apps:
  - id: orders
    host: %q
    upstream: %q
    privileged: [staff/admins]
    realms: [{id: shop, path: /, acting: true}]
    identity:
      basic: {user: "{subject.name}", password: "of {subject.directory}"}
      assertion: X-Who
      assertion_alg: ES256
      by_mode:
        read: {basic: {user: "{subject.name}*{actor.name}", password: "{mode}"}, headers: {X-Reader: "{subject.name}"}}
    rules: [{id: all, is: read, path: ["/**"]}]
`, host, upstream))
	})
	es256 := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"ES256"`))[:18]
	sam := g.enter("staff/sam")
	forged := []string{"Authorization: Basic cm9vdDpyb290", "X-Who: root", "X-Reader: root"}
	told := func() (basic, who, reader string) {
		t.Helper()
		r := g.up.last(t)
		raw, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(r.Header.Get("Authorization"), "Basic "))
		if err != nil {
			t.Fatal(err)
		}
		return string(raw), r.Header.Get("X-Who"), r.Header.Get("X-Reader")
	}
	sam.get("/orders", forged...)
	if basic, who, reader := told(); basic != "sam:of staff" || !strings.HasPrefix(who, es256) || reader != "" {
		t.Errorf("as himself: %q %q %q", basic, who, reader)
	}
	if a := sam.act(); a.StatusCode != http.StatusSeeOther {
		t.Fatal(a.Status)
	}
	sam.get("/orders", forged...)
	if basic, who, reader := told(); basic != "dana*sam:read-only" || strings.Count(who, ".") != 2 || reader != "dana" {
		t.Errorf("acting: %q %q %q", basic, who, reader)
	}
}
