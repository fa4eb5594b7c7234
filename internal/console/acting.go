package console

import (
	"net/http"
	"strconv"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/web"
)

// running says for whom somebody acts, on every page of his.
type running struct {
	Pair, Subject, Actor, Mode, Reason string
	Until, Left                        string
	Moment                             string // of the end, for what counts down
	Warn                               string // why it ends soon; empty while it does not
	Edit                               bool
}

func (v *visit) running() *running {
	m := v.st.Mandate
	r := &running{Pair: v.c.pair(m.Actor, m.Subject), Subject: v.st.Subject.DisplayName(), Actor: v.st.Actor.DisplayName(),
		Mode: modeWord(m.Mode), Reason: m.Purpose.Reason, Until: v.c.at(v.st.Until), Left: v.c.left(v.st.Until), Moment: v.st.Until.UTC().Format(time.RFC3339Nano), Edit: m.Mode == stead.Edit}
	if m.State == stead.Suspended {
		r.Mode = "Suspended"
	}
	if !v.c.Now().Before(v.st.WarnAt) {
		r.Warn = warnWords[v.st.WarnsOf]
	}
	return r
}

// An actingView is the status of acting, with what can be done about it.
type actingView struct {
	frame
	Facts      [][2]string
	App        string
	Problem    string
	Extensions int
	Reason     web.FieldSpec
	Code       web.FieldSpec
	Story      string
}

func (c *Console) acting(v *visit) error { return v.showActing(http.StatusOK, "", "") }

func (v *visit) showActing(status int, problem, reason string) error {
	if !v.st.Acting {
		return v.to("/act")
	}
	m, c := v.st.Mandate, v.c
	a, _ := c.app(first(m))
	p := actingView{frame: v.frame("You act for "+v.st.Subject.DisplayName(), ""), App: a.shown(), Problem: problem, Extensions: v.st.ExtensionsLeft,
		Reason: web.FieldSpec{Name: "reason", Label: "Why more time", Value: reason, Hint: "Stands in the trail beside the first reason."},
		Code:   v.code(false, "Only where the policy wants a fresh one.", ""), Story: "/mandates/" + string(m.ID)}
	p.Acting = nil // the page is about nothing else
	p.Facts = append(c.terms(m), [2]string{"Since", c.at(m.StartedAt)}, [2]string{"Ends", c.at(v.st.Until) + ", in " + c.left(v.st.Until)},
		[2]string{"Extensions left", strconv.Itoa(v.st.ExtensionsLeft)})
	p.Now = v.running()
	v.refreshAtChange()
	return v.show(status, actingPage(p))
}

// refreshAtChange lets the page come again when the heads-up or the end is due, and not before: who types keeps it.
func (v *visit) refreshAtChange() {
	next := v.st.WarnAt
	if !v.c.Now().Before(next) {
		next = v.st.Until
	}
	if wait := int(next.Sub(v.c.Now()).Seconds()) + 1; wait > 0 {
		v.w.Header().Set("Refresh", strconv.Itoa(wait))
	}
}

func (c *Console) extend(v *visit) error {
	f, err := v.form()
	if err != nil {
		return err
	}
	if !v.st.Acting {
		return notActing()
	}
	_, err = c.Authority.Extend(v.r.Context(), v.by, v.st.Mandate.ID, f.Get("reason"), f.Get("code"))
	switch {
	case v.retell(err):
		return v.showActing(web.StatusOf(err), saying(err), f.Get("reason"))
	case err != nil:
		return err
	}
	return v.to("/acting")
}

func notActing() error {
	return stead.E(stead.Conflict, stead.ReasonEnded, "you act for nobody now: it has ended already. Nothing was done")
}

func (c *Console) end(v *visit) error {
	if !v.st.Acting {
		return notActing()
	}
	return v.finish(v.st.Mandate.ID)
}

// endOne ends what the reader acts under, here or in another of his sessions.
func (c *Console) endOne(v *visit) error {
	if _, err := v.form(); err != nil {
		return err
	}
	return v.finish(v.mandateID())
}

func (v *visit) finish(id stead.MandateID) error {
	m, err := v.c.Authority.End(v.r.Context(), v.by, id)
	if err != nil {
		return err
	}
	if m.Session == v.by.Session {
		err = v.renew()
	}
	if err != nil {
		return err
	}
	return v.to("/end?mandate=" + string(m.ID))
}

// goOn takes the session to the application again.
func (c *Console) goOn(v *visit) error {
	if !v.st.Acting {
		return notActing()
	}
	return v.lead(v.st.Mandate)
}

// An endView tells that acting is over, and what was done.
type endView struct {
	frame
	card
	Why, AskAgain string
	Tally         []string
	Lines         []line
	App           App
	Unseen        bool
}

func (c *Console) ended(v *visit) error {
	id := stead.MandateID(v.r.URL.Query().Get("mandate"))
	if id == "" {
		id = v.st.Unseen.Mandate
	}
	if id == "" {
		return v.to("/")
	}
	m, err := c.Authority.Mandate(v.r.Context(), v.by, id)
	if err != nil {
		return err
	}
	over := m.Over(c.Now(), c.Now())
	if m.Actor != v.by.Principal || over == stead.ReasonNone {
		return v.to("/mandates/" + string(id))
	}
	events, err := v.events(authority.EventQuery{Mandate: id, Limit: 500})
	if err != nil {
		return err
	}
	p := endView{frame: v.frame("You are yourself again", ""), card: v.card(m), Why: endWord(over), AskAgain: c.askAgain(m),
		Tally: tally(events), Lines: c.lines(events), Unseen: v.st.Unseen.Mandate == id}
	if p.Unseen {
		p.Shell.Title = "Acting has ended"
	}
	p.App, _ = c.app(first(m))
	return v.show(http.StatusOK, endPage(p))
}

// seen acknowledges an end that came by itself (R16).
func (c *Console) seen(v *visit) error {
	err := c.Authority.Acknowledge(v.r.Context(), v.by)
	if err != nil && stead.KindOf(err) != stead.Conflict { // seen twice is seen
		return err
	}
	return v.to("/")
}
