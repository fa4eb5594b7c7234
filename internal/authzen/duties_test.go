package authzen_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/cedar"
)

const (
	paymentTypes = `
@app("pay") entity payment;
action initiate, approve appliesTo { principal: [User, Agent, Service], resource: [payment], context: { payment_id?: String } };
`
	paymentRules = `@id("payments") @owner("finance") permit (principal, action, resource is payment);`
)

// A7: whoever a service says initiated a payment does not approve it by its word either, singly or in one batch; what the
// exclusion must know and the request does not say is refused; a search leaves no mark.
func TestDuties(t *testing.T) {
	w := newWorld(t, map[string]string{cedar.SchemaName: schema("", paymentTypes), "pay.cedar": paymentRules}, "pay")
	side := func(a stead.Action) []stead.Reach { return []stead.Reach{{System: "pay", Action: a, Resource: "*"}} }
	x := stead.Exclusion{Name: "two-hands", Purpose: "who initiates does not approve", First: side("initiate"), Second: side("approve"), Same: "argument:payment_id"}
	if _, err := w.SetExclusion(t.Context(), w.Login("staff/root", "stead.test"), x); err != nil {
		t.Fatal(err)
	}
	item := func(who, action, id string) string {
		properties := ""
		if id != "" {
			properties = fmt.Sprintf(`,"properties":{"payment_id":%q}`, id)
		}
		return fmt.Sprintf(`"subject":{"type":"user","id":%q},"action":{"name":%q%s},"resource":{"type":"payment","id":"desk"}`, who, action, properties)
	}
	for i, r := range []struct {
		who, action, id string
		yes             bool
		why             stead.Reason
	}{
		{"staff/sam", "initiate", "p1", true, ""}, {"staff/sam", "approve", "p1", false, stead.ReasonDuty}, {"staff/maya", "approve", "p1", true, ""},
		{"staff/sam", "approve", "p2", true, ""}, {"customers/sam.private", "initiate", "p2", false, stead.ReasonDuty}, // the same human
		{"staff/sam", "initiate", "", false, stead.ReasonDuty},
	} {
		if s := w.ask(desk, "/access/v1/evaluation", "{"+item(r.who, r.action, r.id)+"}"); s.yes() != r.yes || s.Context.Reason != r.why {
			t.Errorf("%d: %v %q, want %v", i, s.yes(), s.Context.Reason, r.yes)
		}
	}
	s := w.send(desk, "/access/v1/evaluations", `{"evaluations":[{`+item("staff/tess", "initiate", "p3")+`},{`+item("staff/tess", "approve", "p3")+`}]}`)
	if yes, no := strings.Count(s.body, `"decision":true`), strings.Count(s.body, `"decision":false`); yes != 1 || no != 1 {
		t.Errorf("both in one batch: %s", s.body)
	}
	if len(w.events("request.allowed")) < 4 {
		t.Error("what leaves a mark is on record")
	}
}
