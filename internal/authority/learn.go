package authority

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/steadhq/stead"
)

// Learn puts an agent into learn mode: what it asks for beyond its entitlements is refused as ever, and on record as what it
// was. By who answers for it, and admins. Errors: refused, missing, invalid.
func (a *Authority) Learn(ctx context.Context, by By, id stead.PrincipalID, task, reason string, length time.Duration) (stead.Registration, error) {
	t := attempt{verb: "learning.begin", by: by, subject: id, what: with(with(with(nil, "task", task), "because", reason), "for", length.String())}
	return a.reregister(ctx, t, "learning.begun", func(s *State, r stead.Registration, now time.Time) (stead.Registration, error) {
		if err := a.teaches(s, by, r, now); err != nil {
			return r, err
		}
		r.Learning = stead.Learning{Task: task, Reason: reason, By: by.Principal, Since: now, Until: now.Add(length)}
		switch {
		case r.Learning.Wrong() != "":
			return r, stead.E(stead.Invalid, stead.ReasonRequest, "%s", r.Learning.Wrong())
		case task != "" && r.Task(task) == nil:
			return r, stead.E(stead.Missing, stead.ReasonScope, "the agent has declared no task %s", task)
		}
		return r, nil
	})
}

// EndLearning ends learn mode before its time. What was learned stays on record. By who answers for the agent, and admins.
// Errors: refused, missing, conflict.
func (a *Authority) EndLearning(ctx context.Context, by By, id stead.PrincipalID) (stead.Registration, error) {
	t := attempt{verb: "learning.end", by: by, subject: id}
	return a.reregister(ctx, t, "learning.ended", func(s *State, r stead.Registration, now time.Time) (stead.Registration, error) {
		if err := a.teaches(s, by, r, now); err != nil {
			return r, err
		}
		if !r.Learning.On(now) {
			return r, stead.E(stead.Conflict, stead.ReasonState, "it does not learn")
		}
		r.Learning.Until = now
		return r, nil
	})
}

// teaches tells who may put an agent into learn mode: who answers for it, and admins.
func (a *Authority) teaches(s *State, by By, r stead.Registration, now time.Time) error {
	if by.Principal == r.Owner {
		_, err := own(s, by, now)
		return err
	}
	return a.may(s, by, now, Admin)
}

// lacked is what stands in the refusal of an attempt: what the caller asked for beyond its entitlements, where it learns.
func (s *State) lacked(t attempt, err error, now time.Time) string {
	r, task := s.Agent(t.by.Principal), t.what["task"]
	if m := s.Mandate(t.mandate); m != nil {
		task = m.Task
	}
	if r == nil || len(t.wants) == 0 || t.by.Key == "" || stead.ReasonOf(err) != stead.ReasonScope || !learns(r, task, now) {
		return ""
	}
	return inWants(r.Lacks(t.wants))
}

// learns tells whether an agent learns what a task of it needs.
func learns(r *stead.Registration, task string, now time.Time) bool {
	return r.Learning.On(now) && (r.Learning.Task == "" || r.Learning.Task == task)
}

// wantsOf is what stands in the record of an agent's request: the columns that it named where it was allowed, what it wanted
// where it was refused while it learns. Only a proved key, and a service about what it may ask about, say what an agent wants.
func wantsOf(q stead.Question, f stead.Facts, d stead.Decision) string {
	proved := f.Instance != nil && f.Instance.Agent == q.Actor || f.Evaluator != nil && f.App != nil && slices.Contains(f.Evaluator.Apps, f.App.ID)
	if f.Agent == nil || !proved || d.Allow && len(q.Columns) == 0 && q.Rows == "" {
		return ""
	}
	task := ""
	if f.Mandate != nil {
		task = f.Mandate.Task
	}
	if !d.Allow && (!learns(f.Agent, task, d.At) || f.Agent.Allows([]stead.Entitlement{q.Wants()})) {
		return ""
	}
	var arguments []string
	for name := range q.Given {
		arguments = append(arguments, name)
	}
	if w, ok := stead.WantOf(q.Wants(), arguments...); ok {
		return inWants([]stead.Want{w})
	}
	return ""
}

// mostWants bounds, in bytes, what one event says of what was wanted. The longest single want fits.
const mostWants = 32 << 10

func inWants(all []stead.Want) string {
	for ; len(all) > 0; all = all[:len(all)/2] {
		if raw, err := json.Marshal(all); err == nil && len(raw) <= mostWants {
			return string(raw)
		}
	}
	return ""
}
