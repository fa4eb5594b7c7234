package console

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/web"
)

// A policyTab is one of the pages about policy.
type policyTab struct {
	Text, Href string
	Here       bool
}

// A rulesView is the policy in force.
type rulesView struct {
	frame
	Tabs  []policyTab
	None  bool
	Facts [][2]string
	Files []ruleFile
}

func versionWord(n uint64) string { return strconv.FormatUint(n, 10) }

func (v *visit) policyTabs(staged stead.Bundle) []policyTab {
	if !v.c.oversees(v.by) {
		return nil
	}
	tabs := []policyTab{{Text: "In force", Href: "/policies"}, {Text: "Staged", Href: "/policies/staged"}, {Text: "Try", Href: "/policies/try"},
		{Text: "History", Href: "/policies/history"}}
	if staged.Digest != "" {
		tabs[1].Text = "Staged: one waits"
	}
	for i := range tabs {
		tabs[i].Here = tabs[i].Href == v.r.URL.Path
	}
	return tabs
}

func (c *Console) policies(v *visit) error {
	inForce, staged, err := c.Authority.Policies(v.r.Context(), v.by)
	if err != nil {
		return err
	}
	p := rulesView{frame: v.frame("Policies", "The rules by which everything is allowed or refused. They change by files, and by two people."), Tabs: v.policyTabs(staged),
		None: inForce.Digest == "", Facts: c.bundleFacts(inForce, false), Files: rulebook(inForce.Files)}
	return v.show(http.StatusOK, rulesPage(p))
}

// A stagedView is what waits for its second person, beside what is in force.
type stagedView struct {
	frame
	Tabs                    []policyTab
	None                    bool
	Facts                   [][2]string
	Added, Changed, Removed []string
	Diffs                   []fileDiff
	Plan                    authority.Planned
	Gain, Lose              []string
	Ends                    []card
	Digest                  string
	No                      string // why the reader does not apply it; empty where he may
	Problem                 string
}

func (c *Console) staged(v *visit) error { return v.showStaged(http.StatusOK, "") }

func (v *visit) showStaged(status int, problem string) error {
	c, ctx := v.c, v.r.Context()
	inForce, staged, err := c.Authority.Policies(ctx, v.by)
	if err != nil {
		return err
	}
	p := stagedView{frame: v.frame("Policies", "What is staged, beside what is in force."), Tabs: v.policyTabs(staged), None: staged.Digest == "",
		Problem: problem, Digest: staged.Digest}
	if p.None {
		return v.show(status, stagedPage(p))
	}
	if p.Plan, err = c.Authority.Plan(ctx, v.by); err != nil {
		return err
	}
	p.Facts, p.Diffs = c.bundleFacts(staged, true), fileDiffs(inForce.Files, staged.Files)
	p.Added, p.Changed, p.Removed = ruleChanges(inForce.Files, staged.Files)
	p.Gain, p.Lose = named(p.Plan.Gain, p.Plan.Gains), named(p.Plan.Lose, p.Plan.Loses)
	for _, m := range p.Plan.Ends {
		p.Ends = append(p.Ends, v.card(m))
	}
	switch {
	case v.st.Actor.SameHuman(stead.Principal{ID: staged.Author, Person: staged.Person}):
		p.No = "You staged this yourself. Another person applies it: somebody with the role admin or security, here or by stead policy apply."
	case c.Authority.May(v.by, authority.Security, authority.Admin) != nil:
		p.No = "Somebody with the role admin or security applies it."
	default:
		p.No = v.barred("policy.apply", "")
	}
	return v.show(status, stagedPage(p))
}

// named lists people by name, and how many more there are.
func named(some []stead.Principal, all int) []string {
	var out []string
	for _, p := range some {
		out = append(out, p.DisplayName()+" ("+p.Directory+"/"+p.Name+")")
	}
	if more := all - len(some); more > 0 {
		out = append(out, "and "+strconv.Itoa(more)+" more")
	}
	return out
}

// typed is how much of a digest is typed to say that it is meant.
const typed = 8

// apply puts what is staged in force, for whoever types the beginning of its digest.
func (c *Console) apply(v *visit) error {
	f, err := v.form()
	if err != nil {
		return err
	}
	digest, hand := f.Get("digest"), strings.ToLower(strings.ReplaceAll(f.Get("typed"), " ", ""))
	no := error(nil)
	if len(hand) < typed || !strings.HasPrefix(digest, hand) {
		no = stead.E(stead.Invalid, stead.ReasonRequest, "type the first %d characters of the digest as they stand there", typed)
	} else {
		_, no = c.Authority.Apply(v.r.Context(), v.by, digest)
	}
	switch {
	case v.retell(no):
		return v.showStaged(web.StatusOf(no), saying(no))
	case no != nil:
		return no
	}
	return v.to("/policies")
}

// A historyView is what became of the policy.
type historyView struct {
	frame
	Tabs []policyTab
	Rows []policyRow
}

// A policyRow is one change of the policy.
type policyRow struct {
	At, Full, Who, Did, Digest, Detail string
	Refused                            bool
}

func (c *Console) history(v *visit) error {
	_, staged, err := c.Authority.Policies(v.r.Context(), v.by)
	if err != nil {
		return err
	}
	events, err := v.events(authority.EventQuery{Kinds: []string{"policy."}, Newest: true, Limit: 100})
	if err != nil {
		return err
	}
	p := historyView{frame: v.frame("Policies", "Every version that was staged or came into force, newest first."), Tabs: v.policyTabs(staged)}
	for _, e := range events {
		l := c.line(e)
		row := policyRow{At: l.At, Full: l.Full, Who: l.Pair, Did: l.Did, Digest: shortDigest(e.Policy), Detail: l.Detail, Refused: e.Outcome == stead.No}
		if e.Who["first"] != "" {
			row.Detail = e.Who["first"]
		}
		p.Rows = append(p.Rows, row)
	}
	return v.show(http.StatusOK, historyPage(p))
}
