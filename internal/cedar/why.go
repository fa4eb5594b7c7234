package cedar

import (
	"fmt"
	"slices"

	"github.com/cedar-policy/cedar-go/x/exp/eval"

	"github.com/steadhq/stead/internal/authority"
)

// why explains. Nothing is read from memory: what is explained is what the rules say of these facts.
func (b *bundle) why(c *authority.Case, to authority.Reader) (authority.Explanation, error) {
	if bad := expressible(c); bad != "" {
		return authority.Explanation{Errors: []string{bad}}, nil
	}
	c, p := b.known(c)
	if p == nil {
		return authority.Explanation{Errors: []string{fmt.Sprintf("the schema knows no action %q", c.Action)}}, nil
	}
	f, err := b.shape.newFacts(c, p.names)
	if err != nil {
		return authority.Explanation{Errors: told(to, err.Error())}, nil
	}
	said := authorize(b.index.candidates(nil, f.who, f.do, f.what), f)
	e := authority.Explanation{Allow: said.allow, Errors: told(to, said.errors...)}
	for _, r := range said.rules {
		t, _ := r.trace(f, to)
		e.Rules = append(e.Rules, t)
	}
	if said.allow {
		e.Winners = combine(said.rules, c.Purpose.Ticket).Winners
	} else if len(said.rules) == 0 && len(said.errors) == 0 {
		e.Nearest = b.nearest(f, to)
	}
	return e, nil
}

// nearest is the permit for this action with most clauses true, the fewest false among equals, then the first by name.
func (b *bundle) nearest(f *facts, to authority.Reader) *authority.RuleTrace {
	var best *authority.RuleTrace
	fewest := 0
	for _, r := range b.index.rules {
		if !r.permits() || !r.about(f.do) {
			continue
		}
		t, failed := r.trace(f, to)
		if best == nil || t.True > best.True || (t.True == best.True && failed < fewest) {
			best, fewest = &t, failed
		}
	}
	return best
}

// about tells whether the rule's action is the one asked about.
func (r *rule) about(do kin) bool {
	for _, s := range actionsOf(r.ast().Action) {
		if s.kind == anybody {
			return true
		}
		for _, uid := range do {
			if s.uid == uid {
				return true
			}
		}
	}
	return false
}

// trace evaluates each clause of the rule by itself. A clause that fails to evaluate is named only where no other
// failed: most often it is a guard before it that said no. What is not for the reader is only said to be there.
func (r *rule) trace(f *facts, to authority.Reader) (authority.RuleTrace, int) {
	p := r.ast()
	t := authority.RuleTrace{ID: r.ref.ID, File: r.file, Line: r.line, Effect: "forbid", Advice: r.duties.advice, Reason: r.duties.reason}
	if r.permits() {
		t.Effect = "permit"
	}
	env := eval.Env{
		Entities: f, Principal: f.req.Principal, Action: f.req.Action, Resource: f.req.Resource, Context: f.req.Context,
	}
	failed := 0
	var erred []string
	for _, c := range append(scopeClauses(p), clausesOf(p.Conditions)...) {
		yes, err := c.holds(env)
		if yes && err == nil {
			t.True++
			continue
		}
		failed++
		switch kept := c.keptFrom(to, f); {
		case kept != "" && err != nil:
			erred = with(erred, kept)
		case kept != "":
			t.Failed = with(t.Failed, kept)
		case err != nil:
			erred = append(erred, c.text+" ("+err.Error()+")")
		default:
			t.Failed = append(t.Failed, c.withValues(env))
		}
	}
	if len(t.Failed) == 0 {
		t.Failed = erred
	}
	return t, failed
}

// told are errors of rules for a reader: they may quote what is known of anybody.
func told(to authority.Reader, errors ...string) []string {
	if to == authority.Overseer || len(errors) == 0 {
		return errors
	}
	return []string{"what failed is for those who oversee to read"}
}

// with adds what is not there yet.
func with(all []string, s string) []string {
	if slices.Contains(all, s) {
		return all
	}
	return append(all, s)
}
