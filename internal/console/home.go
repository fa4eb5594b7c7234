package console

import (
	"net/http"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
)

// A card is one mandate in a list.
type card struct {
	ID                   stead.MandateID
	Pair, Account        string
	App, Mode, State     string
	Reason, Ticket       string
	Asked, Until, Length string
	Href                 string
	Moment, Left         string // of the end of one in force, for what counts down
	AsMe, Mine, Waits    bool   // I am acted for; I act; it waits for my yes
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
	case stead.Active, stead.Suspended:
		k.Until, k.Moment, k.Left = "until "+c.at(m.Until), m.Until.UTC().Format(time.RFC3339Nano), c.left(m.Until)
	default:
		k.Until = "ended " + c.at(m.EndedAt)
	}
	k.Waits = m.State == stead.Asked && !k.Mine && !k.AsMe
	switch {
	case k.Waits:
		k.Href = "/requests/" + string(m.ID)
	case k.Mine && v.st.Acting && m.ID == v.st.Mandate.ID:
		k.Href = "/acting"
	case k.Mine && (m.State == stead.Asked || m.State == stead.Approved):
		k.Href = "/act/" + string(m.ID)
	}
	return k
}

// A homeView is what the first page shows: what needs its reader now.
type homeView struct {
	frame
	Name, Account     string
	Level             int
	Signed, Armed     string
	Mine, AsMe, Waits []card
	Elsewhere         []card // what he acts under in other sessions of his
	Needs             []need
	Running           []card // of others, for those who oversee
	Concerns          []line
	Unseen            *card
	Tour              []Step
	Acts              bool // whether the reader may act for anybody, as far as is known
}

// A need is something that waits for the reader and is no request.
type need struct{ Title, Text, Href, Go string }

const (
	fewRunning  = 6
	fewConcerns = 5
	newConcern  = 7 * 24 * time.Hour // how long one stands on the first page
)

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
		case k.Mine && k.Href == "/acting":
		case k.Mine && k.Moment != "":
			h.Elsewhere = append(h.Elsewhere, k)
		case k.Mine:
			h.Mine = append(h.Mine, k)
		case k.AsMe:
			h.AsMe = append(h.AsMe, k)
		case k.Waits && v.barred("mandate.approve", string(m.ID)) == "":
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
	if h.Acts = v.acts(); c.Demo != nil && h.Acts {
		h.Tour = c.Demo.Tour()
	}
	if err := v.needs(&h); err != nil {
		return err
	}
	return v.show(http.StatusOK, homePage(h))
}

// needs finds what waits for the reader besides requests, by what he is here.
func (v *visit) needs(h *homeView) error {
	ctx, verbs := v.r.Context(), v.c.Authority
	if who, err := verbs.Human(ctx, v.by, v.by.Principal); err == nil && !who.Code && v.c.Factors != nil {
		h.Needs = append(h.Needs, need{"You have no second factor", "A password alone is easily stolen, and some things ask for more.", "/me/factor", "Set up an authenticator"})
	}
	if !v.c.oversees(v.by) {
		return nil
	}
	_, staged, err := verbs.Policies(ctx, v.by)
	if err != nil {
		return err
	}
	if staged.Digest != "" && verbs.May(v.by, authority.Admin, authority.Security) == nil && v.barred("policy.apply", "") == "" {
		h.Needs = append(h.Needs, need{"A policy is staged", "By " + v.c.who(staged.Author) + ", " + v.c.at(staged.At) + ". Another person applies it.", "/policies/staged", "Look at it"})
	}
	running, _, err := verbs.MandatePage(ctx, v.by, authority.MandateQuery{All: true, State: stead.Active, Limit: fewRunning})
	if err != nil {
		return err
	}
	for _, m := range running {
		if k := v.card(m); !k.Mine && !k.AsMe {
			h.Running = append(h.Running, k)
		}
	}
	raised, err := v.events(authority.EventQuery{Kinds: []string{"concern.raised"}, Outcome: stead.OK, From: v.c.Now().Add(-newConcern), Newest: true, Limit: fewConcerns})
	h.Concerns = v.c.lines(raised)
	return err
}
