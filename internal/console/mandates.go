package console

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/web"
)

type castVote = func(context.Context, authority.By, stead.MandateID, string, string) (stead.Mandate, error)

// A mandatesView lists what has not ended.
type mandatesView struct {
	frame
	All    bool
	CanAll bool
	Cards  []card
}

// A mandateView is the story of one mandate.
type mandateView struct {
	frame
	card
	Facts   [][2]string
	Tally   []string
	Lines   []line
	Until   string // RFC 3339, of one in force
	Left    string
	Running bool
	Live    bool   // may still be revoked
	Ends    bool   // it is what the reader acts under
	Meant   string // the name to be typed for that; empty: it is one's own to stop
	Because string // as it was typed
	Problem string
	Text    string // the filter within
	Narrow  bool
	Shown   string // how many of how many
	Trail   string // the same in the explorer, for those who may see it
	Watch   live
	Job     *jobView // of an agent's
}

func (c *Console) mandates(v *visit) error {
	p := mandatesView{frame: v.frame("Mandates", "Who acts for whom, and who is about to."), All: v.r.URL.Query().Get("all") == "1", CanAll: c.oversees(v.by)}
	all, err := c.Authority.Mandates(v.r.Context(), v.by, p.All)
	if err != nil {
		return err
	}
	for _, m := range all {
		p.Cards = append(p.Cards, v.card(m))
	}
	return v.show(http.StatusOK, mandatesPage(p))
}

// oversees tells whether somebody may look at everybody's.
func (c *Console) oversees(by authority.By) bool {
	return c.Authority.May(by, authority.Onlookers()...) == nil
}

func (c *Console) mandate(v *visit) error {
	m, err := c.Authority.Mandate(v.r.Context(), v.by, v.mandateID())
	if err != nil {
		return err
	}
	return v.showMandate(http.StatusOK, m, "")
}

func (v *visit) showMandate(status int, m stead.Mandate, problem string) error {
	c := v.c
	p := mandateView{frame: v.frame(c.pair(m.Actor, m.Subject), ""), card: v.card(m), Facts: c.terms(m), Problem: problem,
		Text: v.r.URL.Query().Get("q"), Running: m.State != stead.Ended}
	if err := p.tell(v, m); err != nil {
		return err
	}
	over := m.Over(c.Now(), c.Now()) // whether it idled out is the verbs' to know
	p.Facts = append(p.Facts, [2]string{"State", p.State}, [2]string{"Asked", c.at(m.AskedAt)})
	if !m.StartedAt.IsZero() {
		p.Facts = append(p.Facts, [2]string{"Started", c.at(m.StartedAt)}, [2]string{"Until", c.at(m.Until)})
	}
	if m.State == stead.Active && over == stead.ReasonNone {
		p.Until, p.Left = m.Until.UTC().Format(time.RFC3339Nano), c.left(m.Until)
	}
	if over != stead.ReasonNone {
		p.Facts = append(p.Facts, [2]string{"Over", endWord(over)})
	}
	if !m.EndedAt.IsZero() {
		p.Facts = append(p.Facts, [2]string{"Ended", c.at(m.EndedAt)})
	}
	own := v.answersFor(m)
	p.Live = m.State != stead.Ended && !p.Mine && (own || c.revokes(v.by))
	p.Ends = p.Mine && (m.State == stead.Active || m.State == stead.Suspended)
	p.Because = v.r.PostForm.Get("reason")
	if !own {
		p.Meant = c.called(m.Actor)
	}
	var err error
	if p.Job, err = v.job(m); err != nil {
		return err
	}
	if p.Job != nil {
		p.Facts, p.Watch.Parts = c.onBehalf(m, p.Job.Run, p.Facts), p.Watch.Parts+" job"
	}
	return v.show(status, mandatePage(p))
}

func (c *Console) revokes(by authority.By) bool {
	return c.Authority.May(by, authority.Security) == nil || c.Authority.May(by, authority.Admin) == nil
}

// stops asks whoever stops what is somebody else's for his name. What is done in one's own name ends with one click.
func (v *visit) stops(m stead.Mandate, f url.Values) error {
	if v.answersFor(m) {
		return nil
	}
	return v.meant(f, m.Actor)
}

// answersFor tells whether a mandate is the reader's own to stop: it is about him, or an agent's that he answers for.
func (v *visit) answersFor(m stead.Mandate) bool {
	if mine := m.Subject == v.by.Principal; mine || m.Task == "" {
		return mine
	}
	a, err := v.c.Authority.Card(v.r.Context(), v.by, string(m.Actor))
	return err == nil && a.Owner == v.by.Principal
}

func (c *Console) revoke(v *visit) error {
	f, err := v.form()
	if err != nil {
		return err
	}
	m, err := c.Authority.Mandate(v.r.Context(), v.by, v.mandateID())
	if err != nil {
		return err
	}
	no := v.stops(m, f)
	if no == nil {
		_, no = c.Authority.Revoke(v.r.Context(), v.by, m.ID, f.Get("reason"))
	}
	if v.retell(no) {
		if m, err := c.Authority.Mandate(v.r.Context(), v.by, v.mandateID()); err == nil {
			return v.showMandate(web.StatusOf(no), m, saying(no))
		}
	}
	if no != nil {
		return no
	}
	return v.to("/mandates/" + string(v.mandateID()))
}

func (p mandateView) stopButton() string {
	if p.Job != nil {
		return "Stop this job"
	}
	return "Revoke now"
}

func (p mandateView) whyStop() string {
	if p.Job != nil {
		return "Stop it: why"
	}
	return "Take it back: why"
}
