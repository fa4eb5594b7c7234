package agents

import (
	"maps"
	"strings"
	"testing"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/cedar"
	"github.com/steadhq/stead/internal/house"
	"github.com/steadhq/stead/internal/house/housetest"
)

// rules let the report read, after an AI operations manager, a security officer and a compliance lead have agreed.
const rules = `
@id("monthly-report")
@owner("data protection")
@approval("staff/ai-operations; staff/security; staff/compliance")
@max("24h")
permit (principal is Agent, action == Action::"act", resource)
when { principal.name == "monthly-report" && context.app == "crm" && context has task && context.task == "monthly" };

@id("tidy")
@owner("data protection")
permit (principal is Agent, action == Action::"act", resource)
when { principal has tier && principal.tier == "low" && context.mode == "read-only" };
`

// A world is a house with people who agree, a system, and the agent of the report.
type world struct {
	*housetest.House
	t     *testing.T
	root  authority.By
	agent stead.Registration
}

// staff are those who agree, beside those of every house.
var staff = []authority.NewPerson{
	{Directory: "staff", Name: "ida", Shown: "Ida Bergman", Groups: []string{"ai-operations"}},
	{Directory: "staff", Name: "cole", Shown: "Cole Adeyemi", Groups: []string{"compliance"}},
	{Directory: "staff", Name: "max", Shown: "Max Novak", Groups: []string{"ai-operations", "analysts"}},
	{Directory: "staff", Name: "root2", Shown: "Second Root", Groups: []string{"admins"}},
}

func newWorld(t *testing.T, change ...func(*house.Options)) *world {
	t.Helper()
	w := &world{t: t, House: housetest.NewOf(t, append(housetest.Staff(), staff...), append([]func(*house.Options){func(o *house.Options) {
		o.Settings.Apps = append(o.Settings.Apps, stead.NewSystem("crm"), stead.NewSystem("hr"))
		o.Files = maps.Clone(cedar.Default())
		o.Files["agents.cedar"] = rules
	}}, change...)...)}
	w.root = w.Login("staff/root", "console.test")
	w.agent = w.register("monthly-report", stead.Company, stead.HighTier, "staff/max", task("monthly", "public.customers", "public.orders"))
	return w
}

func task(id string, tables ...string) stead.Task {
	t := stead.Task{ID: id, Purpose: "the monthly report"}
	for _, name := range tables {
		t.Grants = append(t.Grants, stead.Entitlement{System: "crm", Action: stead.ActionRead, Resource: name})
	}
	return t
}

func (w *world) registration(kind stead.AgentKind, tier stead.Tier, owner string, tasks ...stead.Task) stead.Registration {
	return stead.Registration{Kind: kind, Tier: tier, Owner: w.People[owner].ID, Purpose: "monthly reports", Segment: "reporting", Tasks: tasks}
}

// register registers an agent whose own key is "NAME's key".
func (w *world) register(name string, kind stead.AgentKind, tier stead.Tier, owner string, tasks ...stead.Task) stead.Registration {
	w.t.Helper()
	r := w.registration(kind, tier, owner, tasks...)
	r.Keys = []stead.AgentKey{{Thumbprint: name + "'s key", JWK: "{}"}}
	got, err := w.Register(w.t.Context(), w.root, authority.NewAgent{Name: name, Registration: r})
	if err != nil {
		w.t.Fatal(err)
	}
	return got
}

// by is who proves a key.
func (w *world) by(key string) authority.By {
	w.t.Helper()
	by, err := w.PresentKey(w.t.Context(), authority.PresentedKey{Agent: agentOf(key), Thumbprint: key, Address: "127.0.0.1"})
	if err != nil {
		w.t.Fatal(err)
	}
	return by
}

func agentOf(key string) string {
	if name, own := strings.CutSuffix(key, "'s key"); own {
		return name
	}
	return ""
}

// run enrols an instance of an agent with a key.
func (w *world) run(agent, key string) authority.By {
	w.t.Helper()
	if _, err := w.EnrollInstance(w.t.Context(), w.by(agent+"'s key"), authority.NewInstance{Key: stead.AgentKey{Thumbprint: key}, For: 2 * stead.Day}); err != nil {
		w.t.Fatal(err)
	}
	return w.by(key)
}

// agree is the yes of somebody to what is asked now.
func (w *world) agree(who string, m stead.Mandate) (stead.Mandate, error) {
	return w.Approve(w.t.Context(), w.Login(who, "console.test"), m.ID, m.Digest, "")
}

// working is the report under way, in the hands of an instance.
func (w *world) working(key string) (authority.By, stead.Mandate) {
	w.t.Helper()
	by := w.run("monthly-report", key)
	return by, w.underway(by)
}

// underway is the report asked for, agreed to and begun by an instance.
func (w *world) underway(by authority.By) stead.Mandate {
	w.t.Helper()
	m, err := w.AskTask(w.t.Context(), by, authority.TaskAsk{Task: "monthly"})
	for _, who := range []string{"staff/ida", "staff/omar", "staff/cole"} {
		if err == nil {
			m, err = w.agree(who, m)
		}
	}
	if err == nil {
		m, err = w.StartTask(w.t.Context(), by, m.ID)
	}
	if err != nil {
		w.t.Fatal(err)
	}
	return m
}

// reads asks whether a table may be read.
func (w *world) reads(by authority.By, m stead.MandateID, table string) stead.Decision {
	w.t.Helper()
	d, err := w.Decide(w.t.Context(), stead.Question{Actor: by.Principal, Subject: by.Principal, Mandate: m, Key: by.Key, Action: stead.ActionRead,
		Resource: stead.Resource{App: "crm", Realm: "all", Path: "/", Name: table}})
	if err != nil {
		w.t.Fatal(err)
	}
	return d
}

func (w *world) refused(d stead.Decision, why stead.Reason) {
	w.t.Helper()
	if d.Allow || d.Reason != why {
		w.t.Errorf("allowed %v, %q: %s; want %s", d.Allow, d.Reason, d.Text, why)
	}
}

func (w *world) no(err error, why stead.Reason) {
	w.t.Helper()
	if stead.ReasonOf(err) != why {
		w.t.Errorf("%v; want %s", err, why)
	}
}

// apply adds files to the policy: one stages, another puts it in force.
func (w *world) apply(files map[string]string) {
	w.t.Helper()
	all := maps.Clone(w.Options.Files)
	maps.Copy(all, files)
	digest, err := w.Stage(w.t.Context(), w.root, all)
	if err == nil {
		_, err = w.Apply(w.t.Context(), w.Login("staff/root2", "console.test"), digest)
	}
	if err != nil {
		w.t.Fatal(err)
	}
}

// recorded tells whether the log has an event of each kind for a mandate.
func (w *world) recorded(m stead.MandateID, kinds ...stead.EventKind) {
	w.t.Helper()
	if err := w.Store.Settled(w.t.Context(), w.Store.Head().Size); err != nil {
		w.t.Fatal(err)
	}
	found := map[stead.EventKind]bool{}
	all, err := w.Store.Events(w.t.Context(), authority.EventQuery{Mandate: m, Limit: 1000})
	if err != nil {
		w.t.Fatal(err)
	}
	for _, e := range all {
		found[e.Kind] = true
	}
	for _, k := range kinds {
		if !found[k] {
			w.t.Errorf("no %s is recorded", k)
		}
	}
}
