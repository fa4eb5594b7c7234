package house

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"runtime/debug"
	"sync"
	"time"

	"github.com/steadhq/stead/internal/web"
)

// A Listening is one listener and what it serves.
type Listening struct {
	Name     string
	Listener net.Listener
	Handler  http.Handler
}

// Ballast is what a server holds before all else, and as long as it runs. Memory is collected whenever the heap has
// doubled: beside a live heap of a few MiB that is every hundred requests, which costs a fifth of their time; beside this
// it is every thousand. Made of memory that was never used, and never touched, it takes none.
func Ballast() []byte { return make([]byte, 32<<20) }

// drain is how long requests under way may take when the house closes.
const drain = 5 * time.Second

// leaving tells what would hold the servers for as long as somebody reads it that they end.
type leaving struct {
	once sync.Once
	over chan struct{}
}

func (l *leaving) tell() { l.once.Do(func() { close(l.over) }) }

// Run serves until ctx is over, looks after what is due meanwhile, and then closes everything in order: the doors, the
// requests and streams under way, the record, the store.
func (h *House) Run(ctx context.Context, log *slog.Logger, d *Doors, all []Listening) error {
	var servers []*http.Server
	failed := make(chan error, len(all))
	for _, l := range all {
		s := web.NewServer(l.Handler, log)
		s.RegisterOnShutdown(d.Gateway.Drain)
		s.RegisterOnShutdown(h.leaving.tell)
		servers = append(servers, s)
		go func() {
			err := s.Serve(web.Listener(l.Listener, h.unheard.unread))
			if !errors.Is(err, http.ErrServerClosed) {
				failed <- err
			}
		}()
	}
	debug.FreeOSMemory() // what starting took, hashing passwords most of all, is not needed again
	sweeping, stop := context.WithCancel(context.Background())
	var along sync.WaitGroup
	along.Go(func() { every(sweeping, time.Second, log, "what is over could not be ended", h.Sweep) })
	along.Go(func() { d.Gateway.Run(sweeping, d.inForce) })
	along.Go(func() {
		every(sweeping, time.Minute, log, "", func(context.Context) error { h.unheard.tell(); return nil })
	})
	along.Go(func() { h.KeepSystems(sweeping, log) })
	along.Go(func() { h.outbox.Run(sweeping) })
	along.Go(func() { h.proofs().readAlong(sweeping, log) })
	if d.ring != nil {
		along.Go(func() {
			every(sweeping, reloadEach, log, "the signing keys could not be read again, or not be renewed", func(ctx context.Context) error { return h.RenewKeys(ctx, d.ring) })
		})
	}
	var err error
	select {
	case <-ctx.Done():
	case err = <-failed:
	}
	stop()
	along.Wait()
	err = errors.Join(err, shutdown(servers, d))
	h.unheard.tell()
	return errors.Join(err, h.Close(context.Background()))
}

// every does f at once, and again each time d has gone by, until ctx is over; wrong is what its errors are told as.
func every(ctx context.Context, d time.Duration, log *slog.Logger, wrong string, f func(context.Context) error) {
	each := time.NewTicker(d)
	defer each.Stop()
	for {
		if err := f(ctx); err != nil && ctx.Err() == nil {
			log.Error(wrong, "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-each.C:
		}
	}
}

// shutdown lets requests under way finish, and cuts what takes too long.
func shutdown(servers []*http.Server, d *Doors) error {
	ctx, cancel := context.WithTimeout(context.Background(), drain)
	defer cancel()
	errs := make([]error, len(servers))
	var all sync.WaitGroup
	for i, s := range servers {
		all.Go(func() {
			if s.Shutdown(ctx) != nil {
				errs[i] = s.Close()
			}
		})
	}
	all.Wait()
	streams, stop := context.WithTimeout(context.Background(), drain)
	defer stop()
	return errors.Join(append(errs, d.Gateway.Close(streams))...)
}
