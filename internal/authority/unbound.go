package authority

import "github.com/steadhq/stead"

const sendProof = "send a proof of one in the field DPoP (RFC 9449)"

// mayUnbind tells whether a token for a mandate may be bound to no key (R39): where the configuration says so of the system, to an agent
// of low tier, if policy permits exactly that. It is asked again wherever such a token is looked at.
func (a *Authority) mayUnbind(s *State, m stead.Mandate) error {
	app, r := a.Settings.App(m.Scope.Apps[0]), s.Agent(m.Actor)
	switch {
	case app == nil || !app.Bearer || app.House != nil:
		return stead.E(stead.Refused, stead.ReasonPolicy, "%s takes no token that is bound to no key (resources: bearer): %s", m.Scope.Apps[0], sendProof)
	case r == nil || r.Tier != stead.LowTier:
		return stead.E(stead.Refused, stead.ReasonPolicy, "an agent of this tier has no token that is bound to no key: %s", sendProof)
	}
	c := a.standing(s, m)
	c.Case.Unbound = true
	if v := a.judge(c.facts, c.Case); !v.Allow || len(v.Errors) > 0 {
		return stead.E(stead.Refused, stead.ReasonPolicy, "policy permits this with a key alone (context.sender_bound): %s", sendProof)
	}
	return nil
}

// unboundOnce marks a mandate for which such a token was given, where it is not yet.
func unboundOnce(m stead.Mandate) []stead.Record {
	if m.Unbound {
		return nil
	}
	m.Unbound, m.Version = true, m.Version+1
	return []stead.Record{m}
}

// keyOf is the key of an instance, "" where it is over.
func (a *Authority) keyOf(id stead.InstanceID) (key string) {
	a.Store.View().Read(func(s *State) {
		if i := s.Instance(id); i != nil {
			key = i.Key.Thumbprint
		}
	})
	return key
}
