package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
)

// reachAtOnce is how many events of others are read at a time.
const reachAtOnce = 4096

// reachFor is how long following others may take: a writer that waits for ever answers nobody.
const reachFor = 30 * time.Second

// reach follows the log to where others have brought it: the tree grows by their leaves and must hash to their head,
// the view takes over what they changed. Only the writer does it.
func (s *Store) reach(to place) error {
	at := s.place()
	switch {
	case to.Size < at.Size:
		return corrupt("the log has %d events, and had %d: it was rolled back", to.Size, at.Size)
	case to.Size == at.Size && to.Size > 0 && to.Root != at.Root:
		return corrupt("event %d is not the one it was: the log was replaced", at.Size)
	case to.Size == at.Size && to.counted == at.counted && to.pruned == at.pruned:
		return nil
	case to.Size == at.Size:
		s.counts.written(to.counted)
		s.announce(&page{place: to, first: to.Size})
		return nil
	}
	if err := s.signed(to.Head); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), reachFor)
	defer cancel()
	stage := s.view.Stage()
	tree, err := s.others(ctx, stage, at.Size, to)
	if err != nil {
		return err
	}
	if tree.Root() != to.Root {
		return corrupt("the %d events that others wrote do not hash to their signed head", to.Size-at.Size)
	}
	if to.moved > at.Size {
		err = s.keys.refresh(ctx)
		if err == nil {
			err = s.changed(ctx, stage, at.Size, to.Size)
		}
		if err != nil {
			return fmt.Errorf("read what others changed: %w", unread(err))
		}
	}
	if err := s.pg.certain(); err != nil {
		return err
	}
	stage.At(to.Size, to.moved)
	s.tree = tree
	s.view.Apply(stage)
	s.counts.written(to.counted)
	s.announce(&page{place: to, first: at.Size})
	return nil
}

// Latest brings the view to where the log is now, whoever wrote it. Kind broken: that cannot be known.
func (s *Store) Latest(ctx context.Context) error {
	if s.wake == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, s.o.Patience)
	defer cancel()
	at, err := s.standing(ctx)
	if err != nil {
		return away(err)
	}
	for {
		s.mu.Lock()
		now, moved := s.at, s.moved
		s.mu.Unlock()
		if now.Size >= at.Size && now.pruned >= at.pruned {
			return nil
		}
		s.nudge()
		select {
		case <-moved:
		case <-ctx.Done():
			return away(context.Cause(ctx))
		}
	}
}

// others reads the events that others wrote: their leaves, and what they counted.
func (s *Store) others(ctx context.Context, stage *authority.State, from uint64, to place) (Tree, error) {
	tree := s.tree
	for from < to.Size {
		leaves, err := s.traces(ctx, stage, from, to)
		if err != nil {
			return nil, err
		}
		if len(leaves) == 0 {
			return nil, corrupt("the log ends with event %d, its head says %d events", from, to.Size)
		}
		_, tree = tree.Grow(leaves)
		from += uint64(len(leaves))
	}
	return tree, nil
}

// readTraces reads of each event only what others must know: most count nothing, and stay where they are. Within a text
// the quotes would be escaped.
const readTraces = `SELECT leaf, event IS NULL, CASE WHEN position('"counts":['::bytea IN event) > 0 THEN event END
	FROM log WHERE idx >= ? ORDER BY idx LIMIT ?`

func (s *Store) traces(ctx context.Context, stage *authority.State, from uint64, to place) ([]stead.Hash, error) {
	ctx, cancel := context.WithTimeout(ctx, answersIn)
	defer cancel()
	rows, err := s.read.QueryContext(ctx, readTraces, int64(from), int(min(to.Size-from, reachAtOnce)))
	if err != nil {
		return nil, away(err)
	}
	defer rows.Close()
	var leaves []stead.Hash
	for rows.Next() {
		var leaf, event sql.RawBytes
		var gone bool
		if err := rows.Scan(&leaf, &gone, &event); err != nil {
			return nil, away(err)
		}
		number := from + uint64(len(leaves)) + 1
		if len(leaf) != len(stead.Hash{}) {
			return nil, corrupt("event %d has no leaf", number-1)
		}
		if err := s.counted(stage, event, gone, number, to); err != nil {
			return nil, err
		}
		leaves = append(leaves, stead.Hash(leaf))
	}
	return leaves, unread(rows.Err())
}

// counted puts what one stored event counted into a stage.
func (s *Store) counted(stage *authority.State, event []byte, gone bool, number uint64, to place) error {
	switch {
	case gone && number > to.pruned:
		return corrupt("event %d is gone", number-1)
	case gone:
		return corrupt("event %d was pruned before this node had followed it: start the node again", number-1)
	case len(event) == 0:
		return nil
	}
	e, _, _, err := decodeEvent(event)
	if err != nil {
		return err
	}
	s.counts.note(e.Counts, number)
	for _, c := range e.Counts {
		stage.SetCount(moved(stage.Count(c.Key), c))
	}
	return nil
}

// changed puts the objects that some events changed into a stage.
func (s *Store) changed(ctx context.Context, stage *authority.State, from, to uint64) error {
	rows, err := s.read.QueryContext(ctx, "SELECT kind, id, body FROM objects WHERE idx >= ? AND idx < ? ORDER BY idx, version", int64(from), int64(to))
	if err != nil {
		return away(err)
	}
	defer rows.Close()
	for rows.Next() {
		var kind stead.RecordKind
		var id string
		var body []byte
		if err := rows.Scan(&kind, &id, &body); err != nil {
			return away(err)
		}
		r, err := s.keys.record(kind, body)
		switch {
		case stead.KindOf(err) == stead.Missing && stead.ReasonOf(err) == stead.ReasonUnknown:
			stage.Lose(kind, id) // erased since: nobody can read it any more
		case err != nil:
			return err
		default:
			stage.Load(r)
		}
	}
	return unread(rows.Err())
}

// unread is what a database that could not be read makes of following it: it passes. What was read and is wrong does not.
func unread(err error) error {
	var said *stead.Error
	if err == nil || errors.As(err, &said) {
		return err
	}
	return away(err)
}

// errAway says that the database cannot be reached, and may be again.
var errAway = errors.New("the database cannot be reached")

func passing(err error) bool { return errors.Is(err, errAway) }
