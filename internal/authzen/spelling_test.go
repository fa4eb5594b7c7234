package authzen_test

import (
	"fmt"
	"testing"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/cedar"
)

// A7: one payment is one, however its number is spelled, whether the schema declares the argument or not.
func TestDutiesOfNumbers(t *testing.T) {
	const types = `
@app("pay") entity payment;
action initiate, approve appliesTo { principal: [User, Agent, Service], resource: [payment], context: { payment_id?: Long } };
`
	const plain = `@id("payments") @owner("finance")
permit (principal, action in [Action::"read", Action::"write"], resource in App::"pay") when { context.capacity == "self" };`
	for name, c := range map[string]struct {
		files         map[string]string
		first, second stead.Action
		resource      string
	}{
		"declared": {map[string]string{cedar.SchemaName: schema("", types), "pay.cedar": paymentRules}, "initiate", "approve", `"type":"payment","id":"desk"`},
		"not":      {map[string]string{"pay.cedar": plain}, "read", "write", `"type":"path","id":"pay/desk"`},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, c.files, "pay")
			side := func(a stead.Action) []stead.Reach { return []stead.Reach{{System: "pay", Action: a, Resource: "*"}} }
			x := stead.Exclusion{Name: "two-hands", Purpose: "who initiates does not approve", First: side(c.first), Second: side(c.second), Same: "argument:payment_id"}
			if _, err := w.SetExclusion(t.Context(), w.Login("staff/root", "stead.test"), x); err != nil {
				t.Fatal(err)
			}
			ask := func(action stead.Action, id string) said {
				return w.ask(desk, "/access/v1/evaluation", fmt.Sprintf(`{"subject":{"type":"user","id":"staff/sam"},"action":{"name":%q,"properties":{"payment_id":%s}},"resource":{%s}}`, action, id, c.resource))
			}
			for _, id := range []string{"100", "0"} {
				if s := ask(c.first, id); !s.yes() {
					t.Fatal(id, s.Context)
				}
			}
			for _, id := range []string{"100", "1e2", "100.0", "1.0e2", "1E+2", "1000e-1", `"100"`, "0", "-0", "0.0", "0e9"} {
				if ask(c.second, id).yes() {
					t.Errorf("who initiated it approves it as %s", id)
				}
			}
			if !ask(c.second, "101").yes() {
				t.Error("another one is not approved")
			}
		})
	}
}
