package store

import (
	"context"
	"database/sql"
	"errors"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
)

// A row is one event as it is stored; event is nil once its segment was pruned.
type row struct {
	event []byte
	leaf  stead.Hash
}

// rows reads events from index on.
func (s *Store) rows(ctx context.Context, index uint64, n int) ([]row, error) {
	if err := s.keys.refresh(ctx); err != nil {
		return nil, err
	}
	q, err := s.read.QueryContext(ctx, "SELECT event, leaf FROM log WHERE idx >= ? ORDER BY idx LIMIT ?", int64(index), n)
	if err != nil {
		return nil, err
	}
	defer q.Close()
	var list []row
	for q.Next() {
		var r row
		var leaf sql.RawBytes
		if err := q.Scan(&r.event, &leaf); err != nil {
			return nil, err
		}
		if copy(r.leaf[:], leaf) != len(r.leaf) {
			return nil, corrupt("event %d has no leaf", index+uint64(len(list)))
		}
		list = append(list, r)
	}
	return list, q.Err()
}

// chosen reads some events by their indexes.
func (s *Store) chosen(ctx context.Context, indexes []uint64) (map[uint64]row, error) {
	if err := s.keys.refresh(ctx); err != nil {
		return nil, err
	}
	in, args := s.read.among("idx", indexes)
	q, err := s.read.QueryContext(ctx, "SELECT idx, event, leaf FROM log WHERE "+in, args...)
	if err != nil {
		return nil, err
	}
	defer q.Close()
	list := make(map[uint64]row, len(indexes))
	for q.Next() {
		var index uint64
		var r row
		var leaf sql.RawBytes
		if err := q.Scan(&index, &r.event, &leaf); err != nil {
			return nil, err
		}
		if copy(r.leaf[:], leaf) != len(r.leaf) {
			return nil, corrupt("event %d has no leaf", index)
		}
		list[index] = r
	}
	return list, q.Err()
}

// Leaves gives the hashes of the leaves [from, from+n).
func (s *Store) Leaves(ctx context.Context, from uint64, n int) ([]stead.Hash, error) {
	q, err := s.read.QueryContext(ctx, "SELECT leaf FROM log WHERE idx >= ? ORDER BY idx LIMIT ?", int64(from), n)
	if err != nil {
		return nil, stead.Because(err, "read the leaves")
	}
	defer q.Close()
	list := make([]stead.Hash, 0, n)
	for q.Next() {
		var leaf sql.RawBytes
		if err := q.Scan(&leaf); err != nil {
			return nil, stead.Because(err, "read the leaves")
		}
		var h stead.Hash
		if copy(h[:], leaf) != len(h) {
			return nil, corrupt("event %d has no leaf", from+uint64(len(list)))
		}
		list = append(list, h)
	}
	if err := q.Err(); err != nil {
		return nil, stead.Because(err, "read the leaves")
	}
	if len(list) != n {
		return nil, stead.E(stead.Missing, stead.ReasonNone, "the log has no %d leaves from %d on", n, from)
	}
	return list, nil
}

// Tile gives one full tile.
func (s *Store) Tile(ctx context.Context, level int, index uint64) ([]byte, error) {
	var body []byte
	err := s.read.QueryRowContext(ctx, "SELECT body FROM tiles WHERE level = ? AND idx = ?", level, int64(index)).Scan(&body)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, stead.E(stead.Missing, stead.ReasonNone, "there is no tile %d/%d", level, index)
	}
	return body, stead.Because(err, "read a tile")
}

// Get reads one version of an object, 0 being the latest; see authority.Store.
func (s *Store) Get(ctx context.Context, kind stead.RecordKind, id string, version uint64) (stead.Record, error) {
	if version == 0 {
		return s.object(ctx, kind, "ORDER BY version DESC LIMIT 1", id, string(kind))
	}
	return s.object(ctx, kind, "AND version = ?", id, string(kind), int64(version))
}

// object reads the one that the rest of a query chooses.
func (s *Store) object(ctx context.Context, kind stead.RecordKind, rest string, args ...any) (stead.Record, error) {
	err := s.keys.refresh(ctx)
	var body []byte
	if err == nil {
		err = s.read.QueryRowContext(ctx, "SELECT body FROM objects WHERE id = ? AND kind = ? "+rest, args...).Scan(&body)
	}
	if errors.Is(err, sql.ErrNoRows) {
		return nil, stead.E(stead.Missing, stead.ReasonUnknown, "there is no such %s", kind)
	}
	if err != nil {
		return nil, stead.Because(err, "read an object")
	}
	return s.keys.record(kind, body)
}

// At reads an object as the first index events left it: as it was when the event at index was written, and as a
// view at index has it. Errors: missing, broken.
func (s *Store) At(ctx context.Context, kind stead.RecordKind, id string, index uint64) (stead.Record, error) {
	return s.object(ctx, kind, "AND idx < ? ORDER BY version DESC LIMIT 1", id, string(kind), int64(index))
}

// Event reads one event of the log, its sealed parts opened as far as their keys are there. Index counts from 0.
// Kind missing: there is none, or its segment was pruned.
func (s *Store) Event(ctx context.Context, index uint64) (authority.StoredEvent, error) {
	var list []row
	err := s.Latest(ctx)
	if err == nil {
		list, err = s.rows(ctx, index, 1)
	}
	if err != nil {
		return authority.StoredEvent{}, stead.Because(err, "read an event")
	}
	if len(list) == 0 || index >= s.Head().Size {
		return authority.StoredEvent{}, stead.E(stead.Missing, stead.ReasonNone, "there is no event %d", index)
	}
	if list[0].event == nil {
		return authority.StoredEvent{Index: index, Leaf: list[0].leaf}, stead.E(stead.Missing, stead.ReasonNone, "event %d was pruned", index)
	}
	return s.opened(index, list[0])
}

// Stored gives the bytes that the leaf of an event is the hash of.
func (s *Store) Stored(ctx context.Context, index uint64) ([]byte, error) {
	list, err := s.rows(ctx, index, 1)
	if err != nil {
		return nil, stead.Because(err, "read an event")
	}
	if len(list) == 0 || list[0].event == nil {
		return nil, stead.E(stead.Missing, stead.ReasonNone, "there is no event %d", index)
	}
	return list[0].event, nil
}

func (s *Store) opened(index uint64, r row) (authority.StoredEvent, error) {
	e, _, _, err := s.keys.read(r.event)
	return authority.StoredEvent{Index: index, Event: e, Leaf: r.leaf}, err
}

// Bytes gives what is stored of the events [index, index+n), as many as there are, with their leaves; nil is what was
// pruned.
func (s *Store) Bytes(ctx context.Context, index uint64, n int) (stored [][]byte, leaves []stead.Hash, err error) {
	list, err := s.rows(ctx, index, n)
	if err == nil && len(list) == 0 {
		err = corrupt("the log has no event %d", index)
	}
	for _, r := range list {
		stored, leaves = append(stored, r.event), append(leaves, r.leaf)
	}
	return stored, leaves, stead.Because(err, "read the log")
}
