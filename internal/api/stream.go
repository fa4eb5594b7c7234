package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
)

// beat is how often a quiet stream shows that it lives and asks whether its session still does.
const beat = 15 * time.Second

// slow is how long a reader may take nothing of what it was sent before it is cut off, and retry when it is to come again.
const (
	slow  = 20 * time.Second
	retry = 2 * time.Second
)

// leaving is ctx until the server ends: a stream would hold that for as long as its reader stays, who comes again, at
// another node or after the restart.
func (a *API) leaving(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, end := context.WithCancel(ctx)
	go func() {
		select {
		case <-a.Leaving:
			end()
		case <-ctx.Done():
		}
	}()
	return ctx, end
}

// stream sends events as they come: with Last-Event-ID from there on, else from now on.
func (a *API) stream(ctx context.Context, by authority.By, in *eventsIn) (*eventsOut, error) {
	q, own, err := a.query(by, in.Filter)
	if err != nil {
		return nil, err
	}
	if q.After, err = a.after(ctx, in.Last); err != nil {
		return nil, err
	}
	lost, err := a.lost(ctx, in.Last, q.After)
	if err != nil {
		return nil, err
	}
	q.Limit = 500
	return &eventsOut{Body: func(hc huma.Context) {
		r, w := humago.Unwrap(hc)
		hc.SetHeader("Content-Type", "text/event-stream")
		hc.SetHeader("X-Accel-Buffering", "no")
		hc.SetStatus(http.StatusOK)
		s := &stream{a: a, q: q, lost: lost, by: by, own: own, seen: q.After, w: w, out: http.NewResponseController(w)}
		ctx, end := a.leaving(r.Context())
		defer end()
		_ = s.run(r.WithContext(ctx)) // it ends when the client goes or may see no more: neither is an answer any longer
	}}, nil
}

func (a *API) after(ctx context.Context, last string) (uint64, error) {
	if last != "" {
		n, err := strconv.ParseUint(last, 10, 64)
		if err != nil {
			return 0, stead.E(stead.Invalid, stead.ReasonRequest, "Last-Event-ID is none that a stream gave")
		}
		return min(n, a.Log.Size()), nil // of a record that was restored from a backup the end lies before what was seen
	}
	newest, err := a.Trail.Events(ctx, authority.EventQuery{Newest: true, Limit: 1})
	if err != nil || len(newest) == 0 {
		return 0, err
	}
	return newest[0].Number(), nil
}

// lost says that between the last event that a reader had and the first that is kept there were others.
func (a *API) lost(ctx context.Context, last string, after uint64) (string, error) {
	if last == "" {
		return "", nil
	}
	kept, err := a.Trail.Events(ctx, authority.EventQuery{Limit: 1})
	if err != nil || len(kept) == 0 || kept[0].Number() <= after+1 {
		return "", err
	}
	return fmt.Sprintf("events %d to %d are not kept any more", after+1, kept[0].Number()-1), nil
}

type stream struct {
	a    *API
	q    authority.EventQuery
	by   authority.By
	own  bool
	seen uint64 // the newest event there was, chosen or not
	lost string // what is not kept any more of what was to come
	w    http.ResponseWriter
	out  *http.ResponseController
}

func (s *stream) run(r *http.Request) error {
	if err := s.write(": open\nretry: %d\n\n", retry.Milliseconds()); err != nil {
		return err
	}
	if err := s.flush(); err != nil {
		return err
	}
	if s.lost != "" {
		if err := s.comment(s.lost); err != nil {
			return err
		}
	}
	for {
		if err := s.send(r.Context()); err != nil {
			return err
		}
		if err := s.wait(r.Context()); err != nil {
			return err
		}
		if err := s.still(r); err != nil {
			return err
		}
	}
}

// still asks whether the pass is good and the view as wide as it was.
func (s *stream) still(r *http.Request) error {
	if _, err := s.a.present(r); err != nil {
		return err
	}
	if !s.own {
		return s.a.Verbs.May(s.by, authority.Auditor)
	}
	return nil
}

// wait returns when there is more, or when it is time to show life.
func (s *stream) wait(ctx context.Context) error {
	quiet, cancel := context.WithTimeout(ctx, beat)
	defer cancel()
	err := s.a.Trail.Settled(quiet, s.seen+1)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if quiet.Err() != nil {
		return s.comment("still here")
	}
	return err
}

func (s *stream) send(ctx context.Context) error {
	for {
		newest, err := s.a.Trail.Events(ctx, authority.EventQuery{Newest: true, Limit: 1})
		if err != nil {
			return err
		}
		found, err := s.a.Trail.Events(ctx, s.q)
		if err != nil {
			return err
		}
		for _, e := range found {
			if err := s.event(e); err != nil {
				return err
			}
			s.q.After = e.Number()
		}
		if len(found) < s.q.Limit {
			if len(newest) > 0 {
				s.seen = max(s.seen, newest[0].Number())
			}
			return s.flush()
		}
	}
}

// write writes to a reader who takes what he gets.
func (s *stream) write(format string, args ...any) error {
	defer s.watch()()
	_, err := fmt.Fprintf(s.w, format, args...)
	return err
}

func (s *stream) flush() error {
	defer s.watch()()
	return s.out.Flush()
}

// watch cuts the reader off who takes nothing for too long.
func (s *stream) watch() (stop func()) {
	late := time.AfterFunc(slow, func() { _ = s.out.SetWriteDeadline(time.Unix(1, 0)) })
	return func() { late.Stop() }
}

func (s *stream) event(e authority.StoredEvent) error {
	raw, err := json.Marshal(s.a.event(e, s.by, s.own))
	if err != nil {
		return err
	}
	return s.write("id: %d\nevent: %s\ndata: %s\n\n", e.Number(), e.Kind, raw)
}

func (s *stream) comment(text string) error {
	if err := s.write(": %s\n\n", text); err != nil {
		return err
	}
	return s.flush()
}
