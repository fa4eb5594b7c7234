package stead_test

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	. "github.com/steadhq/stead"
)

func human(id string, groups ...string) Principal {
	return Principal{ID: PrincipalID(id), Kind: Person, Directory: "staff", Name: id, Person: PersonKey("h-" + id), Groups: groups}
}

// S-I8, S-I9, S-I30: two accounts are two people when nobody stands behind both.
func TestApart(t *testing.T) {
	ann, zoe := human("ann", "admins"), human("zoe", "admins", "security")
	bob := human("bob", "admins").Held(ann, "")
	cid := human("cid", "admins").Held(bob, "")
	dan := human("dan", "admins").Held(ann, "")
	alias := human("alias", "admins").Held(ann, "")
	alias.Person = zoe.Person
	chosen := human("chosen", "admins").Held(ann, "admins")
	both := human("both", "admins", "security").Held(ann, "admins")
	key := human("key").Held(ann, "role=admin")
	key.Attributes = map[string]string{"role": "admin"}
	nameless, other := human("nameless", "admins"), human("other", "admins")
	nameless.Person, other.Person = "", ""
	roles := []string{"staff/admins", "staff/security", "role=admin"}
	for _, r := range []struct {
		name string
		p, q Principal
		want bool
	}{
		{"two of the operator's", ann, zoe, true},
		{"two of whom no person is known", nameless, other, true},
		{"oneself", ann, ann, false},
		{"who was made, beside his maker", bob, ann, false},
		{"who was made, beside another", bob, zoe, true},
		{"the end of a chain, beside its beginning", cid, ann, false},
		{"the end of a chain, beside its middle", cid, bob, false},
		{"two made by one", bob, dan, false},
		{"another's second account in one's own hand", alias, ann, false},
		{"the same human by another account", alias, zoe, false},
		{"who was put into the group", chosen, ann, false},
		{"who was put into the group, beside another", chosen, zoe, true},
		{"who counts by another group too", both, ann, true},
		{"who was given the attribute", key, ann, false},
	} {
		if got, back := Apart(r.p, roles, r.q, roles), Apart(r.q, roles, r.p, roles); got != r.want || back != r.want {
			t.Errorf("%s: %v, the other way %v", r.name, got, back)
		}
	}
	if !Apart(chosen, nil, ann, nil) {
		t.Error("a group that does not count here makes one of two")
	}
}

// Whoever makes whom, in whatever order: who comes from one beginning is never two people, and from two always is.
func TestApartByBeginning(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all, from := []Principal{human("a"), human("z")}, []int{0, 1}
		for n := range rapid.IntRange(0, 12).Draw(t, "accounts") {
			by := rapid.IntRange(0, len(all)-1).Draw(t, "maker")
			all = append(all, human(strings.Repeat("x", n+1)).Held(all[by], ""))
			from = append(from, from[by])
		}
		for i, p := range all {
			for j, q := range all {
				if i != j && Apart(p, nil, q, nil) && from[i] == from[j] && len(p.Hands)+len(q.Hands) > 0 {
					t.Fatalf("%s and %s come from one beginning", p, q)
				}
				if from[i] != from[j] && !Apart(p, nil, q, nil) {
					t.Fatalf("%s and %s come from two", p, q)
				}
			}
		}
	})
}

// Hands of marks come and go with them.
func TestMarked(t *testing.T) {
	ann, was := human("ann"), human("bob", "support")
	now := was
	now.Groups, now.Attributes = []string{"support", "security"}, map[string]string{"tier": "2"}
	now = now.Marked(was, ann)
	want := []Hand{{By: "ann", Person: "h-ann", Mark: "security"}, {By: "ann", Person: "h-ann", Mark: "tier=2"}}
	if !slices.Equal(now.Hands, want) {
		t.Errorf("%+v", now.Hands)
	}
	less := now
	less.Groups = []string{"support"}
	if less = less.Marked(now, ann); !slices.Equal(less.Hands, want[1:]) {
		t.Errorf("%+v", less.Hands)
	}
	if own := now.Marked(was, was); len(own.Hands) != 2 {
		t.Errorf("what one does to oneself is no hand: %+v", own.Hands)
	}
}

// A hand is another account's, and who had been vouched for is nobody's second person again.
func TestHeld(t *testing.T) {
	ann, bob := human("ann"), human("bob")
	bob.Vouched = "zoe"
	for name, p := range map[string]Principal{"nobody": bob.Held(Principal{}, ""), "himself": bob.Held(bob, "")} {
		if len(p.Hands) != 0 || p.Vouched != "zoe" {
			t.Errorf("in the hand of %s: %+v", name, p)
		}
	}
	if p := bob.Held(ann, ""); p.Vouched != "" || len(p.Hands) != 1 {
		t.Errorf("held again: %+v", p)
	}
	if p := bob.Held(ann, "support"); p.Vouched != "zoe" {
		t.Errorf("a group was given: %+v", p)
	}
}

// Nobody vouches for himself, for whom he has in hand, or with what he has from who has.
func TestVouch(t *testing.T) {
	roles := []string{"staff/admins", "staff/security"}
	ann, zoe := human("ann", "admins"), human("zoe", "security")
	bob := human("bob", "admins").Held(ann, "")
	led := human("led", "security").Held(ann, "security")
	shut, bot := bob, bob
	shut.Disabled, bot.Kind = true, Agent
	alias := human("alias", "admins")
	alias.Person = bob.Person
	for _, r := range []struct {
		name   string
		p, by  Principal
		reason Reason
	}{
		{"by another", bob, zoe, ""},
		{"by the operator", bob, Principal{}, ""},
		{"for a group, by another", led, zoe, ""},
		{"by his maker", bob, ann, ReasonHand},
		{"by another of his maker's", bob, human("cid", "admins").Held(ann, ""), ReasonHand},
		{"by whom his maker gave the group", bob, led, ReasonHand},
		{"for a group, by who gave it", led, ann, ReasonHand},
		{"by himself", bob, bob, ReasonOwn},
		{"by himself, elsewhere", bob, alias, ReasonOwn},
		{"without need", zoe, ann, ReasonState},
		{"for a closed account", shut, zoe, ReasonDisabled},
		{"for a machine", bot, zoe, ReasonDisabled},
	} {
		got, err := Vouch(r.p, r.by, roles)
		if ReasonOf(err) != r.reason {
			t.Errorf("%s: %v, not %q", r.name, err, r.reason)
		}
		if err == nil && (len(got.Hands) > 0 || got.Version != r.p.Version+1 || got.Vouched == "" || !Apart(got, roles, ann, roles)) {
			t.Errorf("%s: %+v", r.name, got)
		}
	}
	text := OneHand(ann, bob).Error()
	if !strings.Contains(text, "made or changed person:staff/bob") || !strings.Contains(text, "stead person vouch staff/bob") {
		t.Errorf("it says not what to do: %s", text)
	}
}

// D1, D4, S-I8, S-I9: an approver whom the asker has in hand, and two of one hand, are nobody's second person; a yes that
// was given stops counting when its giver comes into the asker's hand.
func TestApproveInHand(t *testing.T) {
	hold := func(c *court, id, by PrincipalID, mark string) { c.people[id] = c.people[id].Held(c.people[by], mark) }
	for _, r := range []struct {
		name   string
		change func(*court)
		voters []PrincipalID
		reason Reason
	}{
		{"made by who asks", func(c *court) { hold(c, "olga", "sam", "") }, []PrincipalID{"olga"}, ReasonHand},
		{"made by who made who asks", func(c *court) { hold(c, "olga", "lee", ""); hold(c, "sam", "lee", "") }, []PrincipalID{"olga"}, ReasonHand},
		{"his own creature asks", func(c *court) { hold(c, "sam", "olga", "") }, []PrincipalID{"olga"}, ReasonHand},
		{"put into the group by who asks", func(c *court) { hold(c, "olga", "sam", "security") }, []PrincipalID{"olga"}, ReasonHand},
		{"put into another group by who asks", func(c *court) { hold(c, "olga", "sam", "lead") }, []PrincipalID{"olga", "omar"}, ""},
		{"beside his maker", func(c *court) { hold(c, "omar", "olga", "") }, []PrincipalID{"olga", "omar"}, ReasonHand},
		{"beside whom he made", func(c *court) { hold(c, "omar", "olga", "") }, []PrincipalID{"omar", "olga"}, ReasonHand},
	} {
		c := newCourt(two())
		r.change(c)
		var err error
		for _, id := range r.voters {
			if err != nil {
				t.Fatalf("%s: %v before the last", r.name, err)
			}
			c.m, err = Approve(c.m, c.voter(id), c.m.Digest, "", noon)
		}
		if ReasonOf(err) != r.reason {
			t.Errorf("%s: %v", r.name, err)
		}
	}
	c := newCourt(two())
	for _, id := range []PrincipalID{"olga", "omar"} {
		var err error
		if c.m, err = Approve(c.m, c.voter(id), c.m.Digest, "", noon); err != nil {
			t.Fatal(err)
		}
	}
	for _, by := range []PrincipalID{"sam", "omar"} {
		c.people["olga"] = human("olga", "security").Held(c.people[by], "")
		if got := c.m.Stage(c.who); got != 0 {
			t.Errorf("the yes of who is in the hand of %s now counts", by)
		}
	}
	for name, gone := range map[string]func(*Principal){"is closed": func(p *Principal) { p.Disabled = true }, "has left the group": func(p *Principal) { p.Groups = nil }} {
		c := newCourt(two())
		hold(c, "omar", "olga", "")
		var err error
		if c.m, err = Approve(c.m, c.voter("olga"), c.m.Digest, "", noon); err != nil {
			t.Fatal(err)
		}
		olga := c.people["olga"]
		gone(&olga)
		c.people["olga"] = olga
		if _, err = Approve(c.m, c.voter("omar"), c.m.Digest, "", noon); err != nil {
			t.Errorf("beside a yes that counts no more, of who %s: %v", name, err)
		}
	}
	owned := newCourt(two())
	owned.people["olga"] = owned.people["olga"].Held(human("max"), "")
	v := owned.voter("olga")
	v.Owner = human("max")
	if _, err := Approve(owned.m, v, owned.m.Digest, "", noon); ReasonOf(err) != ReasonHand {
		t.Errorf("for the agent of his maker: %v", err)
	}
}
