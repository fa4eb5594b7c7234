package agents

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/house"
	"github.com/steadhq/stead/internal/store/pgtest"
)

// asks asks for a table, or some columns of it, at the decision.
func (w *world) asks(by authority.By, m stead.MandateID, table string, columns ...string) stead.Decision {
	w.t.Helper()
	return must(w.Decide(w.t.Context(), stead.Question{Actor: by.Principal, Subject: by.Principal, Mandate: m, Key: by.Key, Action: stead.ActionRead,
		Resource: stead.Resource{App: "crm", Realm: "all", Path: "/", Name: table}, Columns: columns}))
}

// proposed is what is proposed for an agent since a time, to who answers for it.
func (w *world) proposed(agent string, since time.Time) stead.Proposal {
	w.t.Helper()
	w.Shut() // what nobody waits for is written
	w.Open()
	if err := w.Store.Settled(w.t.Context(), w.Store.Head().Size); err != nil {
		w.t.Fatal(err)
	}
	_, p, err := w.Proposal(w.t.Context(), w.Login("staff/max", "console.test"), agent, since, authority.MostSeen, func(e stead.Entitlement) string {
		if e.System == "hr" && e.Resource == "public.nowhere" {
			return "hr has no public.nowhere"
		}
		return ""
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return p
}

// A1, A3: what an agent asks for while it learns is refused as ever and on record; what is proposed covers exactly that, takes
// away what it never used, and once it is applied the agent gets exactly that and nothing beyond it. A start forgets nothing.
func TestLearn(t *testing.T) {
	t.Run("SQLite", func(t *testing.T) { learns(newWorld(t)) })
	t.Run("PostgreSQL", func(t *testing.T) {
		dsn := pgtest.Start(t).Create(t)
		learns(newWorld(t, func(o *house.Options) { o.DSN = dsn }))
	})
}

func learns(w *world) {
	t := w.t
	ctx, since := t.Context(), w.Clock.Wall()
	max := w.Login("staff/max", "console.test")
	by, m := w.working("k1")
	w.refused(w.asks(by, m.ID, "public.before"), stead.ReasonScope) // it does not learn yet
	got := must(w.Learn(ctx, max, w.agent.Principal, "", "first run of the new model", 48*time.Hour))
	if !got.Learning.On(w.Clock.Wall()) || got.Learning.By != max.Principal {
		t.Fatalf("%+v", got.Learning)
	}
	w.refused(w.asks(by, m.ID, "public.visits", "id", "day"), stead.ReasonScope)
	w.Shut()
	w.Open()
	w.refused(w.asks(by, m.ID, "public.visits", "id", "team"), stead.ReasonScope)
	if d := w.asks(by, m.ID, "public.orders"); !d.Allow {
		t.Fatal(d.Text)
	}
	wish := task("monthly", "public.customers", "public.months")
	_, err := w.AskTask(ctx, by, authority.TaskAsk{Task: "monthly", Grants: wish.Grants})
	w.no(err, stead.ReasonScope)
	elsewhere := []stead.Entitlement{{System: "hr", Action: stead.ActionRead, Resource: "public.nowhere"}}
	_, err = w.AskTask(ctx, by, authority.TaskAsk{Task: "monthly", Grants: elsewhere})
	w.no(err, stead.ReasonScope)
	w.Clock.Move(49 * time.Hour)
	by = w.run("monthly-report", "k2")
	_, err = w.AskTask(ctx, by, authority.TaskAsk{Task: "monthly", Grants: task("monthly", "public.after").Grants}) // it learns no more
	w.no(err, stead.ReasonScope)

	p := w.proposed("monthly-report", since)
	visits := stead.Entitlement{System: "crm", Action: stead.ActionRead, Resource: "public.visits", Columns: []string{"day", "id", "team"}}
	want := []stead.Task{{ID: "monthly", Purpose: "the monthly report", Grants: []stead.Entitlement{wish.Grants[1], w.agent.Tasks[0].Grants[1], visits}}}
	if d := cmp.Diff(want, p.Tasks); d != "" || !p.Whole {
		t.Fatal(p.Whole, d)
	}
	if len(p.Add) != 2 || p.Add[0].Times != 2 || len(p.Add[0].Events) != 2 || len(p.Unknown) != 1 || p.Unknown[0].Why != "hr has no public.nowhere" {
		t.Errorf("%+v\n%+v", p.Add, p.Unknown)
	}
	if len(p.Keep) != 1 || len(p.Remove) != 1 || p.Remove[0].Grant.Resource != "public.customers" || !p.Remove[0].Last.IsZero() {
		t.Errorf("%+v\n%+v", p.Keep, p.Remove)
	}
	max, w.root = w.Login("staff/max", "console.test"), w.Login("staff/root", "console.test")
	if now := must(w.Card(ctx, max, "monthly-report")); len(now.Tasks[0].Grants) != 2 {
		t.Fatal("a proposal changed the agent")
	}

	next := must(w.Card(ctx, w.root, "monthly-report")).Registration
	next.Tasks = p.Tasks
	if _, err := w.ChangeAgent(ctx, w.root, w.agent.Principal, authority.NewAgent{Name: "monthly-report", Registration: next}); err != nil {
		t.Fatal(err)
	}
	m = w.underway(by)
	for _, d := range []stead.Decision{w.asks(by, m.ID, "public.visits", "id"), w.asks(by, m.ID, "public.months"), w.asks(by, m.ID, "public.orders")} {
		if !d.Allow {
			t.Error(d.Text)
		}
	}
	for _, d := range []stead.Decision{w.asks(by, m.ID, "public.visits", "id", "mail"), w.asks(by, m.ID, "public.visits"), w.asks(by, m.ID, "public.customers"), w.asks(by, m.ID, "public.before")} {
		w.refused(d, stead.ReasonScope)
	}
}

// A3: nobody but the agent teaches what it needs, and nobody but who answers for it, and admins, has it learn.
func TestLearnRefuses(t *testing.T) {
	w := newWorld(t)
	ctx, since := t.Context(), w.Clock.Wall()
	for who, why := range map[string]stead.Reason{"staff/sam": stead.ReasonNotYours, "staff/omar": stead.ReasonNotYours} {
		_, err := w.Learn(ctx, w.Login(who, "console.test"), w.agent.Principal, "", "let me", time.Hour)
		w.no(err, why)
	}
	for _, r := range []struct {
		task, reason string
		length       time.Duration
		why          stead.Reason
	}{{"", "", time.Hour, stead.ReasonRequest}, {"", "why", 31 * stead.Day, stead.ReasonRequest}, {"", "why", 0, stead.ReasonRequest}, {"yearly", "why", time.Hour, stead.ReasonScope}} {
		_, err := w.Learn(ctx, w.root, w.agent.Principal, r.task, r.reason, r.length)
		w.no(err, r.why)
	}
	_, err := w.EndLearning(ctx, w.root, w.agent.Principal)
	w.no(err, stead.ReasonState)
	_, err = w.Learn(ctx, w.by("monthly-report's key"), w.agent.Principal, "", "let me", time.Hour)
	if err == nil {
		t.Error("an agent has itself learn")
	}
	other := w.register("churn", stead.Company, stead.LowTier, "staff/max", task("look", "public.orders"))
	must(w.Learn(ctx, w.root, other.Principal, "look", "why", time.Hour))
	thief, run := w.run("monthly-report", "k1"), w.run("churn", "k2")
	w.refused(w.asks(run, "", "public.salaries"), stead.ReasonEnded)
	must(w.EndLearning(ctx, w.root, other.Principal))
	w.refused(w.asks(run, "", "public.visits"), stead.ReasonEnded)
	if p := w.proposed("churn", since); len(p.Add)+len(p.Unknown) != 0 {
		t.Errorf("%+v", p)
	}
	must(w.Learn(ctx, w.root, other.Principal, "", "why", time.Hour))
	for _, by := range []authority.By{{Principal: other.Principal}, {Principal: other.Principal, Key: "nobody's"}, {Principal: other.Principal, Key: thief.Key}} {
		if d := w.asks(by, "", "public.salaries"); d.Allow { // without a key, with one of another agent
			t.Error("allowed")
		}
	}
	w.refused(w.asks(run, "", "public.visits"), stead.ReasonEnded)
	bad := stead.Question{Actor: run.Principal, Subject: run.Principal, Key: run.Key, Action: stead.ActionRead, Rows: "name = 'dana'",
		Resource: stead.Resource{App: "crm", Realm: "all", Path: "/", Name: "public.people"}}
	must(w.Decide(ctx, bad))
	p := w.proposed("churn", since)
	if len(p.Add) != 1 || p.Add[0].Grant.Resource != "public.visits" || p.Add[0].Task != "look" || len(p.Unknown) != 1 {
		t.Errorf("%+v", p)
	}
	for _, e := range must(w.Store.Events(ctx, authority.EventQuery{Actor: run.Principal, Limit: 1000})) {
		if strings.Contains(e.What["wants"], "dana") {
			t.Errorf("a value is on record: %v", e.What)
		}
	}
	_, _, err = w.Proposal(ctx, w.Login("staff/sam", "console.test"), "churn", since, authority.MostSeen, nil)
	w.no(err, stead.ReasonNotYours)
}
