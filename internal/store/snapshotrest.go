package store

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/steadhq/stead"
)

// A Rest follows the events of a snapshot and knows what must lie beside them: counters, marks of what is live, the
// columns of the head, spans of time, keys of people.
type Rest struct {
	s              *Snapshot
	size, pruned   uint64 // as the head row says
	counted, moved uint64
	clock          int64
	projected      uint64 // as the projection says
	tallies        map[string]*tally
	now, then      int64  // µs: the latest event, the latest that is counted
	changed        uint64 // number of the last event that wrote an object
	spans          map[uint64][2]string
	named          map[int64]uint64 // first event that says something under a key
	erased         map[string]uint64
	reader         *reader
	unopened       []wrong
}

// A tally is a counter as the events lead to it. One that is over may be forgotten from then on: least is its value
// where it was as soon as could be, most where it never was.
type tally struct {
	most, least  int64
	until, since int64 // when it is over: of most, of least
	last         uint64
}

// A wrong is what is not as the events [from, to) lead to.
type wrong struct {
	from, to   uint64
	what, text string
}

// say tells what is wrong.
type say func(from, to uint64, what, text string)

// Rest is what is to be known beside the rows.
func (s *Snapshot) Rest() *Rest {
	r := &Rest{s: s, tallies: map[string]*tally{}, spans: map[uint64][2]string{}, named: map[int64]uint64{}, erased: map[string]uint64{}}
	if s.o.Sealer != nil && s.keys != nil {
		r.reader = &reader{keys: s.keys, decoder: stead.NewDecoder()}
	}
	return r
}

func (r *Rest) begin(ctx context.Context) error {
	err := r.s.log.QueryRowContext(ctx, "SELECT size, pruned, counted, moved, clock FROM head").
		Scan(&r.size, &r.pruned, &r.counted, &r.moved, &r.clock)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	if err == nil && r.s.copy.queryer != nil {
		err = r.s.copy.QueryRowContext(ctx, reachedPlace).Scan(&r.projected)
	}
	return stead.Because(err, "read the head of the log")
}

// Event takes note of what an event leads to.
func (r *Rest) Event(index uint64, stored []byte) {
	text := string(member(stored, "at"))
	at, err := time.Parse(stead.TimeForm, text)
	if err != nil {
		r.unopened = append(r.unopened, wrong{index, index + 1, "event", "this event has no time"})
		return
	}
	if index < r.counted {
		r.count(index, stored)
		r.then = max(r.now, at.UnixMicro())
	}
	r.now = max(r.now, at.UnixMicro())
	if bytes.Contains(stored, []byte(`"records":[`)) {
		r.changed = index + 1
	}
	if index < r.projected {
		span, some := r.spans[index/segmentSize]
		if !some {
			span = [2]string{text, text}
		}
		r.spans[index/segmentSize] = [2]string{min(span[0], text), max(span[1], text)}
	}
	for _, id := range sealedUnder(stored) {
		r.name(id, index)
	}
	if string(member(stored, "kind")) == "person.erased" {
		r.erased[string(member(stored, "subject"))] = index
	}
}

func (r *Rest) count(index uint64, stored []byte) {
	counts, err := countsOf(stored)
	if err != nil {
		r.unopened = append(r.unopened, wrong{index, index + 1, "event", "what this event counted can not be read"})
	}
	for _, c := range counts {
		t := r.tallies[c.Key]
		if t == nil {
			t = &tally{}
			r.tallies[c.Key] = t
		}
		if t.since != 0 && t.since <= r.now {
			t.least, t.since = 0, 0
		}
		t.most, t.least, t.last = moved(t.most, c).N, moved(t.least, c).N, index
		if !c.Until.IsZero() {
			t.until, t.since = c.Until.UnixMicro(), c.Until.UnixMicro()
		}
	}
}

// Wrong tells what does not follow from the events.
func (r *Rest) Wrong(ctx context.Context, tell func(from, to uint64, what, text string)) error {
	for _, w := range r.unopened {
		tell(w.from, w.to, w.what, w.text)
	}
	r.head(tell)
	for _, look := range []func(context.Context, say) error{r.counters, r.marks, r.times, r.keys} {
		if err := look(ctx, tell); err != nil {
			return stead.Because(err, "read the store")
		}
	}
	return nil
}

// head compares the columns that no checkpoint signs.
func (r *Rest) head(tell say) {
	if r.counted > r.size || r.counted < r.pruned {
		tell(r.size, r.size+1, "head", fmt.Sprintf("the counters can not be those of event %d", r.counted))
	}
	if r.moved != r.changed && !(r.changed == 0 && r.moved <= r.pruned) {
		tell(r.size, r.size+1, "head", fmt.Sprintf("the head says that event %d changed something last: it was %d", int64(r.moved)-1, int64(r.changed)-1))
	}
	if r.clock != r.now {
		tell(r.size, r.size+1, "head", "the time in the head is not that of the latest event")
	}
}

// counters compares every counter with the events that moved it.
func (r *Rest) counters(ctx context.Context, tell say) error {
	rows, err := r.s.log.QueryContext(ctx, "SELECT key, n, until FROM counters")
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var key string
		var n, until int64
		err := rows.Scan(&key, &n, &until)
		t := r.tallies[key]
		delete(r.tallies, key)
		switch {
		case err != nil && t != nil:
			tell(t.last, t.last+1, "counter", fmt.Sprintf("%q is no number; this event counted it last", key))
			continue
		case err != nil:
			tell(r.counted, r.counted+1, "counter", "a counter can not be read")
			continue
		}
		switch {
		case t == nil && r.pruned > 0 && until != 0 && until <= r.then: // it is over, and so are the events that moved it
		case t == nil:
			tell(r.counted, r.counted+1, "counter", fmt.Sprintf("%q is counted, and no event did that", key))
		case n < t.least || n > t.most:
			tell(t.last, t.last+1, "counter", fmt.Sprintf("%q stands at %d; this event, the last that counted it, led to %d", key, n, t.most))
		case until != t.until && until != t.since:
			tell(t.last, t.last+1, "counter", fmt.Sprintf("%q may be forgotten at another time than this event said", key))
		}
	}
	for key, t := range r.tallies {
		if t.until == 0 || t.until > r.then {
			tell(t.last, t.last+1, "counter", fmt.Sprintf("%q is gone; this event counted it last", key))
		}
	}
	return rows.Err()
}

// marks compares which objects are marked as live: latest versions whose body, which an event's digest covers, says so.
func (r *Rest) marks(ctx context.Context, tell say) error {
	rows, err := r.s.log.QueryContext(ctx, `SELECT idx, kind, id, version FROM objects o WHERE live IS DISTINCT FROM CASE WHEN substr(body, 1, 1) = ?
		AND NOT EXISTS (SELECT 1 FROM objects l WHERE l.id = o.id AND l.kind = o.kind AND l.version = o.version + 1) THEN 1 ELSE 0 END
		ORDER BY idx`, []byte{1})
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var index, version uint64
		var kind, id string
		if err := rows.Scan(&index, &kind, &id, &version); err != nil {
			return err
		}
		tell(index, index+1, "mark", fmt.Sprintf("%s %s version %d is not marked as what it is, live or past", kind, id, version))
	}
	return rows.Err()
}

// times compares the spans of time of the segments. Of a segment that was pruned in part they remember more.
func (r *Rest) times(ctx context.Context, tell say) error {
	if r.s.copy.queryer == nil || !r.s.files() {
		return nil
	}
	rows, err := r.s.copy.QueryContext(ctx, "SELECT segment, low, high FROM spans ORDER BY segment")
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var segment uint64
		var low, high string
		if err := rows.Scan(&segment, &low, &high); err != nil {
			return err
		}
		first, want := segment*segmentSize, r.spans[segment]
		delete(r.spans, segment)
		if [2]string{low, high} != want && (first >= r.pruned || low > want[0] || high < want[1]) {
			tell(first, first+segmentSize, "span", "these events are filed under other times than they have")
		}
	}
	for segment := range r.spans {
		tell(segment*segmentSize, (segment+1)*segmentSize, "span", "these events are filed under no time")
	}
	return rows.Err()
}
