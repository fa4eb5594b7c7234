package store

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"

	"github.com/steadhq/stead"
)

// A mirror is the last signed head in a file that no restore of the store's directory brings back.
type mirror struct {
	mu      sync.Mutex
	written uint64
	held    atomic.Bool // a restored store is not reconciled yet
}

// checkMirror refuses a store that is older than its mirrored head, or tells another story.
func (s *Store) checkMirror(ctx context.Context) error {
	if s.o.Mirror == "" {
		return nil
	}
	b, err := os.ReadFile(s.o.Mirror)
	if errors.Is(err, fs.ErrNotExist) {
		return s.writeMirror()
	}
	if err != nil {
		return err
	}
	seen, err := s.o.Log.Open(b)
	if err != nil {
		return stead.E(stead.Refused, stead.ReasonStale, "the mirrored head in %s is not one of this log: %v", s.o.Mirror, err)
	}
	err = s.compare(ctx, seen)
	if err == nil {
		s.mirror.written = seen.Size
		return s.writeMirror()
	}
	if !s.o.Accept || stead.KindOf(err) != stead.Refused {
		return err
	}
	s.restored = true
	s.mirror.held.Store(true)
	return nil
}

func (s *Store) compare(ctx context.Context, seen stead.Head) error {
	head := s.Head()
	if seen.Size > head.Size {
		return stead.E(stead.Refused, stead.ReasonStale,
			"the store has %d events, its mirrored head says %d: it was rolled back. "+
				"\"stead serve --accept-older\" goes on from here and ends every live mandate and session", head.Size, seen.Size)
	}
	root := head.Root
	if seen.Size < head.Size {
		tree, err := s.o.Log.Restore(ctx, s, seen.Size)
		if err != nil {
			return err
		}
		root = tree.Root()
	}
	if root != seen.Root {
		return stead.E(stead.Refused, stead.ReasonStale,
			"the store has %d events, its mirrored head %d, and the first %d are not the same: one of them was changed. "+
				"\"stead serve --accept-older\" goes on from here and ends every live mandate and session", head.Size, seen.Size, seen.Size)
	}
	return nil
}

// mirrorAlong writes the mirror after commits, as often as its disk allows.
func (s *Store) mirrorAlong(ctx context.Context) {
	if s.o.Mirror == "" {
		return
	}
	for reached := uint64(0); ; {
		var err error
		if reached, err = s.beyond(ctx, reached); err != nil {
			return
		}
		if err := s.writeMirror(); err != nil {
			s.latch.trip(err, "write the mirrored head to "+s.o.Mirror)
			return
		}
	}
}

// writeMirror replaces the file in one step.
func (s *Store) writeMirror() error {
	s.mirror.mu.Lock()
	defer s.mirror.mu.Unlock()
	head := s.Head()
	if s.o.Mirror == "" || head.Size == s.mirror.written || s.mirror.held.Load() || s.latch.tripped() != nil {
		return nil
	}
	f, err := os.CreateTemp(filepath.Dir(s.o.Mirror), ".head-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(head.Note)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), s.o.Mirror); err != nil {
		return err
	}
	s.mirror.written = head.Size
	return nil
}
