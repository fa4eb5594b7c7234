package model

// SignIn opens a login; factor tells whether a second factor was shown.
func (w *World) SignIn(login, who string, factor bool) (no Answer) {
	if no.when(!w.open(who), Refused); !no.Ok() {
		return no
	}
	e := &Login{Who: who, Level: 1, Since: w.Now, Seen: w.Now, Until: w.Now + w.SessionLong, Proved: -1 << 40}
	if factor {
		e.Level, e.Proved = 2, w.Now
	}
	w.Logins[login] = e
	return 0
}

// SignOut ends a login, and first what hangs on it.
func (w *World) SignOut(login string) (no Answer) {
	if no.when(!w.Alive(login), Refused); !no.Ok() {
		return no
	}
	w.closeLogin(login)
	return 0
}

func (w *World) closeLogin(login string) {
	for _, m := range w.Mandates {
		if m.Login == login {
			m.State = "ended"
		}
	}
	w.Logins[login].Ended = true
}

// end ends a mandate without its actor: he must see that before he goes on as himself.
func (w *World) end(m *Mandate) {
	w.Logins[m.Login].Unseen = w.Logins[m.Login].Unseen || m.State == "active" || m.State == "suspended"
	m.State = "ended"
}

// Acknowledge notes that he has.
func (w *World) Acknowledge(login string) (no Answer) {
	no.when(!w.Alive(login), Refused)
	no.when(w.Logins[login] != nil && !w.Logins[login].Unseen, Conflict)
	if no.Ok() {
		w.Logins[login].Unseen, w.Logins[login].Seen = false, w.Now
	}
	return no
}

// renew proves the second factor again where the last proof is too old.
func (w *World) renew(login string, code bool) {
	if code && w.Alive(login) && w.Now >= w.Logins[login].Proved+w.Fresh {
		w.prove(login)
	}
}

func (w *World) prove(login string) {
	e := w.Logins[login]
	e.Level, e.Proved, e.Seen = 2, w.Now, w.Now
}

// StepUp proves the second factor in a login.
func (w *World) StepUp(login string) (no Answer) {
	if no.when(!w.Alive(login), Refused); no.Ok() {
		w.prove(login)
	}
	return no
}

// Arm makes choosing a person possible for a while.
func (w *World) Arm(login string) (no Answer) {
	w.tidy(login)
	no.when(!w.Alive(login), Refused)
	no.when(len(w.ActingUnder(login)) > 0, Conflict)
	if no.Ok() {
		w.prove(login)
		w.Logins[login].ArmedTill = min(w.Now+w.ArmFor, w.Logins[login].Until)
	}
	return no
}

// Disarm takes that back and ends every mandate of the login.
func (w *World) Disarm(login string) (no Answer) {
	if no.when(!w.Alive(login), Refused); !no.Ok() {
		return no
	}
	for _, m := range w.Mandates {
		if m.Login == login {
			m.State = "ended"
		}
	}
	w.Logins[login].ArmedTill = 0
	return 0
}

// Ask asks to act for subject.
func (w *World) Ask(id, login, subject string, edit, reason bool) (no Answer) {
	e := w.Logins[login]
	if e == nil {
		return Refused
	}
	w.tidy(login)
	no = w.laws(login, e.Who, subject)
	no.when(w.Now >= e.ArmedTill, Refused)
	no.when(len(w.ActingUnder(login)) > 0, Conflict)
	no.when(!reason, Invalid)
	held := 0
	for _, m := range w.Mandates {
		if m.State != "ended" && m.Actor == e.Who {
			held++
		}
		no.when(w.AloneEditing && edit && m.Edit && m.State != "ended" && m.Subject == subject, Conflict)
	}
	no.when(w.PerActor > 0 && held >= w.PerActor, Conflict)
	if !no.Ok() {
		return no
	}
	m := &Mandate{Actor: e.Who, Subject: subject, Login: login, State: "approved", Edit: edit, StartBy: w.Now + w.StartWindow}
	if edit && len(w.Voters) > 0 {
		m.State, m.StartBy, m.Stages = "asked", w.Now+w.AskWindow, w.Voters
	}
	w.Mandates[id], e.Seen = m, w.Now
	return 0
}

// Vote is a yes or a no of a login to a request; same tells whether what he saw is what is asked.
func (w *World) Vote(id, login string, yes, same bool) (no Answer) {
	m, e := w.Mandates[id], w.Logins[login]
	no.when(!w.Alive(login), Refused)
	if m == nil || e == nil {
		return no | Missing
	}
	p := w.People[e.Who]
	no.when(len(w.ActingUnder(login)) > 0, Refused|Conflict)
	no.when(w.Over(id), Conflict|Expired|Missing)
	no.when(m.State != "asked", Conflict|Missing)
	no.when(p.Human == w.People[m.Actor].Human, Refused|Missing)
	no.when(p.Human == w.People[m.Subject].Human, Refused|Missing)
	no.when(!same, Conflict)
	at := w.stage(m)
	no.when(at == len(m.Stages), Conflict)
	no.when(at < len(m.Stages) && !p.Groups[m.Stages[min(at, len(m.Stages)-1)].Group], Refused|Missing)
	for _, v := range m.Votes {
		no.when(p.Human == w.People[v.By].Human, Conflict)
	}
	switch {
	case !no.Ok():
	case !yes:
		w.end(m)
	default:
		m.Votes = append(m.Votes, Vote{e.Who, at})
		if w.Agreed(m) {
			m.State, m.StartBy = "approved", w.Now+w.StartWindow
		}
	}
	return no
}

// Claim takes a mandate that has not begun to another login of its actor, once.
func (w *World) Claim(id, login string) (no Answer) {
	m, e := w.Mandates[id], w.Logins[login]
	no.when(!w.Alive(login), Refused)
	if m == nil || e == nil {
		return no | Missing
	}
	no.when(m.Actor != e.Who, Missing)
	no.when(w.Over(id), Expired|Conflict)
	no.when(m.State != "asked" && m.State != "approved", Conflict)
	no.when(m.Claimed || m.Login == login || len(w.ActingUnder(login)) > 0, Conflict)
	if no.Ok() {
		m.Login, m.Claimed = login, true
	}
	return no
}

// Start puts a mandate in force; code tells whether a fresh second factor comes along.
func (w *World) Start(id, login string, code bool) (no Answer) {
	m, e := w.Mandates[id], w.Logins[login]
	w.renew(login, code)
	if m == nil || e == nil {
		return Missing | Refused
	}
	no = w.laws(login, m.Actor, m.Subject)
	no.when(m.Actor != e.Who || m.Login != login, Missing|Refused)
	no.when(w.Over(id), Expired|Conflict)
	no.when(m.State != "approved", Conflict)
	no.when(len(w.ActingUnder(login)) > 0, Conflict)
	no.when(!w.Agreed(m), Refused)
	no.when(w.Now >= e.Proved+w.Fresh, Refused)
	if no.Ok() {
		m.State, m.Start, e.Seen = "active", w.Now, w.Now
		m.Until = min(w.Now+w.Length, e.Until)
	}
	return no
}

// Extend gives one more term.
func (w *World) Extend(id, login string, code, reason bool) (no Answer) {
	m, e := w.Mandates[id], w.Logins[login]
	w.renew(login, code)
	if m == nil || e == nil {
		return Missing | Refused
	}
	no = w.laws(login, m.Actor, m.Subject)
	no.when(m.Actor != e.Who || m.Login != login, Missing|Refused)
	no.when(w.Over(id), Expired|Conflict)
	no.when(m.State != "active", Conflict)
	no.when(m.Extended >= w.Extensions, Refused)
	no.when(!reason, Invalid)
	no.when(w.Now >= e.Proved+w.Fresh, Refused)
	until := min(m.Until+w.Length, m.Start+w.Longest, e.Until)
	no.when(until <= m.Until, Refused)
	if no.Ok() {
		m.Until, m.Extended, e.Seen = until, m.Extended+1, w.Now
	}
	return no
}

// End is the actor's own: of a mandate in force it completes it, of a request it takes it back. A login that idled
// out a moment ago may still end: less can only be safer.
func (w *World) End(id, login string, begun bool) (no Answer) {
	m, e := w.Mandates[id], w.Logins[login]
	if m == nil || e == nil {
		no.when(!w.Alive(login), Refused)
		return no | Missing
	}
	no.when(e.Who != m.Actor && !w.Alive(login), Refused)
	no.when(e.Who != m.Actor, Missing)
	no.when(m.State == "ended", Conflict)
	no.when(begun != (m.State == "active" || m.State == "suspended"), Conflict)
	if no.Ok() && login != m.Login {
		w.end(m)
	}
	if no.Ok() {
		m.State = "ended"
	}
	return no
}

// Stop is revoking, suspending and resuming by another: "revoke", "suspend", "resume".
func (w *World) Stop(verb, id, login string, may bool) (no Answer) {
	m, e := w.Mandates[id], w.Logins[login]
	no.when(!w.Alive(login), Refused)
	if m == nil || e == nil {
		return no | Missing
	}
	no.when(!may, Missing|Refused)
	no.when(len(w.ActingUnder(login)) > 0, Refused|Conflict)
	no.when(m.State == "ended", Conflict|Missing)
	switch verb {
	case "suspend":
		no.when(m.State != "active" || w.Now >= m.Until, Conflict)
	case "resume":
		no.when(m.State != "suspended" || w.Now >= m.Until, Conflict)
	}
	switch {
	case !no.Ok():
	case verb == "revoke":
		w.end(m)
	default:
		m.State = map[string]string{"suspend": "suspended", "resume": "active"}[verb]
	}
	return no
}

// Close closes an account: its logins end, and every mandate it holds or that is held for it (R19).
func (w *World) Close(who string) {
	w.People[who].Closed = true
	for id, e := range w.Logins {
		if e.Who == who {
			w.closeLogin(id)
		}
	}
	for _, m := range w.Mandates {
		if m.State != "ended" && (m.Actor == who || m.Subject == who) {
			w.end(m)
		}
	}
}

// Open opens it again. Nothing comes back.
func (w *World) Open(who string) { w.People[who].Closed = false }

// Regroup changes what an account belongs to; what may not go on so, ends (R3, R19).
func (w *World) Regroup(who, group string, in bool) {
	if w.People[who].Groups[group] = in; !in {
		delete(w.People[who].Groups, group)
	}
	for _, m := range w.Mandates {
		if m.Actor == who || m.Subject == who {
			w.review(m)
		}
	}
}

func (w *World) review(m *Mandate) {
	a, s := w.People[m.Actor], w.People[m.Subject]
	if m.State != "ended" && (a.Closed || s.Closed || s.Groups[w.Marked] || !a.Groups[w.Actors] || !s.Groups[w.Subjects]) {
		w.end(m)
	}
}

// tidy makes the ends known of what somebody holds, before he goes on to something new.
func (w *World) tidy(login string) {
	e := w.Logins[login]
	if e == nil {
		return
	}
	for id, m := range w.Mandates {
		if m.Actor == e.Who && m.State != "ended" && w.Over(id) {
			w.end(m)
		}
	}
}

// Sweep makes the ends known that time has brought.
func (w *World) Sweep() {
	for id, m := range w.Mandates {
		if m.State != "ended" && w.Over(id) {
			w.end(m)
		}
	}
	for id, e := range w.Logins {
		if !e.Ended && (w.Now >= e.Until || w.Now >= max(e.Seen, e.Since)+w.SessionIdle) {
			w.closeLogin(id)
		}
	}
	for _, m := range w.Mandates {
		if m.State == "active" {
			w.review(m)
		}
	}
}
