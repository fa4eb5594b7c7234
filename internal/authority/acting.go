package authority

import (
	"context"
	"time"

	"github.com/steadhq/stead"
)

// Arm makes acting possible for a short while, after a challenge (R10). It gives until when. Errors: refused; conflict
// while acting.
func (a *Authority) Arm(ctx context.Context, by By, code string) (time.Time, error) {
	t := attempt{verb: "acting.arm", by: by}
	a.tidy(ctx, by)
	step, err := a.proof(by, code)
	if err != nil {
		return time.Time{}, a.refuse(ctx, t, err)
	}
	var until time.Time
	err = a.run(ctx, t, func(s *State, now time.Time) ([]stead.Change, error) {
		e, err := own(s, by, now)
		if err != nil {
			return nil, err
		}
		if e, err = stead.Arm(e, s.Acting(e.ID), a.Settings.ArmFor, now); err != nil {
			return nil, err
		}
		until = e.ArmedTill
		c := stead.Change{Event: stead.Event{Kind: "acting.armed"}, Records: []stead.Record{e}}
		return []stead.Change{seen(spend(c, by.Principal, step), e, now)}, nil
	})
	return done(&until, err)
}

// Disarm takes the ability back and ends every mandate of the session. Errors: refused.
func (a *Authority) Disarm(ctx context.Context, by By) error {
	return a.run(ctx, attempt{verb: "acting.disarm", by: by, urgent: true}, func(s *State, now time.Time) ([]stead.Change, error) {
		e, err := own(s, by, now)
		if err != nil {
			return nil, err
		}
		var all []stead.Change
		for _, id := range s.MandatesOf(e.ID) {
			m := *s.Mandate(id)
			kind := stead.EventKind("mandate.ended")
			if m.State == stead.Asked || m.State == stead.Approved {
				kind = "mandate.withdrawn"
				m, err = stead.Withdraw(m, by.Principal, "", now)
			} else {
				m, err = stead.End(m, by.Principal, now)
			}
			if err != nil {
				return nil, err
			}
			all = append(all, ended(kind, m))
		}
		if e, err = stead.Disarm(e); err != nil {
			return nil, err
		}
		return append(all, stead.Change{Event: stead.Event{Kind: "acting.disarmed"}, Records: []stead.Record{e}}), nil
	})
}
