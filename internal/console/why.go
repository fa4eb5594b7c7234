package console

import (
	"net/http"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
)

// A whyView explains one decision.
type whyView struct {
	frame
	Allowed bool
	Text    string
	Facts   [][2]string
	Rules   []authority.RuleTrace
	Nearest *authority.RuleTrace
	Errors  []string
	Advice  []string
	Story   string
	Ask     bool // looking only was allowed, and changing was asked
}

func (c *Console) why(v *visit) error {
	why, err := c.Authority.Why(v.r.Context(), v.by, stead.DecisionID(v.r.PathValue("decision")))
	if err != nil {
		return err
	}
	e, d := why.Event, why.Decision
	p := whyView{frame: v.frame("Why was this refused?", ""), Allowed: e.Outcome == stead.OK, Text: sentence(d.Text), Rules: why.Explanation.Rules,
		Nearest: why.Explanation.Nearest, Errors: why.Explanation.Errors, Advice: d.Advice,
		Ask: e.Reason == stead.ReasonReadOnly}
	if p.Allowed {
		p.Title = "Why was this allowed?"
	}
	if p.Allowed && why.Same {
		p.Text = "Every law and every rule that has a say said yes."
	}
	a, _ := c.app(e.App)
	p.Facts = known([][2]string{
		{"Decision", string(e.Decision)}, {"When", c.at(e.At)}, {"Who", c.pair(e.Actor, e.Subject)}, {"Where", a.shown()},
		{"What", e.What["method"] + " " + e.What["path"]}, {"Counted as", e.What["action"]}, {"Reason code", string(e.Reason)},
		{"Policy", shortDigest(d.Policy)},
	})
	if e.Mandate != "" {
		p.Story = "/mandates/" + string(e.Mandate)
	}
	return v.show(http.StatusOK, whyPage(p))
}

func shortDigest(s string) string {
	if len(s) > 16 {
		return s[:16] + "…"
	}
	return s
}

func sentence(s string) string {
	if s == "" {
		return ""
	}
	return upper(s) + "."
}
