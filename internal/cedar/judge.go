package cedar

import (
	"fmt"
	"slices"

	cedargo "github.com/cedar-policy/cedar-go"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
)

func refusal(digest, format string, args ...any) stead.Verdict {
	return stead.Verdict{Policy: digest, Errors: []string{fmt.Sprintf(format, args...)}}
}

// judge answers from memory where it can. What it returns is shared: it is never written to again.
func (b *bundle) judge(c *authority.Case) stead.Verdict {
	if why := expressible(c); why != "" {
		return refusal(b.digest, "%s", why)
	}
	c, p := b.known(c)
	if p == nil {
		return refusal(b.digest, "the schema knows no action %q", c.Action)
	}
	if b.cache == nil || c.Thing != nil { // of a thing anything may be said
		v, _ := b.evaluate(p, c)
		return v
	}
	var room [512]byte
	key := p.keyed.append(room[:0], c)
	if v := b.cache.get(key); v != nil {
		return *v
	}
	v, lasting := b.evaluate(p, c)
	if lasting {
		b.cache.put(key, &v)
	}
	return v
}

// known is c as the schema of b can speak of it, with its plan. A schema that is older than the action watch says nothing
// of streams that only show: they were read then.
func (b *bundle) known(c *authority.Case) (*authority.Case, *plan) {
	if p := b.plans[c.Action]; p != nil || c.Action != stead.ActionWatch {
		return c, p
	}
	older := *c
	older.Action = stead.ActionRead
	return &older, b.plans[stead.ActionRead]
}

// evaluate asks Cedar. Lasting tells whether the same key will always have the same answer.
func (b *bundle) evaluate(p *plan, c *authority.Case) (v stead.Verdict, lasting bool) {
	f, err := b.shape.newFacts(c, p.names)
	if err != nil {
		return refusal(b.digest, "%v", err), true
	}
	found := b.index.candidates(nil, f.who, f.do, f.what)
	said := authorize(found, f)
	v = stead.Verdict{Allow: said.allow, Rules: refs(said.rules), Errors: said.errors, Policy: b.digest}
	if c.Capacity == authority.Self && c.Action != stead.ActionAct {
		v.Rights = stead.Evaluated
	}
	if said.allow {
		v.Obligations = combine(said.rules, c.Purpose.Ticket)
	} else {
		for _, r := range said.rules {
			if r.duties.advice != "" {
				v.Obligations.Advice = slices.Clip(append(v.Obligations.Advice, r.duties.advice))
			}
		}
	}
	timed := slices.ContainsFunc(found, func(c candidate) bool { return c.rule.reads.time() })
	return v, !timed
}

// An answer is what Cedar said. Any error is a no: Cedar would go on without the rule, a forbid among them.
type answer struct {
	allow  bool
	rules  []*rule // that permitted, or that forbade
	errors []string
}

func authorize(found candidates, f *facts) answer {
	decision, why := cedargo.Authorize(found, f, f.req)
	var a answer
	for _, e := range why.Errors {
		a.errors = append(a.errors, fmt.Sprintf("rule %s: %s", e.PolicyID, e.Message))
	}
	for _, reason := range why.Reasons {
		a.rules = append(a.rules, found.named(string(reason.PolicyID)))
	}
	a.allow = decision == cedargo.Allow && len(a.errors) == 0
	if !a.allow && decision == cedargo.Allow {
		a.rules = nil
	}
	return a
}

func (cs candidates) named(id string) *rule {
	i := slices.IndexFunc(cs, func(c candidate) bool { return c.rule.ref.ID == id })
	return cs[i].rule
}

func refs(rules []*rule) []stead.RuleRef {
	if len(rules) == 0 {
		return nil
	}
	all := make([]stead.RuleRef, len(rules))
	for i, r := range rules {
		all[i] = r.ref
	}
	return all
}
