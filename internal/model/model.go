// Package model tells the rules of acting a second time, as plainly as can be: maps, strings and seconds. It is the
// oracle of the state machine tests and shares no code with the rules it judges, so that a mistake would have to be
// made twice. An operation answers with every class of refusal that is true; the rules must give one of them, and
// must allow exactly when there is none.
package model

// An Answer is a set of classes of refusal; the empty one allows.
type Answer uint8

const (
	Refused Answer = 1 << iota
	Expired
	Missing
	Conflict
	Invalid
)

// Ok tells whether nothing speaks against it.
func (a Answer) Ok() bool { return a == 0 }

// Holds tells whether the class, as the rules name it, is among those of a; "" is allowing.
func (a Answer) Holds(class string) bool {
	bit, ok := map[string]Answer{"refused": Refused, "expired": Expired, "missing": Missing, "conflict": Conflict, "invalid": Invalid}[class]
	return class == "" && a == 0 || ok && a&bit != 0
}

func (a *Answer) when(wrong bool, class Answer) {
	if wrong {
		*a |= class
	}
}

// Rules are what the organisation has set, in seconds.
type Rules struct {
	SessionIdle, SessionLong     int64
	ArmFor, Fresh                int64
	Length, Longest, MandateIdle int64
	StartWindow, AskWindow       int64
	Extensions                   int
	PerActor                     int  // mandates one actor may hold; 0 = not asked about
	AloneEditing                 bool // one editing mandate per subject
	Actors, Subjects, Marked     string
	Voters                       []Stage // who must agree before somebody edits
}

// A Stage asks for so many different humans of a group.
type Stage struct {
	Group string
	Count int
}

// A Person is one account.
type Person struct {
	Human  string
	Groups map[string]bool
	Closed bool
}

// A Login is one session.
type Login struct {
	Who                string
	Level              int
	Since, Seen, Until int64
	ArmedTill, Proved  int64
	Ended              bool
	Unseen             bool // acting ended without him, and he has not acknowledged that
}

// A Vote is one account's yes.
type Vote struct {
	By    string
	Stage int
}

// A Mandate is as in the rules.
type Mandate struct {
	Actor, Subject, Login         string
	State                         string // asked approved active suspended ended
	Edit, Claimed                 bool
	StartBy, Start, Until, LastBy int64
	Extended                      int
	Stages                        []Stage
	Votes                         []Vote
}

// A World is everything that is true.
type World struct {
	Rules
	Now      int64
	People   map[string]*Person
	Logins   map[string]*Login
	Mandates map[string]*Mandate
}

// New gives a world in which nothing has happened.
func New(r Rules) *World {
	return &World{Rules: r, People: map[string]*Person{}, Logins: map[string]*Login{}, Mandates: map[string]*Mandate{}}
}

// Tick moves the time; a clock set back moves nothing.
func (w *World) Tick(seconds int64) { w.Now += max(0, seconds) }

// Alive tells whether a login counts now.
func (w *World) Alive(login string) bool {
	e := w.Logins[login]
	return e != nil && !e.Ended && w.Now < e.Until && w.Now < max(e.Seen, e.Since)+w.SessionIdle && w.open(e.Who)
}

func (w *World) open(who string) bool { p := w.People[who]; return p != nil && !p.Closed }

// Over tells whether a mandate has ended or its time has.
func (w *World) Over(id string) bool {
	m := w.Mandates[id]
	switch {
	case m == nil || m.State == "ended":
		return true
	case m.State == "asked" || m.State == "approved":
		return w.Now >= m.StartBy
	}
	return w.Now >= m.Until || w.MandateIdle > 0 && w.Now >= max(m.Start, m.LastBy)+w.MandateIdle
}

// ActingUnder finds the mandates a login acts under; there must never be two.
func (w *World) ActingUnder(login string) (ids []string) {
	for id, m := range w.Mandates {
		if m.Login == login && (m.State == "active" || m.State == "suspended") {
			ids = append(ids, id)
		}
	}
	return ids
}

// Agreed tells whether every stage has its humans, counted as they are now.
func (w *World) Agreed(m *Mandate) bool {
	return w.stage(m) == len(m.Stages)
}

func (w *World) stage(m *Mandate) int {
	for i, s := range m.Stages {
		humans := map[string]bool{}
		for _, v := range m.Votes {
			if p := w.People[v.By]; v.Stage == i && w.open(v.By) && p.Groups[s.Group] {
				humans[p.Human] = true
			}
		}
		if len(humans) < s.Count {
			return i
		}
	}
	return len(m.Stages)
}

// laws are what no policy lifts, and policy: asked at ask, start, extension and every request.
func (w *World) laws(login, actor, subject string) (no Answer) {
	a, s := w.People[actor], w.People[subject]
	no.when(!w.Alive(login) || w.Logins[login].Who != actor, Refused)
	no.when(!w.open(actor), Refused)
	no.when(!w.open(subject), Missing|Refused)
	if a == nil || s == nil {
		return no | Missing
	}
	no.when(a.Human == s.Human, Refused)
	no.when(s.Groups[w.Marked], Refused)
	no.when(!a.Groups[w.Actors] || !s.Groups[w.Subjects], Refused)
	no.when(w.Logins[login] != nil && w.Logins[login].Level < 2, Refused)
	return no
}

// MayPass answers whether the request of a login under a mandate may pass now; no mandate is for himself.
func (w *World) MayPass(login, id string, write bool) bool {
	if id == "" {
		return w.Alive(login) && len(w.ActingUnder(login)) == 0 && !w.Logins[login].Unseen
	}
	m := w.Mandates[id]
	return m != nil && m.Login == login && m.State == "active" && !w.Over(id) && (!write || m.Edit) &&
		w.laws(login, m.Actor, m.Subject).Ok()
}

// Denied notes a request that was not: one that fails for good ends its mandate, if it is the login's own.
func (w *World) Denied(login, id string) {
	m := w.Mandates[id]
	if m == nil || m.Login != login || m.State == "ended" {
		return
	}
	if s := w.People[m.Subject]; !w.Alive(login) || w.Over(id) || s.Closed || s.Groups[w.Marked] {
		w.end(m)
	}
}

// Passed notes a request that was let through: own ones keep the login awake, others the mandate (R15).
func (w *World) Passed(login, id string) {
	if id == "" {
		w.Logins[login].Seen = w.Now
		return
	}
	w.Mandates[id].LastBy = w.Now
}
