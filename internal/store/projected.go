package store

import (
	"context"
	"database/sql/driver"

	"github.com/steadhq/stead"
)

// A projected event is one on its way into the projection.
type projected struct {
	number    uint64
	event     stead.Event
	who, what string // its fields as they were sealed
	leaf      stead.Hash
	k1, k2    int64 // ids of the keys its parts are sealed under: the actor's, the subject's
}

// columns binds what the row of an event says, without the parts of people who were erased meanwhile.
func (r *projected) columns(to []driver.NamedValue, keys *persons) {
	e := &r.event
	var room [len(stead.TimeForm)]byte
	who, what := text(r.who), text(r.what)
	if !keys.there(r.k1) {
		who, what = nil, nil
	} else if !keys.there(r.k2) {
		what = nil
	}
	for i, v := range [...]string{string(e.ID), string(e.Kind), string(stead.AppendTime(room[:0], e.At)), string(e.Actor),
		string(e.Subject), string(e.Mandate), string(e.Session), string(e.Decision), string(e.Of), string(e.Outcome),
		string(e.Reason), string(e.App), e.Policy} {
		bind(&to[1+i], v)
	}
	to[0].Value, to[16].Value, to[17].Value = int64(r.number-1), who, what
	bind(&to[14], int64(e.Status))
	bind(&to[15], e.Size)
	bind(&to[18], r.k1)
	bind(&to[19], r.k2)
}

// bind spares an object of the heap where the row that was bound there before said the same.
func bind[T comparable](to *driver.NamedValue, v T) {
	if was, ok := to.Value.(T); !ok || was != v {
		to.Value = v
	}
}

// text is NULL where nothing is said.
func text(s string) driver.Value {
	if s == "" {
		return nil
	}
	return s
}

func (r *projected) filing() *filing {
	e := &r.event
	return &filing{actor: string(e.Actor), subject: string(e.Subject), mandate: string(e.Mandate),
		session: string(e.Session), decision: string(e.Decision)}
}

// projected reads a stored event for its row.
func (k *persons) projected(stored []byte) (r projected, err error) {
	e, who, what, err := decodeEvent(stored)
	if err != nil {
		return r, err
	}
	r.event = e
	r.k1, r.k2 = keysOf(who, what)
	if r.who, err = k.plain(who); err == nil {
		r.what, err = k.plain(what)
	}
	return r, err
}

// plain opens a sealed part; what was erased is empty.
func (k *persons) plain(sealed []byte) (string, error) {
	if len(sealed) == 0 {
		return "", nil
	}
	b, err := k.unseal(nil, sealed)
	if stead.KindOf(err) == stead.Missing {
		return "", nil
	}
	return string(b), err
}

// projectable reads events from the log.
func (s *Store) projectable(ctx context.Context, after, n uint64) ([]projected, error) {
	rows, err := s.rows(ctx, after, int(n))
	if err != nil {
		return nil, err
	}
	if len(rows) == 0 {
		return nil, corrupt("the log has no event %d", after)
	}
	list := make([]projected, len(rows))
	for i, r := range rows {
		list[i] = projected{number: after + 1 + uint64(i), leaf: r.leaf}
		if r.event == nil {
			continue
		}
		if list[i], err = s.keys.projected(r.event); err != nil {
			return nil, err
		}
		list[i].number, list[i].leaf = after+1+uint64(i), r.leaf
	}
	return list, nil
}
