package authority

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/steadhq/stead"
)

// dump lays a state open as plain maps, found by its own ways to find things.
type dump struct {
	Index, Moved uint64
	People       map[stead.PrincipalID]stead.Principal
	Named        map[string]stead.PrincipalID
	Humans       map[stead.PersonKey][]stead.PrincipalID
	Secrets      map[stead.PrincipalID]stead.Credentials
	Sessions     map[stead.SessionID]stead.Session
	Logins       map[stead.PrincipalID][]stead.SessionID
	Passes       map[string]stead.SessionID
	Mandates     map[stead.MandateID]stead.Mandate
	BySession    map[stead.SessionID][]stead.MandateID
	ByActor      map[stead.PrincipalID][]stead.MandateID
	BySubject    map[stead.PrincipalID][]stead.MandateID
	Bundles      map[string]stead.Bundle
	Counts       map[string]int64
}

var (
	somePeople   = []stead.PrincipalID{"p0", "p1", "p2"}
	someHumans   = []stead.PersonKey{"h0", "h1"}
	someAccounts = []string{"a0", "a1", "a2", "a3"}
	someSessions = []stead.SessionID{"s0", "s1", "s2"}
	somePasses   = []string{"x0", "x1", "x2", "x3"}
	someMandates = []stead.MandateID{"m0", "m1", "m2"}
	someCounters = []string{"c0", "c1", "seen/s0"}
)

func newDump() dump {
	return dump{0, 0, map[stead.PrincipalID]stead.Principal{}, map[string]stead.PrincipalID{}, map[stead.PersonKey][]stead.PrincipalID{},
		map[stead.PrincipalID]stead.Credentials{}, map[stead.SessionID]stead.Session{}, map[stead.PrincipalID][]stead.SessionID{},
		map[string]stead.SessionID{}, map[stead.MandateID]stead.Mandate{}, map[stead.SessionID][]stead.MandateID{},
		map[stead.PrincipalID][]stead.MandateID{}, map[stead.PrincipalID][]stead.MandateID{}, map[string]stead.Bundle{}, map[string]int64{}}
}

// open reads a state through its methods alone.
func open(s *State) dump {
	d := newDump()
	d.Index, d.Moved = s.Index(), s.Moved()
	s.Principals(func(p *stead.Principal) { d.People[p.ID] = *p })
	s.Sessions(func(e *stead.Session) { d.Sessions[e.ID] = *e })
	s.Mandates(func(m *stead.Mandate) { d.Mandates[m.ID] = *m })
	for _, a := range someAccounts {
		if p := s.Named("d", a); p != nil {
			d.Named[a] = p.ID
		}
	}
	for _, k := range someHumans {
		put(d.Humans, k, s.Accounts(k))
	}
	for _, id := range somePeople {
		if c := s.Credentials(id); c != nil {
			d.Secrets[id] = *c
		}
		put(d.Logins, id, s.SessionsOf(id))
		put(d.ByActor, id, s.MandatesBy(id))
		put(d.BySubject, id, s.MandatesFor(id))
	}
	for _, id := range someSessions {
		put(d.BySession, id, s.MandatesOf(id))
	}
	for _, x := range somePasses {
		if e := s.PassedSession(x); e != nil {
			d.Passes[x] = e.ID
		}
	}
	for _, id := range []string{PolicyBundle, StagedBundle} {
		if b := s.Bundle(id); b != nil {
			d.Bundles[id] = *b
		}
	}
	for _, c := range someCounters {
		if n := s.Count(c); n != 0 {
			d.Counts[c] = n
		}
	}
	return d
}

func put[K comparable, V ~string](m map[K][]V, k K, list []V) {
	if len(list) > 0 {
		m[k] = slices.Sorted(slices.Values(list))
	}
}

// expect builds the same from the live records alone, the slow and simple way.
func expect(live map[stead.RecordRef]stead.Record, counts map[string]int64, index, moved uint64) dump {
	d := newDump()
	d.Index, d.Moved = index, moved
	for _, r := range live {
		switch r := r.(type) {
		case stead.Principal:
			d.People[r.ID], d.Named[r.Name] = r, r.ID
			put(d.Humans, r.Person, append(d.Humans[r.Person], r.ID))
		case stead.Credentials:
			d.Secrets[r.Principal] = r
		case stead.Session:
			d.Sessions[r.ID] = r
			put(d.Logins, r.Principal, append(d.Logins[r.Principal], r.ID))
			for _, p := range r.Passes {
				d.Passes[p.Hash] = r.ID
			}
		case stead.Mandate:
			d.Mandates[r.ID] = r
			put(d.ByActor, r.Actor, append(d.ByActor[r.Actor], r.ID))
			put(d.BySubject, r.Subject, append(d.BySubject[r.Subject], r.ID))
		case stead.Bundle:
			d.Bundles[r.ID] = r
		}
	}
	for _, m := range d.Mandates { // a session's mandates are its owner's
		if e, ok := d.Sessions[m.Session]; ok && e.Principal == m.Actor {
			put(d.BySession, m.Session, append(d.BySession[m.Session], m.ID))
		}
	}
	for k, n := range counts {
		if n != 0 {
			d.Counts[k] = n
		}
	}
	return d
}

// A kept is the plain telling of what a state must hold.
type kept struct {
	live         map[stead.RecordRef]stead.Record
	last         map[stead.RecordRef]uint64 // the live version
	counts       map[string]int64
	index, moved uint64
}

func (k kept) clone() kept {
	k.live, k.last, k.counts = maps.Clone(k.live), maps.Clone(k.last), maps.Clone(k.counts)
	return k
}

func (k *kept) put(c stead.Change, index uint64) {
	for _, n := range c.Counts {
		switch n.Op {
		case stead.CountAdd:
			k.counts[n.Key] += n.N
		case stead.CountRaise:
			k.counts[n.Key] = max(k.counts[n.Key], n.N)
		case stead.CountPass:
			k.counts[n.Key] = n.N
		}
	}
	for _, r := range c.Records {
		key := r.Ref()
		key.Version = 0
		if r.Live() {
			k.live[key], k.last[key] = r, r.Ref().Version
		} else {
			delete(k.live, key)
			delete(k.last, key)
		}
	}
	if k.index = index; len(c.Records) > 0 {
		k.moved = index
	}
}

// next draws a change that may follow.
func (k *kept) next(t *rapid.T) stead.Change {
	gone := rapid.IntRange(0, 4).Draw(t, "gone") == 0
	version := func(kind stead.RecordKind, id string) uint64 { return k.last[stead.RecordRef{Kind: kind, ID: id}] + 1 }
	var r stead.Record
	switch rapid.IntRange(0, 5).Draw(t, "kind") {
	case 0:
		p := stead.Principal{ID: rapid.SampledFrom(somePeople).Draw(t, "id"), Directory: "d", Deleted: gone}
		p.Person = rapid.SampledFrom(someHumans).Draw(t, "human")
		p.Name = rapid.SampledFrom(someAccounts).Filter(func(a string) bool { return k.free(a, p.ID) }).Draw(t, "name")
		p.Version = version(stead.KindPrincipal, string(p.ID))
		r = p
	case 1:
		c := stead.Credentials{Principal: rapid.SampledFrom(somePeople).Draw(t, "id"), Password: "h"}
		if gone {
			c.Password = ""
		}
		c.Version = version(stead.KindCredentials, string(c.Principal))
		r = c
	case 2:
		e := stead.Session{ID: rapid.SampledFrom(someSessions).Draw(t, "id")}
		e.Principal = somePeople[int(e.ID[1]-'0')]
		e.Passes = []stead.Pass{{Host: "h", Hash: fmt.Sprint("x", e.ID[1:], "")}}
		if rapid.Bool().Draw(t, "two passes") && e.ID == "s0" {
			e.Passes = append(e.Passes, stead.Pass{Host: "api", Hash: "x3"})
		}
		if gone {
			e.Ended = time.Unix(1, 0)
		}
		e.Version = version(stead.KindSession, string(e.ID))
		r = e
	case 3:
		m := stead.Mandate{ID: rapid.SampledFrom(someMandates).Draw(t, "id"), State: stead.Active}
		i := int(m.ID[1] - '0')
		m.Session, m.Actor, m.Subject = rapid.SampledFrom(someSessions).Draw(t, "session"), somePeople[i/2], somePeople[2]
		if gone {
			m.State = stead.Ended
		}
		m.Version = version(stead.KindMandate, string(m.ID))
		r = m
	case 4:
		b := stead.Bundle{ID: rapid.SampledFrom([]string{PolicyBundle, StagedBundle}).Draw(t, "id"), Digest: "d"}
		b.Version = version(stead.KindBundle, b.ID)
		r = b
	default:
		key := rapid.SampledFrom(someCounters).Draw(t, "key")
		n := stead.Count{Key: key, Op: rapid.SampledFrom([]stead.CountOp{stead.CountAdd, stead.CountRaise, stead.CountPass}).Draw(t, "op"),
			N: rapid.Int64Range(0, 9).Draw(t, "n")}
		if n.Op == stead.CountPass {
			n.N = k.counts[key] + 1
		}
		return stead.Change{Counts: []stead.Count{n}}
	}
	return stead.Change{Records: []stead.Record{r}}
}

func (k *kept) free(account string, id stead.PrincipalID) bool {
	for _, r := range k.live {
		if p, ok := r.(stead.Principal); ok && p.Name == account && p.ID != id {
			return false
		}
	}
	return true
}

// What is staged is seen on the stage only; a dropped stage was never there; a merged one is what the plain maps say.
func TestStagedIsMerged(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := &View{}
		truth := kept{live: map[stead.RecordRef]stead.Record{}, last: map[stead.RecordRef]uint64{}, counts: map[string]int64{}}
		for range rapid.IntRange(1, 8).Draw(t, "batches") {
			stage, after := v.Stage(), truth.clone()
			before := open(&v.state)
			for range rapid.IntRange(0, 6).Draw(t, "changes") {
				trial, then := stage.Stage(), after.clone()
				c := then.next(t)
				then.put(c, then.index+1)
				if err := trial.Put(c, then.index); err != nil {
					t.Fatalf("%+v: %v", c, err)
				}
				compare(t, "trial", trial, then)
				if rapid.IntRange(0, 3).Draw(t, "dropped") > 0 {
					stage.Merge(trial)
					after = then
				}
				compare(t, "stage", stage, after)
			}
			if diff := cmp.Diff(before, open(&v.state), cmpopts.EquateEmpty()); diff != "" {
				t.Fatalf("what is staged shows below: %s", diff)
			}
			if rapid.IntRange(0, 3).Draw(t, "failed") > 0 {
				v.Apply(stage)
				truth = after
			}
			v.Read(func(s *State) { compare(t, "view", s, truth) })
			if v.Index() != truth.index {
				t.Fatalf("the view is at %d, not %d", v.Index(), truth.index)
			}
		}
	})
}

func compare(t *rapid.T, what string, s *State, k kept) {
	if diff := cmp.Diff(expect(k.live, k.counts, k.index, k.moved), open(s), cmpopts.EquateEmpty()); diff != "" {
		t.Fatalf("%s: %s", what, diff)
	}
}

// Versions have no gaps, and a counter that refuses refuses the change (S-I14, S-I15).
func TestPutRefuses(t *testing.T) {
	s := &State{}
	if err := s.Put(stead.Change{Records: []stead.Record{stead.Session{ID: "s", Version: 1}}, Counts: []stead.Count{
		{Key: "used", Op: stead.CountPass, N: 5}, {Key: "budget", Op: stead.CountAdd, N: 9, Max: 10}}}, 1); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		stead.Change
		reason stead.Reason
		kind   stead.Kind
	}{
		"the same version":  {stead.Change{Records: []stead.Record{stead.Session{ID: "s", Version: 1}}}, stead.ReasonState, stead.Conflict},
		"a gap":             {stead.Change{Records: []stead.Record{stead.Session{ID: "s", Version: 3}}}, stead.ReasonState, stead.Conflict},
		"version 0":         {stead.Change{Records: []stead.Record{stead.Mandate{ID: "m"}}}, stead.ReasonState, stead.Conflict},
		"first is 2":        {stead.Change{Records: []stead.Record{stead.Bundle{ID: "b", Version: 2}}}, stead.ReasonState, stead.Conflict},
		"first principal":   {stead.Change{Records: []stead.Record{stead.Principal{ID: "p", Version: 2}}}, stead.ReasonState, stead.Conflict},
		"first credentials": {stead.Change{Records: []stead.Record{stead.Credentials{Principal: "p", Version: 2}}}, stead.ReasonState, stead.Conflict},
		"used":              {stead.Change{Counts: []stead.Count{{Key: "used", Op: stead.CountPass, N: 5}}}, stead.ReasonUsed, stead.Conflict},
		"used before":       {stead.Change{Counts: []stead.Count{{Key: "used", Op: stead.CountPass, N: 4}}}, stead.ReasonUsed, stead.Conflict},
		"spent":             {stead.Change{Counts: []stead.Count{{Key: "budget", Op: stead.CountAdd, N: 2, Max: 10}}}, stead.ReasonBudget, stead.Conflict},
		"overflow":          {stead.Change{Counts: []stead.Count{{Key: "budget", Op: stead.CountAdd, N: math.MaxInt64, Max: 10}}}, stead.ReasonBudget, stead.Conflict},
		"no such operation": {stead.Change{Counts: []stead.Count{{Key: "x", Op: "halve"}}}, stead.ReasonBroken, stead.Broken},
	} {
		if err := s.Stage().Put(c.Change, 2); stead.KindOf(err) != c.kind || stead.ReasonOf(err) != c.reason {
			t.Errorf("%s: %v", name, err)
		}
	}
	if s.Count("used") != 5 || s.Count("budget") != 9 || s.Session("s").Version != 1 || s.Index() != 1 {
		t.Error("a refused stage left something below")
	}
}

func TestStateFinds(t *testing.T) {
	s := &State{}
	at := time.UnixMicro(1_700_000_000_000_000)
	must(t, s.Put(stead.Change{
		Records: []stead.Record{
			stead.Principal{ID: "p", Version: 1, Directory: "d", Name: "sam"}, stead.Principal{ID: "q", Version: 1, Directory: "d", Name: "dana"},
			stead.Session{ID: "s", Version: 1, Principal: "p"},
			stead.Mandate{ID: "m1", Version: 1, Actor: "p", Session: "s", State: stead.Approved}, stead.Mandate{ID: "m2", Version: 1, Actor: "p", Session: "s", State: stead.Suspended},
			stead.Bundle{ID: PolicyBundle, Version: 1, Digest: "d1"}},
		Counts: []stead.Count{{Key: "seen/s", Op: stead.CountRaise, N: at.UnixMicro()}, {Key: "acted/m2", Op: stead.CountRaise, N: at.UnixMicro()}},
	}, 1))
	if m := s.Acting("s"); m == nil || m.ID != "m2" || s.Acting("t") != nil {
		t.Errorf("acting: %+v", m)
	}
	if s.PolicyDigest() != "d1" || (&State{}).PolicyDigest() != "" {
		t.Error("the digest of the bundle in force")
	}
	for _, state := range []*State{s, s.Stage(), s.Stage().Stage()} {
		if !state.Seen("s").Equal(at) || !state.Acted("m2").Equal(at) || !state.Seen("other").IsZero() {
			t.Errorf("%s, %s", state.Seen("s"), state.Acted("m2"))
		}
	}
	if got := s.Accounts(""); len(got) != 0 {
		t.Errorf("accounts without a person key are no human: %v", got)
	}
	if s.Named("other", "sam") != nil || s.Named("d", "nobody") != nil {
		t.Error("found who is not there")
	}
	s.SetCount(stead.Count{Key: "c", N: 3})
	if s.ForgetCount("c"); s.Count("c") != 0 {
		t.Error("not forgotten")
	}
	if s.At(9, 4); s.Index() != 9 || s.Moved() != 4 {
		t.Error("at")
	}
}

// An account may take a name in the same change in which another gives it up, in either order.
func TestNamesChangeHands(t *testing.T) {
	for _, order := range [][2]int{{0, 1}, {1, 0}} {
		s := &State{}
		must(t, s.Put(stead.Change{Records: []stead.Record{
			stead.Principal{ID: "p", Version: 1, Directory: "d", Name: "sam"}, stead.Principal{ID: "q", Version: 1, Directory: "d", Name: "dana"}}}, 1))
		moves := []stead.Record{stead.Principal{ID: "p", Version: 2, Directory: "d", Name: "old"}, stead.Principal{ID: "q", Version: 2, Directory: "d", Name: "sam"}}
		must(t, s.Put(stead.Change{Records: []stead.Record{moves[order[0]], moves[order[1]]}}, 2))
		if p := s.Named("d", "sam"); p == nil || p.ID != "q" {
			t.Errorf("order %v: sam is %+v", order, p)
		}
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
