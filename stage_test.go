package stead_test

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	. "github.com/steadhq/stead"
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func hours(n int) Duration { return Duration(time.Duration(n) * time.Hour) }

// escalating: security has two hours, then the leads may too, for one hour; then it is over.
func escalating() Stage {
	return Stage{Groups: []string{"staff/security"}, Count: 1, Within: hours(2), Then: []Step{{Groups: []string{"staff/lead"}, Within: hours(1)}}}
}

// Who may vote, and whether it is over, is told by the clock alone: nothing was swept here (A6, D8).
func TestStageEscalates(t *testing.T) {
	endless := escalating()
	endless.Then[0].Within = 0
	for _, r := range []struct {
		name   string
		stage  Stage
		voter  PrincipalID
		after  time.Duration
		kind   Kind
		reason Reason
		state  State
	}{
		{"the first in time", escalating(), "olga", time.Hour, "", "", Approved},
		{"the next too early", escalating(), "lee", 2*time.Hour - 1, Refused, ReasonApprover, Asked},
		{"the next at its moment", escalating(), "lee", 2 * time.Hour, "", "", Approved},
		{"the first still may", escalating(), "olga", 2*time.Hour + time.Minute, "", "", Approved},
		{"the last moment", escalating(), "lee", 3*time.Hour - 1, "", "", Approved},
		{"nobody is left", escalating(), "lee", 3 * time.Hour, Conflict, ReasonExpired, Asked},
		{"nor of the first", escalating(), "olga", 3 * time.Hour, Conflict, ReasonExpired, Asked},
		{"the last without a time", endless, "lee", 8 * time.Hour, "", "", Approved},
		{"the request's own time", endless, "lee", 10 * time.Hour, Conflict, ReasonNotStarted, Asked},
		{"no time at all", Stage{Groups: []string{"staff/security"}, Count: 1}, "lee", 9 * time.Hour, Refused, ReasonApprover, Asked},
	} {
		c := newCourt(r.stage)
		c.m.AskedAt, c.m.StartBy = noon, noon.Add(10*time.Hour)
		m, err := Approve(c.m, c.voter(r.voter), c.m.Digest, "", noon.Add(r.after))
		if KindOf(err) != r.kind || ReasonOf(err) != r.reason || m.State != r.state {
			t.Errorf("%s: %s %s, %s (%v)", r.name, KindOf(err), ReasonOf(err), m.State, err)
		}
		if m, err := Refuse(c.m, c.voter(r.voter), c.m.Digest, "", noon.Add(r.after)); KindOf(err) != r.kind || (err == nil) != (m.State == Ended) {
			t.Errorf("%s: a no: %v, %s", r.name, err, m.State)
		}
		if over := c.m.Over(noon.Add(r.after), noon); (over == ReasonExpired) != (r.reason == ReasonExpired) || r.reason == ReasonNotStarted && over != r.reason {
			t.Errorf("%s: over %q", r.name, over)
		}
	}
}

// The time of a stage begins with the last yes before it; a yes whose giver is gone was never given, for the time too.
func TestStageTime(t *testing.T) {
	c := newCourt(Stage{Groups: []string{"lead"}, Count: 1, Within: hours(2)}, escalating())
	c.m.AskedAt, c.m.StartBy = noon, noon.Add(24*time.Hour)
	c.m = must(Approve(c.m, c.voter("lee"), c.m.Digest, "", noon.Add(time.Hour)))
	if w := c.m.Waited(1, noon.Add(90*time.Minute)); w != 30*time.Minute {
		t.Errorf("waited %s", w)
	}
	late := noon.Add(3*time.Hour + time.Minute) // two hours after that yes: the leads may, and the one who voted has voted
	if err := second(Approve(c.m, c.voter("lee"), c.m.Digest, "", late)); ReasonOf(err) != ReasonUsed {
		t.Error(err)
	}
	if c.m.Lapsed(c.who, late) || c.m.Over(late, late) != ReasonNone {
		t.Error("lapsed with the next stage in time")
	}
	gone := c.people["lee"]
	gone.Disabled = true
	c.people["lee"] = gone
	if !c.m.Lapsed(c.who, late) {
		t.Error("the first stage lost its yes after its time, and goes on")
	}
	if err := second(Approve(c.m, c.voter("omar"), c.m.Digest, "", late)); ReasonOf(err) != ReasonExpired {
		t.Error(err)
	}
}

// A yes of the next group counts as long as its giver is in it, and never for who was not reached when he gave it.
func TestStageRecountsSteps(t *testing.T) {
	c := newCourt(escalating())
	c.m.AskedAt, c.m.StartBy = noon, noon.Add(24*time.Hour)
	c.m = must(Approve(c.m, c.voter("lee"), c.m.Digest, "", noon.Add(2*time.Hour)))
	if c.m.Stage(c.who) != 1 {
		t.Fatal("the yes of who stepped in does not count")
	}
	early := c.m
	early.Approvals = slices.Clone(c.m.Approvals)
	early.Approvals[0].At = noon.Add(time.Hour)
	if early.Stage(c.who) != 0 {
		t.Error("a yes counts that was given before its giver could")
	}
	p := c.people["lee"]
	p.Groups = nil
	c.people["lee"] = p
	if c.m.Stage(c.who) != 0 {
		t.Error("the yes of who left the group counts") // S-I7
	}
}

// Everything about a stage's time is in the digest that a yes binds (R31, D6).
func TestStageDigest(t *testing.T) {
	digest := func(s Stage) string { return Mandate{Stages: []Stage{s}}.Sum() }
	plain := Stage{Groups: []string{"a"}, Count: 1}
	if got := plain.String(); got != "a: 1" {
		t.Errorf("%q: what is approved already would be void", got)
	}
	seen := map[string]bool{}
	for _, s := range []Stage{plain, {Groups: []string{"a"}, Count: 1, Within: 1}, {Groups: []string{"a"}, Count: 1, Within: 2},
		{Groups: []string{"a"}, Count: 1, Within: 1, Then: []Step{{Groups: []string{"b"}}}}, {Groups: []string{"a"}, Count: 1, Within: 1, Then: []Step{{Groups: []string{"c"}}}},
		{Groups: []string{"a"}, Count: 1, Within: 1, Then: []Step{{Groups: []string{"b"}, Within: 1}}}} {
		if d := digest(s); seen[d] {
			t.Errorf("%s has the digest of another", s)
		} else {
			seen[d] = true
		}
	}
}

func TestTurns(t *testing.T) {
	m := Mandate{State: Asked, AskedAt: noon, StartBy: noon.Add(24 * time.Hour), Stages: []Stage{escalating(), {Groups: []string{"x"}, Count: 1}}}
	at := func(h float64) time.Time { return noon.Add(time.Duration(h * float64(time.Hour))) }
	want := []Turn{{at(1), 0, false}, {at(1.8), 0, false}, {at(2), 1, true}, {at(2.5), 1, false}, {at(2.9), 1, false}}
	if got := m.Turns(0, noon); !slices.Equal(got, want) {
		t.Errorf("%v", got)
	}
	if got := m.Turns(1, noon); !slices.Equal(got, []Turn{{at(12), 0, false}, {at(21.6), 0, false}}) {
		t.Errorf("%v", got)
	}
	m.StartBy = noon.Add(time.Hour) // the request ends before anybody could step in
	if got := m.Turns(0, noon); len(got) != 2 || got[0].More || got[1].More {
		t.Errorf("%v", got)
	}
}

// Whoever is eligible stays it until the stage is over; with time, more people are, never fewer.
func TestStageGrows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := Stage{Groups: []string{"g0"}, Count: 1, Within: Duration(rapid.IntRange(0, 5).Draw(t, "w"))}
		for i := range rapid.IntRange(0, 3).Draw(t, "steps") {
			s.Then = append(s.Then, Step{Groups: []string{"g" + string(rune('1'+i))}, Within: Duration(rapid.IntRange(0, 5).Draw(t, "w"))})
		}
		p := Principal{Directory: "staff", Groups: []string{"g" + string(rune('0'+rapid.IntRange(0, 3).Draw(t, "g")))}}
		was := false
		for waited := range time.Duration(30) {
			is := s.Eligible(p, waited)
			if was && !is {
				t.Fatalf("%s: %s not any more after %d", s, p.Groups, waited)
			}
			if is && !s.Names(p) {
				t.Fatalf("%s does not name %s", s, p.Groups)
			}
			if over := s.Reached(waited) == len(s.Then)+1; over != (s.Life() > 0 && waited >= s.Life()) {
				t.Fatalf("%s: over %t after %d, life %s", s, over, waited, s.Life())
			}
			was = is
		}
	})
}

// A comment is never a vote, and nothing else of the request moves.
func TestSay(t *testing.T) {
	c := newCourt(two())
	c.m.AskedAt = noon
	m := must(Say(c.m, "olga", " I approve.\n Yes! ", noon))
	if m.Stage(c.who) != 0 || m.State != Asked || m.Digest != m.Sum() || len(m.Approvals) != 0 || m.Version != c.m.Version+1 {
		t.Errorf("%+v", m)
	}
	if m.Comments[0] != (Comment{By: "olga", Text: "I approve. Yes!", At: noon}) {
		t.Errorf("%+v", m.Comments)
	}
	m = must(Approve(m, c.voter("olga"), c.m.Digest, "", noon)) // who has commented has not voted
	full := m
	full.Comments = make([]Comment, MostComments)
	long := make([]byte, MostText+1)
	for i := range long {
		long[i] = 'x'
	}
	ended := m
	ended.State, ended.Why = Ended, ReasonWithdrawn
	for name, err := range map[string]error{
		string(ReasonReason): second(Say(m, "olga", " \n", noon)), string(ReasonRequest): second(Say(m, "olga", string(long), noon)),
		string(ReasonTooMany): second(Say(full, "olga", "x", noon)), string(ReasonWithdrawn): second(Say(ended, "olga", "x", noon)),
		string(ReasonNotStarted): second(Say(m, "olga", "x", noon.Add(2*time.Hour))),
	} {
		if ReasonOf(err) != Reason(name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// An agent approves nothing: not for itself, its owner, a sibling, a child, or a stranger, in whatever group it is (D3).
func TestAgentsApproveNothing(t *testing.T) {
	for _, asker := range []PrincipalID{"bot", "sam", "sibling", "child", "stranger"} {
		c := newCourt(two())
		for id, person := range map[PrincipalID]PersonKey{"sibling": "h6", "child": "h8", "stranger": "h9"} {
			c.people[id] = Principal{ID: id, Kind: Agent, Person: person, Directory: Agents}
		}
		c.m.Actor, c.m.Subject, c.m.AskedAt = asker, asker, noon
		voter := c.voter("bot")
		voter.Owner = c.people["olga"]
		for _, vote := range []func(Mandate, Approver, string, string, time.Time) (Mandate, error){Approve, Refuse} {
			if m, err := vote(c.m, voter, c.m.Digest, "", noon); KindOf(err) != Refused || ReasonOf(err) != ReasonApprover || m.State != Asked {
				t.Errorf("for %s: %v, %s", asker, err, m.State)
			}
		}
	}
}
