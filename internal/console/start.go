package console

import (
	"net/http"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/web"
)

// A readyView shows what was asked, what is missing, and the start.
type readyView struct {
	frame
	card
	Facts    [][2]string
	Waiting  bool
	Over     string // why it can begin no more
	Left     string // of the start window
	Stages   []string
	Votes    []vote
	Problem  string
	Code     web.FieldSpec
	AskAgain string
}

// A vote is one approval as it is shown.
type vote struct{ By, At, Comment string }

// refreshEvery is how often, in seconds, a waiting page asks again by itself. That is nobody's activity.
const refreshEvery = "5"

func (c *Console) asked(v *visit) error {
	m, err := c.Authority.Mandate(v.r.Context(), v.by, v.mandateID())
	if err != nil {
		return err
	}
	return v.showAsked(http.StatusOK, m, "")
}

func (v *visit) mandateID() stead.MandateID { return stead.MandateID(v.r.PathValue("id")) }

func (v *visit) showAsked(status int, m stead.Mandate, problem string) error {
	over := m.Over(v.c.Now(), v.c.Now())
	switch {
	case m.Actor != v.by.Principal:
		return v.to("/mandates/" + string(m.ID))
	case over == stead.ReasonNone && (m.State == stead.Active || m.State == stead.Suspended):
		return v.to("/acting")
	}
	p := readyView{frame: v.frame("Ready to start", ""), card: v.card(m), Facts: v.c.terms(m), Waiting: m.State == stead.Asked,
		Left: v.c.left(m.StartBy), Stages: stages(m), Votes: v.c.votes(m), Problem: problem,
		Code: v.code(false, "Only where the policy wants a fresh one.", "")}
	if over != stead.ReasonNone {
		p.Title, p.Over, p.Waiting = "It did not begin", endWord(over), false
		p.AskAgain = v.c.askAgain(m)
	}
	if p.Waiting {
		p.Title = "Waiting for a yes"
		v.w.Header().Set("Refresh", refreshEvery)
	}
	return v.show(status, readyPage(p))
}

// terms is everything that was asked for, as whoever must agree needs to see it.
func (c *Console) terms(m stead.Mandate) [][2]string {
	var apps string
	for _, id := range m.Scope.Apps {
		a, _ := c.app(id)
		apps += a.shown() + " "
	}
	rows := [][2]string{
		{"Who", c.account(m.Actor)}, {"For whom", c.account(m.Subject)}, {"Where", apps}, {"May", modeWord(m.Mode)},
		{"Why", m.Purpose.Reason}, {"Ticket", m.Purpose.Ticket}, {"Begins at", m.Target},
		{"How long", bounds(m)},
	}
	return known(rows)
}

func bounds(m stead.Mandate) string {
	s := span(length(m))
	if m.Bounds.Extensions > 0 {
		s += ", and up to " + count(m.Bounds.Extensions, "extension", "extensions") + ": " + span(m.Bounds.Longest()) + " at most"
	}
	return s
}

func (c *Console) votes(m stead.Mandate) []vote {
	var out []vote
	for _, a := range m.Approvals {
		out = append(out, c.voted(a))
	}
	return out
}

func (c *Console) voted(a stead.Approval) vote {
	word := "Yes"
	if !a.Yes {
		word = "No"
	}
	return vote{word + ", " + c.who(a.By), c.at(a.At), a.Comment}
}

// start puts the mandate in force, changes the pass, and goes over to the application.
func (c *Console) start(v *visit) error {
	f, err := v.form()
	if err != nil {
		return err
	}
	m, no := c.begin(v, f.Get("code"))
	if v.retell(no) {
		if was, err := c.Authority.Mandate(v.r.Context(), v.by, v.mandateID()); err == nil {
			return v.showAsked(web.StatusOf(no), was, saying(no))
		}
	}
	if no != nil {
		return no
	}
	if err := v.renew(); err != nil {
		return err
	}
	return v.lead(m)
}

// begin starts the mandate here. One that was asked for in another of the caller's sessions, at the command line say,
// is claimed first (R14).
func (c *Console) begin(v *visit, code string) (stead.Mandate, error) {
	id := v.mandateID()
	was, err := c.Authority.Mandate(v.r.Context(), v.by, id)
	if err == nil && was.Actor == v.by.Principal && was.Session != v.by.Session && !was.Claimed {
		if _, err := c.Authority.Claim(v.r.Context(), v.by, id); err != nil {
			return was, err
		}
	}
	return c.Authority.Start(v.r.Context(), v.by, id, code) // which records a no, whatever was read before
}

// claim is where the link leads that a start from the command line prints.
func (c *Console) claim(v *visit) error { return v.to("/act/" + string(v.mandateID())) }

func (c *Console) withdraw(v *visit) error {
	if _, err := c.Authority.Withdraw(v.r.Context(), v.by, v.mandateID()); err != nil {
		return err
	}
	return v.to("/act/" + string(v.mandateID()))
}
