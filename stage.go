package stead

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// A Stage is one step of agreement: so many humans out of these groups, and who steps in where they take too long.
type Stage struct {
	Groups []string `json:"groups"`           // "security" or "staff/security"; one of them is enough
	Count  int      `json:"count"`            // distinct humans
	Within Duration `json:"within,omitempty"` // how long they have; 0: as long as the request waits
	Then   []Step   `json:"then,omitempty"`   // who may agree too afterwards, one after the other
}

// A Step is groups that may agree too once the time of those before them is over.
type Step struct {
	Groups []string `json:"groups"`
	Within Duration `json:"within,omitempty"` // how long until the next; 0: as long as the request waits
}

// Steps are all who may ever agree in the stage, in the order of their time; the first are its own groups.
func (s Stage) Steps() []Step {
	return append([]Step{{Groups: s.Groups, Within: s.Within}}, s.Then...)
}

// Reached is the index of the step that a stage is in after it has waited for so long, len(Steps) when its time is over.
func (s Stage) Reached(waited time.Duration) int {
	for i, step := range s.Steps() {
		if waited -= time.Duration(step.Within); step.Within == 0 || waited < 0 {
			return i
		}
	}
	return len(s.Then) + 1
}

// Life is how long the stage may wait in all, 0 as long as the request.
func (s Stage) Life() time.Duration {
	var all time.Duration
	for _, step := range s.Steps() {
		if step.Within == 0 {
			return 0
		}
		all += time.Duration(step.Within)
	}
	return all
}

// Eligible tells whether p may vote in the stage after it has waited for so long.
func (s Stage) Eligible(p Principal, waited time.Duration) bool {
	return len(p.Marks(s.voters(waited))) > 0
}

// voters are the groups that may agree after the stage has waited for so long.
func (s Stage) voters(waited time.Duration) (all []string) {
	steps := s.Steps()
	for _, step := range steps[:min(s.Reached(waited)+1, len(steps))] {
		all = append(all, step.Groups...)
	}
	return all
}

// Names tells whether p may vote in the stage now or later.
func (s Stage) Names(p Principal) bool {
	return slices.ContainsFunc(s.Steps(), func(step Step) bool { return len(p.Marks(step.Groups)) > 0 })
}

// String writes a stage without doubt: "staff/security, staff/lead: 2 within 2h0m0s then staff/board".
func (s Stage) String() string {
	text := fmt.Sprintf("%s: %d", strings.Join(s.Groups, ", "), s.Count)
	for i, step := range s.Steps() {
		if i > 0 {
			text += " then " + strings.Join(step.Groups, ", ")
		}
		if step.Within > 0 {
			text += " within " + time.Duration(step.Within).String()
		}
	}
	return text
}

func sameStage(a, b Stage) bool { return a.String() == b.String() }

// since is from when on a stage waits, seen from the moment at: from the last yes to a stage before it, else from the asking.
func (m Mandate) since(stage int, at time.Time) time.Time {
	since := m.AskedAt
	for _, a := range m.Approvals {
		if a.Yes && a.Stage < stage && a.At.After(since) && !a.At.After(at) {
			since = a.At
		}
	}
	return since
}

// Waited is how long a stage has waited for its yeses at now.
func (m Mandate) Waited(stage int, now time.Time) time.Duration { return now.Sub(m.since(stage, now)) }

// Lapsed tells whether an asked m has outlived the time of its present stage, nobody being left to step in. A yes whose
// giver counts no more is as if it had never been given, for the time too.
func (m Mandate) Lapsed(who func(PrincipalID) Principal, now time.Time) bool {
	return m.State == Asked && m.lapsed(m.Stage(who), now)
}

func (m Mandate) lapsed(stage int, now time.Time) bool {
	return stage < len(m.Stages) && m.Stages[stage].Reached(m.Waited(stage, now)) > len(m.Stages[stage].Then)
}

// timed tells whether any stage of m has a time of its own.
func (m Mandate) timed() bool {
	return slices.ContainsFunc(m.Stages, func(s Stage) bool { return s.Within > 0 })
}

// Voted is the stage that m would be in if every yes on record still counted.
func (m Mandate) Voted() int {
	for i, s := range m.Stages {
		var humans []Principal
		for _, a := range m.Approvals {
			if p := (Principal{ID: a.By, Person: a.Person}); a.Yes && a.Stage == i && a.Digest == m.Digest && !slices.ContainsFunc(humans, p.SameHuman) {
				humans = append(humans, p)
			}
		}
		if len(humans) < s.Count {
			return i
		}
	}
	return len(m.Stages)
}

// A Turn is a moment in the waiting of a stage: somebody is reminded, or others may agree too.
type Turn struct {
	At   time.Time
	Step int  // which of the stage's steps has its time then
	More bool // its groups may agree from now on; false: they are reminded
}

// Turns are the moments of a stage, in order: a half and nine tenths of each step's time, and the beginning of the next.
// A step without a time has what is left until the request is over.
func (m Mandate) Turns(stage int, now time.Time) (all []Turn) {
	from := m.since(stage, now)
	for i, step := range m.Stages[stage].Steps() {
		until := m.StartBy
		if next := from.Add(time.Duration(step.Within)); step.Within > 0 && next.Before(until) {
			until = next
		}
		if i > 0 {
			all = append(all, Turn{from, i, true})
		}
		if long := until.Sub(from); long > 0 {
			all = append(all, Turn{from.Add(long / 2), i, false}, Turn{from.Add(long / 10 * 9), i, false})
		}
		if from = until; step.Within == 0 || !until.Before(m.StartBy) {
			break
		}
	}
	return all
}

// Standing says by which rules m was approved without anybody's yes, and why that is in order; "" where somebody had to
// agree, or no rule says why. What an agent does for a person has that person's own yes, or another house's word for it.
func (m Mandate) Standing() string {
	if m.Consented() {
		return ""
	}
	var all []string
	for _, r := range m.Rules {
		if r.Reason != "" && len(m.Stages) == 0 {
			all = append(all, r.ID+": "+r.Reason)
		}
	}
	if len(all) == 0 {
		return ""
	}
	return "approved by standing rule " + strings.Join(all, "; ")
}
