package bench

import (
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/cedar"
)

const (
	registered = 300    // that are registered
	errand     = 40_000 // requests of one of them, within the last month
)

// works registers agents with what laws there are over them, and lets one of them work.
func (t *town) works(b *testing.B) {
	b.Helper()
	ctx, root := b.Context(), t.strong(b, boss, "stead.test").By
	reads := func(table string) stead.Entitlement {
		return stead.Entitlement{System: "orders", Action: stead.ActionRead, Resource: table}
	}
	must := func(err error) {
		if err != nil {
			b.Helper()
			b.Fatal(err)
		}
	}
	for n := range registered {
		t.Clock.Move(time.Second) // so many at once would be slowed
		r := stead.Registration{Kind: stead.Company, Tier: stead.LowTier, Owner: t.People[boss].ID, Purpose: "reports", Segment: fmt.Sprintf("segment%d", n%12),
			Tasks: []stead.Task{{ID: "monthly", Purpose: "the report", Grants: []stead.Entitlement{reads(fmt.Sprintf("public.orders%d", n)), reads("public.days")}}}}
		r, err := t.Register(ctx, root, authority.NewAgent{Name: fmt.Sprintf("agent%d", n), Shown: fmt.Sprintf("Agent %d", n), Registration: r})
		must(err)
		t.agent = r.Principal
	}
	for n := range 12 {
		_, err := t.SetFlow(ctx, root, stead.Flow{Name: fmt.Sprintf("flow%d", n), From: fmt.Sprintf("segment%d", n), To: fmt.Sprintf("segment%d", (n+1)%12), Purpose: "reports"})
		must(err)
		_, err = t.SetTemplate(ctx, root, stead.Template{Name: fmt.Sprintf("template%d", n), Kind: stead.Company, Tier: stead.LowTier, Purpose: "reports of ${team}",
			Values: []stead.TemplateValue{{Name: "team"}}, Tasks: []stead.Task{{ID: "monthly", Purpose: "the report", Grants: []stead.Entitlement{reads("${team}.orders")}}}})
		must(err)
		side := func(action stead.Action) []stead.Reach {
			return []stead.Reach{{System: "orders", Action: action, Resource: fmt.Sprintf("payments%d", n)}}
		}
		_, err = t.SetExclusion(ctx, root, stead.Exclusion{Name: fmt.Sprintf("two-hands%d", n), Purpose: "who initiates a payment does not approve it",
			First: side("initiate"), Second: side("approve"), Same: stead.SameResource})
		must(err)
	}
	gone := true
	_, err := t.Change(ctx, root, t.People["staff/sam"].ID, authority.Edit{Disabled: &gone})
	must(err)
	_, err = t.Learn(ctx, root, t.agent, "monthly", "first month", stead.Day)
	must(err)
	files := maps.Clone(cedar.Default())
	for name := range files {
		if strings.HasSuffix(name, ".cedar") {
			files[name] += "\n// reviewed\n"
		}
	}
	_, err = t.Stage(ctx, root, files)
	must(err)
	t.errands(b)
}

// errands are what the agent has asked for, most of which it had.
func (t *town) errands(b *testing.B) {
	b.Helper()
	p, now := t.Store.View(), t.Clock.Wall()
	var who stead.Principal
	p.Read(func(s *authority.State) { who = *s.Principal(t.agent) })
	for n := 0; n < errand; {
		var some []stead.Change
		for ; len(some) < 1000; n++ {
			e := allowed(uint64(rows()+n), now.Add(time.Duration(n)*time.Second))
			e.Actor, e.ActorPerson, e.Subject, e.SubjectPerson = who.ID, who.Person, who.ID, who.Person
			e.What = stead.Fields{"action": "read", "name": fmt.Sprintf("public.orders%d", registered-1), "task": "monthly"}
			if n%10 == 3 {
				e.Kind, e.Outcome, e.Reason = "request.denied", stead.No, stead.ReasonScope
				wants, err := json.Marshal([]stead.Want{{System: "orders", Action: "read", Resource: fmt.Sprintf("public.visits%d", n%37), Columns: []string{"id", "day"}}})
				if err != nil {
					b.Fatal(err)
				}
				e.What["wants"] = string(wants)
			}
			some = append(some, stead.Change{Event: e})
		}
		t.append(b, some)
	}
	t.Clock.Move(errand * time.Second)
}

// laws are the pages of agents, and of what holds for them.
func (t *town) laws() (all []pageOf) {
	agent := string(t.agent)
	for _, path := range []string{"/agents", "/agents?segment=segment7", "/agents/new", "/agents/" + agent, "/agents/" + agent + "/proposal", "/agents/" + agent + "/suspend",
		"/people/" + string(t.People["staff/sam"].ID) + "/stopped", "/segments", "/segments/segment7", "/segments/segment7/isolate", "/exclusions", "/exclusions/new", "/exclusions/two-hands7",
		"/exclusions/two-hands7/retire", "/templates", "/policies/staged",
		"/v1/agents", "/v1/agents/" + agent, "/v1/agents/" + agent + "/past", "/v1/agents/" + agent + "/proposal", "/v1/agents/" + agent + "/usage", "/v1/clashes",
		"/v1/events/counts?actor=" + agent, "/v1/exclusions", "/v1/exclusions/two-hands7", "/v1/flows", "/v1/health", "/v1/instances", "/v1/notices",
		"/v1/people/" + string(t.People["staff/sam"].ID) + "/stopped", "/v1/policy/staged", "/v1/segments", "/v1/segments/segment7", "/v1/settings", "/v1/systems",
		"/v1/templates", "/v1/templates/template7", "/v1/mandates/" + string(t.mandate(1).Event.Mandate)} {
		all = append(all, pageOf{path, path, ""})
	}
	return all
}
