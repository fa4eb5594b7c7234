package e2e

import (
	"context"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/model"
	"github.com/steadhq/stead/internal/store/pgtest"
)

func settings() authority.Settings {
	return authority.Settings{
		Apps: []stead.App{{ID: "orders", Aware: true, Privileged: []string{"vip", "staff/admin"},
			Realms: []stead.Realm{{ID: "shop", Path: "/", Level: 1, Acting: true, ActorLevel: 2}}}},
		Roles:    map[authority.Role][]string{authority.Admin: {"staff/admin"}, authority.Security: {"staff/security"}},
		Level:    1,
		Ordinary: "deny",
		Session:  authority.Ends{Idle: 30 * time.Minute, Absolute: 3 * time.Hour},
		Terms: stead.Terms{Default: 10 * time.Minute, Max: time.Hour, Extensions: 2, Total: 25 * time.Minute, Idle: 6 * time.Minute,
			StartWindow: 15 * time.Minute, AskWindow: time.Hour, Fresh: 5 * time.Minute},
		ArmFor: 4 * time.Minute, Warn: time.Minute,
	}
}

func rules() model.Rules {
	const minute = 60
	return model.Rules{SessionIdle: 30 * minute, SessionLong: 180 * minute, ArmFor: 4 * minute, Fresh: 5 * minute, Length: 10 * minute,
		Longest: 25 * minute, MandateIdle: 6 * minute, StartWindow: 15 * minute, AskWindow: 60 * minute, Extensions: 2, PerActor: 1,
		AloneEditing: true, Actors: "support", Subjects: "customer", Marked: "vip", Voters: []model.Stage{{Group: "security", Count: 2}}}
}

// cast are the accounts: sam and olga-of-sam are one human, so are omar and omar-too, and dana and dana-inside.
func cast() []authority.NewPerson {
	who := func(dir, account, human string, groups ...string) authority.NewPerson {
		return authority.NewPerson{Directory: dir, Name: account, Person: human, Groups: groups, Password: "right", TOTP: "secret"}
	}
	return []authority.NewPerson{
		who("staff", "root", "h-root", "admin"), who("staff", "sam", "h-sam", "support"), who("staff", "sam-too", "h-sam", "security"),
		who("staff", "eve", "h-eve", "support", "security"), who("staff", "olga", "h-olga", "security"),
		who("staff", "omar", "h-omar", "security"), who("staff", "omar-too", "h-omar", "security"),
		who("customers", "dana", "h-dana", "customer"), who("staff", "dana-inside", "h-dana", "security"), who("customers", "carl", "h-carl", "customer"),
	}
}

// A machine does the same to the house and to the model, and compares.
type machine struct {
	*home
	w        *model.World
	ctx      context.Context
	accounts []stead.PrincipalID
	account  map[string]stead.PrincipalID
	logins   []authority.By
	mandates []stead.MandateID
	digests  map[stead.MandateID]string
	ended    map[stead.MandateID]bool
	log      uint64 // size before the step
	began    uint64 // size before the first of the steps of this turn
	steps    map[string]int
}

func newMachine(t *rapid.T, at string, steps map[string]int) *machine {
	set, rules := settings(), rules()
	set.Terms.PerActor = rapid.SampledFrom([]int{1, 4}).Draw(t, "mandates an actor may hold")
	rules.PerActor = set.Terms.PerActor
	h, err := newHome(at, set)
	must(t, err)
	m := &machine{home: h, w: model.New(rules), ctx: context.Background(), account: map[string]stead.PrincipalID{},
		digests: map[stead.MandateID]string{}, ended: map[stead.MandateID]bool{}, steps: steps}
	all, err := h.Seed(m.ctx, cast())
	must(t, err)
	humans := map[stead.PersonKey]bool{}
	for i, p := range all {
		m.accounts, m.account[p.Name] = append(m.accounts, p.ID), p.ID
		groups := map[string]bool{}
		for _, g := range p.Groups {
			groups[g] = true
		}
		m.w.People[string(p.ID)] = &model.Person{Human: cast()[i].Person, Groups: groups}
		humans[p.Person] = true
	}
	if len(humans) != 7 {
		t.Fatalf("%d humans were enrolled, want 7", len(humans))
	}
	m.login(t, "root", true)
	return m
}

func must(t *rapid.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// same compares one answer. Every refusal must have left its event, under the name of who caused it (S-I20).
func (m *machine) same(t *rapid.T, what string, by authority.By, no model.Answer, err error) bool {
	t.Helper()
	class := string(stead.KindOf(err))
	if !no.Holds(class) {
		t.Fatalf("%s by %s at %ds: the rules say %q (%v), the model %b", what, by.Session, m.seconds.Load(), class, err, no)
	}
	if err != nil {
		m.steps["refused "+what]++
		m.refusal(t, what, by)
	} else {
		m.steps[what]++
	}
	return err == nil
}

func (m *machine) refusal(t *rapid.T, what string, by authority.By) {
	t.Helper()
	for i := m.log; i < m.store.Head().Size; i++ {
		e, err := m.store.Event(m.ctx, i)
		must(t, err)
		if e.Outcome == stead.No && e.Reason != "" && strings.HasSuffix(string(e.Kind), ".refused") && (e.Actor == by.Principal || by.Principal == "") {
			return
		}
	}
	t.Fatalf("%s was refused and no event says so", what)
}

func (m *machine) aLogin(t *rapid.T) authority.By {
	return rapid.SampledFrom(m.logins).Draw(t, "login")
}

// theLogin is mostly the mandate's own.
func (m *machine) theLogin(t *rapid.T, id stead.MandateID) authority.By {
	if own := m.w.Mandates[string(id)]; own != nil && rapid.IntRange(0, 4).Draw(t, "own") > 0 {
		for _, by := range m.logins {
			if string(by.Session) == own.Login {
				return by
			}
		}
	}
	return m.aLogin(t)
}

// aMandate is mostly one in force, or at least one that has not ended.
func (m *machine) aMandate(t *rapid.T) stead.MandateID {
	inForce := slices.DeleteFunc(slices.Clone(m.mandates), func(id stead.MandateID) bool {
		s := m.w.Mandates[string(id)].State
		return m.w.Over(string(id)) || s != "active" && s != "suspended"
	})
	if len(inForce) > 0 && rapid.IntRange(0, 2).Draw(t, "in force") > 0 {
		return rapid.SampledFrom(inForce).Draw(t, "mandate")
	}
	live := slices.DeleteFunc(slices.Clone(m.mandates), func(id stead.MandateID) bool { return m.w.Mandates[string(id)].State == "ended" })
	if len(live) > 0 && rapid.IntRange(0, 5).Draw(t, "live") > 0 {
		return rapid.SampledFrom(live).Draw(t, "mandate")
	}
	return rapid.SampledFrom(append(m.mandates, "man_nobodys")).Draw(t, "mandate")
}

// settle brings the model to the time of the house, which never goes back. The house sees it too: a time that nobody
// saw counts for nothing.
func (m *machine) settle() {
	m.w.Tick(m.seconds.Load() + m.skew.Load() - m.w.Now)
	m.Now()
}

func (m *machine) fresh() string {
	code := m.home.fresh()
	m.settle()
	return code
}

func (m *machine) login(t *rapid.T, account string, factor bool) bool {
	code := ""
	if factor {
		code = m.fresh()
	}
	id := m.account[account]
	dir := "staff"
	if account == "dana" || account == "carl" {
		dir = "customers"
	}
	out, err := m.SignIn(m.ctx, authority.SignIn{Directory: dir, Name: account, Password: "right", Code: code, Host: "h", Address: account})
	no := model.Answer(0)
	if m.w.People[string(id)].Closed {
		no = model.Refused
	} else {
		m.w.SignIn(string(out.By.Session), string(id), factor)
	}
	if m.same(t, "sign in", authority.By{}, no, err) {
		m.logins = append(m.logins, out.By)
		return true
	}
	return false
}

// admin is root, signed in again where his login is over.
func (m *machine) admin(t *rapid.T) authority.By {
	for _, by := range m.logins {
		if by.Principal == m.account["root"] && m.w.Alive(string(by.Session)) {
			return by
		}
	}
	m.login(t, "root", true)
	return m.logins[len(m.logins)-1]
}

func TestMachine(t *testing.T) {
	steps := map[string]int{}
	rapid.Check(t, func(t *rapid.T) {
		dir, err := os.MkdirTemp("", "machine")
		must(t, err)
		defer os.RemoveAll(dir)
		m := newMachine(t, dir, steps)
		defer func() { must(t, m.close()) }()
		t.Repeat(m.actions())
	})
	if testing.Short() {
		return // too few walks to come everywhere
	}
	// What comes in nearly every walk must have come; what is seldom is told in the log below.
	for _, seldom := range []string{"sign in", "arm", "ask", "vote", "start", "extend", "end",
		"restart", "claim", "refused claim", "read for another", "own read", "refused start", "refused extend", "refused vote", "refused ask", "denied for another"} {
		if steps[seldom] == 0 {
			t.Errorf("no walk came to %q: %v", seldom, steps)
		}
	}
	t.Log(steps)
}

// Two nodes that take turns on one database are no other house. // S-I15, S-I23
func TestMachineOnTwoNodes(t *testing.T) {
	server, steps, walks := pgtest.Start(t), map[string]int{}, 0
	rapid.Check(t, func(r *rapid.T) {
		if walks++; walks > 25 {
			return // each walk has a database of its own
		}
		m := newMachine(r, server.Create(t), steps)
		defer func() { must(r, m.close()) }()
		r.Repeat(m.actions())
	})
	t.Log(steps)
}

func (m *machine) actions() map[string]func(*rapid.T) {
	all := map[string]func(*rapid.T){
		"sign in": m.signIn, "sign out": m.signOut, "step up": m.stepUp, "arm": m.arm, "arm 2": m.arm, "disarm": m.disarm,
		"ask": m.ask, "ask 2": m.ask, "ask 3": m.ask, "vote": m.vote, "vote 2": m.vote, "vote 3": m.vote, "start": m.begin, "start 2": m.begin, "start 3": m.begin,
		"extend": m.extend, "extend 2": m.extend, "end": m.end, "stop": m.stop, "stop 2": m.stop, "stop 3": m.stop,
		"decide": m.decide, "decide 2": m.decide, "decide 3": m.decide, "decide 4": m.decide, "decide 5": m.decide,
		"people": m.people, "pass time": m.time, "pass time 2": m.time, "sweep": m.sweep, "restart": m.restart, "acknowledge": m.acknowledge,
		"claim": m.claim, "errand": m.errand, "errand 2": m.errand, "errand 3": m.errand,
	}
	for name, action := range all {
		all[name] = func(t *rapid.T) {
			must(t, m.turn())
			m.log = m.store.Head().Size
			m.began = m.log
			action(t)
		}
	}
	all[""] = m.invariants
	return all
}

// invariants are asked after every step. I1, I6, I7, I10, S-I1, S-I6, C8.
func (m *machine) invariants(t *rapid.T) {
	now := m.still()
	acting := map[stead.SessionID]int{}
	for id, real := range now.Mandates {
		want := m.w.Mandates[string(id)]
		if want == nil || want.State != string(real.State) {
			t.Fatalf("%s is %s, in the model %+v", id, real.State, want)
		}
		if m.ended[id] {
			t.Fatalf("%s had ended and is %s", id, real.State)
		}
		if real.Extended > real.Bounds.Extensions || real.Extended != want.Extended {
			t.Fatalf("%s was extended %d times, in the model %d", id, real.Extended, want.Extended)
		}
		if real.State == stead.Active || real.State == stead.Suspended {
			if acting[real.Session]++; acting[real.Session] > 1 {
				t.Fatalf("%s acts for two at once", real.Session)
			}
			if got := real.Until.Sub(start); got != time.Duration(want.Until)*time.Second || real.Until.Sub(real.StartedAt) > real.Bounds.Longest() {
				t.Fatalf("%s lasts until %s, in the model %ds", id, got, want.Until)
			}
		}
		if real.Actor == real.Subject || now.People[real.Actor].SameHuman(now.People[real.Subject]) {
			t.Fatalf("%s: somebody acts for himself", id)
		}
	}
	for id, want := range m.w.Mandates {
		id := stead.MandateID(id)
		if _, live := now.Mandates[id]; live != (want.State != "ended") {
			t.Fatalf("%s: live %v, in the model %s", id, live, want.State)
		}
		if want.State == "ended" && !m.ended[id] {
			m.ended[id] = true
			m.trail(t, id)
		}
	}
	for id, e := range m.w.Logins {
		real, live := now.Sessions[stead.SessionID(id)]
		if live == e.Ended {
			t.Fatalf("%s: live %v, in the model ended %v", id, live, e.Ended)
		}
		if live && (real.Level != e.Level || real.Unseen.IsZero() == e.Unseen || real.Proved != (time.Time{}) && real.Proved.Sub(start) != time.Duration(e.Proved)*time.Second) {
			t.Fatalf("%+v, in the model %+v", real, e)
		}
	}
	if len(m.alarms) > 0 {
		t.Fatalf("alarms: %q", m.alarms)
	}
}

// trail: what has ended says why, by whom and when, and its event is in the log with both names (I5, I13).
func (m *machine) trail(t *rapid.T, id stead.MandateID) {
	r, err := m.store.Get(m.ctx, stead.KindMandate, string(id), 0)
	must(t, err)
	over := r.(stead.Mandate)
	if over.State != stead.Ended || over.Why == stead.ReasonNone || over.EndedBy == "" || over.EndedAt.IsZero() {
		t.Fatalf("%s has ended and does not say how: %+v", id, over)
	}
	for i := m.began; i < m.store.Head().Size; i++ {
		e, err := m.store.Event(m.ctx, i)
		must(t, err)
		if e.Mandate == id && slices.ContainsFunc(e.Records, func(r stead.RecordRef) bool { return r.ID == string(id) && r.Version == over.Version }) {
			if e.Subject != over.Subject || e.What["reason"] == "" || e.Actor == "" {
				t.Fatalf("%s ended with %+v", id, e)
			}
			return
		}
	}
	t.Fatalf("no event says that %s has ended", id)
}

func (m *machine) restart(t *rapid.T) {
	m.seconds.Add(-min(0, m.skew.Load()))
	m.skew.Store(0)
	m.settle()
	before := m.still()
	must(t, m.close())
	must(t, m.open())
	if diff := cmp.Diff(before, m.still(), cmpopts.EquateEmpty()); diff != "" {
		t.Fatalf("a restart changed what is true: %s", diff)
	}
	m.steps["restart"]++
}
