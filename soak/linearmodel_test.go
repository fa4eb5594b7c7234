package soak

import (
	"slices"

	"github.com/anishathalye/porcupine"
	"github.com/steadhq/stead"
)

// A moment is what the model knows of one mandate. It says in few lines what a mandate is, and knows nothing of how
// the authority and the store come to it.
type moment struct {
	state    stead.State
	why      stead.Reason
	version  uint64
	stage    int
	voted    uint8
	extended int
}

// A move is what somebody tries; voter says which of the approvers he is. Late says for which answers of the clock it
// may have been judged: a verb reads the clock when it is decided, and its effect is seen when it is on disk, so a move
// that was under way when the time ran out may have been judged either way.
type move struct {
	verb  string
	voter int
	late  []bool
}

// A result is what he was told: no, or yes and what the mandate is then.
type result struct {
	ok      bool
	state   stead.State
	why     stead.Reason
	version uint64
}

func (m moment) result() result { return result{true, m.state, m.why, m.version} }

func (m moment) live() bool { return m.state != stead.Ended }

func (m moment) begun() bool { return m.state == stead.Active || m.state == stead.Suspended }

func (m moment) to(s stead.State) moment { m.state, m.version = s, m.version+1; return m }

func (m moment) ends(why stead.Reason) moment { m.why = why; return m.to(stead.Ended) }

// expires is what becomes of it when somebody notices that its time is over.
func (m moment) expires() moment {
	switch {
	case !m.live():
		return m
	case m.begun():
		return m.ends(stead.ReasonExpired)
	}
	return m.ends(stead.ReasonNotStarted)
}

// A rulebook is the model of mandates whose stages these approvers may agree to, a bit for each.
type rulebook []uint8

// votes tells whether an approver's word counts.
func (r rulebook) votes(m moment, voter int) bool {
	return m.state == stead.Asked && m.voted&(1<<voter) == 0 && r[m.stage]&(1<<voter) != 0
}

// try gives what a move makes of a moment, and whether it is allowed.
func (r rulebook) try(m moment, v move, late bool) (moment, bool) {
	switch v.verb {
	case "approve":
		if late || !r.votes(m, v.voter) {
			return m, false
		}
		m.stage, m.voted = m.stage+1, m.voted|1<<v.voter
		if m.stage == len(r) {
			return m.to(stead.Approved), true
		}
		return m.to(stead.Asked), true
	case "refuse":
		return m.ends(stead.ReasonRefused), !late && r.votes(m, v.voter)
	case "withdraw":
		return m.ends(stead.ReasonWithdrawn), m.live() && !m.begun()
	case "start":
		return m.to(stead.Active), m.state == stead.Approved && !late
	case "extend":
		m.extended++
		return m.to(stead.Active), m.state == stead.Active && !late && m.extended <= 3
	case "suspend":
		return m.to(stead.Suspended), m.state == stead.Active && !late
	case "resume":
		return m.to(stead.Active), m.state == stead.Suspended && !late
	case "end":
		return m.ends(stead.ReasonCompleted), m.begun()
	case "revoke":
		return m.ends(stead.ReasonRevoked), m.live()
	}
	panic(v.verb)
}

// step gives the moments that may follow, none when the result can not be.
func (r rulebook) step(state, input, output any) (next []any) {
	m, v, out := state.(moment), input.(move), output.(result)
	for _, late := range v.late {
		next = append(next, r.follow(m, v, out, late)...)
	}
	return next
}

func (r rulebook) follow(m moment, v move, out result, late bool) []any {
	switch v.verb {
	case "sweep":
		if late {
			m = m.expires()
		}
		return []any{m}
	case "read":
		if out != m.result() {
			return nil
		}
		return []any{m}
	case "use":
		switch {
		case out.ok != (m.state == stead.Active && !late):
			return nil
		case late:
			return []any{m, m.expires()} // who finds it over may be the one who ends it
		}
		return []any{m}
	}
	next, ok := r.try(m, v, late)
	switch {
	case ok != out.ok || ok && out != next.result():
		return nil
	case !ok:
		return []any{m}
	}
	return []any{next}
}

// explains tells whether one order of the moves gives what everybody was told. The first "time" among them is when it
// ran out.
func (r rulebook) explains(history []porcupine.Operation) bool {
	at := slices.IndexFunc(history, func(o porcupine.Operation) bool { return o.Input.(move).verb == "time" })
	out := history[at]
	var moves []porcupine.Operation
	for _, o := range history {
		v := o.Input.(move)
		switch {
		case v.verb == "time":
			continue
		case o.Return < out.Call:
			v.late = []bool{false}
		case o.Call > out.Return:
			v.late = []bool{true}
		default:
			v.late = []bool{false, true}
		}
		o.Input = v
		moves = append(moves, o)
	}
	model := porcupine.NondeterministicModel{
		Init: func() []any { return []any{moment{state: stead.Asked, version: 1}} },
		Step: r.step,
	}
	return porcupine.CheckOperations(model.ToModel(), moves)
}
