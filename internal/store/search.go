package store

import (
	"cmp"
	"context"
	"database/sql"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
)

// A search finds events: the few that are filed under a name by their rows, else by the blocks, and what only rows can
// tell by these. It never reads one thing while it reads another: who waits for a second connection with one in his hand
// keeps everybody else who does the same waiting too.
type search struct {
	db    tables
	q     authority.EventQuery
	where *clause
	names []name    // a row that is looked for is filed under one of these; none: under any
	last  uint64    // index after the last that is looked at
	until time.Time // it is given up then; zero: never

	enough bool   // nobody wants more
	come   uint64 // how far it has come: the index after the last, or of the first if the newest come first
}

// A hit is an event that a query chooses.
type hit struct {
	index   uint64
	at      int64 // µs
	refused bool
}

const (
	atOnce = 500  // rows that are looked at by number
	few    = 4000 // rows that are read sooner than blocks
	most   = 1000 // buckets that are read at once
)

// looking makes a search. What was pruned may stand in a block still.
func looking(db tables, q authority.EventQuery, pruned uint64) *search {
	q.After = max(q.After, pruned)
	like := "LIKE"
	if db.numbered {
		like = "ILIKE"
	}
	return &search{db: db, q: q, where: where(q, like), names: namesOf(q), last: lastOf(q)}
}

func lastOf(q authority.EventQuery) uint64 {
	if q.Before > 0 {
		return q.Before - 1
	}
	return math.MaxInt64
}

// find gives the indexes of the events that a query asks for. At: it took too long, and this is the cursor to go on with.
func (s *search) find(ctx context.Context) (found []uint64, at uint64, err error) {
	whole, err := s.within(s.q.Within).each(ctx, func(hits []hit) bool {
		for _, h := range hits[:min(len(hits), s.q.Limit-len(found))] {
			found = append(found, h.index)
		}
		return len(found) < s.q.Limit
	})
	if err != nil || whole || len(found) == s.q.Limit {
		return found, 0, err
	}
	if s.q.Newest {
		return found, s.come + 1, nil
	}
	return found, s.come, nil
}

// each gives the hits in the order that is asked for, some at a time, until told false. Whole: there were no more, or
// nobody wanted them.
func (s *search) each(ctx context.Context, give func([]hit) bool) (whole bool, err error) {
	beyond := s.q.Decision != "" || s.q.Mandate != "" || s.q.Session != "" // what blocks tell
	switch {
	case len(s.names) == 0:
		return s.blocks(ctx, give)
	case s.db.numbered && len(s.names) == 1 && (beyond || s.q.Limit > 0): // most of the first are hits, often: how many there are is asked later
		if on, whole, err := s.along(ctx, beyond, give); err != nil || !on {
			return whole, err
		}
	}
	list, many, err := s.filed(ctx)
	if err != nil {
		return false, err
	}
	if many && !beyond {
		return s.blocks(ctx, give)
	}
	for n := s.first(); len(list) > 0; n = more(n) {
		part := list[:min(n, len(list))]
		list = list[len(part):]
		hits, err := s.these(ctx, part)
		if err != nil {
			return false, err
		}
		if s.passed(part[len(part)-1]); !give(hits) {
			break
		}
		if len(list) > 0 && s.late() {
			return false, nil
		}
	}
	return true, nil
}

// first is how many rows are looked at first, more how many after so many: each may have to come from a disk, and who wants a
// page has it with the first of them where all are hits.
func (s *search) first() int { return min(cmp.Or(s.q.Limit, atOnce), atOnce) }

func more(n int) int { return min(3*n, atOnce) }

// passed notes that everything was looked at up to an index, and it too.
func (s *search) passed(index uint64) {
	if s.come = index; !s.q.Newest {
		s.come++
	}
}

// on goes on beyond an index.
func (s *search) on(index uint64) {
	if s.passed(index); s.q.Newest {
		s.last = s.come
	} else {
		s.q.After = s.come
	}
}

func (s *search) late() bool { return !s.until.IsZero() && time.Now().After(s.until) }

// A name is what events are filed by: a column, and what stands in it.
type name struct {
	by           byte
	column, text string
}

// namesOf gives the names of what a query names that is the rarest.
func namesOf(q authority.EventQuery) []name {
	for _, n := range []name{{byDecision, "decision", string(q.Decision)}, {byMandate, "mandate", string(q.Mandate)}, {bySession, "session", string(q.Session)},
		{bySubject, "subject", string(q.Subject)}, {byActor, "actor", string(q.Actor)}} {
		if n.text != "" {
			return []name{n}
		}
	}
	if q.Either != "" {
		return []name{{byActor, "actor", string(q.Either)}, {bySubject, "subject", string(q.Either)}}
	}
	return nil
}

func (s *search) direction() string {
	if s.q.Newest {
		return " DESC"
	}
	return ""
}

// filed lists the rows that are filed under one of the names. Many: PostgreSQL, where an index knows them, lists no more than
// show that they are, and no longer than there is time.
func (s *search) filed(ctx context.Context) (list []uint64, many bool, err error) {
	var segments []int64
	if !s.db.numbered {
		if segments, err = s.segments(ctx); err != nil {
			return nil, false, err
		}
	}
	for _, n := range s.names {
		var more []uint64
		if s.db.numbered {
			more, many, err = s.known(ctx, n)
		} else {
			more, err = s.worded(ctx, segments, wordOf(n.by, n.text))
		}
		if err != nil || many {
			return nil, many, err
		}
		list = append(list, more...)
	}
	list = slices.DeleteFunc(list, func(index uint64) bool { return index < s.q.After || index >= s.last })
	return inOrder(list, s.q.Newest), len(list) > few, nil
}

// known reads an index of PostgreSQL's some rows at a time: it must look at each, which may have to come from a disk.
func (s *search) known(ctx context.Context, n name) (list []uint64, many bool, err error) {
	for from, to := int64(s.q.After), int64(s.last); ; {
		found, err := s.indexed(ctx, n, from, to)
		if list = append(list, found...); err != nil || len(found) < atOnce {
			return list, false, err
		}
		if len(list) > few || s.late() {
			return nil, true, nil
		}
		if last := int64(found[len(found)-1]); s.q.Newest {
			to = last
		} else {
			from = last + 1
		}
	}
}

// indexed reads the numbers of the next of the rows [from, to) that an index of PostgreSQL's files under a name.
func (s *search) indexed(ctx context.Context, n name, from, to int64) (list []uint64, err error) {
	under, args := s.under(n, from, to, atOnce)
	found, err := numbers(ctx, s.db, "SELECT idx "+under, args...)
	for _, index := range found {
		list = append(list, uint64(index))
	}
	return list, err
}

// under chooses so many of them. Name and number are compared, and put in order, together: else the planner may go along the
// numbers, through all events of everybody else, or read all rows of the name to put them in order. That the name is not empty is
// what the indexes that leave out what is need to hear.
func (s *search) under(n name, from, to int64, limit int) (text string, args []any) {
	pair := "(" + n.column + ", idx)"
	return "FROM events WHERE " + n.column + " <> '' AND " + pair + " >= (?, ?) AND " + pair + " < (?, ?) ORDER BY " + n.column + s.direction() + ", idx" + s.direction() + " LIMIT ?",
		[]any{n.text, from, n.text, to, limit}
}

// along goes from row to row as an index of PostgreSQL's files them under the name: to the end, or for some steps. On: there is
// more, and time.
func (s *search) along(ctx context.Context, toEnd bool, give func([]hit) bool) (on, whole bool, err error) {
	for n := s.first(); ; n = more(n) {
		hits, seen, err := s.step(ctx, n)
		if err != nil || !give(hits) || seen < n {
			return false, err == nil, err
		}
		if s.late() {
			return false, false, nil
		}
		if n == atOnce && !toEnd {
			return true, false, nil
		}
	}
}

// step looks at the next rows that are filed under the name, n of them at the most.
func (s *search) step(ctx context.Context, n int) (hits []hit, seen int, err error) {
	under, args := s.under(s.names[0], int64(s.q.After), int64(s.last), n)
	fits := "coalesce(" + strings.Join(append([]string{"true"}, s.where.parts...), " AND ") + ", false)" // a text may not be there any more
	hits, all, err := s.hits(ctx, fits, "(SELECT * "+under+") AS events", append(slices.Clone(s.where.args), args...))
	if len(all) > 0 {
		s.on(all[len(all)-1])
	}
	return hits, len(all), err
}

// these looks at rows by their numbers. PostgreSQL is kept from going by anything else: for a name its statistics do not know
// yet it would, and compare each row of it with all the numbers.
func (s *search) these(ctx context.Context, list []uint64) ([]hit, error) {
	in, args := s.db.among("idx", list)
	from := "events WHERE " + in
	if s.db.numbered {
		from = "(SELECT * FROM events WHERE " + in + " OFFSET 0) AS events WHERE true"
	}
	hits, _, err := s.hits(ctx, "true", strings.Join(append([]string{from}, s.where.parts...), " AND "), append(args, s.where.args...))
	return hits, err
}

// hits reads rows, and tells which were seen and which of them are hits.
func (s *search) hits(ctx context.Context, fits, from string, args []any) (hits []hit, seen []uint64, err error) {
	rows, err := s.db.QueryContext(ctx, "SELECT idx, at, outcome, "+fits+" FROM "+from+" ORDER BY idx"+s.direction(), args...)
	if err != nil {
		return nil, nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var h hit
		var at, outcome sql.RawBytes
		var is bool
		if err := rows.Scan(&h.index, &at, &outcome, &is); err != nil {
			return nil, nil, err
		}
		if seen = append(seen, h.index); !is {
			continue
		}
		when, err := time.Parse(stead.TimeForm, string(at))
		if err != nil {
			return nil, nil, err
		}
		h.at, h.refused = when.UnixMicro(), string(outcome) == string(stead.No)
		hits = append(hits, h)
	}
	return hits, seen, rows.Err()
}
