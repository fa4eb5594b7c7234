package stead

import "time"

// A Change is what is true now and the event that made it so. Neither can be written without the other.
type Change struct {
	Event   Event
	Records []Record
	Counts  []Count
}

// A RecordKind names a kind of object the store keeps in versions.
type RecordKind string

const (
	KindPrincipal   RecordKind = "principal"
	KindCredentials RecordKind = "credentials"
	KindSession     RecordKind = "session"
	KindMandate     RecordKind = "mandate"
	KindBundle      RecordKind = "bundle"
	KindAgent       RecordKind = "agent" // a Registration
	KindInstance    RecordKind = "instance"
	KindExclusion   RecordKind = "exclusion"
	KindFlow        RecordKind = "flow"
	KindSegment     RecordKind = "segment"
	KindTemplate    RecordKind = "template"
)

// A Record is an object in one version. Versions begin at 1 and have no gaps; live is the latest.
type Record interface {
	Ref() RecordRef     // kind, id, version; no digest
	About() []PersonKey // whom it speaks of: its stored form is sealed under all their keys; none = plain
	Live() bool         // false once it is history only, and leaves the view
}

// A RecordRef names one version of one object and, in an event, the SHA-256 of its stored form.
type RecordRef struct {
	Kind    RecordKind `json:"kind"`
	ID      string     `json:"id"`
	Version uint64     `json:"version"`
	SHA256  Hash       `json:"sha256"`
}

func (p Principal) Ref() RecordRef {
	return RecordRef{Kind: KindPrincipal, ID: string(p.ID), Version: p.Version}
}
func (p Principal) About() []PersonKey { return about(p.Person) }
func (p Principal) Live() bool         { return !p.Deleted }

func (c Credentials) Ref() RecordRef {
	return RecordRef{Kind: KindCredentials, ID: string(c.Principal), Version: c.Version}
}
func (c Credentials) About() []PersonKey { return about(c.Person) }
func (c Credentials) Live() bool         { return c.Password != "" || c.TOTP != "" || c.Client != "" }

func (s Session) Ref() RecordRef {
	return RecordRef{Kind: KindSession, ID: string(s.ID), Version: s.Version}
}
func (s Session) About() []PersonKey { return about(s.Person) }
func (s Session) Live() bool         { return s.Ended.IsZero() }

func (m Mandate) Ref() RecordRef {
	return RecordRef{Kind: KindMandate, ID: string(m.ID), Version: m.Version}
}
func (m Mandate) About() []PersonKey { return about(m.People...) }
func (m Mandate) Live() bool         { return m.State != Ended }

func (b Bundle) Ref() RecordRef     { return RecordRef{Kind: KindBundle, ID: b.ID, Version: b.Version} }
func (b Bundle) About() []PersonKey { return nil }
func (b Bundle) Live() bool         { return true }

func about(keys ...PersonKey) []PersonKey {
	var set []PersonKey
	for _, k := range keys {
		if k != "" {
			set = append(set, k)
		}
	}
	return set
}

// A Bundle is files in force as one object: policy, applied by another person than its author, or the timers.
type Bundle struct {
	ID      string            `json:"id"` // "policies" in force, "policies/staged" waiting for its second person, "timers"
	Version uint64            `json:"version"`
	Digest  string            `json:"digest"` // hex SHA-256 over names and texts, length-prefixed
	Files   map[string]string `json:"files"`
	Author  PrincipalID       `json:"author"`
	Person  PersonKey         `json:"person,omitempty"` // the human who wrote it
	Applied PrincipalID       `json:"applied,omitempty"`
	At      time.Time         `json:"at"`
}

// A CountOp says how a counter moves.
type CountOp string

const (
	CountAdd   CountOp = "add"   // value += N; refused when that is more than Max
	CountRaise CountOp = "raise" // value = max(value, N); never refused
	CountPass  CountOp = "pass"  // refused unless N > value; then value = N. Single use is passing 1
	CountKeep  CountOp = "keep"  // refused unless value is N, 0, or over at the time of the event; then value = N
)

// A Count moves one counter in the transaction of its Change; a refused one refuses the whole Change with kind
// conflict and reason ReasonUsed (pass), ReasonBudget (add) or ReasonDuty (keep).
type Count struct {
	Key   string    `json:"key"`
	Op    CountOp   `json:"op"`
	N     int64     `json:"n"`
	Max   int64     `json:"max,omitempty"`
	Until time.Time `json:"until,omitzero"` // may be forgotten then; zero = never
}

// A Receipt tells where an entry landed.
type Receipt struct {
	Index uint64 // of its last event, counted from 1
	State uint64 // of the last change of state at or before Index: the fence of a decision
}

// A Head is the end of the log.
type Head struct {
	Size uint64
	Root Hash
	Note []byte // signed checkpoint (C2SP tlog-checkpoint) over Size and Root
}
