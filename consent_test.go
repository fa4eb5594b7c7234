package stead_test

import (
	"testing"
	"time"

	. "github.com/steadhq/stead"
)

// consenting is Dana, who may let the agent do its task for her.
func consenting() (*weighing, Wish) {
	w := taskRead()
	w.f.Mandate, w.f.Instance, w.actor.Person = nil, nil, "per_bot"
	w.subject = Principal{ID: "prn_dana", Kind: Person, Directory: "customers", Name: "dana", Person: "per_dana"}
	w.session = Session{ID: "ses_1", Principal: "prn_dana", Person: "per_dana", Level: 1, Since: noon.Add(-time.Hour), Proved: noon,
		IdleAfter: Duration(2 * time.Hour), Until: noon.Add(8 * time.Hour)}
	w.realm.ActorLevel, w.f.Subject, w.f.Session, w.app.Privileged = 1, &w.subject, &w.session, []string{"staff/admin"}
	return w, Wish{ID: "man_1"}
}

func TestConsent(t *testing.T) {
	w, wish := consenting()
	m, err := Consent(wish, "report", w.f, w.v, terms(), noon)
	if err != nil || m.State != Approved || m.Actor != "prn_bot" || m.Subject != "prn_dana" || !m.Consented() || len(m.Approvals) != 1 ||
		m.Approvals[0].By != "prn_dana" || m.Approvals[0].Digest != m.Digest || m.Digest != m.Sum() || m.StartBy != noon.Add(ConsentWindow) ||
		len(m.People) != 2 || m.Session != "" {
		t.Fatalf("%+v, %v", m, err)
	}
	begin := func(change func(*Mandate)) (Mandate, error) {
		f, n := w.f, m
		i := taskRead().f.Instance
		f.Instance, f.Session = i, nil
		change(&n)
		return StartTask(n, f, w.v, func(PrincipalID) Principal { return w.subject }, noon)
	}
	if started, err := begin(func(*Mandate) {}); err != nil || started.State != Active || started.Key == "" {
		t.Errorf("%+v, %v", started, err)
	}
	if _, err := begin(func(n *Mandate) { n.Approvals = nil }); ReasonOf(err) != ReasonVoid {
		t.Errorf("without her yes: %v", err)
	}
	if _, err := begin(func(n *Mandate) { n.Subject = "prn_erin" }); ReasonOf(err) != ReasonNotYours {
		t.Errorf("for somebody else: %v", err)
	}
	w.subject.Groups = []string{"admin"}
	w.subject.Directory = "staff"
	if _, err := begin(func(*Mandate) {}); ReasonOf(err) != ReasonPrivileged {
		t.Errorf("privileged meanwhile: %v", err)
	}
}

// R3, R6, R8, R33: nobody lets an agent act for others, while he acts, for a privileged account, or where acting is closed.
func TestConsentRefuses(t *testing.T) {
	for name, r := range map[string]struct {
		change func(*weighing, *Wish)
		reason Reason
	}{
		"nobody signed in":          {func(w *weighing, _ *Wish) { w.f.Session = nil }, ReasonSignIn},
		"another's session":         {func(w *weighing, _ *Wish) { w.session.Principal = "prn_erin" }, ReasonSignIn},
		"session over":              {func(w *weighing, _ *Wish) { w.session.Until = noon }, ReasonSessionOver},
		"while acting":              {func(w *weighing, _ *Wish) { w.f.Acting = &w.mandate }, ReasonChain},
		"acting ended unseen":       {func(w *weighing, _ *Wish) { w.session.Unseen.Mandate = "man_9" }, ReasonChain},
		"account closed":            {func(w *weighing, _ *Wish) { w.subject.Disabled = true }, ReasonDisabled},
		"an agent":                  {func(w *weighing, _ *Wish) { w.subject.Kind = Agent }, ReasonUnknown},
		"privileged":                {func(w *weighing, _ *Wish) { w.subject.Directory, w.subject.Groups = "staff", []string{"admin"} }, ReasonPrivileged},
		"no marks declared":         {func(w *weighing, _ *Wish) { w.app.Privileged = nil }, ReasonUnmarked},
		"acting closed":             {func(w *weighing, _ *Wish) { w.realm.Acting = false }, ReasonRealm},
		"the subject's alone":       {func(w *weighing, _ *Wish) { w.realm.Kind = SubjectOnly }, ReasonRealm},
		"a weak sign-in":            {func(w *weighing, _ *Wish) { w.realm.Level = 2 }, ReasonLevel},
		"a weak sign-in for acting": {func(w *weighing, _ *Wish) { w.realm.ActorLevel = 2 }, ReasonLevel},
		"suspended":                 {func(w *weighing, _ *Wish) { w.f.Agent.Suspended = true }, ReasonSuspended},
		"owner gone":                {func(w *weighing, _ *Wish) { w.f.Owner.Disabled = true }, ReasonOwnerless},
		"another employee's agent":  {func(w *weighing, _ *Wish) { w.f.Agent.Kind = Employee }, ReasonNotYours},
		"no such task":              {func(w *weighing, _ *Wish) { w.f.Agent.Tasks = nil }, ReasonScope},
		"more than the task": {func(w *weighing, wish *Wish) {
			wish.Scope.Grants = []Entitlement{{System: "crm", Action: "read", Resource: "salaries"}}
		}, ReasonScope},
		"editing":                     {func(w *weighing, wish *Wish) { wish.Mode = Edit }, ReasonReadOnly},
		"editing where it is unaware": {func(w *weighing, wish *Wish) { wish.Mode, w.f.Agent.Tasks[0].Mode, w.app.Aware = Edit, Edit, false }, ReasonReadOnly},
		"policy says no":              {func(w *weighing, _ *Wish) { w.v.Allow = false }, ReasonPolicy},
		"others must agree":           {func(w *weighing, _ *Wish) { w.v.Obligations.Approvals = []Stage{{Groups: []string{"x"}, Count: 1}} }, ReasonApprover},
		"a fresh code is asked for":   {func(w *weighing, _ *Wish) { w.v.Obligations.Requires = []string{"second-factor"} }, ReasonSecondFactor},
		"the clock jumped":            {func(w *weighing, _ *Wish) { w.f.Distrust = ReasonClock }, ReasonClock},
	} {
		w, wish := consenting()
		r.change(w, &wish)
		if m, err := Consent(wish, "report", w.f, w.v, terms(), noon); ReasonOf(err) != r.reason || m.ID != "" {
			t.Errorf("%s: %+v, %v; want %s", name, m, err, r.reason)
		}
	}
}

// A9, R3, R19: what stands against it meanwhile ends it, and no use is allowed before that is swept.
func TestConsentedEnds(t *testing.T) {
	for name, r := range map[string]struct {
		change func(*weighing)
		reason Reason
	}{
		"nothing":            {func(*weighing) {}, ReasonNone},
		"account closed":     {func(w *weighing) { w.subject.Disabled = true }, ReasonDisabled},
		"account gone":       {func(w *weighing) { w.f.Subject = nil }, ReasonDisabled},
		"promoted":           {func(w *weighing) { w.subject.Directory, w.subject.Groups = "staff", []string{"admin"} }, ReasonPrivileged},
		"acting closed":      {func(w *weighing) { w.realm.Acting = false }, ReasonRealm},
		"task narrowed":      {func(w *weighing) { w.f.Agent.Tasks[0].Grants = nil }, ReasonScope},
		"another's employee": {func(w *weighing) { w.f.Agent.Kind = Employee }, ReasonNotYours},
		"policy":             {func(w *weighing) { w.v.Allow = false }, ReasonPolicy},
	} {
		w, wish := consenting()
		m, err := Consent(wish, "report", w.f, w.v, terms(), noon)
		if err != nil {
			t.Fatal(err)
		}
		m.State, m.Until, m.StartedAt, m.Key = Active, noon.Add(time.Hour), noon, "thumb"
		r.change(w)
		if got := Works(m, w.f, w.v); got != r.reason {
			t.Errorf("%s: ends with %q, want %q", name, got, r.reason)
		}
		w.f.Instance = taskRead().f.Instance
		m.Key, w.f.Mandate, w.f.Session = w.f.Instance.Key.Thumbprint, &m, nil
		w.q.Subject, w.q.Session = "prn_dana", ""
		w.q.Mandate, w.q.Key = m.ID, m.Key
		if d := Weigh(w.q, w.f, w.v, noon); d.Allow != (r.reason == ReasonNone) {
			t.Errorf("%s: a use is allowed %v: %s", name, d.Allow, d.Text)
		}
	}
}
