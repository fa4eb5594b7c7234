package house

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/postgres"
)

// A System is a PostgreSQL that is given out in leases.
type System struct {
	ID     stead.AppID
	DSN    string   // of Stead's own role there
	Accept []string // openings of it that are known: docs/guide/postgresql-systems.md
}

// systems keep the leases of connected systems in step with the mandates.
type systems struct {
	h    *House
	all  map[stead.AppID]*postgres.Database
	said map[stead.AppID]*catalogue

	mu     sync.Mutex
	told   map[stead.MandateID]time.Time // when a lease that could not be taken back was last reported
	missed map[stead.MandateID]time.Time // since when a lease is on record and in no system
}

func newSystems(h *House, o Options) *systems {
	s := &systems{h: h, all: map[stead.AppID]*postgres.Database{}, said: map[stead.AppID]*catalogue{}, told: map[stead.MandateID]time.Time{}, missed: map[stead.MandateID]time.Time{}}
	for _, c := range o.Systems {
		s.said[c.ID] = &catalogue{}
		s.all[c.ID] = &postgres.Database{ID: c.ID, DSN: c.DSN, Accept: c.Accept, Now: h.Now, Rand: o.Rand,
			Live: func(_ context.Context, id stead.MandateID) error { return h.MayLease(id) }}
	}
	return s
}

// Lease gives the calling instance a login of its own to the system of its mandate, once. Each of its grants is decided
// first, and on record; then that it is given; then it is made. Errors: refused, missing, expired, conflict, broken.
func (h *House) Lease(ctx context.Context, by authority.By, id stead.MandateID) (authority.Lease, error) {
	if err := h.systems.connected(by, id); err != nil {
		return authority.Lease{}, err
	}
	m, err := h.Grant(ctx, by, id)
	if err != nil {
		return authority.Lease{}, err
	}
	l, err := h.systems.lease(ctx, by, m)
	if err == nil {
		return l, nil
	}
	back := context.WithoutCancel(ctx)
	return authority.Lease{}, errors.Join(err, h.systems.giveBack(back, m.Scope.Apps[0], id))
}

// giveBack undoes a lease that failed, so that it can be asked for again. Where nothing was made that is recorded alone.
func (s *systems) giveBack(ctx context.Context, system stead.AppID, id stead.MandateID) error {
	w, err := s.all[system].Withdraw(ctx, id)
	if err != nil || w.Role != "" {
		return s.withdrawn(ctx, system, id, w, err)
	}
	return s.h.Withdrawn(ctx, system, id, nil, nil)
}

// connected tells whether the system of the caller's mandate gives logins. Of a mandate that is not his it says nothing.
func (s *systems) connected(by authority.By, id stead.MandateID) error {
	var system stead.AppID
	s.h.Store.View().Read(func(v *authority.State) {
		if m := v.Mandate(id); m != nil && m.Actor == by.Principal && len(m.Scope.Apps) > 0 {
			system = m.Scope.Apps[0]
		}
	})
	if system != "" && s.all[system] == nil {
		return stead.E(stead.Missing, stead.ReasonNoRoute, "the system %s gives no logins: it is not connected", system)
	}
	return nil
}

func (s *systems) lease(ctx context.Context, by authority.By, m stead.Mandate) (authority.Lease, error) {
	system := m.Scope.Apps[0]
	db := s.all[system]
	if m.Counted() {
		return authority.Lease{}, stead.E(stead.Refused, stead.ReasonBudget, "this mandate has a budget or conditions, which a login cannot keep to: ask for each use instead")
	}
	for _, q := range authority.Uses(m) {
		q.Context.Address = by.Address
		d, err := s.h.Decide(ctx, q)
		if err != nil {
			return authority.Lease{}, err
		}
		if !d.Allow {
			return authority.Lease{}, stead.E(stead.Refused, d.Reason, "%s (%s)", d.Text, q.Resource.Name)
		}
	}
	in, err := db.Grant(ctx, m)
	if err != nil {
		return authority.Lease{}, err
	}
	l := authority.Lease{System: system, URL: in.URL(), Host: in.Host, Port: in.Port, Database: in.Database, User: in.User,
		Password: in.Password, Until: in.Until}
	for _, t := range in.Tables {
		l.Given = append(l.Given, authority.Given{Resource: t.Resource, Name: t.Name})
	}
	return l, s.h.MayHold(m.ID)
}

// withdraw takes a lease back and records how long that took; a failure is recorded and reported once a minute, and tried
// again.
func (s *systems) withdraw(ctx context.Context, system stead.AppID, id stead.MandateID) error {
	w, err := s.all[system].Withdraw(ctx, id)
	if err == nil && w.Role == "" {
		return nil // there was none: somebody else took it back
	}
	if err != nil && ctx.Err() != nil {
		return err // this server ends, and finds it when it begins again
	}
	return s.withdrawn(ctx, system, id, w, err)
}

func (s *systems) withdrawn(ctx context.Context, system stead.AppID, id stead.MandateID, w postgres.Withdrawn, err error) error {
	what := stead.Fields{"role": w.Role}
	if err == nil {
		what["refused_after"], what["connections_gone_after"], what["dropped_after"] = w.Refused.String(), w.Gone.String(), w.Dropped.String()
		if len(w.Owned) > 0 {
			what["owned"] = strings.Join(w.Owned, ", ")
		}
		return s.h.Withdrawn(ctx, system, id, what, nil)
	}
	if s.due(id) {
		s.h.Alarm("a login to " + string(system) + " could not be taken back yet, it is tried again: " + err.Error())
		failed := stead.E(stead.Broken, stead.ReasonBroken, "a login to %s could not be taken back yet: %w", system, err)
		return errors.Join(err, s.h.Withdrawn(ctx, system, id, what, failed))
	}
	return err
}

func (s *systems) due(id stead.MandateID) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.h.Now()
	if now.Sub(s.told[id]) < time.Minute {
		return false
	}
	s.told[id] = now
	return true
}

// settleEach is how often the roles that are there are compared with the mandates, beside every end as it is heard.
const settleEach = 5 * time.Second

// KeepSystems takes back what mandates leave behind in connected systems, as soon as their end is heard, until ctx is over.
func (h *House) KeepSystems(ctx context.Context, log *slog.Logger) {
	if len(h.systems.all) == 0 {
		return
	}
	var along sync.WaitGroup
	along.Go(func() {
		err := h.Store.Follow(ctx, h.Store.Head().Size, func(e authority.StoredEvent) error {
			if h.systems.all[e.App] == nil || !ends(e.Kind) {
				return nil
			}
			for _, id := range h.Tree(e.Mandate) { // what is below a suspended one is not suspended by an event of its own
				along.Go(func() {
					if err := h.systems.withdraw(ctx, e.App, id); err != nil && ctx.Err() == nil {
						log.Error("a lease could not be taken back yet", "system", e.App, "mandate", id, "error", err)
					}
				})
			}
			return nil
		})
		if err != nil && ctx.Err() == nil {
			log.Error("the log could not be followed: leases are compared every few seconds alone", "error", err)
		}
	})
	along.Go(func() {
		every(ctx, settleEach, log, "leases could not be compared with the mandates", h.SettleSystems)
	})
	along.Wait()
}

// ends tells whether an event may have ended a lease.
func ends(k stead.EventKind) bool {
	switch k {
	case "mandate.ended", "mandate.completed", "mandate.revoked", "mandate.suspended":
		return true
	}
	return false
}

// makes is how long a lease may be in the making.
const makes = time.Minute

// void takes grants back on record that no role was made for: whoever was about to make it is gone. What is still being made
// asks before it is committed whether its grant stands.
func (s *systems) void(ctx context.Context, system stead.AppID, given, held []stead.MandateID) error {
	var errs []error
	for _, id := range s.overdue(given, held) {
		errs = append(errs, s.h.Withdrawn(ctx, system, id, stead.Fields{"void": "no role was made for it: it can be asked for again"}, nil))
	}
	return errors.Join(errs...)
}

// overdue are the grants that no role was there for since a while.
func (s *systems) overdue(given, held []stead.MandateID) (late []stead.MandateID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.h.Now()
	for _, id := range given {
		since, known := s.missed[id]
		switch {
		case slices.Contains(held, id):
			delete(s.missed, id)
		case !known:
			s.missed[id] = now
		case now.Sub(since) >= makes:
			delete(s.missed, id)
			late = append(late, id)
		}
	}
	return late
}

// SettleSystems takes back every lease whose mandate is not in force: what was missed, and what nobody knows of. A grant that
// nothing was made for it takes back as well.
func (h *House) SettleSystems(ctx context.Context) error {
	var errs []error
	for id, db := range h.systems.all {
		given := h.Leased(id) // before the system is asked: what is made meanwhile is not missed
		held, err := db.Held(ctx)
		errs = append(errs, stead.Because(err, "ask "+string(id)+" for its leases"))
		if err == nil {
			errs = append(errs, h.systems.void(ctx, id, given, held))
		}
		over := 0
		for _, m := range held {
			if h.MayHold(m) != nil {
				over++
				errs = append(errs, h.systems.withdraw(ctx, id, m))
			}
		}
		h.systems.said[id].settled(h.Now(), len(held), over, err)
	}
	return errors.Join(errs...)
}
