package stead_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	. "github.com/steadhq/stead"
)

func terms() Terms {
	return Terms{Default: 10 * time.Minute, Max: time.Hour, Extensions: 2, Idle: 5 * time.Minute, StartWindow: 30 * time.Minute,
		AskWindow: 24 * time.Hour, Fresh: 5 * time.Minute}
}

// asking is the allowed case of Ask: Sam, armed, asks to look for Dana.
func asking() (*weighing, *Wish) {
	w := actingRead()
	w.session.ArmedTill, w.session.Proved = noon.Add(time.Minute), noon.Add(-time.Minute)
	w.f.Mandate, w.f.Acting = nil, nil
	w.v.Obligations.Requires = []string{"second-factor"}
	return w, &Wish{ID: "man_1", Purpose: Purpose{Reason: "she called"}, Mode: ReadOnly, Scope: Scope{Apps: []AppID{"orders"}}}
}

func TestAsk(t *testing.T) {
	w, wish := asking()
	m, err := Ask(*wish, w.f, w.v, terms(), noon)
	if err != nil {
		t.Fatal(err)
	}
	want := Mandate{ID: "man_1", Version: 1, State: Approved, Actor: "prn_sam", Subject: "prn_dana", Session: "ses_1",
		People: []PersonKey{"per_sam", "per_dana"}, Purpose: wish.Purpose, Scope: wish.Scope, Mode: ReadOnly,
		Bounds: Bounds{Length: Duration(10 * time.Minute), Extensions: 2, Idle: Duration(5 * time.Minute), Start: Duration(30 * time.Minute)},
		Rules:  w.v.Rules, Digest: m.Sum(), AskedAt: noon, StartBy: noon.Add(30 * time.Minute)}
	if diff := cmp.Diff(want, m); diff != "" {
		t.Error(diff)
	}
	w.v.Obligations.Approvals = []Stage{{Groups: []string{"staff/security"}, Count: 1}}
	if m, err := Ask(*wish, w.f, w.v, terms(), noon); err != nil || m.State != Asked || m.StartBy != noon.Add(24*time.Hour) {
		t.Errorf("%+v, %v", m, err)
	}
	w.f.App = &App{ID: "shop", Privileged: []string{"staff/admins"}}
	if m, err := Ask(*wish, w.f, w.v, terms(), noon); err != nil || m.Mode != ReadOnly {
		t.Errorf("looking at an application that knows no actor: %+v, %v", m, err)
	}
}

// Each row changes one fact of an allowed ask. I2, I5, C1, C3, C11, C12, R3, R10.
func TestAskRefuses(t *testing.T) {
	for _, r := range []struct {
		name   string
		change func(*weighing, *Wish)
		kind   Kind
		reason Reason
	}{
		{"nobody", func(w *weighing, _ *Wish) { w.f.Actor = nil }, Refused, ReasonSignIn},
		{"no session", func(w *weighing, _ *Wish) { w.f.Session = nil }, Refused, ReasonSignIn},
		{"another's session", func(w *weighing, _ *Wish) { w.session.Principal = "prn_eve" }, Refused, ReasonSignIn},
		{"session idle", func(w *weighing, _ *Wish) { w.f.Seen = noon.Add(-time.Hour) }, Refused, ReasonSessionIdle},
		{"session over", func(w *weighing, _ *Wish) { w.session.Until = noon }, Refused, ReasonSessionOver},
		{"stale", func(w *weighing, _ *Wish) { w.f.Distrust = ReasonStale }, Refused, ReasonStale},
		{"actor disabled", func(w *weighing, _ *Wish) { w.actor.Disabled = true }, Refused, ReasonDisabled},
		{"no subject", func(w *weighing, _ *Wish) { w.f.Subject = nil }, Missing, ReasonUnknown},
		{"empty subject", func(w *weighing, _ *Wish) { w.subject = Principal{} }, Missing, ReasonUnknown},
		{"subject disabled", func(w *weighing, _ *Wish) { w.subject.Disabled = true }, Missing, ReasonUnknown},
		{"himself", func(w *weighing, _ *Wish) { w.f.Subject = &w.actor }, Refused, ReasonSelf},
		{"his other account", func(w *weighing, _ *Wish) { w.subject.Person = "per_sam" }, Refused, ReasonSelf},
		{"no app", func(w *weighing, _ *Wish) { w.f.App = nil }, Missing, ReasonNoRoute},
		{"no realm", func(w *weighing, _ *Wish) { w.f.Realm = nil }, Missing, ReasonNoRoute},
		{"no marks declared", func(w *weighing, _ *Wish) { w.app.Privileged = nil }, Refused, ReasonUnmarked},
		{"privileged", func(w *weighing, _ *Wish) { w.subject.Attributes = map[string]string{"vip": "yes"} }, Refused, ReasonPrivileged},
		{"realm closed", func(w *weighing, _ *Wish) { w.realm.Acting = false }, Refused, ReasonRealm},
		{"subject-only realm", func(w *weighing, _ *Wish) { w.realm.Kind = SubjectOnly }, Refused, ReasonRealm},
		{"level", func(w *weighing, _ *Wish) { w.session.Level = 1 }, Refused, ReasonLevel},
		{"acting already", func(w *weighing, _ *Wish) { w.f.Acting = &w.mandate }, Conflict, ReasonChain},
		{"not armed", func(w *weighing, _ *Wish) { w.session.ArmedTill = time.Time{} }, Refused, ReasonNotArmed},
		{"armed till now", func(w *weighing, _ *Wish) { w.session.ArmedTill = noon }, Refused, ReasonNotArmed},
		{"no reason", func(_ *weighing, w *Wish) { w.Purpose.Reason = "" }, Invalid, ReasonReason},
		{"no mode", func(_ *weighing, w *Wish) { w.Mode = "" }, Invalid, ReasonRequest},
		{"unknown mode", func(_ *weighing, w *Wish) { w.Mode = "root" }, Invalid, ReasonRequest},
		{"negative length", func(_ *weighing, w *Wish) { w.For = -1 }, Invalid, ReasonRequest},
		{"edit, app not aware", func(w *weighing, wish *Wish) { wish.Mode, w.app.Aware = Edit, false }, Refused, ReasonReadOnly},
		{"policy moved", func(w *weighing, _ *Wish) { w.v.Policy = "older" }, Conflict, ReasonStale},
		{"policy error", func(w *weighing, _ *Wish) { w.v.Errors = []string{"x"} }, Refused, ReasonFailed},
		{"forbidden", func(w *weighing, _ *Wish) { w.v.Allow = false }, Refused, ReasonPolicy},
		{"not permitted", func(w *weighing, _ *Wish) { w.v.Allow, w.v.Rules = false, nil }, Refused, ReasonPolicy},
		{"edit, policy lets look", func(w *weighing, wish *Wish) { wish.Mode, w.v.Obligations.Mode = Edit, ReadOnly }, Refused, ReasonReadOnly},
		{"no ticket", func(w *weighing, _ *Wish) { w.v.Obligations.Requires = []string{"ticket"} }, Invalid, ReasonTicket},
		{"ticket's form", func(w *weighing, wish *Wish) { wish.Purpose.Ticket, w.v.Obligations.TicketRE = "X-1", "^SUP-[0-9]+$" }, Invalid, ReasonTicket},
		{"ticket's form unreadable", func(w *weighing, wish *Wish) { wish.Purpose.Ticket, w.v.Obligations.TicketRE = "X-1", "(" }, Refused, ReasonFailed},
	} {
		w, wish := asking()
		r.change(w, wish)
		m, err := Ask(*wish, w.f, w.v, terms(), noon)
		if KindOf(err) != r.kind || ReasonOf(err) != r.reason || m.ID != "" {
			t.Errorf("%s: %+v, %v (%s, %s); want %s, %s", r.name, m, err, KindOf(err), ReasonOf(err), r.kind, r.reason)
		}
	}
	for ticket, form := range map[string]string{"SUP-4711": "^SUP-[0-9]+$", "SUP-1": "SUP-[0-9]+", "B": "A|B"} {
		w, wish := asking()
		wish.Purpose.Ticket, w.v.Obligations.TicketRE, w.v.Obligations.Requires = ticket, form, []string{"ticket"}
		if _, err := Ask(*wish, w.f, w.v, terms(), noon); err != nil {
			t.Error(err)
		}
		wish.Purpose.Ticket += "; and more"
		if _, err := Ask(*wish, w.f, w.v, terms(), noon); ReasonOf(err) != ReasonTicket {
			t.Errorf("%q has the form %q: %v", wish.Purpose.Ticket, form, err)
		}
	}
}

// R4: the least of what is asked, set and permitted.
func TestBounds(t *testing.T) {
	for _, c := range []struct{ asked, max, policy, want time.Duration }{
		{0, 0, 0, 10}, {5, 0, 0, 5}, {90, 60, 0, 60}, {0, 60, 3, 3}, {2, 60, 3, 2}, {0, 8, 9, 8},
	} {
		w, wish := asking()
		set := terms()
		wish.For, set.Max, w.v.Obligations.Max = c.asked*time.Minute, c.max*time.Minute, c.policy*time.Minute
		m, err := Ask(*wish, w.f, w.v, set, noon)
		if err != nil || m.Bounds.Length != Duration(c.want*time.Minute) {
			t.Errorf("%+v: %v, %v", c, time.Duration(m.Bounds.Length), err)
		}
	}
	for _, c := range []struct {
		b    Bounds
		want time.Duration
	}{
		{Bounds{}, 0}, {Bounds{Length: 10}, 10}, {Bounds{Length: 10, Extensions: 2}, 30},
		{Bounds{Length: 10, Extensions: 2, Total: 25}, 25}, {Bounds{Length: 10, Extensions: 2, Total: 99}, 30},
	} {
		if got := c.b.Longest(); got != c.want {
			t.Errorf("%+v: %v", c.b, got)
		}
	}
}

// R31, C10, D6: whatever is approved is in the digest; to change any of it is to ask again.
func TestSumBindsEverything(t *testing.T) {
	base := Mandate{ID: "m", Actor: "a", Subject: "b", Session: "s", Purpose: Purpose{Reason: "r", Ticket: "t"}, Mode: ReadOnly,
		Scope:  Scope{Apps: []AppID{"x", "y"}},
		Bounds: Bounds{Length: 10, Extensions: 1, Idle: 3, Budget: map[string]int64{"calls": 1}},
		Rules:  []RuleRef{{ID: "r1", Hash: "h"}}, Stages: []Stage{{Groups: []string{"g"}, Count: 1}}}
	seen := map[string]string{base.Sum(): "base"}
	for name, change := range map[string]func(*Mandate){
		"id": func(m *Mandate) { m.ID = "n" }, "actor": func(m *Mandate) { m.Actor = "c" }, "subject": func(m *Mandate) { m.Subject = "c" },
		"key": func(m *Mandate) { m.Key = "k" }, "parent": func(m *Mandate) { m.Parent = "p" },
		"depth": func(m *Mandate) { m.MaxDepth = 1 }, "reason": func(m *Mandate) { m.Purpose.Reason = "" },
		"ticket": func(m *Mandate) { m.Purpose.Ticket = "" }, "mode": func(m *Mandate) { m.Mode = Edit }, "target": func(m *Mandate) { m.Target = "/" },
		"length": func(m *Mandate) { m.Bounds.Length = 20 }, "extensions": func(m *Mandate) { m.Bounds.Extensions = 2 },
		"total": func(m *Mandate) { m.Bounds.Total = 15 }, "idle": func(m *Mandate) { m.Bounds.Idle = 0 }, "start": func(m *Mandate) { m.Bounds.Start = 1 },
		"budget": func(m *Mandate) { m.Bounds.Budget = map[string]int64{"calls": 2} },
		"apps":   func(m *Mandate) { m.Scope.Apps = []AppID{"x"} }, "apps joined": func(m *Mandate) { m.Scope.Apps = []AppID{"x y"} },
		"apps quoted": func(m *Mandate) { m.Scope.Apps = []AppID{`x" "y`} }, "realms": func(m *Mandate) { m.Scope.Realms = []RealmID{"z"} },
		"actions":    func(m *Mandate) { m.Scope.Actions = []Action{ActionRead} },
		"conditions": func(m *Mandate) { m.Scope.Conditions = map[string][]string{"a": {"1"}} },
		"rule":       func(m *Mandate) { m.Rules = []RuleRef{{ID: "r2", Hash: "h"}} }, "rule's text": func(m *Mandate) { m.Rules = []RuleRef{{ID: "r1", Hash: "i"}} },
		"no rule": func(m *Mandate) { m.Rules = nil }, "one more rule": func(m *Mandate) { m.Rules = append(m.Rules[:1:1], RuleRef{ID: "r9"}) },
		"count": func(m *Mandate) { m.Stages = []Stage{{Groups: []string{"g"}, Count: 2}} }, "group": func(m *Mandate) { m.Stages = []Stage{{Groups: []string{"h"}, Count: 1}} },
		"no stage": func(m *Mandate) { m.Stages = nil },
	} {
		m := base
		change(&m)
		if other, twice := seen[m.Sum()]; twice {
			t.Errorf("%s has the digest of %s", name, other)
		}
		seen[m.Sum()] = name
	}
	same := base
	same.Session, same.Claimed = "another", true // R14: it may be claimed by another session of its actor
	same.State, same.Version, same.Until, same.Extended, same.Approvals = Active, 9, noon, 1, []Approval{{By: "x"}}
	if same.Sum() != base.Sum() {
		t.Error("living changes the digest")
	}
}

func TestCovers(t *testing.T) {
	q := Question{Action: ActionRead, Resource: Resource{App: "a", Realm: "r"}, Arguments: map[string]string{"id": "7"}}
	for _, c := range []struct {
		s    Scope
		want bool
	}{
		{Scope{}, false}, {Scope{Apps: []AppID{"a"}}, true}, {Scope{Apps: []AppID{"b"}}, false},
		{Scope{Apps: []AppID{"a"}, Realms: []RealmID{"r"}}, true}, {Scope{Apps: []AppID{"a"}, Realms: []RealmID{"s"}}, false},
		{Scope{Apps: []AppID{"a"}, Actions: []Action{ActionRead}}, true}, {Scope{Apps: []AppID{"a"}, Actions: []Action{ActionWrite}}, false},
		{Scope{Apps: []AppID{"a"}, Conditions: map[string][]string{"id": {"6", "7"}}}, true},
		{Scope{Apps: []AppID{"a"}, Conditions: map[string][]string{"id": {}}}, false},
		{Scope{Apps: []AppID{"a"}, Conditions: map[string][]string{"who": {"x"}}}, false},
		{Scope{Apps: []AppID{"a"}, Conditions: map[string][]string{"id": {"7"}, "who": {"x"}}}, false},
	} {
		if c.s.Covers(q) != c.want {
			t.Errorf("%s: %v", c.s, !c.want)
		}
	}
}

// A state that no rule knows is a no, with no verb that leads out of it but its end.
func TestUnknownStateIsNo(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w, _ := asking()
		m := actingRead().mandate
		m.State = State(rapid.StringMatching(`[a-z]{0,9}`).Filter(func(s string) bool {
			return !strings.Contains("asked approved active suspended ended", s) || s == ""
		}).Draw(t, "state"))
		who := func(PrincipalID) Principal { return Principal{} }
		for name, err := range map[string]error{
			"start": second(Start(m, w.f, w.v, terms(), who, noon)), "extend": second(Extend(m, w.f, w.v, terms(), "more", noon)),
			"suspend": second(Suspend(m, noon)), "resume": second(Resume(m, noon)), "withdraw": second(Withdraw(m, "prn_sam", "", noon)),
			"approve": second(Approve(m, Approver{Principal: Principal{ID: "o", Kind: Person}, Who: who}, m.Digest, "", noon)),
		} {
			if KindOf(err) != Conflict {
				t.Fatalf("%s of %q: %v", name, m.State, err)
			}
		}
	})
}

func second[T any](_ T, err error) error { return err }
