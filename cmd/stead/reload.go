package main

import (
	"cmp"
	"context"
	"crypto/tls"
	"slices"
	"sync"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/api"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/authzen"
	"github.com/steadhq/stead/internal/config"
	"github.com/steadhq/stead/internal/gateway"
)

// reloads is what a server knows of its readings of the configuration.
type reloads struct {
	turn sync.Mutex // held by the one that is under way
	mu   sync.Mutex
	last api.Reload
	seen map[string]string // what the files that were read held, by name
}

// A reading is a configuration that was read and checked, and could come into force.
type reading struct {
	cfg      config.Config
	apps     []gateway.App
	asking   []authzen.Caller
	vouching vouching
	cert     *tls.Certificate
	changed  []config.Difference
	restart  []config.Difference
	seen     map[string]string
}

// begun notes that the configuration of the start is in force.
func (s *server) begun() {
	s.took(api.Reload{OK: true, Changed: []api.KeyChange{}, Restart: []api.KeyChange{}})
}

func (s *server) took(r api.Reload) {
	r.File, r.At = s.file, s.house.Now()
	s.reloads.mu.Lock()
	defer s.reloads.mu.Unlock()
	s.reloads.last = r
	s.house.Configured(r.OK, len(r.Restart))
}

// Last tells how the last reading went (api.Reloader).
func (s *server) Last() api.Reload {
	s.reloads.mu.Lock()
	defer s.reloads.mu.Unlock()
	return s.reloads.last
}

// Reload reads the configuration again, checks and tests it, and swaps all of what can change, or nothing (api.Reloader).
func (s *server) Reload(ctx context.Context, by authority.By) (api.Reloaded, error) {
	if !s.reloads.turn.TryLock() {
		return api.Reloaded{}, stead.E(stead.Conflict, stead.ReasonState, "the configuration is being read already")
	}
	defer s.reloads.turn.Unlock()
	ctx = context.WithoutCancel(ctx) // who asked may go away; what is on record as done is done
	r, err := s.reread()
	if err == nil {
		err = s.swap(ctx, by, r)
	}
	if err != nil {
		return api.Reloaded{}, s.refused(ctx, by, err)
	}
	out := api.Reloaded{Changed: keyChanges(r.changed), Restart: keyChanges(r.restart)}
	took := api.Reload{OK: true, By: asker(by), Changed: s.Last().Changed, Taken: s.Last().Taken, TakenBy: s.Last().TakenBy, Restart: out.Restart}
	if len(out.Changed) > 0 {
		took.Changed, took.Taken, took.TakenBy = out.Changed, s.house.Now(), asker(by)
	}
	s.took(took)
	s.log.Info("the configuration was read again", "changed", names(r.changed), "restart", names(r.restart))
	return out, nil
}

// reread changes nothing.
func (s *server) reread() (r reading, err error) {
	next, err := config.Load(s.file, s.environ)
	if err != nil {
		return r, err
	}
	var problems []config.Problem
	if r.cfg, problems = s.cfg.Taking(next); len(problems) > 0 {
		return r, config.Together(s.file, problems)
	}
	if r.apps, err = checked(r.cfg); err != nil {
		return r, err
	}
	if r.asking, err = callers(r.cfg.AuthZEN); err != nil {
		return r, err
	}
	if r.vouching, err = vouchers(r.cfg, s.house.Now); err != nil {
		return r, err
	}
	if t := r.cfg.Server.TLS; t.Cert != "" {
		if r.cert, err = certificate(t); err != nil {
			return r, err
		}
	}
	for _, d := range config.Differ(s.cfg, next) {
		if d.Why == "" {
			r.changed = append(r.changed, d)
		} else {
			r.restart = append(r.restart, d)
		}
	}
	r.seen = digests(watched(s.file, r.cfg, r.apps))
	for file, digest := range r.seen {
		if was, known := s.reloads.seen[file]; known && was != digest && file != s.file {
			r.changed = append(r.changed, config.Difference{Key: "file " + file, After: "changed"})
		}
	}
	slices.SortFunc(r.changed, func(a, b config.Difference) int { return cmp.Compare(a.Key, b.Key) })
	return r, nil
}

// swap puts a reading in force. Only what was recorded is; and from there on nothing can fail.
func (s *server) swap(ctx context.Context, by authority.By, r reading) error {
	if len(r.changed) > 0 || len(r.restart) > 0 {
		what := authority.Reload{Keys: names(r.changed), Waiting: names(r.restart), Gone: gone(s.apps, r.apps)}
		err := s.house.Renew(ctx, s.doors, s.site(r.cfg, r.apps, r.asking, r.vouching), settings(r.cfg, r.apps), func(a *authority.Authority) error { return a.Reloaded(ctx, by, what) })
		if err != nil {
			return err
		}
	}
	s.cfg, s.apps, s.reloads.seen = r.cfg, r.apps, r.seen
	s.level.Set(level(r.cfg.Observability.Log))
	if r.cert != nil {
		s.cert.Store(r.cert)
	}
	return nil
}

// refused says everywhere that a configuration was not taken, and why.
func (s *server) refused(ctx context.Context, by authority.By, why error) error {
	last := s.Last()
	s.took(api.Reload{Problem: why.Error(), By: asker(by), Changed: last.Changed, Taken: last.Taken, TakenBy: last.TakenBy, Restart: last.Restart})
	s.log.Error("the configuration was not taken, and the old one stays: "+why.Error(), "alarm", true)
	keys := config.WrongKeys(why)
	if len(keys) == 0 {
		keys = []string{"apps"}
	}
	return s.house.Ruling().ReloadRefused(ctx, by, keys, why)
}

// asker is who asked for a reading; nil: a signal or the file itself.
func asker(by authority.By) *api.Who {
	if by.Principal == "" {
		return nil
	}
	return &api.Who{ID: by.Principal}
}

func gone(before, after []gateway.App) (all []stead.AppID) {
	for _, a := range before {
		if !slices.ContainsFunc(after, func(b gateway.App) bool { return b.ID == a.ID }) {
			all = append(all, a.ID)
		}
	}
	return all
}

func names(all []config.Difference) []string {
	keys := make([]string, len(all))
	for i, d := range all {
		keys[i] = d.Key
	}
	return keys
}

func keyChanges(all []config.Difference) []api.KeyChange {
	out := make([]api.KeyChange, len(all))
	for i, d := range all {
		out[i] = api.KeyChange(d)
	}
	return out
}
