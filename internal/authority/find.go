package authority

import (
	"time"

	"github.com/steadhq/stead"
)

// PolicyBundle is the id of the bundle in force, StagedBundle of the one that waits for its second person.
const (
	PolicyBundle = "policies"
	StagedBundle = "policies/staged"
)

// Principal finds a live principal by id; nil is nobody.
func (s *State) Principal(id stead.PrincipalID) *stead.Principal { return s.principals.get(id) }

// Named finds a live principal by directory and account name; nil is nobody.
func (s *State) Named(directory, account string) *stead.Principal {
	id := s.names.get(name{directory, account})
	if id == nil {
		return nil
	}
	return s.principals.get(*id)
}

// Principals calls f for every live principal.
func (s *State) Principals(f func(*stead.Principal)) {
	s.principals.each(func(_ stead.PrincipalID, p *stead.Principal) { f(p) })
}

// Accounts lists the accounts of one human.
func (s *State) Accounts(k stead.PersonKey) []stead.PrincipalID { return list(s.humans.get(k)) }

// Credentials finds what a principal proves itself with; nil is nothing.
func (s *State) Credentials(id stead.PrincipalID) *stead.Credentials { return s.credentials.get(id) }

// Session finds a live session; nil is none.
func (s *State) Session(id stead.SessionID) *stead.Session { return s.sessions.get(id) }

// PassedSession finds the live session that a pass proves, by the hex SHA-256 of its secret.
func (s *State) PassedSession(hash string) *stead.Session {
	id := s.passes.get(hash)
	if id == nil {
		return nil
	}
	return s.sessions.get(*id)
}

// Sessions calls f for every live session.
func (s *State) Sessions(f func(*stead.Session)) {
	s.sessions.each(func(_ stead.SessionID, e *stead.Session) { f(e) })
}

// SessionsOf lists the live sessions of a principal.
func (s *State) SessionsOf(id stead.PrincipalID) []stead.SessionID { return list(s.logins.get(id)) }

// Mandate finds a mandate that has not ended; nil is none.
func (s *State) Mandate(id stead.MandateID) *stead.Mandate { return s.mandates.get(id) }

// Mandates calls f for every mandate that has not ended.
func (s *State) Mandates(f func(*stead.Mandate)) {
	s.mandates.each(func(_ stead.MandateID, m *stead.Mandate) { f(m) })
}

// MandatesOf lists the mandates that hang on a session and have not ended.
func (s *State) MandatesOf(id stead.SessionID) []stead.MandateID {
	e := s.sessions.get(id)
	if e == nil {
		return nil
	}
	var all []stead.MandateID
	for _, m := range s.MandatesBy(e.Principal) {
		if s.mandates.get(m).Session == id {
			all = append(all, m)
		}
	}
	return all
}

// MandatesBy lists what an actor holds, MandatesFor what is held for a subject.
func (s *State) MandatesBy(id stead.PrincipalID) []stead.MandateID  { return list(s.byActor.get(id)) }
func (s *State) MandatesFor(id stead.PrincipalID) []stead.MandateID { return list(s.bySubject.get(id)) }

// Acting is the mandate a session acts under, suspended ones included; nil when it acts for itself.
func (s *State) Acting(id stead.SessionID) *stead.Mandate {
	e := s.sessions.get(id)
	if e == nil {
		return nil
	}
	for _, m := range s.MandatesBy(e.Principal) {
		if m := s.mandates.get(m); m.Session == id && (m.State == stead.Active || m.State == stead.Suspended) {
			return m
		}
	}
	return nil
}

// Bundle finds a policy bundle; nil is none.
func (s *State) Bundle(id string) *stead.Bundle { return s.bundles.get(id) }

// PolicyDigest is the digest of the bundle in force.
func (s *State) PolicyDigest() string {
	if b := s.bundles.get(PolicyBundle); b != nil {
		return b.Digest
	}
	return ""
}

// Count is the value of a counter; one that never moved is 0.
func (s *State) Count(key string) int64 {
	if c := s.counts.get(key); c != nil {
		return c.N
	}
	return 0
}

// Seen is a session's last own request, Acted a mandate's last use; the zero time is never.
func (s *State) Seen(id stead.SessionID) time.Time   { return s.clock("seen/", string(id)) }
func (s *State) Heard(id stead.InstanceID) time.Time { return s.clock("beat/", string(id)) }
func (s *State) Acted(id stead.MandateID) time.Time  { return s.clock("acted/", string(id)) }

func (s *State) clock(prefix, id string) time.Time {
	var space [64]byte
	key := append(append(space[:0], prefix...), id...)
	for t := &s.counts; t != nil; t = t.base {
		if c, ok := t.own[string(key)]; ok && c != nil {
			return time.UnixMicro(c.N)
		}
	}
	return time.Time{}
}

func list[V any](l *[]V) []V {
	if l == nil {
		return nil
	}
	return *l
}
