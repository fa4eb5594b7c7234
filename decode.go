package stead

import (
	"encoding/json"
	"time"
)

// DecodeRecord reads the plain stored form of a record of that kind: the JSON that encoding/json writes of it.
func DecodeRecord(kind RecordKind, plain []byte) (Record, error) {
	var d Decoder
	return d.Record(kind, plain)
}

// A Decoder reads many records and keeps what many of them say once: ids, people, applications. Records that it gave
// may hold the same lists, which nobody may write to. The zero Decoder keeps nothing. It is not safe for concurrent use.
type Decoder struct {
	texts map[string]string
	lists map[string]any // by their JSON
}

// mostTexts and mostLists bound what a Decoder keeps.
const (
	mostTexts = 1 << 20
	mostLists = 1 << 16
)

// NewDecoder makes a Decoder that keeps.
func NewDecoder() *Decoder { return &Decoder{texts: map[string]string{}, lists: map[string]any{}} }

// Record reads one record. The kinds there may be a million of have a reader of their own for the form in which they
// are written; whatever it does not know at once it leaves to encoding/json, which says what is right.
func (d *Decoder) Record(kind RecordKind, plain []byte) (Record, error) {
	c := scanner{b: plain, kept: d}
	switch kind {
	case KindPrincipal:
		if p := c.principal(); c.done() {
			return p, nil
		}
		return decode[Principal](plain)
	case KindCredentials:
		return decode[Credentials](plain)
	case KindSession:
		if s := c.session(); c.done() {
			return s, nil
		}
		return decode[Session](plain)
	case KindMandate:
		if m := c.mandate(); c.done() {
			return m, nil
		}
		return decode[Mandate](plain)
	case KindBundle:
		return decode[Bundle](plain)
	case KindAgent:
		return decode[Registration](plain)
	case KindInstance:
		return decode[Instance](plain)
	case KindExclusion:
		return decode[Exclusion](plain)
	case KindFlow:
		return decode[Flow](plain)
	case KindSegment:
		return decode[Segment](plain)
	case KindTemplate:
		return decode[Template](plain)
	}
	return nil, E(Broken, ReasonBroken, "the store holds a record of unknown kind %q", kind)
}

func decode[R Record](plain []byte) (Record, error) {
	var r R
	if err := json.Unmarshal(plain, &r); err != nil {
		return nil, Because(err, "read a record")
	}
	return r, nil
}

func (c *scanner) mandate() (m Mandate) {
	c.open('{')
	text(c, "id", &m.ID)
	number(c, "version", &m.Version)
	shared(c, "state", &m.State)
	shared(c, "actor", &m.Actor)
	shared(c, "subject", &m.Subject)
	list(c, "people", &m.People, one[PersonKey])
	shared(c, "session", &m.Session)
	truth(c, "claimed", &m.Claimed)
	text(c, "key", &m.Key)
	text(c, "parent", &m.Parent)
	number(c, "max_depth", &m.MaxDepth)
	text(c, "task", &m.Task)
	c.purpose(&m.Purpose)
	c.scope(&m.Scope)
	shared(c, "mode", &m.Mode)
	c.bounds(&m.Bounds)
	text(c, "target", &m.Target)
	text(c, "call", &m.Call)
	list(c, "rules", &m.Rules, (*scanner).rule)
	text(c, "digest", &m.Digest)
	list(c, "stages", &m.Stages, (*scanner).stage)
	list(c, "approvals", &m.Approvals, (*scanner).approval)
	list(c, "comments", &m.Comments, (*scanner).comment)
	list(c, "notify", &m.Notify, one[string])
	c.time("asked_at", &m.AskedAt)
	c.time("start_by", &m.StartBy)
	c.time("started_at", &m.StartedAt)
	c.time("until", &m.Until)
	number(c, "extended", &m.Extended)
	c.time("ended_at", &m.EndedAt)
	shared(c, "why", &m.Why)
	text(c, "ended_by", &m.EndedBy)
	c.shut('}')
	return m
}

func (c *scanner) purpose(p *Purpose) {
	if c.member("purpose") {
		c.open('{')
		text(c, "reason", &p.Reason)
		text(c, "ticket", &p.Ticket)
		c.shut('}')
	}
}

func (c *scanner) scope(s *Scope) {
	if c.member("scope") {
		c.open('{')
		list(c, "apps", &s.Apps, one[AppID])
		list(c, "realms", &s.Realms, one[RealmID])
		list(c, "actions", &s.Actions, one[Action])
		table(c, "conditions", &s.Conditions, func(c *scanner) []string { return items(c, one[string]) })
		list(c, "grants", &s.Grants, (*scanner).entitlement)
		c.shut('}')
	}
}

func (c *scanner) entitlement() (e Entitlement) {
	c.open('{')
	shared(c, "system", &e.System)
	shared(c, "action", &e.Action)
	shared(c, "resource", &e.Resource)
	list(c, "columns", &e.Columns, one[string])
	shared(c, "rows", &e.Rows)
	c.shut('}')
	return e
}

func (c *scanner) bounds(b *Bounds) {
	if c.member("bounds") {
		c.open('{')
		c.duration("length", &b.Length)
		number(c, "extensions", &b.Extensions)
		c.duration("total", &b.Total)
		c.duration("idle", &b.Idle)
		c.duration("start", &b.Start)
		table(c, "budget", &b.Budget, (*scanner).integer)
		c.shut('}')
	}
}

func (c *scanner) session() (s Session) {
	c.open('{')
	text(c, "id", &s.ID)
	number(c, "version", &s.Version)
	shared(c, "principal", &s.Principal)
	shared(c, "person", &s.Person)
	list(c, "amr", &s.AMR, one[string])
	number(c, "level", &s.Level)
	shared(c, "realm", &s.Realm)
	c.time("since", &s.Since)
	c.time("proved", &s.Proved)
	c.duration("idle_after", &s.IdleAfter)
	c.time("until", &s.Until)
	c.time("armed_till", &s.ArmedTill)
	list(c, "passes", &s.Passes, (*scanner).pass)
	if c.member("unseen") {
		c.open('{')
		text(c, "mandate", &s.Unseen.Mandate)
		list(c, "apps", &s.Unseen.Apps, one[AppID])
		c.shut('}')
	}
	c.time("ended", &s.Ended)
	shared(c, "why", &s.Why)
	c.shut('}')
	return s
}

func (c *scanner) principal() (p Principal) {
	c.open('{')
	shared(c, "id", &p.ID)
	number(c, "version", &p.Version)
	shared(c, "kind", &p.Kind)
	shared(c, "directory", &p.Directory)
	text(c, "name", &p.Name)
	text(c, "shown", &p.Shown)
	shared(c, "person", &p.Person)
	list(c, "groups", &p.Groups, one[string])
	table(c, "attributes", &p.Attributes, one[string])
	truth(c, "disabled", &p.Disabled)
	truth(c, "deleted", &p.Deleted)
	c.shut('}')
	return p
}

func (c *scanner) rule() (r RuleRef) {
	c.open('{')
	shared(c, "id", &r.ID)
	shared(c, "hash", &r.Hash)
	shared(c, "reason", &r.Reason)
	c.shut('}')
	return r
}

func (c *scanner) stage() (s Stage) {
	c.open('{')
	list(c, "groups", &s.Groups, one[string])
	number(c, "count", &s.Count)
	c.duration("within", &s.Within)
	list(c, "then", &s.Then, (*scanner).step)
	c.shut('}')
	return s
}

func (c *scanner) step() (s Step) {
	c.open('{')
	list(c, "groups", &s.Groups, one[string])
	c.duration("within", &s.Within)
	c.shut('}')
	return s
}

func (c *scanner) comment() (m Comment) {
	c.open('{')
	shared(c, "by", &m.By)
	text(c, "text", &m.Text)
	c.time("at", &m.At)
	c.shut('}')
	return m
}

func (c *scanner) approval() (a Approval) {
	c.open('{')
	shared(c, "by", &a.By)
	shared(c, "person", &a.Person)
	number(c, "stage", &a.Stage)
	truth(c, "yes", &a.Yes)
	text(c, "digest", &a.Digest)
	text(c, "comment", &a.Comment)
	c.time("at", &a.At)
	c.shut('}')
	return a
}

func (c *scanner) pass() (p Pass) {
	c.open('{')
	shared(c, "host", &p.Host)
	text(c, "hash", &p.Hash)
	text(c, "client", &p.Client)
	c.shut('}')
	return p
}

func (c *scanner) time(name string, to *time.Time) {
	if c.member(name) {
		c.check(to.UnmarshalText(c.string()))
	}
}

func (c *scanner) duration(name string, to *Duration) {
	if c.member(name) {
		c.check(to.UnmarshalText(c.string()))
	}
}
