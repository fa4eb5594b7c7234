package stead

import "time"

// An EventKind is noun.verb in the past: "mandate.started"; a refusal is noun.verb.refused: "mandate.start.refused".
type EventKind string

// Outcome is how it went.
type Outcome string

const (
	OK      Outcome = "ok"
	No      Outcome = "refused"
	Unknown Outcome = "unknown" // the intent is recorded, the end was never seen
)

// An Event is what happened: by whom, for whom, under which mandate, to what, with which outcome. The envelope is
// plain and holds opaque ids only; Who and What are sealed under the keys of the people they speak of.
type Event struct {
	ID       EventID
	Kind     EventKind
	At       time.Time   // UTC, microseconds
	Actor    PrincipalID // who really did it; "stead" for the server itself
	Subject  PrincipalID // for whom; the actor himself when for himself
	Mandate  MandateID
	Session  SessionID
	Decision DecisionID
	Of       EventID // the intent whose outcome this is
	Outcome  Outcome
	Reason   Reason
	App      AppID
	Policy   string // digest of the bundle that was asked
	Status   int    // HTTP status of an outcome
	Size     int64  // bytes of an outcome
	Records  []RecordRef
	Counts   []Count

	ActorPerson   PersonKey // whose keys seal it; not written
	SubjectPerson PersonKey
	Who           Fields // speaks of the actor alone: name, address, client
	What          Fields // speaks of both: subject's name, reason, page, title
}

// Fields are named texts, written in the order of their names.
type Fields map[string]string
