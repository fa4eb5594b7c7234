package authority

import (
	"slices"
	"time"

	"github.com/steadhq/stead"
)

// A Place is where something stands in a list, newest first. The zero Place is before all.
type Place struct {
	At time.Time
	ID string
}

// before tells whether p comes before q in a list, newest first.
func (p Place) before(q Place) bool {
	if c := p.At.Compare(q.At); c != 0 {
		return c > 0
	}
	return p.ID < q.ID
}

// beyond tells whether p is on a page that begins after q.
func (p Place) beyond(q Place) bool { return q == (Place{}) || q.before(p) }

func placeOf(m *stead.Mandate) Place { return Place{m.AskedAt, string(m.ID)} }

// A roll lists the mandates of one state, oldest first, so that a page need not look at a million of them. What has left
// the state stays until it is tidied: who reads asks the mandate itself.
type roll struct {
	rows []rollRow
	gone int
}

type rollRow struct {
	at int64 // µs
	id stead.MandateID
}

func (r rollRow) place() Place { return Place{time.UnixMicro(r.at).UTC(), string(r.id)} }

// newer tells whether r comes before q in a list, newest first.
func (r rollRow) newer(q rollRow) bool { return r.at > q.at || r.at == q.at && r.id < q.id }

// A move is what became of a mandate in the rolls: it left one state for another, "" being none.
type move struct {
	row      rollRow
	from, to stead.State
}

// move notes a move: at once in the view, with the rest of a stage when that becomes true.
func (s *State) move(m move) {
	if s.mandates.base != nil {
		s.moves = append(s.moves, m)
		return
	}
	if s.rolls == nil {
		s.rolls = map[stead.State]*roll{}
	}
	if m.from != "" {
		s.rolls[m.from].leave(s, m.from)
	}
	if m.to != "" {
		if s.rolls[m.to] == nil {
			s.rolls[m.to] = &roll{}
		}
		s.rolls[m.to].enter(m.row, s.loading)
	}
}

// enrol notes what state a mandate came to.
func (s *State) enrol(old *stead.Mandate, m stead.Mandate) {
	v := move{row: rollRow{m.AskedAt.UnixMicro(), m.ID}}
	if old != nil {
		v.from = old.State
	}
	if m.Live() {
		v.to = m.State
	}
	if v.from != v.to {
		s.move(v)
	}
}

func (r *roll) enter(row rollRow, loading bool) {
	if n := len(r.rows); loading || n == 0 || row.newer(r.rows[n-1]) {
		r.rows = append(r.rows, row)
		return
	}
	i, there := r.find(row.place())
	if there {
		r.gone-- // it had left and is back
		return
	}
	r.rows = slices.Insert(r.rows, i, row)
}

// call puts the rolls in order when all is loaded.
func (s *State) call() {
	s.loading = false
	for _, r := range s.rolls {
		slices.SortFunc(r.rows, func(a, b rollRow) int {
			if a.newer(b) {
				return 1
			}
			return -1
		})
		r.rows = slices.Compact(r.rows)
	}
}

// find tells where a place is or would be.
func (r *roll) find(p Place) (int, bool) {
	return slices.BinarySearchFunc(r.rows, p, func(row rollRow, p Place) int {
		switch q := row.place(); {
		case p.before(q):
			return -1
		case q.before(p):
			return 1
		}
		return 0
	})
}

// leave counts what has left, and tidies when that is more than what is there.
func (r *roll) leave(s *State, state stead.State) {
	r.gone++
	if r.gone <= len(r.rows)/2+64 {
		return
	}
	r.rows = slices.DeleteFunc(r.rows, func(row rollRow) bool {
		m := s.mandates.get(row.id)
		return m == nil || m.State != state
	})
	r.gone = 0
}

// looked is how many rows one page looks at, however few of them it wants.
const looked = 20_000

// roster calls f for the mandates in some states, newest first, beyond a place, until f takes no more or enough were
// looked at. It gives the place it came to, zero at the end.
func (s *State) roster(states []stead.State, after Place, f func(*stead.Mandate) bool) Place {
	left := make([]rest, 0, len(states))
	for _, state := range states {
		if r := s.rolls[state]; r != nil {
			end := len(r.rows)
			if after != (Place{}) {
				end, _ = r.find(after)
			}
			left = append(left, rest{state, r.rows[:end]})
		}
	}
	var before, at rollRow // one mandate may have several rows, of which it has left all but one
	for n := 0; ; n++ {
		next := newest(left)
		if next == nil {
			return Place{}
		}
		row := next.last()
		switch {
		case row != at && n >= looked:
			return at.place()
		case row != at:
			before, at = at, row
		}
		if m := s.mandates.get(row.id); m != nil && m.State == next.state && !f(m) {
			if before == (rollRow{}) {
				return after
			}
			return before.place()
		}
		next.rows = next.rows[:len(next.rows)-1]
	}
}

// A rest is what is left of a roll to be looked at.
type rest struct {
	state stead.State
	rows  []rollRow
}

func (r *rest) last() rollRow { return r.rows[len(r.rows)-1] }

func newest(left []rest) (best *rest) {
	for i := range left {
		if r := &left[i]; len(r.rows) > 0 && (best == nil || r.last().newer(best.last())) {
			best = r
		}
	}
	return best
}
