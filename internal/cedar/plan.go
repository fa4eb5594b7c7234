package cedar

import (
	"fmt"
	"strings"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
)

// mostPairs bounds what one plan compares: actor × subject × application × mode.
const mostPairs = 500_000

// A Plan is what applying other files would change: rules, and who may act for whom.
type Plan struct {
	Added, Removed, Changed []string // rules, by id
	Gains, Loses, Differs   []Pair   // differs: allowed before and after, under other obligations
	Compared, Of            int      // pairs compared, and pairs there are
}

// A Pair is one actor and one subject in one application and mode, with what is asked for before and after.
type Pair struct {
	Actor, Subject string
	App            stead.AppID
	Mode           stead.Mode
	Before, After  string // obligations in words; empty: refused
}

// Plan compares two bundles over the people and applications given, as of at. Pairs that the laws refuse whatever
// policy says (closed or privileged accounts, one human) are left out. The bundles' tests are not run.
func (k *Keeper) Plan(before, after map[string]string, people []stead.Principal, apps []stead.App, at time.Time) (Plan, error) {
	was, problems := compile(before, k.supplied)
	if was == nil {
		return Plan{}, stead.Because(invalid(problems), "read the policy before")
	}
	will, problems := compile(after, k.supplied)
	if will == nil {
		return Plan{}, stead.Because(invalid(problems), "read the policy after")
	}
	p := Plan{Of: len(people) * len(people) * len(apps) * 2}
	p.compareRules(was, will)
	for i := range apps {
		for a := range people {
			for s := range people {
				p.comparePair(was, will, &people[a], &people[s], &apps[i], at)
			}
		}
	}
	return p, nil
}

func (p *Plan) compareRules(was, will *bundle) {
	before := map[string]string{}
	for _, r := range was.index.rules {
		before[r.ref.ID] = r.ref.Hash
	}
	for _, r := range will.index.rules {
		hash, had := before[r.ref.ID]
		switch {
		case !had:
			p.Added = append(p.Added, r.ref.ID)
		case hash != r.ref.Hash:
			p.Changed = append(p.Changed, r.ref.ID)
		}
		delete(before, r.ref.ID)
	}
	for _, r := range was.index.rules {
		if _, gone := before[r.ref.ID]; gone {
			p.Removed = append(p.Removed, r.ref.ID)
		}
	}
}

func (p *Plan) comparePair(was, will *bundle, actor, subject *stead.Principal, app *stead.App, at time.Time) {
	for _, mode := range []stead.Mode{stead.ReadOnly, stead.Edit} {
		if p.Compared >= mostPairs {
			return
		}
		p.Compared++
		if !actor.Active() || !subject.Active() || actor.SameHuman(*subject) || len(subject.Marks(app.Privileged)) > 0 {
			continue
		}
		c := authority.Case{
			Action: stead.ActionAct, Principal: actor, Subject: subject, App: app, Mode: mode, Now: at,
			Purpose: stead.Purpose{Reason: "plan"}, Length: 10 * time.Minute, Level: 2, AMR: []string{"pwd", "otp"},
		}
		pair := Pair{Actor: actor.String(), Subject: subject.String(), App: app.ID, Mode: mode}
		pair.Before, pair.After = inWords(was.judge(&c)), inWords(will.judge(&c))
		switch {
		case pair.Before == pair.After:
		case pair.Before == "":
			p.Gains = append(p.Gains, pair)
		case pair.After == "":
			p.Loses = append(p.Loses, pair)
		default:
			p.Differs = append(p.Differs, pair)
		}
	}
}

// inWords says what a permitted verdict asks for, nothing where it refuses.
func inWords(v stead.Verdict) string {
	if !v.Allow {
		return ""
	}
	o := v.Obligations
	var words []string
	if o.Mode != "" {
		words = append(words, string(o.Mode))
	}
	if o.Max > 0 {
		words = append(words, "at most "+shortTime(o.Max))
	}
	if len(o.Requires) > 0 {
		words = append(words, "with "+strings.Join(o.Requires, ", "))
	}
	if o.TicketRE != "" {
		words = append(words, "tickets like "+o.TicketRE)
	}
	if len(o.Approvals) > 0 {
		words = append(words, "agreed by "+stagesText(o.Approvals))
	}
	if len(o.Notify) > 0 {
		words = append(words, "told to "+strings.Join(o.Notify, ", "))
	}
	if len(words) == 0 {
		return "without conditions"
	}
	return strings.Join(words, "; ")
}

// shownPairs bounds each list of the text; the count is always told.
const shownPairs = 40

func (p Plan) String() string {
	var b strings.Builder
	for _, l := range []struct {
		sign string
		ids  []string
	}{{"+", p.Added}, {"-", p.Removed}, {"~", p.Changed}} {
		for _, id := range l.ids {
			fmt.Fprintf(&b, "%s rule %s\n", l.sign, id)
		}
	}
	writePairs(&b, "may act from then on", p.Gains)
	writePairs(&b, "may no longer act", p.Loses)
	writePairs(&b, "may act under other conditions", p.Differs)
	if b.Len() == 0 {
		b.WriteString("Nothing changes.\n")
	}
	if p.Compared < p.Of {
		fmt.Fprintf(&b, "Only %d of %d pairs were compared.\n", p.Compared, p.Of)
	}
	return b.String()
}

func writePairs(b *strings.Builder, title string, pairs []Pair) {
	if len(pairs) == 0 {
		return
	}
	fmt.Fprintf(b, "\n%d %s:\n", len(pairs), title)
	for _, q := range pairs[:min(len(pairs), shownPairs)] {
		fmt.Fprintf(b, "  %s for %s in %s, %s: %s\n", q.Actor, q.Subject, q.App, q.Mode, q.change())
	}
	if more := len(pairs) - shownPairs; more > 0 {
		fmt.Fprintf(b, "  and %d more\n", more)
	}
}

func (q Pair) change() string {
	switch {
	case q.Before == "":
		return q.After
	case q.After == "":
		return "was " + q.Before
	}
	return q.After + " (was " + q.Before + ")"
}
