package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"sync"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
)

// load reads the head, compares it with the log, and fills the view.
func (s *Store) load(ctx context.Context) error {
	at, err := s.standing(ctx)
	if err != nil {
		return err
	}
	if at.Size == 0 {
		err = s.loadEmpty(ctx)
	} else {
		err = s.loadTree(ctx, at.Head)
	}
	if err != nil {
		return err
	}
	at.Root = s.tree.Root()
	s.at, s.shown, s.counts.upto = at, s.tree, at.counted
	s.desk.start(at)
	return s.view.Load(func(v *authority.State) error {
		v.At(at.Size, at.moved)
		if err := s.loadObjects(ctx, v); err != nil {
			return fmt.Errorf("read the objects: %w", err)
		}
		if err := s.loadCounters(ctx, v, at.counted, at.Size); err != nil {
			return fmt.Errorf("read the counters: %w", err)
		}
		return nil
	})
}

// standing reads the head row; an empty log has none.
func (s *Store) standing(ctx context.Context) (p place, err error) {
	var root []byte
	err = s.read.QueryRowContext(ctx, "SELECT size, moved, counted, pruned, clock, root, note FROM head").
		Scan(&p.Size, &p.moved, &p.counted, &p.pruned, &p.clock, &root, &p.Note)
	if errors.Is(err, sql.ErrNoRows) {
		return place{}, nil
	}
	copy(p.Root[:], root)
	return p, err
}

func (s *Store) loadEmpty(ctx context.Context) (err error) {
	var n int
	if err := s.read.QueryRowContext(ctx, "SELECT count(*) FROM log").Scan(&n); err != nil {
		return err
	}
	if n != 0 {
		return corrupt("the log has %d events and no head", n)
	}
	s.tree, err = s.o.Log.Restore(ctx, s, 0)
	return err
}

// loadTree refuses a head that is not signed, or is not the head of this log.
func (s *Store) loadTree(ctx context.Context, h stead.Head) error {
	if err := s.signed(h); err != nil {
		return err
	}
	var last sql.NullInt64
	if err := s.read.QueryRowContext(ctx, "SELECT max(idx) FROM log").Scan(&last); err != nil {
		return err
	}
	if uint64(last.Int64+1) != h.Size {
		return corrupt("the log ends with event %d, its head says %d events", last.Int64, h.Size)
	}
	var err error
	if s.tree, err = s.o.Log.Restore(ctx, s, h.Size); err != nil {
		return fmt.Errorf("the tree of the log: %w", err)
	}
	if s.tree.Root() != h.Root {
		return corrupt("the log does not hash to its signed head at %d events", h.Size)
	}
	return nil
}

// signed refuses a head whose signature is not of it.
func (s *Store) signed(h stead.Head) error {
	signed, err := s.o.Log.Open(h.Note)
	if err != nil {
		return fmt.Errorf("the head of the log: %w", err)
	}
	if signed.Size != h.Size || signed.Root != h.Root {
		return corrupt("the head says %d events, its signature %d", h.Size, signed.Size)
	}
	return nil
}

// A raw object is one that is still to be opened and decoded.
type rawObject struct {
	kind stead.RecordKind
	body []byte
}

// loadObjects opens and decodes on all processors what one connection reads. Order does not matter: there is one
// live version of each object.
func (s *Store) loadObjects(ctx context.Context, v *authority.State) error {
	defer debug.SetGCPercent(debug.SetGCPercent(200)) // all that is read here stays: looking for garbage is in vain
	raw := make(chan []rawObject, 4*runtime.GOMAXPROCS(0))
	done := make(chan []stead.Record, 4*runtime.GOMAXPROCS(0))
	var failed firstError
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			r := &reader{keys: s.keys, decoder: stead.NewDecoder()}
			for part := range raw {
				done <- s.decodeObjects(r, part, &failed)
			}
		})
	}
	go func() {
		failed.set(s.readObjects(ctx, raw))
		close(raw)
		workers.Wait()
		close(done)
	}()
	for records := range done {
		for _, r := range records {
			v.Load(r)
		}
	}
	return failed.get()
}

func (s *Store) readObjects(ctx context.Context, to chan<- []rawObject) error {
	rows, err := s.read.QueryContext(ctx, "SELECT kind, body FROM objects WHERE live = 1")
	if err != nil {
		return err
	}
	defer rows.Close()
	part, room := make([]rawObject, 0, 256), []byte(nil)
	for rows.Next() {
		var kind, body sql.RawBytes
		if err := rows.Scan(&kind, &body); err != nil {
			return err
		}
		if cap(room)-len(room) < len(body) {
			room = make([]byte, 0, max(len(body), 1<<16))
		}
		from := len(room)
		room = append(room, body...)
		part = append(part, rawObject{kindOf(kind), room[from:]})
		if len(part) == 256 {
			to <- part
			part = make([]rawObject, 0, 256)
		}
	}
	to <- part
	return rows.Err()
}

// kindOf spares a string per row.
func kindOf(b []byte) stead.RecordKind {
	for _, k := range []stead.RecordKind{stead.KindMandate, stead.KindSession, stead.KindPrincipal, stead.KindCredentials, stead.KindInstance, stead.KindBundle, stead.KindAgent, stead.KindExclusion, stead.KindFlow, stead.KindSegment, stead.KindTemplate} {
		if string(b) == string(k) {
			return k
		}
	}
	return stead.RecordKind(b)
}

// decodeObjects leaves out what was erased: nobody can read it, so it is not true of anybody any more. A key that was
// never erased and is not there is another matter: the store and its keys do not belong together.
func (s *Store) decodeObjects(in *reader, part []rawObject, failed *firstError) []stead.Record {
	records := make([]stead.Record, 0, len(part))
	for _, o := range part {
		r, err := in.record(o.kind, o.body)
		if stead.KindOf(err) == stead.Missing && stead.ReasonOf(err) == stead.ReasonUnknown {
			continue
		}
		if err != nil {
			failed.set(err)
			continue
		}
		if r.Live() {
			records = append(records, r)
		}
	}
	return records
}

// firstError keeps the first error of several goroutines.
type firstError struct {
	mu  sync.Mutex
	err error
}

func (f *firstError) set(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.err == nil {
		f.err = err
	}
}

func (f *firstError) get() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.err
}
