package authority

import (
	"time"

	"github.com/steadhq/stead"
)

// Would tells why the caller's half of what takes two people would be refused now, so that a door can say so before he
// tries: of policy.apply, factor.allow and person.vouch (about an account), agent.resume, mandate.approve. nil: nothing
// stands against it but what he still has to say. He has done nothing, so nothing is recorded.
func (a *Authority) Would(by By, verb, about string) (err error) {
	now, id := a.Now(), stead.PrincipalID(about)
	a.Store.View().Read(func(s *State) {
		switch verb {
		case "policy.apply":
			_, err = a.applies(s, by, now)
		case "factor.allow":
			if err = a.allows(s, by, id, now); err == nil {
				err = linkable(s, attempt{by: by, subject: id})
			}
		case "person.vouch":
			if err = a.may(s, by, now, Admin, Security); err == nil {
				_, err = a.vouches(s, *s.Principal(by.Principal), id)
			}
		case "agent.resume":
			err = stead.E(stead.Missing, stead.ReasonNotYours, "there is no such agent")
			if r := s.Agent(id); r != nil {
				err = a.resumes(s, by, *r, now)
			}
		case "mandate.approve":
			err = a.votes(s, by, stead.MandateID(about), now)
		default:
			err = stead.E(stead.Invalid, stead.ReasonRequest, "%s takes no two people", verb)
		}
	})
	return err
}

// votes tells why the caller's yes to a request would not count.
func (a *Authority) votes(s *State, by By, id stead.MandateID, now time.Time) error {
	m := s.Mandate(id)
	if m == nil {
		return hidden(s, by, now)
	}
	voter, err := a.voter(s, by, *m, now)
	if err == nil {
		_, err = stead.Approve(*m, voter, m.Digest, "", now)
	}
	return err
}
