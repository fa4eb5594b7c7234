package agents

import (
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/house"
)

// hurried lets the report wait for AI operations an hour, then for the analysts an hour, then for security one.
const hurried = `
@id("monthly-report")
@owner("data protection")
@approval("staff/ai-operations within 1h then staff/compliance within 1h; staff/security within 1h")
permit (principal is Agent, action == Action::"act", resource)
when { principal.name == "monthly-report" && context.app == "crm" && context has task && context.task == "monthly" };
`

func newHurried(t *testing.T) (*world, authority.By, stead.Mandate) {
	t.Helper()
	w := newWorld(t, func(o *house.Options) {
		o.Settings.Session.Idle, o.Settings.Terms.AskWindow = 12*time.Hour, 8*time.Hour
	})
	w.apply(map[string]string{"agents.cedar": hurried})
	by := w.run("monthly-report", "k1")
	m, err := w.AskTask(t.Context(), by, authority.TaskAsk{Task: "monthly"})
	if err != nil {
		t.Fatal(err)
	}
	return w, by, m
}

// at moves the clock to so long after the asking.
func (w *world) at(m stead.Mandate, d time.Duration) {
	w.t.Helper()
	w.Clock.Move(m.AskedAt.Add(d).Sub(w.Clock.Wall()))
}

// count says how many events of a kind a mandate has.
func (w *world) count(m stead.MandateID, kind string) int {
	w.t.Helper()
	if err := w.Store.Settled(w.t.Context(), w.Store.Head().Size); err != nil {
		w.t.Fatal(err)
	}
	all, err := w.Store.Events(w.t.Context(), authority.EventQuery{Mandate: m, Kinds: []string{kind}})
	if err != nil {
		w.t.Fatal(err)
	}
	return len(all)
}

func (w *world) sweep() {
	w.t.Helper()
	if err := w.Sweep(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
}

// A6: reminded once, escalated once, on two nodes and over a restart; the next group may agree when its time has come,
// swept or not, and sees it in its inbox.
func TestEscalation(t *testing.T) {
	w, by, m := newHurried(t)
	cole := w.Login("staff/cole", "console.test")
	w.at(m, 59*time.Minute)
	if _, err := w.Approve(t.Context(), cole, m.ID, m.Digest, ""); stead.ReasonOf(err) != stead.ReasonApprover {
		t.Fatal(err)
	}
	w.sweep()
	w.sweep()
	w.Shut()
	w.Open()
	w.sweep()
	if n := w.count(m.ID, "mandate.reminded"); n != 1 {
		t.Errorf("reminded %d times", n) // half and nine tenths were slept through together
	}
	w.at(m, time.Hour)
	inbox, err := w.Mandates(t.Context(), cole, false)
	if err != nil || !slices.ContainsFunc(inbox, func(k stead.Mandate) bool { return k.ID == m.ID }) {
		t.Errorf("who may agree now does not see it: %v", err)
	}
	m, err = w.Approve(t.Context(), cole, m.ID, m.Digest, "") // nothing was swept since
	if err != nil || m.State != stead.Asked {
		t.Fatal(err)
	}
	w.sweep()
	if n := w.count(m.ID, "mandate.escalated"); n != 0 {
		t.Errorf("escalated %d times after the yes", n)
	}
	if m, err = w.agree("staff/omar", m); err != nil || m.State != stead.Approved {
		t.Fatalf("%v, %s", err, m.State)
	}
	if _, err = w.StartTask(t.Context(), by, m.ID); err != nil {
		t.Error(err)
	}
}

func TestEscalatedOnce(t *testing.T) {
	w, _, m := newHurried(t)
	w.at(m, 61*time.Minute)
	var all sync.WaitGroup
	for range 8 {
		all.Go(w.sweep)
	}
	all.Wait()
	if n, r := w.count(m.ID, "mandate.escalated"), w.count(m.ID, "mandate.reminded"); n != 1 || r != 0 {
		t.Errorf("escalated %d, reminded %d", n, r)
	}
}

// The time of the last stage races its last yes: the clock decides at the head of the log, and nothing is half of each (D5, D8).
func TestTimeOutRacesLastYes(t *testing.T) {
	for _, early := range []time.Duration{time.Second, 0} {
		w, by, m := newHurried(t)
		m, err := w.agree("staff/ida", m)
		if err != nil {
			t.Fatal(err)
		}
		omar := w.Login("staff/omar", "console.test")
		yes := m.Approvals[0].At
		w.Clock.Move(yes.Add(time.Hour - early).Sub(w.Clock.Wall()))
		var all sync.WaitGroup
		var voted error
		all.Go(func() { _, voted = w.Approve(t.Context(), omar, m.ID, m.Digest, "") })
		for range 4 {
			all.Go(w.sweep)
		}
		all.Wait()
		got, err := w.Mandate(t.Context(), w.root, m.ID)
		if err != nil {
			t.Fatal(err)
		}
		if early > 0 && (voted != nil || got.State != stead.Approved) {
			t.Errorf("in time: %v, %s", voted, got.State)
		}
		if early == 0 && (stead.KindOf(voted) != stead.Conflict || got.State != stead.Ended || got.Why != stead.ReasonExpired || len(got.Approvals) != 1) {
			t.Errorf("too late: %v, %s %s", voted, got.State, got.Why)
		}
		if _, err := w.StartTask(t.Context(), by, m.ID); (err == nil) != (early > 0) {
			t.Errorf("start: %v", err)
		}
	}
}

// A vote while others come to may agree: one stage, one yes of one human, however many at once (D4).
func TestVotesWhileEscalating(t *testing.T) {
	w, _, m := newHurried(t)
	ida, cole := w.Login("staff/ida", "console.test"), w.Login("staff/cole", "console.test")
	w.at(m, time.Hour)
	var all sync.WaitGroup
	for i := range 40 {
		who := ida
		if i%2 == 1 {
			who = cole
		}
		all.Go(func() { _, _ = w.Approve(t.Context(), who, m.ID, m.Digest, "") })
		if i%10 == 0 {
			all.Go(w.sweep)
		}
	}
	all.Wait()
	got, err := w.Mandate(t.Context(), w.root, m.ID)
	if err != nil || got.State != stead.Asked || len(got.Approvals) != 1 {
		t.Errorf("%v, %s, %d yeses", err, got.State, len(got.Approvals))
	}
}

// The request is refused where nobody was left, without a sweep, and ends by itself with one (D8).
func TestNobodyLeft(t *testing.T) {
	w, by, m := newHurried(t)
	ida := w.Login("staff/ida", "console.test")
	w.at(m, 2*time.Hour)
	for _, err := range []error{second(w.Approve(t.Context(), ida, m.ID, m.Digest, "")), second(w.Refuse(t.Context(), ida, m.ID, m.Digest, "")),
		second(w.Comment(t.Context(), ida, m.ID, "late")), second(w.StartTask(t.Context(), by, m.ID))} {
		w.no(err, stead.ReasonExpired)
	}
	w.sweep()
	got, err := w.Mandate(t.Context(), w.root, m.ID)
	if err != nil || got.State != stead.Ended || got.Why != stead.ReasonExpired || got.EndedBy != stead.Server {
		t.Errorf("%v, %+v", err, got)
	}
	w.recorded(m.ID, "mandate.ended")
}

// The quorum is counted again when the task begins: who left, whose group was taken, and who came to answer for it.
func TestQuorumAtStart(t *testing.T) {
	gone, none := true, []string{}
	for name, change := range map[string]func(*world) error{
		"left": func(w *world) error {
			return second(w.Change(t.Context(), w.root, w.People["staff/ida"].ID, authority.Edit{Disabled: &gone}))
		},
		"another group": func(w *world) error {
			return second(w.Change(t.Context(), w.root, w.People["staff/omar"].ID, authority.Edit{Groups: &none}))
		},
		"owner now": func(w *world) error {
			r := w.agent
			r.Owner = w.People["staff/cole"].ID
			return second(w.ChangeAgent(t.Context(), w.root, r.Principal, authority.NewAgent{Name: "monthly-report", Registration: r}))
		},
	} {
		w := newWorld(t)
		by := w.run("monthly-report", "k1")
		m, err := w.AskTask(t.Context(), by, authority.TaskAsk{Task: "monthly"})
		for _, who := range []string{"staff/ida", "staff/omar", "staff/cole"} {
			if err == nil {
				m, err = w.agree(who, m)
			}
		}
		if err == nil {
			err = change(w)
		}
		if err != nil {
			t.Fatal(name, err)
		}
		if err := second(w.StartTask(t.Context(), by, m.ID)); stead.ReasonOf(err) != stead.ReasonVoid {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A comment is said by whose business it is, counts for nothing, and is on record.
func TestComments(t *testing.T) {
	w, by, m := newHurried(t)
	for who, says := range map[string]authority.By{"the agent": by, "its owner": w.Login("staff/max", "console.test"), "an approver": w.Login("staff/ida", "console.test"),
		"a later one": w.Login("staff/omar", "console.test")} {
		if _, err := w.Comment(t.Context(), says, m.ID, "I approve of this"); err != nil {
			t.Errorf("%s: %v", who, err)
		}
	}
	_, err := w.Comment(t.Context(), w.Login("staff/sam", "console.test"), m.ID, "let me see")
	w.no(err, stead.ReasonNotYours)
	gone := w.Login("staff/ida", "console.test")
	if err := w.SignOut(t.Context(), gone); err != nil {
		t.Fatal(err)
	}
	w.no(second(w.Comment(t.Context(), gone, m.ID, "still there?")), stead.ReasonSignIn)
	got, err := w.Mandate(t.Context(), w.root, m.ID)
	if err != nil || got.State != stead.Asked || len(got.Approvals) != 0 || len(got.Comments) != 4 || got.Digest != m.Digest {
		t.Errorf("%v, %+v", err, got)
	}
	w.recorded(m.ID, "mandate.commented", "mandate.comment.refused")
	if _, err := w.agree("staff/ida", m); err != nil {
		t.Error(err) // the digest they saw still holds
	}
}

// What an agent asked for is taken back by itself and by who answers for it, and by nobody else.
func TestWithdrawn(t *testing.T) {
	w, by, m := newHurried(t)
	_, err := w.Withdraw(t.Context(), w.Login("staff/ida", "console.test"), m.ID)
	w.no(err, stead.ReasonNotYours)
	max := w.Login("staff/max", "console.test")
	got, err := w.Withdraw(t.Context(), max, m.ID)
	if err != nil || got.Why != stead.ReasonWithdrawn || got.EndedBy != string(max.Principal) {
		t.Errorf("%v, %+v", err, got)
	}
	m, err = w.AskTask(t.Context(), by, authority.TaskAsk{Task: "monthly"})
	if err == nil {
		m, err = w.Withdraw(t.Context(), by, m.ID)
	}
	if err != nil || m.EndedBy != string(by.Principal) {
		t.Errorf("%v, %+v", err, m)
	}
}

// An agent approves nothing, in whatever group it is: not its own request, nor a sibling's, nor a stranger's (D3).
func TestAgentsApproveNothing(t *testing.T) {
	w := newWorld(t)
	r := w.register("sibling", stead.Company, stead.LowTier, "staff/max", task("tidy", "public.orders"))
	w.register("stranger", stead.Company, stead.LowTier, "staff/omar", task("tidy", "public.orders"))
	groups := []string{"ai-operations", "security", "compliance"}
	if _, err := w.Change(t.Context(), w.root, r.Principal, authority.Edit{Groups: &groups}); err != nil {
		t.Logf("an agent is in no group: %v", err)
	}
	by := w.run("monthly-report", "k1")
	m, err := w.AskTask(t.Context(), by, authority.TaskAsk{Task: "monthly"})
	if err != nil {
		t.Fatal(err)
	}
	for _, who := range []authority.By{by, w.run("sibling", "k2"), w.run("stranger", "k3")} {
		for _, err := range []error{second(w.Approve(t.Context(), who, m.ID, m.Digest, "")), second(w.Refuse(t.Context(), who, m.ID, m.Digest, ""))} {
			if err == nil {
				t.Fatal("an agent voted")
			}
		}
	}
	if got, err := w.Mandate(t.Context(), w.root, m.ID); err != nil || len(got.Approvals) != 0 {
		t.Errorf("%v, %+v", err, got.Approvals)
	}
}

// By risk: nobody, one, or three agree, and where nobody need agree the mandate says why.
func TestTiers(t *testing.T) {
	tiers, err := os.ReadFile("../../examples/agents/tiers.cedar")
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t)
	w.apply(map[string]string{"agents.cedar": string(tiers)})
	for tier, yeses := range map[stead.Tier][]string{stead.LowTier: nil, stead.MediumTier: {"staff/ida"}, stead.HighTier: {"staff/ida", "staff/omar", "staff/cole"}} {
		w.register(string(tier), stead.Company, tier, "staff/max", task("monthly", "public.orders"))
		by := w.run(string(tier), "key of "+string(tier))
		m, err := w.AskTask(t.Context(), by, authority.TaskAsk{Task: "monthly"})
		for _, who := range yeses {
			if err != nil || m.State != stead.Asked {
				t.Fatalf("%s before %s: %v, %s", tier, who, err, m.State)
			}
			m, err = w.agree(who, m)
		}
		if err != nil || m.State != stead.Approved {
			t.Fatalf("%s: %v, %s", tier, err, m.State)
		}
		if said := m.Standing(); (tier == stead.LowTier) != (said == "approved by standing rule agents-low: low risk: reads only, and never more than its declared task needs") {
			t.Errorf("%s: %q", tier, said)
		}
		if tier == stead.LowTier {
			w.saysWhy(by, m)
		}
	}
}

// saysWhy: why an agent may begin says the standing rule's reason.
func (w *world) saysWhy(by authority.By, m stead.Mandate) {
	w.t.Helper()
	m, err := w.StartTask(w.t.Context(), by, m.ID)
	if err != nil {
		w.t.Fatal(err)
	}
	if len(m.Rules) != 1 || !strings.HasPrefix(m.Rules[0].Reason, "low risk") {
		w.t.Errorf("%+v", m.Rules)
	}
}

func second[T any](_ T, err error) error { return err }
