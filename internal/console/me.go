package console

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/web"
)

// A meView is everybody's own page: who acted as me, where am I signed in, what proves that I am I.
type meView struct {
	frame
	Facts      [][2]string
	AsMe       []card // in force or asked for now
	Agents     []ownAgent
	MoreAgents int // that are not shown
	AllAgents  string
	Acts       []acted // what others did as me, newest first
	Older      string  // address of the page before
	Mine       []line  // what I did last
	Sessions   []session
	Factor     string // since when there is a second factor; empty: there is none
	Enrols     bool
	Said       string // that something was done
}

// A session is one login as it is shown to its owner.
type session struct {
	ID           stead.SessionID
	Since, Until string
	How          string
	Here         bool
}

const (
	pageOfActs = 250 // events on one page of what others did as me
	fewOfMine  = 30
)

// saids are what a page says after a form of it was taken.
var saids = map[string]string{"concern": "Security has it. Who acted for you is not told.", "factor": "Your authenticator counts from now on.",
	"password": "Your new password counts from now on. Wherever else you were signed in, you are signed out."}

func (c *Console) me(v *visit) error {
	ctx, who := v.r.Context(), v.st.Actor
	all, err := c.Authority.Mandates(ctx, v.by, false)
	if err != nil {
		return err
	}
	p := meView{frame: v.frame("My account", "Whoever acts as you leaves a line here."), Enrols: c.Factors != nil, Said: saids[v.r.URL.Query().Get("done")],
		Facts: known([][2]string{
			{"Name", who.DisplayName()}, {"Account", who.Directory + "/" + who.Name}, {"Groups", strings.Join(who.Groups, ", ")},
			{"Sign-in", levelWord(v.st.Level)}, {"Signed in until", c.at(v.st.SessionUntil)},
		})}
	for _, m := range all {
		if m.Subject == who.ID {
			p.AsMe = append(p.AsMe, v.card(m))
		}
	}
	p.AllAgents = "/agents?" + url.Values{"name": {who.Directory + "/" + who.Name}}.Encode()
	if p.Agents, p.MoreAgents, err = v.ownAgents(); err != nil {
		return err
	}
	if err := v.whoActed(&p); err != nil {
		return err
	}
	return v.show(http.StatusOK, mePage(p))
}

// whoActed reads what others did as the reader, what he did himself, and where he is signed in.
func (v *visit) whoActed(p *meView) error {
	c, who := v.c, v.st.Actor.ID
	events, err := v.events(authority.EventQuery{Subject: who, Either: who, Kinds: []string{"mandate.", "request."}, Newest: true,
		Limit: pageOfActs, Before: asNumber(v.r.URL.Query().Get("before")), Within: lookWithin})
	at, err := authority.Shorted(err)
	if err != nil {
		return err
	}
	p.Acts = c.acts(events, who)
	if len(events) == pageOfActs {
		at = events[len(events)-1].Number()
	}
	if at > 0 {
		p.Older = "/me?" + url.Values{"before": {strconv.FormatUint(at, 10)}}.Encode()
	}
	own, err := v.events(authority.EventQuery{Actor: who, Either: who, Newest: true, Limit: fewOfMine, Within: lookWithin})
	if _, err = authority.Shorted(err); err != nil {
		return err
	}
	p.Mine = c.lines(own)
	sessions, err := c.Authority.Sessions(v.r.Context(), v.by)
	if err != nil {
		return err
	}
	for _, s := range sessions {
		if s.Principal == who { // those who oversee get everybody's
			p.Sessions = append(p.Sessions, session{s.ID, c.at(s.Since), c.at(s.Until), levelWord(s.Level), s.ID == v.by.Session})
		}
	}
	return v.factorSince(p)
}

func levelWord(n int) string {
	switch n {
	case 1:
		return "password"
	case 2:
		return "password and code"
	}
	return "level " + strconv.Itoa(n)
}

func (c *Console) endSession(v *visit) error {
	id := stead.SessionID(v.r.PathValue("id"))
	if err := c.Authority.EndSession(v.r.Context(), v.by, id); err != nil {
		return err
	}
	if id == v.by.Session {
		c.Cookie.Clear(v.w)
		return v.to("/login?out=1")
	}
	return v.to("/me")
}

// A concernView is the form by which somebody says that he is not at ease.
type concernView struct {
	frame
	Mandate stead.MandateID
	Facts   [][2]string
	Text    string
	Problem string
}

func (c *Console) concern(v *visit) error { return v.showConcern(http.StatusOK, "", "") }

func (v *visit) showConcern(status int, text, problem string) error {
	m, err := v.c.Authority.Mandate(v.r.Context(), v.by, v.mandateID())
	switch {
	case err != nil:
		return err
	case m.Subject != v.by.Principal:
		return stead.E(stead.Missing, stead.ReasonNotYours, "there is no such mandate, or it was not for you")
	}
	p := concernView{frame: v.frame("Raise a concern", "Those who look after security read it. Who acted for you is not told."), Mandate: m.ID, Facts: v.c.terms(m), Text: text, Problem: problem}
	return v.show(status, concernPage(p))
}

func (c *Console) raise(v *visit) error {
	f, err := v.form()
	if err != nil {
		return err
	}
	no := c.Authority.Raise(v.r.Context(), v.by, v.mandateID(), f.Get("text"))
	switch {
	case v.retell(no):
		return v.showConcern(web.StatusOf(no), f.Get("text"), saying(no))
	case no != nil:
		return no
	}
	return v.to("/me?done=concern")
}
