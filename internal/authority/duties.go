package authority

import (
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"slices"
	"time"

	"github.com/steadhq/stead"
)

// Exclusion finds an exclusion by name, retired ones too; Exclusions lists those in force.
func (s *State) Exclusion(name string) *stead.Exclusion { return s.exclusions.get(name) }
func (s *State) Exclusions(f func(*stead.Exclusion)) {
	s.exclusions.each(func(_ string, x *stead.Exclusion) {
		if !x.Retired {
			f(x)
		}
	})
}

// duties adds to the facts the exclusions that a question touches, and what is known of those who ask.
func (s *State) duties(f *stead.Facts, q stead.Question, now time.Time) {
	who := append([]stead.PrincipalID{q.Actor, q.Subject}, q.Via...)
	var of party
	s.Exclusions(func(x *stead.Exclusion) {
		d, touched := x.Duty(q)
		if !touched {
			return
		}
		if of == nil {
			of = s.party(who, q.Mandate)
		}
		if x.Doing() {
			s.did(&d, of, now)
		} else {
			d.Other, d.Beside = heldBy(s.keptBy(x, d.Side.Other(), of, f, who...))
		}
		f.Duties = append(f.Duties, d)
	})
	inOrder(f.Duties)
}

// inOrder makes the same duties say the same.
func inOrder(all []stead.Duty) {
	slices.SortStableFunc(all, func(a, b stead.Duty) int { return cmp.Compare(a.Exclusion.Name, b.Exclusion.Name) })
}

// A party is the keys of those who count as one.
type party []stead.PersonKey

// party finds on whose account somebody acts: each of those named and of those whose mandates a mandate was narrowed from,
// and who answers for the agents among them.
func (s *State) party(who []stead.PrincipalID, of stead.MandateID) (all party) {
	for m, n := s.Mandate(of), 0; m != nil && n < mostSteps; m, n = s.Mandate(m.Parent), n+1 {
		who = append(who, m.Actor, m.Subject)
	}
	for _, id := range who {
		all = s.with(all, id)
		if r := s.Agent(id); r != nil {
			all = s.with(all, r.Owner)
		}
	}
	return all
}

// mostSteps bounds a walk along mandates.
const mostSteps = 64

func (s *State) with(all party, id stead.PrincipalID) party {
	key := stead.PersonKey(id) // of whom no person is known, he himself is one
	if p := s.Principal(id); p != nil && p.Person != "" {
		key = p.Person
	}
	if id == "" || slices.Contains(all, key) {
		return all
	}
	return append(all, key)
}

// agents are the registrations of all that acts for a party.
func (s *State) agentsOf(of party) (all []*stead.Registration) {
	var ids []stead.PrincipalID
	for _, key := range of {
		for _, id := range list(s.humans.get(key)) {
			ids = append(append(ids, id), s.Owned(id)...)
		}
	}
	slices.Sort(ids)
	for _, id := range slices.Compact(ids) {
		if r := s.Agent(id); r != nil {
			all = append(all, r)
		}
	}
	return all
}

// heldBy says so in words that tell nobody whose that is.
func heldBy(r *stead.Registration) (string, stead.PrincipalID) {
	if r == nil {
		return "", ""
	}
	return "an agent of somebody who counts as one with whoever this is for may do that; who may read the record sees which", r.Principal
}

// holds finds who of a party holds a side of an exclusion, of those that had it before an agent: nil is none, who comes after
// all of them. What an agent holds by itself counts against it too.
func (s *State) holds(x *stead.Exclusion, side stead.Side, of party, before *stead.Registration) *stead.Registration {
	for _, r := range s.agentsOf(of) {
		if before != nil && before.Principal != r.Principal && younger(*r, *before) {
			continue
		}
		if s.holding(x, side, r) != "" {
			return r
		}
	}
	return nil
}

// keptBy is holds for all who stand behind a question: what came before the last of its agents counts against it, and where a
// person acts, or is acted for, everything.
func (s *State) keptBy(x *stead.Exclusion, side stead.Side, of party, f *stead.Facts, who ...stead.PrincipalID) *stead.Registration {
	last := f.Agent
	for _, id := range who {
		last = lastOf(last, s.Agent(id))
		if p := s.Principal(id); p != nil && p.Kind == stead.Person {
			if r := s.holds(x, side, s.with(nil, id), nil); r != nil {
				return r
			}
		}
	}
	for _, l := range f.Above {
		last = lastOf(last, l.Agent)
	}
	return s.holds(x, side, of, last)
}

// lastOf is whichever of two agents was registered last; nil is none.
func lastOf(a, b *stead.Registration) *stead.Registration {
	if a == nil || b != nil && younger(*b, *a) {
		return b
	}
	return a
}

// younger tells which of two was registered later.
func younger(a, b stead.Registration) bool {
	return cmp.Or(a.Since.Compare(b.Since), cmp.Compare(a.Principal, b.Principal)) > 0
}

func (s *State) holding(x *stead.Exclusion, side stead.Side, r *stead.Registration) string {
	for _, t := range r.Tasks {
		for _, e := range t.Grants {
			if on, _ := x.Touches(e); on&side == 0 {
				continue
			}
			text := fmt.Sprintf("%s, of the same party, may %s %s in %s for its task %s", s.called(r.Principal), e.Action, e.Resource, e.System, t.ID)
			for _, id := range s.MandatesBy(r.Principal) {
				if m := s.Mandate(id); m.Task == t.ID {
					return text + " (mandate " + string(id) + ", " + string(m.State) + ")"
				}
			}
			return text
		}
	}
	return ""
}

func (s *State) called(id stead.PrincipalID) string {
	if p := s.Principal(id); p != nil {
		return p.String()
	}
	return string(id)
}

// did reads what a party did on a thing, and names the counters that say so.
func (s *State) did(d *stead.Duty, of party, now time.Time) {
	for _, key := range of {
		mark := dutyKey(d.Exclusion.Name, d.Thing, key)
		d.Marks = append(d.Marks, mark)
		if n := s.counts.get(mark); n != nil && stead.Side(n.N) != d.Side && (n.Until.IsZero() || now.Before(n.Until)) {
			d.Other = "whoever this is done for has done the other on " + d.Thing
		}
	}
}

// dutyKey names the counter that says which side of an exclusion a party did on a thing.
func dutyKey(exclusion, thing string, key stead.PersonKey) string {
	h := sha256.New()
	for _, part := range []string{exclusion, thing, string(key)} {
		_ = binary.Write(h, binary.BigEndian, uint64(len(part))) // a hash takes everything
		h.Write([]byte(part))
	}
	return "duty/" + base64.RawURLEncoding.EncodeToString(h.Sum(nil))
}

// marked is a change with the marks of what an allowed request does, or lets be done at the latest at some time.
func marked(c stead.Change, f stead.Facts, at time.Time) stead.Change {
	for _, d := range f.Duties {
		var until time.Time
		if d.Exclusion.Within > 0 {
			until = at.Add(time.Duration(d.Exclusion.Within))
		}
		for _, mark := range d.Marks {
			c.Counts = append(c.Counts, stead.Count{Key: mark, Op: stead.CountKeep, N: int64(d.Side), Until: until})
		}
	}
	return c
}

// marks tells whether a yes leaves any.
func marks(f stead.Facts) bool {
	return slices.ContainsFunc(f.Duties, func(d stead.Duty) bool { return len(d.Marks) > 0 })
}

// sameDuties tells whether the marks that stand beside a decision are those that it would leave now.
func sameDuties(before, now []stead.Duty) bool {
	held := func(d stead.Duty) bool { return len(d.Marks) == 0 }
	before, now = slices.DeleteFunc(slices.Clone(before), held), slices.DeleteFunc(slices.Clone(now), held)
	return slices.EqualFunc(before, now, func(a, b stead.Duty) bool { return a.Side == b.Side && slices.Equal(a.Marks, b.Marks) })
}

// excluded refuses a registration that would make a party hold both sides of an exclusion.
func (s *State) excluded(r stead.Registration) (err error) {
	of := s.with(s.with(party{r.Person}, r.Owner), r.Principal)
	s.Exclusions(func(x *stead.Exclusion) {
		if err != nil || x.Doing() {
			return
		}
		err = s.meets(x, r, of)
	})
	return err
}

func (s *State) meets(x *stead.Exclusion, r stead.Registration, of party) error {
	var own stead.Side
	for _, t := range r.Tasks {
		for _, e := range t.Grants {
			on, _ := x.Touches(e)
			own |= on
		}
	}
	if own == stead.First+stead.Second {
		return excludes(x, "it would hold both by itself")
	}
	if own == 0 {
		return nil
	}
	for _, other := range s.agentsOf(of) {
		if other.Principal == r.Principal {
			continue
		}
		if text := s.holding(x, own.Other(), other); text != "" {
			return excludes(x, text)
		}
	}
	return nil
}

func excludes(x *stead.Exclusion, text string) error {
	return stead.E(stead.Refused, stead.ReasonDuty, "the exclusion %s keeps this apart from something else (%s): %s", x.Name, x.Purpose, text)
}

// wished sets in the facts of an agent the exclusions about holding that what it wishes for touches, for itself, for whoever
// it acts for and by all from whom it has it.
func (s *State) wished(f *stead.Facts, grants []stead.Entitlement) {
	who := []stead.PrincipalID{f.Agent.Principal}
	if f.Subject != nil {
		who = append(who, f.Subject.ID)
	}
	var from stead.MandateID
	if len(f.Above) > 0 {
		from = f.Above[0].Mandate.ID
	}
	of := s.party(who, from)
	f.Duties = nil
	s.Exclusions(func(x *stead.Exclusion) {
		for _, e := range grants {
			if on, _ := x.Touches(e); on != 0 && !x.Doing() {
				d := stead.Duty{Exclusion: x, Wants: e, Side: on}
				d.Other, d.Beside = heldBy(s.keptBy(x, on.Other(), of, f, who...))
				f.Duties = append(f.Duties, d)
			}
		}
	})
	inOrder(f.Duties)
}
