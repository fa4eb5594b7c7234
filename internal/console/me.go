package console

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
)

// A meView is everybody's own page: who acted as me, and where am I signed in.
type meView struct {
	frame
	Facts    [][2]string
	AsMe     []card // in force or asked for now
	Lines    []line // what others did for me
	Sessions []session
}

// A session is one login as it is shown to its owner.
type session struct {
	ID           stead.SessionID
	Since, Until string
	How          string
	Here         bool
}

func (c *Console) me(v *visit) error {
	ctx, who := v.r.Context(), v.st.Actor
	all, err := c.Authority.Mandates(ctx, v.by, false)
	if err != nil {
		return err
	}
	events, err := v.events(authority.EventQuery{Subject: who.ID, Either: who.ID, Kinds: []string{"mandate.", "request."},
		Newest: true, Limit: 200})
	if err != nil {
		return err
	}
	sessions, err := c.Authority.Sessions(ctx, v.by)
	if err != nil {
		return err
	}
	p := meView{frame: v.frame("My account", "Whoever acts as you leaves a line here."), Facts: known([][2]string{
		{"Name", who.DisplayName()}, {"Account", who.Directory + "/" + who.Name}, {"Groups", strings.Join(who.Groups, ", ")},
		{"Sign-in", levelWord(v.st.Level)}, {"Signed in until", c.at(v.st.SessionUntil)},
	})}
	var theirs []authority.StoredEvent
	for _, e := range events {
		if e.Actor != who.ID && e.Subject == who.ID {
			theirs = append(theirs, e)
		}
	}
	p.Lines = c.lines(theirs)
	for _, m := range all {
		if m.Subject == who.ID {
			p.AsMe = append(p.AsMe, v.card(m))
		}
	}
	for _, s := range sessions {
		if s.Principal == who.ID { // those who oversee get everybody's
			p.Sessions = append(p.Sessions, session{s.ID, c.at(s.Since), c.at(s.Until), levelWord(s.Level), s.ID == v.by.Session})
		}
	}
	return v.show(http.StatusOK, mePage(p))
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
