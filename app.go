package stead

import (
	"strings"
	"time"
)

// An App is an application behind a door, as configured.
type App struct {
	ID         AppID
	Hosts      []string // every host it answers on; the first is the canonical one
	Realms     []Realm  // the most specific path wins
	Privileged []string // groups and attributes that nobody may act through (R3); none declared closes acting
	Aware      bool     // proven to record the actor, so that edit mode may be opened (R26)
	Rights     Rights   // who knows the subject's own rights (R2)
	Segment    string   // agents reach it from there, or along a flow
	Address    string   // of a resource that is elsewhere: what tokens for it name as their audience (RFC 8707)

	House  *House // it is another authorization server: agents take letters there (ID-JAG); nil: it is none
	Bearer bool   // tokens for it may be bound to no key (R39)
}

// A House is another authorization server, for which identity assertions are written. Its issuer is the address of the App.
type House struct {
	Clients   map[string]string // how it calls agents, by their names here; an agent that is not named it does not know
	Resources []string          // what may be asked for there, by address (RFC 8707)
}

// Rights tells where a subject's own rights are known.
type Rights string

const (
	LeftToApp Rights = "left-to-app" // only the application knows them
	Evaluated Rights = "evaluated"   // policy was asked, question (a) of R1
)

// A RealmKind names realms with rules of their own (R8).
type RealmKind string

const (
	Ordinary       RealmKind = ""
	Communications RealmKind = "communications" // third people's messages: closed unless opened by name
	SubjectOnly    RealmKind = "subject-only"   // signature, payment confirmation: refuses every actor
)

// A Realm is a part of an application: its protection level, time-outs, and what acting is allowed there.
type Realm struct {
	ID         RealmID
	Path       string // prefix on segment borders; "/" is the whole application
	Kind       RealmKind
	Level      int           // protection level asked of ordinary sessions (I9)
	Idle       time.Duration // for sessions that sign in here
	Absolute   time.Duration // for sessions that sign in here
	Acting     bool          // closed unless opened (R8)
	ActorLevel int           // protection level asked of the actor's own session
}

// RealmAt finds the realm of a path: the longest prefix that ends on a segment border.
func (a App) RealmAt(path string) (Realm, bool) {
	var best Realm
	found := false
	for _, r := range a.Realms {
		if under(path, r.Path) && (!found || len(r.Path) > len(best.Path)) {
			best, found = r, true
		}
	}
	return best, found
}

func under(path, prefix string) bool {
	prefix = strings.TrimSuffix(prefix, "/")
	rest, ok := strings.CutPrefix(path, prefix)
	return ok && (rest == "" || rest[0] == '/')
}

// Realm finds a realm by id; nil is none.
func (a *App) Realm(id RealmID) *Realm {
	for i := range a.Realms {
		if a.Realms[i].ID == id {
			return &a.Realms[i]
		}
	}
	return nil
}

// NewSystem is a connected system as decisions see it: one realm, open to those who have a mandate for it, and to nobody who
// acts for another, for it names no privileged accounts.
func NewSystem(id AppID) App {
	return App{ID: id, Realms: []Realm{{ID: "all", Path: "/", Acting: true}}, Rights: Evaluated}
}
