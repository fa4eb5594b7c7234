package house

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
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

// drain is how long requests under way may take when the house closes.
const drain = 5 * time.Second

// Run serves until ctx is over, looks after what is due meanwhile, and then closes everything in order: the doors, the
// requests and streams under way, the record, the store.
func (h *House) Run(ctx context.Context, log *slog.Logger, d *Doors, all []Listening) error {
	var servers []*http.Server
	failed := make(chan error, len(all))
	for _, l := range all {
		s := web.NewServer(l.Handler, log)
		servers = append(servers, s)
		go func() {
			err := s.Serve(web.Listener(l.Listener))
			if !errors.Is(err, http.ErrServerClosed) {
				failed <- err
			}
		}()
	}
	sweeping, stop := context.WithCancel(context.Background())
	var along sync.WaitGroup
	along.Go(func() { h.sweepAlong(sweeping, log) })
	along.Go(func() { d.Gateway.Run(sweeping) })
	var err error
	select {
	case <-ctx.Done():
	case err = <-failed:
	}
	stop()
	along.Wait()
	err = errors.Join(err, shutdown(servers, d))
	return errors.Join(err, h.Close(context.Background()))
}

func (h *House) sweepAlong(ctx context.Context, log *slog.Logger) {
	each := time.NewTicker(time.Second)
	defer each.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-each.C:
			if err := h.Sweep(ctx); err != nil && ctx.Err() == nil {
				log.Error("what is over could not be ended", "error", err)
			}
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
