package stead_test

import (
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	. "github.com/steadhq/stead"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

// A weighing is one set of arguments of Weigh, everything in it free to be changed by a row.
type weighing struct {
	q       Question
	f       Facts
	v       Verdict
	now     time.Time
	actor   Principal
	subject Principal
	session Session
	mandate Mandate
	app     App
	realm   Realm
}

func (w *weighing) weigh() Decision { return Weigh(w.q, w.f, w.v, w.now) }

// actingRead is the allowed case that rows start from: Sam reads in the shop for Dana.
func actingRead() *weighing {
	w := &weighing{now: noon}
	w.actor = Principal{ID: "prn_sam", Kind: Person, Directory: "staff", Name: "sam", Person: "per_sam", Groups: []string{"support"}}
	w.subject = Principal{ID: "prn_dana", Kind: Person, Directory: "customers", Name: "dana", Person: "per_dana"}
	w.session = Session{ID: "ses_1", Principal: "prn_sam", Level: 2, Since: noon.Add(-time.Hour),
		IdleAfter: Duration(30 * time.Minute), Until: noon.Add(8 * time.Hour)}
	w.mandate = Mandate{ID: "man_1", State: Active, Actor: "prn_sam", Subject: "prn_dana", Session: "ses_1",
		Scope: Scope{Apps: []AppID{"orders"}}, Mode: ReadOnly, StartedAt: noon.Add(-time.Minute), Until: noon.Add(9 * time.Minute),
		Bounds: Bounds{Length: Duration(10 * time.Minute), Idle: Duration(5 * time.Minute), Budget: map[string]int64{"calls": 100}}}
	w.realm = Realm{ID: "shop", Path: "/", Level: 1, Acting: true, ActorLevel: 2}
	w.app = App{ID: "orders", Privileged: []string{"staff/admin", "vip=yes"}, Aware: true, Realms: []Realm{w.realm}}
	w.q = Question{Session: "ses_1", Actor: "prn_sam", Subject: "prn_dana", Mandate: "man_1", Action: ActionRead,
		Resource: Resource{App: "orders", Realm: "shop", Path: "/orders/7"}}
	w.f = Facts{Index: 7, Actor: &w.actor, Subject: &w.subject, Session: &w.session, Seen: noon.Add(-time.Minute),
		Mandate: &w.mandate, Acted: noon.Add(-time.Minute), Acting: &w.mandate, App: &w.app, Realm: &w.realm,
		Spent: map[string]int64{}, Policy: "digest"}
	w.v = Verdict{Allow: true, Policy: "digest", Rules: []RuleRef{{ID: "support-reads", Hash: "00"}}, Rights: LeftToApp}
	return w
}

// ownRead is the other allowed case: Sam reads as himself while he acts for nobody.
func ownRead() *weighing {
	w := actingRead()
	w.q.Subject, w.q.Mandate = "prn_sam", ""
	w.f.Subject, w.f.Mandate, w.f.Acting = &w.actor, nil, nil
	return w
}

// agentRead is the third: an agent with a key of its own acts for Dana, one link between them.
func vouchedRead() *weighing {
	w := ownRead()
	w.q.Asserted, w.q.Session, w.f.Session = "service:desk", "", nil
	w.f.Evaluator = &Evaluator{ID: "service:desk", Apps: []AppID{"wiki", w.app.ID}, Level: 1}
	w.realm.Level = 1
	return w
}

// vouchedActing is somebody acting, as a service says: the mandate and the session it hangs on are read, never believed.
func vouchedActing() *weighing {
	w := actingRead()
	w.q.Asserted, w.f.Evaluator = "service:desk", &Evaluator{ID: "service:desk", Apps: []AppID{w.app.ID}, Level: 1}
	return w
}

func vouchedTask() *weighing {
	w := taskRead()
	w.q.Asserted, w.f.Evaluator = "service:desk", &Evaluator{ID: "service:desk", Apps: []AppID{w.app.ID}, Keys: true}
	return w
}

func agentRead() *weighing {
	w := actingRead()
	w.actor = Principal{ID: "prn_bot", Kind: Agent, Directory: "agents", Name: "report"}
	w.mandate.Actor, w.mandate.Session, w.mandate.Key = "prn_bot", "", "thumb"
	w.q.Actor, w.q.Session, w.q.Key, w.q.Via = "prn_bot", "", "thumb", []PrincipalID{"prn_mid"}
	w.f.Session, w.f.Acting = nil, nil
	w.f.Links = []*Principal{{ID: "prn_mid", Kind: Agent}}
	w.f.Agent = &Registration{Principal: "prn_bot", Owner: "prn_max"}
	w.f.Owner = &Principal{ID: "prn_max", Kind: Person}
	w.f.Instance = &Instance{ID: "ins_1", Agent: "prn_bot", Key: AgentKey{Thumbprint: "thumb"}, Until: noon.Add(time.Minute)}
	return w
}

// taskRead is the fourth: an agent reads what its own task needs.
func taskRead() *weighing {
	w := agentRead()
	grant := Entitlement{System: "orders", Action: ActionRead, Resource: "public.orders", Columns: []string{"id", "total"}}
	w.f.Agent.Tasks = []Task{{ID: "report", Purpose: "the report", Grants: []Entitlement{grant}}}
	w.mandate.Subject, w.mandate.Task, w.mandate.Scope.Grants = "prn_bot", "report", []Entitlement{grant}
	w.q.Subject, w.q.Via, w.f.Subject, w.f.Links = "prn_bot", nil, &w.actor, nil
	w.q.Resource.Name, w.q.Columns = "public.orders", []string{"total"}
	return w
}

func TestWeighAllows(t *testing.T) {
	for name, base := range map[string]func() *weighing{"acting": actingRead, "own": ownRead, "agent": agentRead, "task": taskRead} {
		d := base().weigh()
		if !d.Allow || d.Reason != ReasonNone || d.Text != "" || d.Final {
			t.Errorf("%s: %+v", name, d)
		}
		if d.At != noon || d.Index != 7 || d.Policy != "digest" || d.Mandate != base().q.Mandate || d.Rights != LeftToApp {
			t.Errorf("%s: the decision does not say what it rests on: %+v", name, d)
		}
		if diff := cmp.Diff([]RuleRef{{ID: "support-reads", Hash: "00"}}, d.Rules); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// Everything zero, and every single argument zero, is a no: unknown is no.
func TestWeighZeroRefuses(t *testing.T) {
	if d := Weigh(Question{}, Facts{}, Verdict{}, time.Time{}); d.Allow || d.Reason == ReasonNone {
		t.Errorf("all zero: %+v", d)
	}
	if (Decision{}).Allow || (Verdict{}).Allow {
		t.Error("a zero decision or verdict allows")
	}
	for name, zero := range map[string]func(*weighing){
		"question": func(w *weighing) { w.q = Question{} },
		"facts":    func(w *weighing) { w.f = Facts{} },
		"verdict":  func(w *weighing) { w.v = Verdict{} },
		"actor":    func(w *weighing) { w.actor = Principal{} },
		"subject":  func(w *weighing) { w.subject = Principal{} },
		"session":  func(w *weighing) { w.session = Session{} },
		"mandate":  func(w *weighing) { w.mandate = Mandate{} },
		"app":      func(w *weighing) { w.app = App{} },
		"realm":    func(w *weighing) { w.realm = Realm{} },
	} {
		w := actingRead()
		zero(w)
		if d := w.weigh(); d.Allow || d.Reason == ReasonNone || d.Text == "" {
			t.Errorf("zero %s: %+v", name, d)
		}
	}
}

// Each row takes an allowed case and changes one fact. I2, I7, I9, I10, S-I1, C1, C3, C4, C7.
func TestWeighLaws(t *testing.T) {
	type row struct {
		name   string
		base   func() *weighing
		change func(*weighing)
		reason Reason // ReasonNone: still allowed
		final  bool
	}
	for _, r := range []row{
		// whole
		{"no actor named", actingRead, func(w *weighing) { w.q.Actor = "" }, ReasonSignIn, false},
		{"actor unknown", actingRead, func(w *weighing) { w.f.Actor = nil }, ReasonSignIn, false},
		{"another actor", actingRead, func(w *weighing) { w.actor.ID = "prn_eve" }, ReasonSignIn, false},
		{"empty subject", actingRead, func(w *weighing) { w.q.Subject = "" }, ReasonUnknown, false},
		{"subject unknown", actingRead, func(w *weighing) { w.f.Subject = nil }, ReasonUnknown, true},
		{"another subject", actingRead, func(w *weighing) { w.subject.ID = "prn_eve" }, ReasonUnknown, true},
		{"link unknown", agentRead, func(w *weighing) { w.f.Links = nil }, ReasonUnknown, true},
		{"no app", actingRead, func(w *weighing) { w.f.App = nil }, ReasonNoRoute, false},
		{"other app", actingRead, func(w *weighing) { w.app.ID = "wiki" }, ReasonNoRoute, false},
		{"no realm", actingRead, func(w *weighing) { w.f.Realm = nil }, ReasonNoRoute, false},
		{"other realm", actingRead, func(w *weighing) { w.realm.ID = "admin" }, ReasonNoRoute, false},
		{"actor disabled", actingRead, func(w *weighing) { w.actor.Disabled = true }, ReasonDisabled, true},
		{"actor deleted", actingRead, func(w *weighing) { w.actor.Deleted = true }, ReasonDisabled, true},
		{"actor disabled, own", ownRead, func(w *weighing) { w.actor.Disabled = true }, ReasonDisabled, false},
		{"subject disabled", actingRead, func(w *weighing) { w.subject.Disabled = true }, ReasonDisabled, true},
		{"subject deleted", actingRead, func(w *weighing) { w.subject.Deleted = true }, ReasonDisabled, true},
		{"link disabled", agentRead, func(w *weighing) { w.f.Links[0].Disabled = true }, ReasonDisabled, true},
		{"stale node", actingRead, func(w *weighing) { w.f.Distrust = ReasonStale }, ReasonStale, false},
		{"clock jumped", actingRead, func(w *weighing) { w.f.Distrust = ReasonClock }, ReasonClock, false},
		{"clock jumped, own", ownRead, func(w *weighing) { w.f.Distrust = ReasonClock }, ReasonNone, false},
		// the session
		{"no session", actingRead, func(w *weighing) { w.f.Session = nil }, ReasonSignIn, true},
		{"no session, own", ownRead, func(w *weighing) { w.f.Session = nil }, ReasonSignIn, false},
		{"other session", actingRead, func(w *weighing) { w.session.ID = "ses_2" }, ReasonSignIn, true},
		{"someone else's session", actingRead, func(w *weighing) { w.session.Principal = "prn_eve" }, ReasonSignIn, true},
		{"session ended", actingRead, func(w *weighing) { w.session.Ended = noon }, ReasonSessionOver, true},
		{"session's absolute end", actingRead, func(w *weighing) { w.session.Until = noon }, ReasonSessionOver, true},
		{"one tick before it", actingRead, func(w *weighing) { w.session.Until = noon.Add(1) }, ReasonNone, false},
		{"session idle", actingRead, func(w *weighing) { w.f.Seen = noon.Add(-30 * time.Minute) }, ReasonSessionIdle, true},
		{"one tick before it", actingRead, func(w *weighing) { w.f.Seen = noon.Add(1 - 30*time.Minute) }, ReasonNone, false},
		{"session idle, own", ownRead, func(w *weighing) { w.f.Seen = noon.Add(-time.Hour) }, ReasonSessionIdle, false},
		// by the word of a service: R40
		{"vouched for", vouchedRead, func(*weighing) {}, ReasonNone, false},
		{"by a service unknown", vouchedRead, func(w *weighing) { w.f.Evaluator = nil }, ReasonNotYours, false},
		{"by another service's right", vouchedRead, func(w *weighing) { w.f.Evaluator.ID = "service:eve" }, ReasonNotYours, false},
		{"about another application", vouchedRead, func(w *weighing) { w.f.Evaluator.Apps = []AppID{"wiki"} }, ReasonNotYours, false},
		{"a subject nobody knows", vouchedRead, func(w *weighing) { w.q.Actor, w.q.Subject = "", "" }, ReasonUnknown, false},
		{"an actor nobody knows", vouchedRead, func(w *weighing) { w.q.Actor = "" }, ReasonUnknown, false},
		{"nobody's word", vouchedRead, func(w *weighing) { w.q.Asserted = "" }, ReasonSignIn, false},
		{"for an account that is closed", vouchedRead, func(w *weighing) { w.actor.Disabled = true }, ReasonDisabled, false},
		{"where its sign-in is too weak", vouchedRead, func(w *weighing) { w.realm.Level = 2 }, ReasonLevel, false},
		{"with a session", vouchedRead, func(w *weighing) { w.q.Session = "ses_1" }, ReasonSignIn, false},
		{"for somebody else", vouchedRead, func(w *weighing) { w.q.Subject, w.f.Subject = "prn_dana", &Principal{ID: "prn_dana"} }, ReasonSignIn, false},
		{"over a chain", vouchedRead, func(w *weighing) { w.q.Via, w.f.Links = []PrincipalID{"prn_mid"}, []*Principal{{ID: "prn_mid"}} }, ReasonSignIn, false},
		{"with a key", vouchedRead, func(w *weighing) { w.q.Key = "k" }, ReasonSignIn, false},
		{"under a mandate that is not there", vouchedRead, func(w *weighing) { w.q.Mandate = "man_9" }, ReasonSignIn, false},
		{"who acts, vouched for", vouchedActing, func(*weighing) {}, ReasonNone, false},
		{"who acts, his session over", vouchedActing, func(w *weighing) { w.session.Until = noon }, ReasonSessionOver, true},
		{"who acts, without his session", vouchedActing, func(w *weighing) { w.q.Session, w.f.Session = "", nil }, ReasonSignIn, false},
		{"who acts, in another application", vouchedActing, func(w *weighing) { w.f.Evaluator.Apps = nil }, ReasonNotYours, false},
		{"who acts, for another than he says", vouchedActing, func(w *weighing) { w.q.Subject = "prn_eve"; w.f.Subject = nil }, ReasonUnknown, false},
		{"an agent, its key vouched for", vouchedTask, func(*weighing) {}, ReasonNone, false},
		{"an agent, by who checks no keys", vouchedTask, func(w *weighing) { w.f.Evaluator.Keys = false }, ReasonSignIn, false},
		{"an agent, without its key", vouchedTask, func(w *weighing) { w.q.Key = "" }, ReasonSignIn, false},
		{"an agent, by another one of its keys", vouchedTask, func(w *weighing) { w.q.Key = "other"; w.f.Instance.Key.Thumbprint = "other"; w.f.Instance.Until = noon }, ReasonSignIn, false},
		// for somebody
		{"acting elsewhere", ownRead, func(w *weighing) { w.f.Acting = &Mandate{Scope: Scope{Apps: []AppID{"wiki"}}} }, ReasonNone, false},
		{"own request while acting here", ownRead, func(w *weighing) { w.f.Acting = &w.mandate }, ReasonActing, false},
		{"no mandate claimed", actingRead, func(w *weighing) { w.q.Mandate = "" }, ReasonEnded, false},
		{"no mandate claimed, a nameless one found", actingRead, func(w *weighing) { w.q.Mandate, w.mandate.ID = "", "" }, ReasonEnded, false},
		{"mandate unknown", actingRead, func(w *weighing) { w.f.Mandate = nil }, ReasonEnded, false},
		{"other mandate", actingRead, func(w *weighing) { w.mandate.ID = "man_2" }, ReasonEnded, false},
		{"another actor's mandate", actingRead, func(w *weighing) { w.mandate.Actor = "prn_eve" }, ReasonNotYours, false},
		{"another subject's mandate", actingRead, func(w *weighing) { w.mandate.Subject = "prn_eve" }, ReasonNotYours, false},
		{"another session's mandate", actingRead, func(w *weighing) { w.mandate.Session = "ses_2" }, ReasonNotYours, false},
		{"another key's mandate", agentRead, func(w *weighing) { w.mandate.Key = "other" }, ReasonNotYours, false},
		{"a key of no instance", agentRead, func(w *weighing) { w.q.Key = "other" }, ReasonSignIn, false},
		{"agent without key", agentRead, func(w *weighing) { w.q.Key, w.mandate.Key = "", "" }, ReasonSignIn, false},
		{"agent's instance unknown", agentRead, func(w *weighing) { w.f.Instance = nil }, ReasonSignIn, false},
		{"another agent's instance", agentRead, func(w *weighing) { w.f.Instance.Agent = "prn_eve" }, ReasonSignIn, false},
		{"instance over", agentRead, func(w *weighing) { w.f.Instance.Until = noon }, ReasonSignIn, true},
		{"agent not registered", agentRead, func(w *weighing) { w.f.Agent = nil }, ReasonDisabled, true},
		{"agent retired", agentRead, func(w *weighing) { w.f.Agent.Retired = true }, ReasonDisabled, true},
		{"agent suspended", agentRead, func(w *weighing) { w.f.Agent.Suspended = true }, ReasonSuspended, false},
		{"owner gone", agentRead, func(w *weighing) { w.f.Owner.Disabled = true }, ReasonOwnerless, true},
		{"owner unknown", agentRead, func(w *weighing) { w.f.Owner = nil }, ReasonOwnerless, true},
		{"owner another", agentRead, func(w *weighing) { w.f.Owner.ID = "prn_eve" }, ReasonOwnerless, true},
		{"agent without mandate", taskRead, func(w *weighing) { w.q.Mandate, w.f.Mandate = "", nil }, ReasonEnded, false},
		{"task: another table", taskRead, func(w *weighing) { w.q.Resource.Name = "public.people" }, ReasonScope, false},
		{"task: another action", taskRead, func(w *weighing) { w.q.Action = ActionMark }, ReasonScope, false},
		{"task: another column", taskRead, func(w *weighing) { w.q.Columns = []string{"iban"} }, ReasonScope, false},
		{"task: all columns", taskRead, func(w *weighing) { w.q.Columns = nil }, ReasonScope, false},
		{"task narrowed since", taskRead, func(w *weighing) { w.f.Agent.Tasks = nil }, ReasonScope, true},
		{"a person's chain", actingRead, func(w *weighing) { w.q.Via, w.f.Links = []PrincipalID{"prn_mid"}, []*Principal{{ID: "prn_mid"}} }, ReasonChain, false},
		{"a chain to oneself without a mandate", ownRead, func(w *weighing) { w.q.Via, w.f.Links = []PrincipalID{"prn_mid"}, []*Principal{{ID: "prn_mid"}} }, ReasonEnded, false},
		{"oneself by another account", actingRead, func(w *weighing) { w.subject.Person = "per_sam" }, ReasonSelf, true},
		{"person keys missing", actingRead, func(w *weighing) { w.subject.Person, w.actor.Person = "", "" }, ReasonNone, false},
		{"marks undeclared", actingRead, func(w *weighing) { w.app.Privileged = nil }, ReasonUnmarked, false},
		{"subject privileged by group", actingRead, func(w *weighing) { w.subject.Directory, w.subject.Groups = "staff", []string{"admin"} }, ReasonPrivileged, true},
		{"same group, other directory", actingRead, func(w *weighing) { w.subject.Groups = []string{"admin"} }, ReasonNone, false},
		{"subject privileged by attribute", actingRead, func(w *weighing) { w.subject.Attributes = map[string]string{"vip": "yes"} }, ReasonPrivileged, true},
		{"actor privileged", actingRead, func(w *weighing) { w.actor.Groups = []string{"admin"} }, ReasonNone, false},
		// the place
		{"own level too low", ownRead, func(w *weighing) { w.realm.Level = 3 }, ReasonLevel, false},
		{"subject's level not asked while acting", actingRead, func(w *weighing) { w.realm.Level = 3 }, ReasonNone, false},
		{"actor's level too low", actingRead, func(w *weighing) { w.session.Level = 1 }, ReasonLevel, false},
		{"subject-only realm", actingRead, func(w *weighing) { w.realm.Kind = SubjectOnly }, ReasonPresent, false},
		{"subject-only realm, own", ownRead, func(w *weighing) { w.realm.Kind = SubjectOnly }, ReasonNone, false},
		{"realm closed", actingRead, func(w *weighing) { w.realm.Acting = false }, ReasonRealm, false},
		{"realm closed to acting, own", ownRead, func(w *weighing) { w.realm.Acting = false }, ReasonNone, false},
		// in force
		{"waiting for approvals", actingRead, func(w *weighing) { w.mandate.State, w.mandate.StartBy = Asked, noon.Add(1) }, ReasonState, false},
		{"approved, not started", actingRead, func(w *weighing) { w.mandate.State, w.mandate.StartBy = Approved, noon.Add(1) }, ReasonState, false},
		{"start window over", actingRead, func(w *weighing) { w.mandate.State, w.mandate.StartBy = Approved, noon }, ReasonNotStarted, true},
		{"suspended", actingRead, func(w *weighing) { w.mandate.State = Suspended }, ReasonSuspended, false},
		{"suspended and expired", actingRead, func(w *weighing) { w.mandate.State, w.mandate.Until = Suspended, noon }, ReasonExpired, true},
		{"expired", actingRead, func(w *weighing) { w.mandate.Until = noon }, ReasonExpired, true},
		{"one tick before it", actingRead, func(w *weighing) { w.mandate.Until = noon.Add(1) }, ReasonNone, false},
		{"mandate idle", actingRead, func(w *weighing) { w.f.Acted = noon.Add(-5 * time.Minute); w.mandate.StartedAt = noon.Add(-time.Hour) }, ReasonIdle, true},
		{"never idle", actingRead, func(w *weighing) { w.f.Acted, w.mandate.Bounds.Idle = time.Time{}, 0 }, ReasonNone, false},
		{"ended", actingRead, func(w *weighing) { w.mandate.State, w.mandate.Why = Ended, ReasonRevoked }, ReasonRevoked, false},
		{"ended, why unknown", actingRead, func(w *weighing) { w.mandate.State = Ended }, ReasonEnded, false},
		{"unknown state", actingRead, func(w *weighing) { w.mandate.State = "paused" }, ReasonState, false},
		// within
		{"scope: app", actingRead, func(w *weighing) { w.mandate.Scope.Apps = []AppID{"wiki"} }, ReasonScope, false},
		{"scope: empty", actingRead, func(w *weighing) { w.mandate.Scope = Scope{} }, ReasonScope, false},
		{"scope: realm", actingRead, func(w *weighing) { w.mandate.Scope.Realms = []RealmID{"help"} }, ReasonScope, false},
		{"scope: action", actingRead, func(w *weighing) { w.mandate.Scope.Actions = []Action{ActionMark} }, ReasonScope, false},
		{"scope: condition", actingRead, func(w *weighing) { w.mandate.Scope.Conditions = map[string][]string{"id": {"8"}} }, ReasonScope, false},
		{"scope: condition met", actingRead, func(w *weighing) {
			w.mandate.Scope.Conditions = map[string][]string{"id": {"7"}}
			w.q.Arguments = map[string]string{"id": "7"}
		}, ReasonNone, false},
		{"another's mandate, one's session over", actingRead, func(w *weighing) { w.mandate.Actor, w.session.Until = "prn_eve", noon }, ReasonSessionOver, false},
		{"another session's mandate, one's own over", actingRead, func(w *weighing) { w.mandate.Session, w.session.Until = "ses_2", noon }, ReasonSessionOver, false},
		{"own session over, no mandate", ownRead, func(w *weighing) { w.session.Until = noon }, ReasonSessionOver, false},
		{"own end not seen yet", ownRead, func(w *weighing) { w.session.Unseen = Unseen{Mandate: "man_0", Apps: []AppID{"orders"}} }, ReasonUnseen, false},
		{"an end not seen elsewhere", ownRead, func(w *weighing) { w.session.Unseen = Unseen{Mandate: "man_0", Apps: []AppID{"wiki"}} }, ReasonNone, false},
		{"closed action", actingRead, func(w *weighing) { w.q.Action = ActionClosed }, ReasonClosed, false},
		{"closed action in edit mode", actingRead, func(w *weighing) { w.q.Action, w.mandate.Mode = ActionClosed, Edit }, ReasonClosed, false},
		{"write read-only", actingRead, func(w *weighing) { w.q.Action = ActionWrite }, ReasonReadOnly, false},
		{"write with no mode", actingRead, func(w *weighing) { w.q.Action, w.mandate.Mode = ActionWrite, "" }, ReasonReadOnly, false},
		{"write in edit mode", actingRead, func(w *weighing) { w.q.Action, w.mandate.Mode = ActionWrite, Edit }, ReasonNone, false},
		{"write, app not aware", actingRead, func(w *weighing) { w.q.Action, w.mandate.Mode, w.app.Aware = ActionWrite, Edit, false }, ReasonReadOnly, false},
		{"unknown action is a write", actingRead, func(w *weighing) { w.q.Action = "peek" }, ReasonReadOnly, false},
		{"no action is a write", actingRead, func(w *weighing) { w.q.Action = "" }, ReasonReadOnly, false},
		{"a stream is a write", actingRead, func(w *weighing) { w.q.Action = ActionOpen }, ReasonReadOnly, false},
		{"mark", actingRead, func(w *weighing) { w.q.Action = ActionMark }, ReasonNone, false},
		{"own write", ownRead, func(w *weighing) { w.q.Action = ActionWrite }, ReasonNone, false},
		{"budget's last", actingRead, func(w *weighing) { w.q.Context.Cost, w.f.Spent["calls"] = map[string]int64{"calls": 1}, 99 }, ReasonNone, false},
		{"budget spent", actingRead, func(w *weighing) { w.q.Context.Cost, w.f.Spent["calls"] = map[string]int64{"calls": 1}, 100 }, ReasonBudget, false},
		{"budget overflow", actingRead, func(w *weighing) { w.q.Context.Cost, w.f.Spent["calls"] = map[string]int64{"calls": math.MaxInt64}, 1 }, ReasonBudget, false},
		{"budget refunded by the caller", actingRead, func(w *weighing) { w.q.Context.Cost, w.f.Spent["calls"] = map[string]int64{"calls": -1}, 100 }, ReasonBudget, false},
		{"unbounded cost", actingRead, func(w *weighing) { w.q.Context.Cost = map[string]int64{"rows": 1} }, ReasonNone, false},
		// the verdict
		{"policy error", actingRead, func(w *weighing) { w.v.Errors = []string{"x.cedar:3: type error"} }, ReasonFailed, false},
		{"policy moved", actingRead, func(w *weighing) { w.v.Policy = "older" }, ReasonStale, false},
		{"no permit", actingRead, func(w *weighing) { w.v.Allow, w.v.Rules = false, nil }, ReasonPolicy, false},
		{"forbidden", actingRead, func(w *weighing) { w.v.Allow = false }, ReasonPolicy, false},
		{"forbidden, own", ownRead, func(w *weighing) { w.v.Allow = false }, ReasonPolicy, false},
		{"policy narrows to looking", actingRead, func(w *weighing) {
			w.q.Action, w.mandate.Mode, w.v.Obligations.Mode = ActionWrite, Edit, ReadOnly
		}, ReasonReadOnly, false},
		{"policy narrows, still looking", actingRead, func(w *weighing) { w.v.Obligations.Mode = ReadOnly }, ReasonNone, false},
	} {
		t.Run(r.name, func(t *testing.T) {
			w := r.base()
			r.change(w)
			d := w.weigh()
			if d.Allow != (r.reason == ReasonNone) || d.Reason != r.reason || d.Final != r.final {
				t.Errorf("allow %v, %q, final %v; want %q, final %v", d.Allow, d.Reason, d.Final, r.reason, r.final)
			}
			if (d.Text == "") == (r.reason != ReasonNone) {
				t.Errorf("text %q with reason %q", d.Text, d.Reason)
			}
		})
	}
}

// A law's no stands whatever policy says, and any sum of broken facts is a no as well.
func TestWeighNeverWidens(t *testing.T) {
	breaks := []func(*weighing){
		func(w *weighing) { w.f.Actor = nil }, func(w *weighing) { w.f.Subject = nil },
		func(w *weighing) { w.subject.Disabled = true }, func(w *weighing) { w.f.Distrust = ReasonStale },
		func(w *weighing) { w.f.Session = nil }, func(w *weighing) { w.f.Seen = noon.Add(-time.Hour) },
		func(w *weighing) { w.f.Mandate = nil }, func(w *weighing) { w.mandate.Session = "ses_2" },
		func(w *weighing) { w.subject.Person = "per_sam" }, func(w *weighing) { w.app.Privileged = nil },
		func(w *weighing) { w.realm.Acting = false }, func(w *weighing) { w.session.Level = 0 },
		func(w *weighing) { w.mandate.State = Suspended }, func(w *weighing) { w.mandate.Until = noon },
		func(w *weighing) { w.mandate.Scope.Apps = nil }, func(w *weighing) { w.q.Action = ActionWrite },
		func(w *weighing) { w.v.Allow = false }, func(w *weighing) { w.v.Errors = []string{"x"} },
		func(w *weighing) { w.v.Policy = "" },
	}
	rapid.Check(t, func(t *rapid.T) {
		w := actingRead()
		picked := rapid.SliceOfNDistinct(rapid.IntRange(0, len(breaks)-1), 0, len(breaks), rapid.ID[int]).Draw(t, "broken")
		for _, i := range picked {
			breaks[i](w)
		}
		d := w.weigh()
		if d.Allow != (len(picked) == 0) || d.Allow != (d.Reason == ReasonNone) {
			t.Fatalf("%d facts broken: %+v", len(picked), d)
		}
		if d.Allow != (d.Text == "") {
			t.Fatalf("a no without words: %+v", d)
		}
	})
}

func TestDelegated(t *testing.T) {
	for _, c := range []struct {
		q    Question
		want bool
	}{
		{Question{Actor: "a", Subject: "a"}, false},
		{Question{Actor: "a", Subject: "b"}, true},
		{Question{Actor: "a", Subject: "a", Mandate: "m"}, true},
		{Question{Actor: "a", Subject: "a", Via: []PrincipalID{"c"}}, true},
	} {
		if c.q.Delegated() != c.want {
			t.Errorf("%+v: %v", c.q, !c.want)
		}
	}
}

func TestEndingHasWords(t *testing.T) {
	seen := map[string]Reason{}
	for _, r := range []Reason{ReasonExpired, ReasonIdle, ReasonNotStarted, ReasonSessionOver, ReasonRevoked, ReasonRefused,
		ReasonWithdrawn, ReasonCompleted, ReasonPrivileged, ReasonDisabled} {
		text := Ending(r)
		if before, twice := seen[text]; text == "" || twice {
			t.Errorf("%s says %q, as %s does", r, text, before)
		}
		seen[text] = r
	}
}
