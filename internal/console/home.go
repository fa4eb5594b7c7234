package console

import (
	"net/http"

	"github.com/steadhq/stead"
)

// A card is one mandate in a list.
type card struct {
	ID                   stead.MandateID
	Pair, Account        string
	App, Mode, State     string
	Reason, Ticket       string
	Asked, Until, Length string
	Href                 string
	AsMe, Mine, Waits    bool // I am acted for; I act; it waits for my yes
}

func (v *visit) card(m stead.Mandate) card {
	c := v.c
	k := card{ID: m.ID, Pair: c.pair(m.Actor, m.Subject), Account: c.account(m.Subject), Mode: modeWord(m.Mode), State: stateWord(m.State),
		Reason: m.Purpose.Reason, Ticket: m.Purpose.Ticket, Asked: c.at(m.AskedAt), Length: span(m.Bounds.Longest()),
		AsMe: m.Subject == v.by.Principal, Mine: m.Actor == v.by.Principal, Href: "/mandates/" + string(m.ID)}
	a, _ := c.app(first(m))
	k.App = a.shown()
	switch m.State {
	case stead.Asked:
		k.Until = "waits until " + c.at(m.StartBy)
	case stead.Approved:
		k.Until = "to be started until " + c.at(m.StartBy)
	default:
		k.Until = "until " + c.at(m.Until)
	}
	k.Waits = m.State == stead.Asked && !k.Mine && !k.AsMe
	switch {
	case k.Waits:
		k.Href = "/requests/" + string(m.ID)
	case k.Mine && m.State == stead.Active:
		k.Href = "/acting"
	case k.Mine && (m.State == stead.Asked || m.State == stead.Approved):
		k.Href = "/act/" + string(m.ID)
	}
	return k
}

// A homeView is what the first page shows.
type homeView struct {
	frame
	Name, Account     string
	Level             int
	Signed, Armed     string
	Mine, AsMe, Waits []card
	Unseen            *card
	Tour              []Step
}

func (c *Console) home(v *visit) error {
	all, err := c.Authority.Mandates(v.r.Context(), v.by, false)
	if err != nil {
		return err
	}
	h := homeView{frame: v.frame("Hello, "+v.st.Actor.DisplayName(), ""), Name: v.st.Actor.DisplayName(),
		Account: v.st.Actor.Directory + "/" + v.st.Actor.Name, Level: v.st.Level, Signed: c.at(v.st.SessionUntil)}
	if v.st.Armed.After(c.Now()) {
		h.Armed = c.at(v.st.Armed)
	}
	for _, m := range all {
		switch k := v.card(m); {
		case k.Mine && m.State != stead.Active:
			h.Mine = append(h.Mine, k)
		case k.AsMe:
			h.AsMe = append(h.AsMe, k)
		case k.Waits:
			h.Waits = append(h.Waits, k)
		}
	}
	if id := v.st.Unseen.Mandate; id != "" {
		if m, err := c.Authority.Mandate(v.r.Context(), v.by, id); err == nil {
			k := v.card(m)
			k.State = endWord(m.Why)
			h.Unseen = &k
		}
	}
	if c.Demo != nil {
		h.Tour = c.Demo.Tour()
	}
	return v.show(http.StatusOK, homePage(h))
}
