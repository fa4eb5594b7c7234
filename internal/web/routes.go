package web

import (
	"fmt"
	"net/http"
	"slices"
)

// A Tag says who may call a route (S-I29, L1).
type Tag string

const (
	Public    Tag = "public"     // anybody, signed in or not
	InSession Tag = "session"    // whoever is signed in
	ActorSelf Tag = "actor-self" // the actor as himself, on what is his own
	Approver  Tag = "approver"   // who may approve what is asked
	Auditor   Tag = "auditor"    // who may read the trail
	Admin     Tag = "admin"      // who runs this Stead
	Service   Tag = "service"    // a service with a secret of its own
	Dev       Tag = "dev"        // stead dev only
)

// Tags lists every Tag there is.
func Tags() []Tag { return []Tag{Public, InSession, ActorSelf, Approver, Auditor, Admin, Service, Dev} }

// A Route is a pattern of http.ServeMux ("POST /v1/mandates/{id}/extend"), who may call it, and what it does.
type Route struct {
	Pattern string
	Tag     Tag
	Serve   Handler
}

// Routes is the table of all routes of a listener, for serving and for sweeping in tests.
type Routes struct {
	Admit func(*http.Request, Tag) error // asked before each call; nil leaves it to the handlers
	rows  []Route
}

// Add notes a route. What is wrong with it is said by Mount.
func (t *Routes) Add(pattern string, tag Tag, h Handler) {
	t.rows = append(t.rows, Route{pattern, tag, h})
}

// List gives every route, in the order they were added.
func (t *Routes) List() []Route { return slices.Clone(t.rows) }

// Mount puts every route on mux. A route without a tag, without a method or in conflict with another is an error:
// the program must not start.
func (t *Routes) Mount(mux *http.ServeMux, d Door) (err error) {
	defer func() {
		if v := recover(); v != nil { // ServeMux panics on conflicting patterns
			err = fmt.Errorf("mounting routes: %v", v)
		}
	}()
	for _, row := range t.rows {
		if err := row.check(); err != nil {
			return err
		}
		mux.Handle(row.Pattern, d.Serve(t.admitted(row)))
	}
	return nil
}

func (r Route) check() error {
	switch {
	case !slices.Contains(Tags(), r.Tag):
		return fmt.Errorf("route %q has no policy tag: %q is none", r.Pattern, r.Tag)
	case r.Serve == nil:
		return fmt.Errorf("route %q serves nothing", r.Pattern)
	case r.Pattern == "" || r.Pattern[0] < 'A' || r.Pattern[0] > 'Z':
		return fmt.Errorf("route %q names no method", r.Pattern)
	}
	return nil
}

func (t *Routes) admitted(row Route) Handler {
	if t.Admit == nil {
		return row.Serve
	}
	return func(w http.ResponseWriter, r *http.Request) error {
		if err := t.Admit(r, row.Tag); err != nil {
			return err
		}
		return row.Serve(w, r)
	}
}
