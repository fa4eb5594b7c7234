package authority

import (
	"slices"
	"time"

	"github.com/steadhq/stead"
)

// Put makes a change true at an index. Errors: conflict when a counter refuses or a version is not the next; the
// state is then half changed and must be dropped, so put into a stage and merge that.
func (s *State) Put(c stead.Change, index uint64) error {
	for _, n := range c.Counts {
		if err := s.count(n, c.Event.At); err != nil {
			return err
		}
	}
	for _, r := range c.Records {
		if err := s.next(r.Ref()); err != nil {
			return err
		}
		s.Load(r)
	}
	s.index = index
	if len(c.Records) > 0 {
		s.moved = index
	}
	return nil
}

// At sets how far the state has come, for a store that loads it.
func (s *State) At(index, moved uint64) { s.index, s.moved = index, moved }

// SetCount sets a counter, for a store that loads it.
func (s *State) SetCount(n stead.Count) { s.counts.put(n.Key, &n) }

// ForgetCount drops a counter whose time is over.
func (s *State) ForgetCount(key string) { s.counts.put(key, nil) }

func (s *State) count(n stead.Count, at time.Time) error {
	now := s.Count(n.Key)
	switch n.Op {
	case stead.CountAdd:
		if n.Max > 0 && n.N > n.Max-now {
			return stead.E(stead.Conflict, stead.ReasonBudget, "%d of %d are spent", now, n.Max)
		}
		n.N += now
	case stead.CountRaise:
		n.N = max(n.N, now)
	case stead.CountPass:
		if n.N <= now {
			return stead.E(stead.Conflict, stead.ReasonUsed, "this was used before")
		}
	case stead.CountKeep:
		old := s.counts.get(n.Key)
		if old != nil && old.N != 0 && old.N != n.N && (old.Until.IsZero() || at.Before(old.Until)) {
			return stead.E(stead.Conflict, stead.ReasonDuty, "this was done on the other side before")
		}
	default:
		return stead.E(stead.Broken, stead.ReasonBroken, "unknown counter operation %q", n.Op)
	}
	s.counts.put(n.Key, &n)
	return nil
}

// next refuses a version that does not follow the live one. What is not live any more the rules cannot have read.
func (s *State) next(r stead.RecordRef) error {
	live := s.live(r.Kind, r.ID)
	if r.Version != live+1 {
		return stead.E(stead.Conflict, stead.ReasonState, "%s %s is at version %d, not %d", r.Kind, r.ID, live, r.Version-1)
	}
	return nil
}

// live is the version of an object that is live, 0 of any other.
func (s *State) live(kind stead.RecordKind, id string) uint64 {
	switch kind {
	case stead.KindPrincipal:
		return version(s.principals.get(stead.PrincipalID(id)))
	case stead.KindCredentials:
		return version(s.credentials.get(stead.PrincipalID(id)))
	case stead.KindSession:
		return version(s.sessions.get(stead.SessionID(id)))
	case stead.KindMandate:
		return version(s.mandates.get(stead.MandateID(id)))
	case stead.KindBundle:
		return version(s.bundles.get(id))
	case stead.KindAgent:
		return version(s.agents.get(stead.PrincipalID(id)))
	case stead.KindInstance:
		return version(s.instances.get(stead.InstanceID(id)))
	case stead.KindExclusion:
		return version(s.exclusions.get(id))
	case stead.KindFlow:
		return version(s.flows.get(id))
	case stead.KindSegment:
		return version(s.segments.get(id))
	case stead.KindTemplate:
		return version(s.templates.get(id))
	}
	return 0
}

func version[R stead.Record](r *R) uint64 {
	if r == nil {
		return 0
	}
	return (*r).Ref().Version
}

// Load puts a record without asking whether it may follow, for a store that loads the view.
func (s *State) Load(r stead.Record) {
	switch r := r.(type) {
	case stead.Principal:
		s.putPrincipal(r)
	case stead.Credentials:
		keep(&s.credentials, r.Principal, r)
	case stead.Session:
		s.putSession(r)
	case stead.Mandate:
		s.putMandate(r)
	case stead.Bundle:
		keep(&s.bundles, r.ID, r)
	case stead.Registration:
		s.putAgent(r)
	case stead.Instance:
		s.putInstance(r)
	case stead.Exclusion:
		keep(&s.exclusions, r.Name, r)
	case stead.Flow:
		keep(&s.flows, r.Name, r)
	case stead.Segment:
		keep(&s.segments, r.Name, r)
	case stead.Template:
		keep(&s.templates, r.Name, r)
	}
}

// Lose takes out an object that can not be read any more.
func (s *State) Lose(kind stead.RecordKind, id string) {
	switch kind {
	case stead.KindPrincipal:
		if p := s.principals.get(stead.PrincipalID(id)); p != nil {
			gone := *p
			gone.Deleted = true
			s.putPrincipal(gone)
		}
	case stead.KindCredentials:
		s.credentials.put(stead.PrincipalID(id), nil)
	case stead.KindSession:
		if e := s.sessions.get(stead.SessionID(id)); e != nil {
			gone := *e
			gone.Ended = gone.Since
			s.putSession(gone)
		}
	case stead.KindMandate:
		if m := s.mandates.get(stead.MandateID(id)); m != nil {
			gone := *m
			gone.State = stead.Ended
			s.putMandate(gone)
		}
	case stead.KindAgent:
		if r := s.agents.get(stead.PrincipalID(id)); r != nil {
			gone := *r
			gone.Retired = true
			s.putAgent(gone)
		}
	case stead.KindInstance:
		if i := s.instances.get(stead.InstanceID(id)); i != nil {
			s.putInstance(i.Close(stead.ReasonGone, i.Since))
		}
	}
}

// keep puts a live record and hides one that is history.
func keep[K comparable, R stead.Record](t *table[K, R], k K, r R) {
	if r.Live() {
		t.put(k, &r)
		return
	}
	t.put(k, nil)
}

func (s *State) putPrincipal(p stead.Principal) {
	if old := s.principals.get(p.ID); old != nil {
		if at := s.names.get(name{old.Directory, old.Name}); at != nil && *at == old.ID {
			s.names.put(name{old.Directory, old.Name}, nil)
		}
		drop(&s.humans, old.Person, old.ID)
	}
	keep(&s.principals, p.ID, p)
	if p.Live() {
		s.names.put(name{p.Directory, p.Name}, &p.ID)
		if p.Person != "" {
			add(&s.humans, p.Person, p.ID)
		}
	}
}

func (s *State) putSession(e stead.Session) {
	if old := s.sessions.get(e.ID); old != nil {
		for _, p := range old.Passes {
			s.passes.put(p.Hash, nil)
		}
		drop(&s.logins, old.Principal, old.ID)
	}
	keep(&s.sessions, e.ID, e)
	if e.Live() {
		for _, p := range e.Passes {
			s.passes.put(p.Hash, &e.ID)
		}
		add(&s.logins, e.Principal, e.ID)
	}
}

func (s *State) putMandate(m stead.Mandate) {
	old := s.mandates.get(m.ID)
	m = s.shared(m)
	keep(&s.mandates, m.ID, m)
	s.enrol(old, m)
	if (old != nil) == m.Live() {
		return // who acts and for whom never changes
	}
	move, below := drop[stead.PrincipalID, stead.MandateID], drop[stead.MandateID, stead.MandateID]
	if m.Live() {
		move, below = add[stead.PrincipalID, stead.MandateID], add[stead.MandateID, stead.MandateID]
	}
	if m.Parent != "" {
		below(&s.below, m.Parent, m.ID)
	}
	move(&s.byActor, m.Actor, m.ID)
	move(&s.bySubject, m.Subject, m.ID)
}

// shared makes a mandate point to texts that are there already: there may be a million of them.
func (s *State) shared(m stead.Mandate) stead.Mandate {
	if p := s.principals.get(m.Actor); p != nil {
		m.Actor = p.ID
	}
	if p := s.principals.get(m.Subject); p != nil {
		m.Subject = p.ID
	}
	if e := s.sessions.get(m.Session); e != nil {
		m.Session = e.ID
	}
	for _, st := range []stead.State{stead.Asked, stead.Approved, stead.Active, stead.Suspended} {
		if m.State == st {
			m.State = st
		}
	}
	for _, mode := range []stead.Mode{stead.ReadOnly, stead.Edit} {
		if m.Mode == mode {
			m.Mode = mode
		}
	}
	return m
}

// add and drop change the list under a key by replacing it: readers may hold the old one.
func add[K, V comparable](t *table[K, []V], k K, v V) {
	var list []V
	if old := t.get(k); old != nil {
		list = *old
	}
	if !slices.Contains(list, v) {
		list = append(slices.Clip(list), v)
		t.put(k, &list)
	}
}

func drop[K, V comparable](t *table[K, []V], k K, v V) {
	old := t.get(k)
	if old == nil {
		return
	}
	list := slices.DeleteFunc(slices.Clone(*old), func(w V) bool { return w == v })
	if len(list) == 0 {
		t.put(k, nil)
		return
	}
	t.put(k, &list)
}
