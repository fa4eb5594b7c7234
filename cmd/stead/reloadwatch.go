package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/config"
	"github.com/steadhq/stead/internal/gateway"
)

// lookEach is how often the files of the configuration are looked at.
const lookEach = 2 * time.Second

// watch reads the configuration again on SIGHUP, and when a file of it has changed and then stayed for a look: half of a
// certificate and its key is not taken for both. What was refused once is not tried again before it is another.
func (s *server) watch(ctx context.Context) {
	hup := make(chan os.Signal, 1)
	signal.Notify(hup, syscall.SIGHUP)
	defer signal.Stop(hup)
	each := time.NewTicker(lookEach)
	defer each.Stop()
	s.reloads.turn.Lock()
	tried := s.reloads.seen
	s.reloads.turn.Unlock()
	before := tried
	for {
		select {
		case <-ctx.Done():
			return
		case <-hup:
			before = digests(s.files())
		case <-each.C:
			now := digests(s.files())
			settled := maps.Equal(now, before)
			before = now
			if !settled || maps.Equal(now, tried) {
				continue
			}
		}
		tried = before
		_, _ = s.Reload(ctx, authority.By{}) // it says itself how it went
	}
}

func (s *server) files() []string {
	s.reloads.turn.Lock()
	defer s.reloads.turn.Unlock()
	return watched(s.file, s.cfg, s.apps)
}

// watched are the files that a configuration is read from.
func watched(file string, c config.Config, apps []gateway.App) []string {
	all := []string{file, c.Server.TLS.Cert, c.Server.TLS.Key}
	for _, a := range apps {
		all = append(all, a.Files()...)
	}
	for _, one := range c.AuthZEN.Callers {
		all = append(all, one.SecretFile)
	}
	for _, one := range c.Agents.Attesters {
		all = append(all, one.Keys)
	}
	return all
}

// digests tells files by what they hold. One that cannot be read is told by that.
func digests(files []string) map[string]string {
	all := map[string]string{}
	for _, f := range files {
		if f == "" {
			continue
		}
		raw, err := os.ReadFile(f)
		sum := sha256.Sum256(raw)
		all[f] = hex.EncodeToString(sum[:])
		if err != nil {
			all[f] = "unread"
		}
	}
	return all
}
