package console

import (
	"strconv"
	"strings"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/web"
)

// An agreement is one stage of a request's chain, as people read it.
type agreement struct {
	Number string
	Need   string // "one person of staff/security"
	State  string // agreed, waits, comes later, was not reached, said no
	Votes  []vote
	Steps  []step // who may agree beside the first, and until when
}

// A step is groups whose time comes, has come, or is over.
type step struct {
	Says         string
	Moment, Left string // of the end of one whose time runs
}

// agreements are who agreed, who is waited for and until when, and who comes after. It is told by the clock, as votes are.
func (c *Console) agreements(m stead.Mandate) (all []agreement) {
	words, now := stages(m), m.Voted()
	waits := m.State == stead.Asked && m.Over(c.Now(), c.Now()) == stead.ReasonNone
	for i, s := range m.Stages {
		k := agreement{Number: strconv.Itoa(i + 1), Need: upper(words[i])}
		for _, a := range m.Approvals {
			if a.Stage == i {
				k.Votes = append(k.Votes, c.voted(a))
			}
		}
		switch {
		case len(k.Votes) > 0 && strings.HasPrefix(k.Votes[len(k.Votes)-1].By, "No"):
			k.State = "said no"
		case i < now:
			k.State = "agreed"
		case i == now && waits:
			k.State, k.Steps = "waits", c.steps(m, i)
		case waits:
			k.State, k.Steps = "comes later", planned(s)
		default:
			k.State = "was not reached"
		}
		all = append(all, k)
	}
	return all
}

// steps are the times of the stage that is waited for.
func (c *Console) steps(m stead.Mandate, stage int) (all []step) {
	now := c.Now()
	s := m.Stages[stage]
	at, reached := now.Add(-m.Waited(stage, now)), s.Reached(m.Waited(stage, now))
	for i, one := range s.Steps() {
		until := m.StartBy
		if end := at.Add(time.Duration(one.Within)); one.Within > 0 && end.Before(until) {
			until = end
		}
		who := strings.Join(one.Groups, " or ")
		switch {
		case i == reached && i == 0:
			all = append(all, step{"until " + c.at(until), until.UTC().Format(time.RFC3339Nano), c.left(until)})
		case i == reached:
			all = append(all, step{"since " + c.at(at) + " " + who + " may agree too, until " + c.at(until), until.UTC().Format(time.RFC3339Nano), c.left(until)})
		case i > reached:
			all = append(all, step{Says: "from " + c.at(at) + " " + who + " may agree too"})
		}
		at = until
	}
	for _, t := range m.Turns(stage, now) {
		if !t.More && t.At.After(now) {
			return append(all, step{Says: "a reminder goes out at " + c.at(t.At)})
		}
	}
	return all
}

// planned are the times of a stage that has not begun.
func planned(s stead.Stage) (all []step) {
	for i, one := range s.Steps() {
		who := strings.Join(one.Groups, " or ")
		switch {
		case i == 0 && one.Within > 0:
			all = append(all, step{Says: span(time.Duration(one.Within)) + ", once it is their turn"})
		case i > 0 && one.Within > 0:
			all = append(all, step{Says: "then " + who + " may agree too, for " + span(time.Duration(one.Within))})
		case i > 0:
			all = append(all, step{Says: "then " + who + " may agree too"})
		}
	}
	return all
}

// comments are what was said, oldest first.
func (c *Console) comments(m stead.Mandate) (all []vote) {
	for _, s := range m.Comments {
		all = append(all, vote{c.who(s.By), c.at(s.At), s.Text})
	}
	return all
}

// comment adds what the reader says. It is no vote.
func (c *Console) comment(v *visit) error {
	f, err := v.form()
	if err != nil {
		return err
	}
	_, no := c.Authority.Comment(v.r.Context(), v.by, v.mandateID(), f.Get("text"))
	if v.retell(no) {
		if m, err := c.Authority.Mandate(v.r.Context(), v.by, v.mandateID()); err == nil {
			return v.showRequest(web.StatusOf(no), m, saying(no), "", f.Get("text"))
		}
	}
	if no != nil {
		return no
	}
	return v.to("/requests/" + string(v.mandateID()) + "#said")
}
