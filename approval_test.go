package stead_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	. "github.com/steadhq/stead"
)

// A court is a request that waits for approvals, and those who may be asked.
type court struct {
	m      Mandate
	people map[PrincipalID]Principal
}

func (c *court) who(id PrincipalID) Principal { return c.people[id] }

func (c *court) voter(id PrincipalID) Approver {
	return Approver{Principal: c.people[id], Asker: c.people[c.m.Actor], Who: c.who}
}

func newCourt(stages ...Stage) *court {
	c := &court{people: map[PrincipalID]Principal{}}
	for _, p := range []Principal{
		{ID: "sam", Person: "h1", Groups: []string{"support"}}, {ID: "sam2", Person: "h1", Groups: []string{"security"}},
		{ID: "dana", Person: "h2"}, {ID: "dana2", Person: "h2", Groups: []string{"security"}},
		{ID: "olga", Person: "h3", Groups: []string{"security"}}, {ID: "omar", Person: "h4", Groups: []string{"security", "lead"}},
		{ID: "omar2", Person: "h4", Groups: []string{"security", "lead"}}, {ID: "lee", Person: "h5", Groups: []string{"lead"}},
		{ID: "bot", Person: "h6", Kind: Agent, Groups: []string{"security"}}, {ID: "gone", Person: "h7", Disabled: true, Groups: []string{"security"}},
	} {
		if p.Kind == "" {
			p.Kind = Person
		}
		p.Directory = "staff"
		c.people[p.ID] = p
	}
	c.m = Mandate{ID: "m", Version: 1, State: Asked, Actor: "sam", Subject: "dana", StartBy: noon.Add(time.Hour), Stages: stages,
		Bounds: Bounds{Length: Duration(10 * time.Minute), Start: Duration(15 * time.Minute)}}
	c.m.Digest = c.m.Sum()
	return c
}

func two() Stage { return Stage{Groups: []string{"staff/security"}, Count: 2} }

// D1, D3, D4, D8, S-I7, S-I8, S-I9: each row votes in turn; the last vote is the one judged.
func TestVotes(t *testing.T) {
	for _, r := range []struct {
		name   string
		change func(*court)
		voters []PrincipalID
		kind   Kind
		reason Reason
		state  State
	}{
		{"one of two", nil, []PrincipalID{"olga"}, "", "", Asked},
		{"two of two", nil, []PrincipalID{"olga", "omar"}, "", "", Approved},
		{"the same twice", nil, []PrincipalID{"olga", "olga"}, Conflict, ReasonUsed, Asked},
		{"the same human by another account", nil, []PrincipalID{"omar", "omar2"}, Conflict, ReasonUsed, Asked},
		{"the asker", func(c *court) { c.people["sam"] = c.people["sam2"] }, []PrincipalID{"sam2"}, Refused, ReasonOwn, Asked},
		{"the asker's other account", nil, []PrincipalID{"sam2"}, Refused, ReasonOwn, Asked},
		{"the subject", nil, []PrincipalID{"dana"}, Refused, ReasonOwn, Asked},
		{"the subject's other account", nil, []PrincipalID{"dana2"}, Refused, ReasonOwn, Asked},
		{"not eligible", nil, []PrincipalID{"lee"}, Refused, ReasonApprover, Asked},
		{"an agent", nil, []PrincipalID{"bot"}, Refused, ReasonApprover, Asked},
		{"disabled", nil, []PrincipalID{"gone"}, Refused, ReasonApprover, Asked},
		{"nobody", nil, []PrincipalID{"stranger"}, Refused, ReasonApprover, Asked},
		{"too late", func(c *court) { c.m.StartBy = noon }, []PrincipalID{"olga"}, Conflict, ReasonNotStarted, Asked},
		{"ended", func(c *court) { c.m.State, c.m.Why = Ended, ReasonWithdrawn }, []PrincipalID{"olga"}, Conflict, ReasonWithdrawn, Ended},
		{"approved already", nil, []PrincipalID{"olga", "omar", "eve"}, Conflict, ReasonState, Approved},
		{"in force", func(c *court) { c.m.State, c.m.Until = Active, noon.Add(time.Hour) }, []PrincipalID{"olga"}, Conflict, ReasonState, Active},
		{"what was seen is not what is asked", func(c *court) { c.m.Digest = "newer" }, []PrincipalID{"olga"}, Conflict, ReasonVoid, Asked},
		{"stage after stage", func(c *court) {
			c.m.Stages = []Stage{{Groups: []string{"lead"}, Count: 1}, {Groups: []string{"staff/security"}, Count: 1}}
		}, []PrincipalID{"lee", "olga"}, "", "", Approved},
		{"the second stage first", func(c *court) {
			c.m.Stages = []Stage{{Groups: []string{"lead"}, Count: 1}, {Groups: []string{"staff/security"}, Count: 1}}
		}, []PrincipalID{"olga"}, Refused, ReasonApprover, Asked},
		{"one human for both stages", func(c *court) {
			c.m.Stages = []Stage{{Groups: []string{"lead"}, Count: 1}, {Groups: []string{"staff/security"}, Count: 1}}
		}, []PrincipalID{"omar", "omar2"}, Conflict, ReasonUsed, Asked},
	} {
		c := newCourt(two())
		seen := c.m.Digest
		if r.change != nil {
			r.change(c)
		}
		var err error
		for _, v := range r.voters {
			version := c.m.Version
			if c.m, err = Approve(c.m, c.voter(v), seen, "fine", noon); (err == nil) != (c.m.Version == version+1) {
				t.Errorf("%s: version %d after %d, %v", r.name, c.m.Version, version, err)
			}
		}
		if KindOf(err) != r.kind || ReasonOf(err) != r.reason || c.m.State != r.state {
			t.Errorf("%s: %s %s, %s (%v)", r.name, KindOf(err), ReasonOf(err), c.m.State, err)
		}
	}
}

func TestApproved(t *testing.T) {
	c := newCourt(Stage{Groups: []string{"lead"}, Count: 1})
	m, err := Approve(c.m, c.voter("lee"), c.m.Digest, "fine", noon)
	if err != nil || m.State != Approved || m.StartBy != noon.Add(15*time.Minute) {
		t.Fatalf("%+v, %v", m, err) // R13: the start window begins with the approval
	}
	if a := m.Approvals[0]; a != (Approval{By: "lee", Person: "h5", Yes: true, Digest: c.m.Digest, Comment: "fine", At: noon}) {
		t.Errorf("%+v", a)
	}
	while := c.voter("lee")
	if while.Acting = true; ReasonOf(second(Approve(c.m, while, c.m.Digest, "", noon))) != ReasonChain {
		t.Error("who acts for somebody approves") // R6
	}
	c = newCourt(two())
	if m, err := Refuse(c.m, c.voter("olga"), c.m.Digest, "no", noon); err != nil || m.State != Ended || m.Why != ReasonRefused || m.EndedBy != "olga" || m.Approvals[0].Yes {
		t.Errorf("%+v, %v", m, err)
	}
	if m, err := Refuse(c.m, c.voter("sam2"), c.m.Digest, "", noon); ReasonOf(err) != ReasonOwn || m.State != Asked {
		t.Errorf("%+v, %v", m, err)
	}
}

// The quorum counts humans as they are now, not as they were when they voted (S-I7).
func TestStageRecounts(t *testing.T) {
	for name, change := range map[string]func(*court){
		"disabled":         func(c *court) { p := c.people["olga"]; p.Disabled = true; c.people["olga"] = p },
		"gone":             func(c *court) { delete(c.people, "olga") },
		"out of the group": func(c *court) { p := c.people["olga"]; p.Groups = nil; c.people["olga"] = p },
		"one human now":    func(c *court) { p := c.people["olga"]; p.Person = "h4"; c.people["olga"] = p },
		"other digest":     func(c *court) { c.m.Digest = "newer" },
		"a no":             func(c *court) { c.m.Approvals[0].Yes = false },
		"another stage":    func(c *court) { c.m.Approvals[0].Stage = 1 },
	} {
		c := newCourt(two())
		for _, v := range []PrincipalID{"olga", "omar"} {
			c.m, _ = Approve(c.m, c.voter(v), c.m.Digest, "", noon)
		}
		if c.m.State != Approved || c.m.Stage(c.who) != 1 {
			t.Fatalf("%s: %+v", name, c.m)
		}
		if change(c); c.m.Stage(c.who) != 0 {
			t.Errorf("%s: the yes still counts", name)
		}
	}
}

// Whatever the votes, Approved means so many different eligible humans, none of them the asker or the subject.
func TestQuorumOfHumans(t *testing.T) {
	ids := []PrincipalID{"sam", "sam2", "dana", "dana2", "olga", "omar", "omar2", "lee", "bot", "gone"}
	rapid.Check(t, func(t *rapid.T) {
		c := newCourt(Stage{Groups: []string{"staff/security"}, Count: rapid.IntRange(1, 3).Draw(t, "count")})
		humans := map[PersonKey]bool{}
		for _, id := range rapid.SliceOf(rapid.SampledFrom(ids)).Draw(t, "votes") {
			before := c.m.State
			m, err := Approve(c.m, c.voter(id), c.m.Digest, "", noon)
			if err == nil {
				humans[c.people[id].Person] = true
			}
			c.m = m
			if (c.m.State == Approved) != (len(humans) >= c.m.Stages[0].Count) || before == Approved && err == nil {
				t.Fatalf("%d humans, %s", len(humans), c.m.State)
			}
		}
		if humans["h1"] || humans["h2"] || humans["h5"] || humans["h6"] || humans["h7"] {
			t.Fatalf("counted: %v", humans)
		}
	})
}

// A yes counts again once who gave it is eligible again: then nobody is missing any more, and nobody votes.
func TestVoteWhereNobodyIsMissing(t *testing.T) {
	c := newCourt(two())
	olga := c.people["olga"]
	for _, v := range []PrincipalID{"olga", "omar"} {
		var err error
		if c.m, err = Approve(c.m, c.voter(v), c.m.Digest, "", noon); err != nil || c.m.State != Asked {
			t.Fatalf("%s: %+v, %v", v, c.m, err)
		}
		out := olga
		out.Groups = nil
		c.people["olga"] = out
	}
	c.people["olga"] = olga
	c.people["carl"] = Principal{ID: "carl", Person: "h8", Kind: Person, Directory: "staff", Groups: []string{"security"}}
	for _, vote := range []func(Mandate, Approver, string, string, time.Time) (Mandate, error){Approve, Refuse} {
		if _, err := vote(c.m, c.voter("carl"), c.m.Digest, "", noon); ReasonOf(err) != ReasonState {
			t.Errorf("%v", err)
		}
	}
}
