package authority

import (
	"context"
	"time"

	"github.com/steadhq/stead"
)

// A Status is what somebody is doing now and how long he still may.
type Status struct {
	Acting         bool
	Actor, Subject stead.Principal
	Mandate        stead.Mandate // also one that is over and was not ended yet: Acting tells
	Until          time.Time     // the first of the ends below
	WarnAt         time.Time
	WarnsOf        string // "mandate", "mandate-idle", "session-idle" or "session"
	ExtensionsLeft int
	Armed          time.Time // until when acting is armed; zero when it is not
	Level          int
	SessionUntil   time.Time
	SessionIdleAt  time.Time
	Unseen         stead.Unseen // an end that he has not acknowledged
}

// Status tells the caller what he is doing. Errors: refused.
func (a *Authority) Status(_ context.Context, by By) (Status, error) {
	now := a.Now()
	var st Status
	var err error
	a.Store.View().Read(func(s *State) {
		var e stead.Session
		if e, err = own(s, by, now); err != nil {
			return
		}
		st = Status{Actor: *s.Principal(by.Principal), Level: e.Level, SessionUntil: e.Until,
			SessionIdleAt: e.IdleEnd(s.Seen(e.ID)), Unseen: e.Unseen}
		if e.Armed(now) {
			st.Armed = e.ArmedTill
		}
		st.Until, st.WarnsOf = st.SessionUntil, "session"
		st.until(st.SessionIdleAt, "session-idle")
		m := s.Acting(e.ID)
		if m == nil || s.Principal(m.Subject) == nil {
			return
		}
		st.Mandate, st.Subject = *m, *s.Principal(m.Subject)
		if m.Over(now, s.Acted(m.ID)) != stead.ReasonNone {
			return
		}
		st.Acting = true
		st.ExtensionsLeft = m.ExtensionsLeft()
		st.until(m.Until, "mandate")
		if m.Bounds.Idle > 0 {
			st.until(m.IdleEnd(s.Acted(m.ID)), "mandate-idle")
		}
	})
	st.WarnAt = st.Until.Add(-a.Settings.Warn)
	return st, err
}

// MayAct tells whether the caller may ever act for somebody, as far as policy tells by his groups alone: a no is certain.
func (a *Authority) MayAct(_ context.Context, by By) bool {
	var may bool
	a.Store.View().Read(func(s *State) { may = a.letsAct(s, by) })
	return may
}

func (a *Authority) letsAct(s *State, by By) bool {
	who := s.Principal(by.Principal)
	return who != nil && a.Policy.LetsAct(s.PolicyDigest(), who)
}

// until takes an end that comes first, and says which it is. Of two at once the mandate's own is named.
func (s *Status) until(t time.Time, what string) {
	if !t.After(s.Until) {
		s.Until, s.WarnsOf = t, what
	}
}
