package gateway_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/steadhq/stead"
)

// What a JSON body says decides: a search by POST is a read, what changes is not even sent (S-I27, A3).
func TestJSONWhileReadOnly(t *testing.T) {
	g := newShop(t)
	sam := g.acting()
	asJSON := append([]string{"Content-Type: application/json"}, script...)
	for _, tc := range []struct {
		path, body string
		want       int
		rule       string
	}{
		{"/api/search", " {\"q\" : \"l\\u0061mp\"}\n", http.StatusOK, "api-search"},
		{"/api/graphql", `{"query":"{ orders { id } }"}`, http.StatusOK, "graphql-read"},
		{"/api/search", `{"q":"lamp","sort":"x"}`, http.StatusForbidden, "default"},
		{"/api/graphql", `{"query":"mutation { cancelOrder(id: 1) { id } }"}`, http.StatusForbidden, "graphql-write"},
		{"/api/graphql", `{"query":"{ orders { id } }","variables":{"id":1}}`, http.StatusForbidden, "graphql-write"},
		{"/api/graphql", `[{"query":"{ orders { id } }"}]`, http.StatusForbidden, "graphql-write"},
	} {
		before, sent := g.size(), len(g.up.requests())
		a := sam.do("POST", tc.path, tc.body, asJSON...)
		if a.StatusCode != tc.want {
			t.Errorf("%s %s: %s\n%s", tc.path, tc.body, a.Status, a.body)
		}
		if tc.want == http.StatusOK {
			if got := g.up.lastBody(); got != tc.body || !strings.Contains(a.body, "orders") {
				t.Errorf("the application got %q of %q and said %s", got, tc.body, a.body)
			}
			if e := g.leaves(before, "request.allowed", "request.served")[0]; e.What["class"] != tc.rule {
				t.Errorf("%s is recorded by %s, want %s", tc.body, e.What["class"], tc.rule)
			}
			continue
		}
		if e := g.leaves(before, "request.denied")[0]; e.Reason != stead.ReasonReadOnly || e.What["class"] != tc.rule || len(g.up.requests()) != sent {
			t.Errorf("%s: %s by %s, %d sent", tc.body, e.Reason, e.What["class"], len(g.up.requests())-sent)
		}
	}
}
