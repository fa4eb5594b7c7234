package authority

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/steadhq/stead"
)

// A Reload says which keys of the configuration differ from what was in force. Values stay out of the record.
type Reload struct {
	Keys    []string // that came into force
	Waiting []string // that differ too, and wait for a restart
	Gone    []stead.AppID
}

// Under is the same authority under other settings: it has begun what a has begun. Every question is answered under one
// of the two from its beginning to its end, whatever is swapped meanwhile.
func (a *Authority) Under(s *Settings) *Authority {
	return &Authority{Store: a.Store, Policy: a.Policy, Prover: a.Prover, Clock: a.Clock, NewID: a.NewID, Settings: s, Node: a.Node,
		CodeKey: a.CodeKey, Alarm: a.Alarm, later: a.later, brakes: a.brakes, guesses: a.guesses}
}

// Reloaded records that other settings come into force on this node, and ends the mandates in applications that are gone:
// what is not served any more is nothing to act in. By is zero when a signal or the file itself asked. Errors: refused.
func (a *Authority) Reloaded(ctx context.Context, by By, r Reload) error {
	what := with(with(with(stead.Fields{}, "keys", listed(r.Keys)), "restart", listed(r.Waiting)), "node", a.Node)
	return a.run(ctx, attempt{verb: "config.reload", by: by, urgent: true}, func(s *State, now time.Time) ([]stead.Change, error) {
		if by != (By{}) {
			if err := a.may(s, by, now, Admin); err != nil {
				return nil, err
			}
		}
		all := []stead.Change{{Event: stead.Event{Kind: "config.reloaded", What: what}}}
		var err error
		s.Mandates(func(m *stead.Mandate) {
			if err != nil || m.State == stead.Ended || !allGone(m.Scope.Apps, r.Gone) {
				return
			}
			var after stead.Mandate
			if after, err = stead.Cease(*m, stead.ReasonRealm, now); err == nil {
				all = append(all, unasked(s, "mandate.ended", *m, after))
			}
		})
		return all, err
	})
}

// ReloadRefused records that a configuration was not taken: keys are those that something was wrong with. It gives why back.
func (a *Authority) ReloadRefused(ctx context.Context, by By, keys []string, why error) error {
	what := with(with(stead.Fields{}, "keys", listed(keys)), "node", a.Node)
	return a.refuse(ctx, attempt{verb: "config.reload", by: by, what: what}, why)
}

func allGone(apps, gone []stead.AppID) bool {
	return len(apps) > 0 && !slices.ContainsFunc(apps, func(id stead.AppID) bool { return !slices.Contains(gone, id) })
}

// maxListed bounds what the record says of one reload.
const maxListed = 50

func listed(keys []string) string {
	if len(keys) > maxListed {
		return strings.Join(keys[:maxListed], ", ") + " and " + strconv.Itoa(len(keys)-maxListed) + " more"
	}
	return strings.Join(keys, ", ")
}
