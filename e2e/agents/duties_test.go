package agents

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/cedar"
	"github.com/steadhq/stead/internal/house"
	"github.com/steadhq/stead/internal/store/pgtest"
)

// paying is a world with a system of payments, in which low agents of a task may do what it grants.
func paying(t *testing.T, change ...func(*house.Options)) *world {
	t.Helper()
	w := newWorld(t, append([]func(*house.Options){func(o *house.Options) {
		o.Settings.Apps = append(o.Settings.Apps, stead.NewSystem("pay"))
	}}, change...)...)
	w.apply(map[string]string{"pay.cedar": payRules, cedar.SchemaName: cedar.Default()[cedar.SchemaName] + payTypes})
	return w
}

const payRules = `
@id("payments") @owner("finance")
permit (principal is Agent, action, resource) when { principal has tier && principal.tier == "low" };
@id("clerks") @owner("finance")
permit (principal, action, resource is payment);
`

// payTypes are the things of the system of payments, and what is done to them.
const payTypes = `
@app("pay") entity payment;
action initiate, approve appliesTo { principal: [User, Agent, Service], resource: [payment], context: { payment_id?: String } };
`

func payTask(id string, action stead.Action) stead.Task {
	return stead.Task{ID: id, Purpose: "payments", Mode: stead.Edit, Grants: []stead.Entitlement{
		{System: "pay", Action: action, Resource: "payment:p1"}, {System: "pay", Action: action, Resource: "payment:p2"}}}
}

func apart(same string) stead.Exclusion {
	side := func(a stead.Action) []stead.Reach { return []stead.Reach{{System: "pay", Action: a, Resource: "*"}} }
	return stead.Exclusion{Name: "two-hands", Purpose: "who initiates a payment does not approve it", First: side("initiate"), Second: side("approve"), Same: same}
}

func (w *world) exclude(x stead.Exclusion) {
	w.t.Helper()
	if _, err := w.SetExclusion(w.t.Context(), w.root, x); err != nil {
		w.t.Fatal(err)
	}
}

// begins asks for a task of an agent and starts it, with an instance of its own.
func (w *world) begins(agent, taskID, key string) (authority.By, stead.MandateID, error) {
	w.t.Helper()
	by := w.run(agent, key)
	m, err := w.AskTask(w.t.Context(), by, authority.TaskAsk{Task: taskID, Mode: stead.Edit})
	if err == nil {
		m, err = w.StartTask(w.t.Context(), by, m.ID)
	}
	return by, m.ID, err
}

func pays(by authority.By, m stead.MandateID, action stead.Action, payment string) stead.Question {
	return stead.Question{Actor: by.Principal, Subject: by.Principal, Mandate: m, Key: by.Key, Action: action,
		Resource: stead.Resource{App: "pay", Realm: "all", Path: "/", Name: payment, Type: "payment"}}
}

func (w *world) does(q stead.Question) stead.Decision {
	w.t.Helper()
	d, err := w.Decide(w.t.Context(), q)
	if err != nil {
		w.t.Fatal(err)
	}
	return d
}

// explains asks why, of a decision that a law refused.
func (w *world) explains(d stead.Decision, law string) {
	w.t.Helper()
	if err := w.Store.Settled(w.t.Context(), w.Store.Head().Size); err != nil {
		w.t.Fatal(err)
	}
	why, err := w.Why(w.t.Context(), w.Login("staff/omar", "console.test"), d.ID)
	if err != nil || !why.Same || why.Decision.Law != law || why.Event.What["law"] != law {
		w.t.Errorf("why: %+v, %v", why.Decision, err)
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// A7: one owner's agents never hold both sides: the second is not registered, not widened to it, not given another owner.
func TestDutiesHeld(t *testing.T) {
	w := paying(t)
	w.exclude(apart(""))
	payer := w.register("payer", stead.Company, stead.LowTier, "staff/max", payTask("initiate", "initiate"))
	r := w.registration(stead.Company, stead.LowTier, "staff/max", payTask("approve", "approve"))
	_, err := w.Register(t.Context(), w.root, authority.NewAgent{Name: "checker", Registration: r})
	w.no(err, stead.ReasonDuty)
	if err == nil || !strings.Contains(err.Error(), "two-hands") || !strings.Contains(err.Error(), "payer") {
		t.Error("it does not name the exclusion and the other:", err)
	}
	r.Kind = stead.Employee
	_, err = w.Register(t.Context(), w.root, authority.NewAgent{Name: "helper", Registration: r})
	w.no(err, stead.ReasonDuty)
	r.Kind, r.Owner = stead.Company, w.People["staff/ida"].ID
	checker := must(w.Register(t.Context(), w.root, authority.NewAgent{Name: "checker", Registration: r}))
	checker.Owner = w.People["staff/max"].ID
	_, err = w.ChangeAgent(t.Context(), w.root, checker.Principal, authority.NewAgent{Registration: checker})
	w.no(err, stead.ReasonDuty)
	payer.Tasks = append(payer.Tasks, payTask("approve", "approve"))
	_, err = w.ChangeAgent(t.Context(), w.root, payer.Principal, authority.NewAgent{Registration: payer})
	w.no(err, stead.ReasonDuty)
	if all, err := w.Clashes(t.Context(), w.root); err != nil || len(all) != 0 {
		t.Errorf("%+v, %v", all, err)
	}
	w.recorded("", "exclusion.set", "agent.register.refused")
}

// A7: an exclusion put over what is there already is shown, and the later agent is refused at its next ask, start and use. An
// agent that holds both does neither, and a person does not do what his agent's side excludes.
func TestDutiesOverHolders(t *testing.T) {
	w := paying(t)
	w.register("payer", stead.Company, stead.LowTier, "staff/max", payTask("initiate", "initiate"))
	w.Clock.Move(time.Second)
	w.register("checker", stead.Company, stead.LowTier, "staff/max", payTask("approve", "approve"))
	w.register("both", stead.Company, stead.LowTier, "staff/ida", payTask("initiate", "initiate"), payTask("approve", "approve"))
	payer, pm, err := w.begins("payer", "initiate", "k1")
	checker, cm, err2 := w.begins("checker", "approve", "k2")
	both, bm, err3 := w.begins("both", "approve", "k3")
	asked, err4 := w.AskTask(t.Context(), checker, authority.TaskAsk{Task: "approve", Mode: stead.Edit})
	if err != nil || err2 != nil || err3 != nil || err4 != nil {
		t.Fatal(err, err2, err3, err4)
	}
	w.exclude(apart(""))
	all := must(w.Clashes(t.Context(), w.root))
	if len(all) != 2 {
		t.Fatalf("%+v", all)
	}
	for _, c := range all {
		if c.First != c.Second && c.Later != checker.Principal {
			t.Errorf("%+v", c)
		}
	}
	d := w.does(pays(checker, cm, "approve", "p1"))
	if w.refused(d, stead.ReasonDuty); d.Law != "two-hands" || strings.Contains(d.Text, "payer") || strings.Contains(d.Text, "max") {
		t.Errorf("who asks is told the rule, and not whose agents do what: %+v", d)
	}
	w.names(d, "staff/omar", "payer", string(pm))
	w.refused(w.does(pays(both, bm, "approve", "p1")), stead.ReasonDuty)
	if d := w.does(pays(payer, pm, "initiate", "p1")); !d.Allow {
		t.Error("the one that was there first goes on:", d.Text)
	}
	_, err = w.StartTask(t.Context(), checker, asked.ID)
	w.no(err, stead.ReasonDuty)
	_, err = w.AskTask(t.Context(), checker, authority.TaskAsk{Task: "approve", Mode: stead.Edit})
	if w.no(err, stead.ReasonDuty); strings.Contains(err.Error(), "payer") || strings.Contains(err.Error(), "max") || !strings.Contains(err.Error(), "two-hands") {
		t.Error("asking tells more than the rule:", err)
	}
	max := w.Login("staff/max", "console.test")
	q := stead.Question{Session: max.Session, Actor: max.Principal, Subject: max.Principal, Action: "approve", Resource: stead.Resource{App: "pay", Realm: "all", Path: "/", Name: "p1", Type: "payment"}}
	own := w.does(q)
	w.refused(own, stead.ReasonDuty)
	w.names(own, "staff/max", "payer") // he answers for it
	w.explains(d, "two-hands")
}

// names tells whether a refusal names the other to somebody who may read the record of it.
func (w *world) names(d stead.Decision, who string, all ...string) {
	w.t.Helper()
	w.Flush()
	if err := w.Store.Settled(w.t.Context(), w.Store.Head().Size); err != nil {
		w.t.Fatal(err)
	}
	why := must(w.Why(w.t.Context(), w.Login(who, "console.test"), d.ID))
	for _, part := range all {
		if !strings.Contains(why.Decision.Text, part) {
			w.t.Errorf("%s does not read %s: %s", who, part, why.Decision.Text)
		}
	}
}

// A7: who initiated a payment does not approve this one: not he, not his agents, not who acts for him; others do.
func TestDutiesDone(t *testing.T) {
	w := paying(t)
	w.exclude(apart(stead.SameResource))
	w.register("payer", stead.Company, stead.LowTier, "staff/max", payTask("initiate", "initiate"))
	w.register("helper", stead.Employee, stead.LowTier, "staff/max", payTask("approve", "approve"))
	w.register("other", stead.Company, stead.LowTier, "staff/ida", payTask("approve", "approve"))
	payer, pm, err := w.begins("payer", "initiate", "k1")
	helper, hm, err2 := w.begins("helper", "approve", "k2")
	other, om, err3 := w.begins("other", "approve", "k3")
	if err != nil || err2 != nil || err3 != nil {
		t.Fatal(err, err2, err3)
	}
	for range 2 { // the same side again is no other
		if d := w.does(pays(payer, pm, "initiate", "p1")); !d.Allow {
			t.Fatal(d.Text)
		}
	}
	d := w.does(pays(helper, hm, "approve", "p1"))
	if w.refused(d, stead.ReasonDuty); d.Law != "two-hands" {
		t.Errorf("%+v", d)
	}
	max := w.Login("staff/max", "console.test")
	self := stead.Question{Session: max.Session, Actor: max.Principal, Subject: max.Principal, Action: "approve", Resource: stead.Resource{App: "pay", Realm: "all", Path: "/", Name: "p1", Type: "payment"}}
	w.refused(w.does(self), stead.ReasonDuty)
	self.Resource.Name = "p3"
	if d := w.does(self); !d.Allow {
		t.Error("another payment:", d.Text)
	}
	if d := w.does(pays(other, om, "approve", "p1")); !d.Allow {
		t.Error("another party:", d.Text)
	}
	if d := w.does(pays(helper, hm, "approve", "p2")); !d.Allow {
		t.Error("another payment:", d.Text)
	}
	w.refused(w.does(pays(payer, pm, "initiate", "p2")), stead.ReasonDuty) // and the other way round
	w.explains(d, "two-hands")
	retired := must(w.RetireExclusion(t.Context(), w.Login("staff/root2", "console.test"), "two-hands"))
	if d := w.does(pays(helper, hm, "approve", "p1")); !retired.Retired || !d.Allow {
		t.Error("after it was retired:", d.Text)
	}
}

// A7: a window ends; a name keeps its history; an owner that changes washes nothing off; a start forgets nothing.
func TestDutiesRemembered(t *testing.T) {
	w := paying(t)
	x := apart(stead.SameResource)
	x.Within = stead.Duration(time.Hour)
	w.exclude(x)
	agent := w.register("payer", stead.Company, stead.LowTier, "staff/max", payTask("initiate", "initiate"), payTask("approve", "approve"))
	by, im, err := w.begins("payer", "initiate", "k1")
	_, am, err2 := w.begins("payer", "approve", "k1b")
	if err != nil || err2 != nil {
		t.Fatal(err, err2)
	}
	again := w.by("k1b")
	if d := w.does(pays(by, im, "initiate", "p1")); !d.Allow {
		t.Fatal(d.Text)
	}
	agent.Owner = w.People["staff/ida"].ID
	must(w.ChangeAgent(t.Context(), w.root, agent.Principal, authority.NewAgent{Registration: agent}))
	w.refused(w.does(pays(again, am, "approve", "p1")), stead.ReasonDuty)
	root2 := w.Login("staff/root2", "console.test")
	must(w.RetireExclusion(t.Context(), root2, x.Name))
	w.exclude(x)
	w.refused(w.does(pays(again, am, "approve", "p1")), stead.ReasonDuty)
	w.Shut()
	w.Open()
	w.refused(w.does(pays(again, am, "approve", "p1")), stead.ReasonDuty)
	w.Clock.Move(time.Hour)
	if d := w.does(pays(again, am, "approve", "p1")); !d.Allow {
		t.Error("the window is over:", d.Text)
	}
}

// A7: a login is used until it ends, so what may be done by it counts from then on.
func TestDutiesOfLogins(t *testing.T) {
	w := paying(t)
	x := apart(stead.SameResource)
	x.Within = stead.Duration(time.Minute)
	w.exclude(x)
	w.register("payer", stead.Company, stead.LowTier, "staff/max", payTask("initiate", "initiate"), payTask("approve", "approve"))
	by, im, err := w.begins("payer", "initiate", "k1")
	again, am, err2 := w.begins("payer", "approve", "k1b")
	if err != nil || err2 != nil {
		t.Fatal(err, err2)
	}
	login := pays(by, im, "initiate", "p1")
	login.Until = w.Clock.Wall().Add(time.Hour)
	if d := w.does(login); !d.Allow {
		t.Fatal(d.Text)
	}
	w.Clock.Move(time.Hour)
	w.refused(w.does(pays(again, am, "approve", "p1")), stead.ReasonDuty)
	w.Clock.Move(time.Minute)
	if d := w.does(pays(again, am, "approve", "p1")); !d.Allow {
		t.Error("the window is over:", d.Text)
	}
	for _, q := range authority.Uses(stead.Mandate{Until: login.Until, Scope: stead.Scope{Grants: []stead.Entitlement{{}}}}) {
		if q.Until != login.Until {
			t.Error("a login is asked for as if it ended at once")
		}
	}
}

// A7: of one party initiating and approving at the same time exactly one side wins, however many try.
func TestDutiesAtOnce(t *testing.T) {
	w := paying(t)
	w.exclude(apart(stead.SameResource))
	w.register("payer", stead.Company, stead.LowTier, "staff/max", payTask("initiate", "initiate"))
	w.register("checker", stead.Company, stead.LowTier, "staff/max", payTask("approve", "approve"))
	payer, pm, err := w.begins("payer", "initiate", "k1")
	checker, cm, err2 := w.begins("checker", "approve", "k2")
	if err != nil || err2 != nil {
		t.Fatal(err, err2)
	}
	raced(t, func(n int, thing string) (stead.Decision, error) {
		if n%2 == 0 {
			return w.Decide(t.Context(), pays(payer, pm, "initiate", thing))
		}
		return w.Decide(t.Context(), pays(checker, cm, "approve", thing))
	})
}

// A7, R9: what a person does himself is ordinary traffic, and recorded before it is answered where an exclusion touches it: his
// agent does not come in between.
func TestDutiesOfPersonAtOnce(t *testing.T) {
	w := paying(t, func(o *house.Options) { o.Settings.Ordinary = "allow" })
	w.exclude(apart(stead.SameResource))
	w.register("checker", stead.Company, stead.LowTier, "staff/max", payTask("approve", "approve"))
	checker, cm, err := w.begins("checker", "approve", "k1")
	if err != nil {
		t.Fatal(err)
	}
	max := w.Login("staff/max", "console.test")
	before := w.Store.Head().Size
	d := w.does(stead.Question{Session: max.Session, Actor: max.Principal, Subject: max.Principal, Action: "initiate",
		Resource: stead.Resource{App: "pay", Realm: "all", Path: "/", Name: "p3", Type: "payment"}})
	if !d.Allow || w.Store.Head().Size == before {
		t.Error("it was answered before it was recorded:", d.Text)
	}
	raced(t, func(n int, thing string) (stead.Decision, error) {
		if n%2 == 1 {
			return w.Decide(t.Context(), pays(checker, cm, "approve", thing))
		}
		return w.Decide(t.Context(), stead.Question{Session: max.Session, Actor: max.Principal, Subject: max.Principal, Action: "initiate",
			Resource: stead.Resource{App: "pay", Realm: "all", Path: "/", Name: thing, Type: "payment"}})
	})
}

// raced asks a hundred times at once about each of two things, half of them for each side.
func raced(t *testing.T, decide func(int, string) (stead.Decision, error)) {
	t.Helper()
	for _, thing := range []string{"p1", "p2"} {
		var all sync.WaitGroup
		said := make([]stead.Decision, 100)
		errs := make([]error, 100)
		start := make(chan struct{})
		for n := range said {
			all.Go(func() {
				<-start
				said[n], errs[n] = decide(n, thing)
			})
		}
		close(start)
		all.Wait()
		won := map[int]int{}
		for n, d := range said {
			switch {
			case errs[n] != nil:
				t.Fatal(errs[n])
			case d.Allow:
				won[n%2]++
			case d.Reason != stead.ReasonDuty:
				t.Errorf("%q: %s", d.Reason, d.Text)
			}
		}
		if len(won) != 1 || won[0]+won[1] != 50 {
			t.Errorf("%s: of the two sides %v won", thing, won)
		}
	}
}

// S-I30: who wrote an exclusion neither changes nor retires it; who has no part in it neither sees nor sets any.
func TestDutiesTwoPeople(t *testing.T) {
	w := paying(t)
	x := apart("")
	w.exclude(x)
	w.exclude(x) // the same again changes nothing
	ctx, sam, root2 := t.Context(), w.Login("staff/sam", "console.test"), w.Login("staff/root2", "console.test")
	_, err := w.RetireExclusion(ctx, w.root, x.Name)
	w.no(err, stead.ReasonAuthor)
	x = apart("")
	x.Second[0].Resource = "p9"
	_, err = w.SetExclusion(ctx, w.root, x)
	w.no(err, stead.ReasonAuthor)
	_, err = w.SetExclusion(ctx, sam, x)
	w.no(err, stead.ReasonNotYours)
	_, err = w.RetireExclusion(ctx, sam, x.Name)
	w.no(err, stead.ReasonNotYours)
	_, err = w.AllExclusions(ctx, sam)
	w.no(err, stead.ReasonNotYours)
	_, err = w.Clashes(ctx, sam)
	w.no(err, stead.ReasonNotYours)
	if got := must(w.SetExclusion(ctx, root2, x)); got.Version != 2 {
		t.Error(got.Version)
	}
	x = apart("")
	x.First[0].System = "nowhere"
	_, err = w.SetExclusion(ctx, w.root, x)
	w.no(err, stead.ReasonNoRoute)
	_, err = w.SetExclusion(ctx, w.root, stead.Exclusion{Name: "x"})
	w.no(err, stead.ReasonRequest)
	_, err = w.RetireExclusion(ctx, w.root, "none")
	w.no(err, stead.ReasonNotYours)
	if all := must(w.AllExclusions(ctx, w.root)); len(all) != 1 || fmt.Sprint(all[0].Second[0].Resource) != "p9" {
		t.Errorf("%+v", all)
	}
}

// A7, A11, S-I15, S-I23: two nodes on one database are no other house: what was done at one is known at the other, of two at
// once on both one side wins, and a segment cut off at one is cut off at the other's next decision.
func TestDutiesOnTwoNodes(t *testing.T) {
	dsn := pgtest.Start(t).Create(t)
	w := segmented(t, func(o *house.Options) { o.DSN = dsn })
	other := w.Beside()
	w.exclude(apart(stead.SameResource))
	at := map[string]stead.MandateID{}
	by := map[string]authority.By{}
	for agent, action := range map[string]stead.Action{"payer": "initiate", "checker": "approve"} {
		r := w.registration(stead.Company, stead.LowTier, "staff/max", payTask("pay", action))
		r.Segment = "finance"
		must(w.Register(t.Context(), w.root, authority.NewAgent{Name: agent, Registration: withKey(r, agent+"'s key")}))
		var err error
		if by[agent], at[agent], err = w.begins(agent, "pay", "key of "+agent); err != nil {
			t.Fatal(err)
		}
	}
	raced(t, func(n int, thing string) (stead.Decision, error) {
		h := []*house.House{w.House.House, other.House}[n/2%2]
		if err := h.Store.Latest(t.Context()); err != nil {
			return stead.Decision{}, err
		}
		if n%2 == 0 {
			return h.Decide(t.Context(), pays(by["payer"], at["payer"], "initiate", thing))
		}
		return h.Decide(t.Context(), pays(by["checker"], at["checker"], "approve", thing))
	})
	q := pays(by["payer"], at["payer"], "initiate", "p1")
	if d := must(other.Decide(t.Context(), q)); !d.Allow {
		q = pays(by["checker"], at["checker"], "approve", "p1")
	}
	if d := must(other.Decide(t.Context(), q)); !d.Allow {
		t.Fatal("the side that won goes on:", d.Text)
	}
	omar := w.Login("staff/omar", "console.test")
	began := time.Now()
	must(w.Isolate(t.Context(), omar, "finance", "odd payments"))
	d := must(other.Decide(t.Context(), q))
	took := time.Since(began)
	w.refused(d, stead.ReasonIsolated)
	t.Logf("from isolating at one node to the refusal at the other: %s", took)
}
