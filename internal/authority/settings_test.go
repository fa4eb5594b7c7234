package authority

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/steadhq/stead"
)

// I6: timers per role, application and realm; the most specific one wins, member by member.
func TestTimers(t *testing.T) {
	s := &Settings{
		Apps:  []stead.App{{ID: "orders"}},
		Terms: stead.Terms{Default: 10 * time.Minute, Max: time.Hour, Extensions: 1, Idle: 5 * time.Minute, PerActor: 1},
		Timers: []Timer{
			{Realm: "keys", Terms: stead.Terms{Default: 2 * time.Minute}},
			{Group: "staff/testers", Terms: stead.Terms{Default: 2 * time.Hour, Max: 4 * time.Hour, PerActor: 3}},
			{App: "orders", Terms: stead.Terms{Default: 20 * time.Minute, Total: time.Hour}},
			{App: "orders", Group: "testers", Terms: stead.Terms{Default: 3 * time.Hour, Fresh: time.Minute, StartWindow: time.Minute, AskWindow: time.Hour}},
		},
	}
	tester := &stead.Principal{Directory: "staff", Groups: []string{"testers"}}
	for name, c := range map[string]struct {
		app   stead.AppID
		realm stead.RealmID
		who   *stead.Principal
		want  stead.Terms
	}{
		"general": {"wiki", "", &stead.Principal{}, s.Terms},
		"application": {"orders", "shop", &stead.Principal{}, stead.Terms{Default: 20 * time.Minute, Max: time.Hour, Extensions: 1, Total: time.Hour,
			Idle: 5 * time.Minute, PerActor: 1}},
		"group": {"wiki", "", tester, stead.Terms{Default: 2 * time.Hour, Max: 4 * time.Hour, Extensions: 1, Idle: 5 * time.Minute, PerActor: 3}},
		"application and group": {"orders", "shop", tester, stead.Terms{Default: 3 * time.Hour, Max: 4 * time.Hour, Extensions: 1, Total: time.Hour,
			Idle: 5 * time.Minute, StartWindow: time.Minute, AskWindow: time.Hour, Fresh: time.Minute, PerActor: 3}},
		"realm before all": {"orders", "keys", tester, stead.Terms{Default: 2 * time.Minute, Max: 4 * time.Hour, Extensions: 1, Total: time.Hour,
			Idle: 5 * time.Minute, StartWindow: time.Minute, AskWindow: time.Hour, Fresh: time.Minute, PerActor: 3}},
	} {
		if diff := cmp.Diff(c.want, s.For(s.Timers, c.app, c.realm, c.who)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	if s.App("orders") == nil || s.App("none") != nil || s.App("") != nil {
		t.Error("applications are found by id")
	}
}

func TestHolds(t *testing.T) {
	s := &Settings{Roles: map[Role][]string{Security: {"staff/security"}}}
	for _, c := range []struct {
		p    *stead.Principal
		want bool
	}{
		{nil, false}, {&stead.Principal{}, false},
		{&stead.Principal{ID: "p", Directory: "staff", Groups: []string{"security"}}, true},
		{&stead.Principal{ID: "p", Directory: "customers", Groups: []string{"security"}}, false},
		{&stead.Principal{ID: "p", Directory: "staff", Groups: []string{"security"}, Disabled: true}, false},
	} {
		if s.Holds(c.p, Security) != c.want || s.Holds(c.p, Admin) {
			t.Errorf("%+v", c.p)
		}
	}
}

// Who asks too much is held back, he alone, and how often is told with his next refusal.
func TestBrakes(t *testing.T) {
	now := time.Unix(0, 0)
	b := newBrakes(func() time.Time { return now })
	sam, olga, stranger := By{Principal: "sam"}, By{Principal: "olga"}, By{Address: "192.0.2.1"}
	for i := range burst + 10 {
		if b.allow(sam, false) != (i < burst) {
			t.Fatalf("at %d", i)
		}
	}
	if !b.allow(olga, false) || !b.allow(stranger, false) {
		t.Error("one caller holds up another")
	}
	if !b.allow(sam, true) || b.suppressed(sam, true) != 0 {
		t.Error("what he asked for holds up what he ends")
	}
	if n := b.suppressed(sam, false); n != 10 || b.suppressed(sam, false) != 0 {
		t.Errorf("%d held back", n)
	}
	if now = now.Add(time.Second / perSecond); !b.allow(sam, false) || b.allow(sam, false) {
		t.Error("one more after a fiftieth of a second")
	}
	for i := range remembered + 1 {
		b.allow(By{Address: fmt.Sprint(i)}, false)
	}
	if len(b.callers) > remembered {
		t.Errorf("%d callers are remembered", len(b.callers))
	}
	for i := range remembered { // those that have their allowance again go first
		b.allow(By{Address: fmt.Sprint(i)}, false)
	}
	now = now.Add(time.Hour)
	if b.allow(stranger, false); len(b.callers) > remembered {
		t.Errorf("%d callers are remembered", len(b.callers))
	}
}

func TestGuesses(t *testing.T) {
	now := time.Unix(0, 0)
	g := newGuesses(func() time.Time { return now })
	for range perAccount {
		if !g.allow("sam", "a") {
			t.Fatal("too early")
		}
	}
	if g.allow("sam", "a") || !g.allow("sam", "b") || !g.allow("eve", "a") {
		t.Error("one guesser is held back at one account, nobody else")
	}
	g.clear("sam", "a")
	if !g.allow("sam", "a") {
		t.Error("who got it right starts again")
	}
	for i := range perAddress {
		g.allow(fmt.Sprint(i), "c")
	}
	if g.allow("another", "c") {
		t.Error("one address tries all accounts")
	}
	for range perAccount {
		g.allow("code/sam", "")
	}
	for i := range 2 * remembered {
		g.allow(fmt.Sprint(i), fmt.Sprint(i))
	}
	if len(g.left) > remembered+3 {
		t.Errorf("%d are remembered", len(g.left))
	}
	if g.allow("code/sam", "") {
		t.Error("a flood of names gave new guesses at a code")
	}
	now = now.Add(perAccount * oneMore)
	if g.forget(); len(g.left) > 0 {
		t.Errorf("%d are remembered though they have every guess again", len(g.left))
	}
}
