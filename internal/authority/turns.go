package authority

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/steadhq/stead"
)

// due tells why a mandate is over, as far as time tells: of a request also that nobody is left to agree.
func due(s *State, m stead.Mandate, now time.Time) stead.Reason {
	r := m.Over(now, s.Acted(m.ID))
	if r == stead.ReasonNone && m.Lapsed(finder(s), now) {
		return stead.ReasonExpired
	}
	return r
}

// turnKey counts how many turns of a stage have been made known.
func turnKey(id stead.MandateID, stage int) string {
	return "turn/" + string(id) + "/" + strconv.Itoa(stage)
}

// turn is what time did to a request and nobody was told: the stage, its last turn, and how many there were. What was slept
// through is one: that others may agree outweighs that somebody is reminded.
func turn(s *State, m stead.Mandate, now time.Time) (stage int, last stead.Turn, n int) {
	if stage = m.Stage(finder(s)); m.State != stead.Asked || stage == len(m.Stages) {
		return stage, last, 0
	}
	told := int(s.Count(turnKey(m.ID, stage)))
	for i, t := range m.Turns(stage, now) {
		if t.At.After(now) {
			break
		}
		if i >= told {
			last, n = stead.Turn{At: t.At, Step: t.Step, More: last.More || t.More}, i+1
		}
	}
	return stage, last, n
}

// tell makes known that those who may agree are reminded, or that others may too: each once, on whatever node.
func (a *Authority) tell(ctx context.Context, id stead.MandateID) error {
	return a.run(ctx, attempt{verb: "mandate.remind", mandate: id}, func(s *State, now time.Time) ([]stead.Change, error) {
		m := s.Mandate(id)
		if m == nil || due(s, *m, now) != stead.ReasonNone {
			return nil, nil
		}
		stage, last, n := turn(s, *m, now)
		if n == 0 {
			return nil, nil
		}
		kind, step := stead.EventKind("mandate.reminded"), m.Stages[stage].Steps()[last.Step]
		if last.More {
			kind = "mandate.escalated"
		}
		c := moved(kind, *m, stead.ReasonNone)
		c.Event.What["stage"], c.Event.What["groups"] = strconv.Itoa(stage+1), strings.Join(step.Groups, ", ")
		c.Records = nil
		c.Counts = []stead.Count{{Key: turnKey(id, stage), Op: stead.CountPass, N: int64(n), Until: m.StartBy.Add(stead.Day)}}
		return []stead.Change{c}, nil
	})
}
