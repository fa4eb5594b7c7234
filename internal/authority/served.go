package authority

import (
	"github.com/steadhq/stead"
)

// An Outcome is how a request that was allowed went.
type Outcome struct {
	Status   int
	Size     int64  // bytes sent to the client
	Title    string // of the page
	Page     string // route or page name
	Assets   int    // static files that belong to it
	Evidence string // "gateway" or "browser" (R30)
	Unknown  bool   // the end was never seen
}

// Served records the outcome of an allowed request. Nobody waits for it.
func (a *Authority) Served(q stead.Question, d stead.Decision, o Outcome) {
	e := stead.Event{
		Kind: "request.served", Actor: q.Actor, Subject: q.Subject, Mandate: q.Mandate, Session: q.Session,
		Decision: d.ID, App: q.Resource.App, Status: o.Status, Size: o.Size,
		Who: stead.Fields{}, What: stead.Fields{"path": q.Resource.Path, "evidence": or(o.Evidence, "gateway")},
	}
	e.What = with(e.What, "title", o.Title)
	e.What = with(e.What, "page", o.Page)
	if o.Assets > 0 {
		e.What["assets"] = number(o.Assets)
	}
	if o.Unknown {
		e.Outcome = stead.Unknown
	}
	a.later.add(people(e, q, a.parties(q), a.NewID, a.Now()))
}

// parties are the facts that a record needs: who they are.
func (a *Authority) parties(q stead.Question) (f stead.Facts) {
	a.Store.View().Read(func(s *State) { f.Actor, f.Subject = s.Principal(q.Actor), s.Principal(q.Subject) })
	return f
}

// Flush waits until everything that nobody waited for is written.
func (a *Authority) Flush() { a.later.flush() }
