package authority

import (
	"sync"

	"github.com/steadhq/stead"
)

// A View is what is true at one index of the log: live objects as immutable values under one lock. It changes only
// by following the log in order, one's own writes too.
type View struct {
	mu    sync.RWMutex
	state State
}

// Read calls f with everything at one index. f must not keep the State, and must not write to what it finds.
func (v *View) Read(f func(*State)) {
	v.mu.RLock()
	defer v.mu.RUnlock()
	f(&v.state)
}

// Index is the last index the view has reached.
func (v *View) Index() uint64 {
	v.mu.RLock()
	defer v.mu.RUnlock()
	return v.state.index
}

// Load calls f with the state to be filled, for a store that opens: nobody else has the view yet.
func (v *View) Load(f func(*State) error) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.state.loading = true
	defer v.state.call()
	return f(&v.state)
}

// Stage gives a State over the view for the one writer: what is put there is seen there only. Only the goroutine
// that calls Apply may use it, so that nothing moves below it.
func (v *View) Stage() *State { return v.state.Stage() }

// Apply makes a stage true, in one lock.
func (v *View) Apply(s *State) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.state.Merge(s)
}

// A State holds live objects, with the ways to find them.
type State struct {
	index uint64 // of the last event
	moved uint64 // of the last change of state

	principals  table[stead.PrincipalID, stead.Principal]
	credentials table[stead.PrincipalID, stead.Credentials]
	sessions    table[stead.SessionID, stead.Session]
	mandates    table[stead.MandateID, stead.Mandate]
	bundles     table[string, stead.Bundle]
	agents      table[stead.PrincipalID, stead.Registration]
	instances   table[stead.InstanceID, stead.Instance]
	exclusions  table[string, stead.Exclusion]
	flows       table[string, stead.Flow]
	segments    table[string, stead.Segment]
	templates   table[string, stead.Template]
	counts      table[string, stead.Count] // N is the value

	names     table[name, stead.PrincipalID]
	humans    table[stead.PersonKey, []stead.PrincipalID]
	logins    table[stead.PrincipalID, []stead.SessionID]
	passes    table[string, stead.SessionID]
	byActor   table[stead.PrincipalID, []stead.MandateID]
	bySubject table[stead.PrincipalID, []stead.MandateID]
	owned     table[stead.PrincipalID, []stead.PrincipalID] // agents, by who answers for them
	runs      table[stead.PrincipalID, []stead.InstanceID]  // of an agent
	proofs    table[string, stead.InstanceID]               // by the thumbprint of its key
	provers   table[string, []stead.PrincipalID]            // agents, by the keys and SPIFFE ids that are their own

	below table[stead.MandateID, []stead.MandateID] // what was narrowed from a mandate

	rolls   map[stead.State]*roll // of the view itself
	moves   []move                // of a stage: what becomes of the rolls below
	loading bool                  // rolls are put in order at the end
}

type name struct{ directory, name string }

// Index is the last event the state has seen.
func (s *State) Index() uint64 { return s.index }

// Moved is the index of the last change of state: an event that changed a record.
func (s *State) Moved() uint64 { return s.moved }

// Stage gives an empty State over s.
func (s *State) Stage() *State {
	return &State{
		index: s.index, moved: s.moved,
		principals: s.principals.over(), credentials: s.credentials.over(), sessions: s.sessions.over(),
		mandates: s.mandates.over(), bundles: s.bundles.over(), counts: s.counts.over(),
		names: s.names.over(), humans: s.humans.over(), logins: s.logins.over(), passes: s.passes.over(),
		byActor: s.byActor.over(), bySubject: s.bySubject.over(),
		agents: s.agents.over(), instances: s.instances.over(), owned: s.owned.over(), runs: s.runs.over(), proofs: s.proofs.over(),
		provers:    s.provers.over(),
		exclusions: s.exclusions.over(), flows: s.flows.over(), segments: s.segments.over(), templates: s.templates.over(),
		below: s.below.over(),
	}
}

// Merge takes over what was put in a stage that lay over s.
func (s *State) Merge(t *State) {
	s.index, s.moved = t.index, t.moved
	s.principals.merge(&t.principals)
	s.credentials.merge(&t.credentials)
	s.sessions.merge(&t.sessions)
	s.mandates.merge(&t.mandates)
	s.bundles.merge(&t.bundles)
	s.counts.merge(&t.counts)
	s.names.merge(&t.names)
	s.humans.merge(&t.humans)
	s.logins.merge(&t.logins)
	s.passes.merge(&t.passes)
	s.byActor.merge(&t.byActor)
	s.bySubject.merge(&t.bySubject)
	s.agents.merge(&t.agents)
	s.instances.merge(&t.instances)
	s.owned.merge(&t.owned)
	s.runs.merge(&t.runs)
	s.proofs.merge(&t.proofs)
	s.provers.merge(&t.provers)
	s.exclusions.merge(&t.exclusions)
	s.flows.merge(&t.flows)
	s.segments.merge(&t.segments)
	s.templates.merge(&t.templates)
	s.below.merge(&t.below)
	for _, m := range t.moves {
		s.move(m)
	}
}
