package console

import (
	"net/http"
	"strconv"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/web"
)

// A requestsView is the inbox of who may approve.
type requestsView struct {
	frame
	Waits, Mine []card
}

// A requestView is exactly what is asked.
type requestView struct {
	frame
	card
	Facts   [][2]string
	Stages  []agreement
	Said    []vote
	Stands  string // why nobody had to agree
	Speaks  bool   // what is said may be added to
	Digest  string
	Rules   []string
	Open    bool
	Over    string
	Problem string
	Comment string
	Agent   *askView // of an agent's request
	Words   string   // what was to be said
}

func (c *Console) requests(v *visit) error {
	all, err := c.Authority.Mandates(v.r.Context(), v.by, false)
	if err != nil {
		return err
	}
	p := requestsView{frame: v.frame("Requests", "What waits for a yes.")}
	for _, m := range all {
		switch k := v.card(m); {
		case k.Waits && v.barred("mandate.approve", string(m.ID)) == "":
			p.Waits = append(p.Waits, k)
		case k.Mine && (m.State == stead.Asked || m.State == stead.Approved):
			p.Mine = append(p.Mine, k)
		}
	}
	return v.show(http.StatusOK, requestsPage(p))
}

func (c *Console) request(v *visit) error {
	m, err := c.Authority.Mandate(v.r.Context(), v.by, v.mandateID())
	if err != nil {
		return err
	}
	return v.showRequest(http.StatusOK, m, "", "", "")
}

func (v *visit) showRequest(status int, m stead.Mandate, problem, comment, words string) error {
	c := v.c
	over := m.Over(c.Now(), c.Now())
	title := "May " + c.who(m.Actor) + " act for " + c.who(m.Subject) + "?"
	if m.Task != "" {
		title = "May " + c.who(m.Actor) + " do its task " + m.Task + "?"
	}
	p := requestView{frame: v.frame(title, ""), card: v.card(m), Facts: c.terms(m), Stages: c.agreements(m), Said: c.comments(m), Stands: m.Standing(),
		Digest: m.Digest, Problem: problem, Comment: comment, Words: words, Speaks: over == stead.ReasonNone && m.State != stead.Ended}
	p.Facts = append(p.Facts, [2]string{"Asked", c.at(m.AskedAt)}, [2]string{"Waits until", c.at(m.StartBy)})
	var err error
	if p.Agent, err = v.agentAsks(m); err != nil {
		return err
	}
	if p.Agent != nil {
		p.Facts, p.Title = c.onBehalf(m, p.Agent.Run, p.Facts), "May "+c.who(m.Actor)+" do this?"
	}
	for _, r := range m.Rules {
		p.Rules = append(p.Rules, r.ID)
	}
	p.Open = over == stead.ReasonNone && p.Waits
	switch {
	case over != stead.ReasonNone:
		p.Over = endWord(over)
	case m.State != stead.Asked:
		p.Over = "Nothing is to be decided any more: " + stateWord(m.State) + "."
	case p.Mine:
		p.Over = "This is your own request. Nobody approves his own."
	case p.AsMe:
		p.Over = "This is about you. Who is acted for does not approve it; you can end it at any time."
	case v.barred("mandate.approve", string(m.ID)) != "":
		p.Open, p.Over = false, v.barred("mandate.approve", string(m.ID))
	}
	if p.Over == web.Sentence(problem) {
		p.Over = ""
	}
	return v.show(status, requestPage(p))
}

func (c *Console) approve(v *visit) error { return c.vote(v, c.Authority.Approve) }
func (c *Console) refuse(v *visit) error  { return c.vote(v, c.Authority.Refuse) }

// vote says yes or no to what the digest on the page stands for, whatever is asked by then.
func (c *Console) vote(v *visit, cast castVote) error {
	f, err := v.form()
	if err != nil {
		return err
	}
	_, no := cast(v.r.Context(), v.by, v.mandateID(), f.Get("digest"), f.Get("comment"))
	if v.retell(no) {
		if m, err := c.Authority.Mandate(v.r.Context(), v.by, v.mandateID()); err == nil {
			return v.showRequest(web.StatusOf(no), m, saying(no), f.Get("comment"), "")
		}
	}
	if no != nil {
		return no
	}
	return v.to("/requests/" + string(v.mandateID()))
}

// spaced writes a digest in groups, so that two people can read it to each other.
func spaced(digest string) string {
	out := ""
	for i := 0; i < len(digest); i += 8 {
		out += digest[i:min(i+8, len(digest))] + " "
	}
	return out
}

func asNumber(s string) uint64 {
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil {
		return 0
	}
	return n
}
