package stead_test

import (
	"testing"
	"time"

	. "github.com/steadhq/stead"
)

func nobody(PrincipalID) Principal { return Principal{} }

// ready is an approved mandate and the facts that let it start.
func ready(t *testing.T) (*weighing, Mandate) {
	w, wish := asking()
	m, err := Ask(*wish, w.f, w.v, terms(), noon)
	if err != nil {
		t.Fatal(err)
	}
	return w, m
}

func TestStart(t *testing.T) {
	w, m := ready(t)
	got, err := Start(m, w.f, w.v, terms(), nobody, noon.Add(time.Minute))
	if err != nil || got.State != Active || got.Until != noon.Add(11*time.Minute) || got.StartedAt != noon.Add(time.Minute) || got.Version != 2 {
		t.Fatalf("%+v, %v", got, err)
	}
	w.session.Until = noon.Add(5 * time.Minute)
	if got, err = Start(m, w.f, w.v, terms(), nobody, noon); err != nil || got.Until != w.session.Until {
		t.Errorf("beyond the session's end: %s, %v", got.Until, err) // R4
	}
}

// Each row changes one fact of an allowed start. I7, R14, R31, C4, C10, D6, D8.
func TestStartRefuses(t *testing.T) {
	for _, r := range []struct {
		name   string
		change func(*weighing, *Mandate)
		kind   Kind
		reason Reason
	}{
		{"window over", func(_ *weighing, m *Mandate) { m.StartBy = noon }, Expired, ReasonNotStarted},
		{"ended", func(_ *weighing, m *Mandate) { m.State, m.Why = Ended, ReasonRevoked }, Expired, ReasonRevoked},
		{"waiting", func(_ *weighing, m *Mandate) { m.State, m.Stages = Asked, []Stage{two()} }, Conflict, ReasonWaiting},
		{"in force", func(_ *weighing, m *Mandate) { m.State, m.Until = Active, noon.Add(time.Hour); m.StartedAt = noon }, Conflict, ReasonState},
		{"suspended", func(_ *weighing, m *Mandate) { m.State, m.Until = Suspended, noon.Add(time.Hour); m.StartedAt = noon }, Conflict, ReasonState},
		{"acting already", func(w *weighing, _ *Mandate) { w.f.Acting = &w.mandate }, Conflict, ReasonChain},
		{"another session", func(w *weighing, _ *Mandate) { w.session.ID = "ses_2" }, Missing, ReasonNotYours},
		{"no session", func(w *weighing, _ *Mandate) { w.f.Session = nil }, Missing, ReasonNotYours},
		{"another actor", func(w *weighing, _ *Mandate) { w.actor.ID = "prn_eve" }, Missing, ReasonNotYours},
		{"another subject", func(w *weighing, _ *Mandate) { w.subject.ID = "prn_eve" }, Missing, ReasonNotYours},
		{"session idle", func(w *weighing, _ *Mandate) { w.f.Seen = noon.Add(-time.Hour) }, Refused, ReasonSessionIdle},
		{"subject gone", func(w *weighing, _ *Mandate) { w.f.Subject = nil }, Missing, ReasonUnknown},
		{"subject promoted", func(w *weighing, _ *Mandate) { w.subject.Attributes = map[string]string{"vip": "yes"} }, Refused, ReasonPrivileged},
		{"actor disabled", func(w *weighing, _ *Mandate) { w.actor.Disabled = true }, Refused, ReasonDisabled},
		{"clock", func(w *weighing, _ *Mandate) { w.f.Distrust = ReasonClock }, Refused, ReasonClock},
		{"policy says no now", func(w *weighing, _ *Mandate) { w.v.Allow = false }, Refused, ReasonPolicy},
		{"proof too old", func(w *weighing, _ *Mandate) { w.session.Proved = noon.Add(-5 * time.Minute) }, Refused, ReasonSecondFactor},
		{"rule's text changed", func(w *weighing, _ *Mandate) { w.v.Rules = []RuleRef{{ID: "support-reads", Hash: "01"}} }, Refused, ReasonVoid},
		{"policy wants approvals now", func(w *weighing, _ *Mandate) { w.v.Obligations.Approvals = []Stage{two()} }, Refused, ReasonVoid},
		{"purpose edited", func(_ *weighing, m *Mandate) { m.Purpose.Reason = "another" }, Refused, ReasonVoid},
		{"scope edited", func(_ *weighing, m *Mandate) { m.Scope.Apps = append(m.Scope.Apps, "wiki") }, Refused, ReasonVoid},
		{"mode edited", func(_ *weighing, m *Mandate) { m.Mode = Edit }, Refused, ReasonVoid},
		{"length edited", func(_ *weighing, m *Mandate) { m.Bounds.Length *= 6 }, Refused, ReasonVoid},
	} {
		w, m := ready(t)
		r.change(w, &m)
		got, err := Start(m, w.f, w.v, terms(), nobody, noon)
		if KindOf(err) != r.kind || ReasonOf(err) != r.reason || got.State != m.State || got.Version != m.Version || got.Sum() != m.Sum() {
			t.Errorf("%s: %+v, %s %s (%v)", r.name, got, KindOf(err), ReasonOf(err), err)
		}
	}
}

// A start without policy's second-factor obligation asks for none.
func TestStartWithoutProof(t *testing.T) {
	w, m := ready(t)
	w.v.Obligations.Requires, w.session.Proved = nil, time.Time{}
	if _, err := Start(m, w.f, w.v, terms(), nobody, noon); err != nil {
		t.Error(err)
	}
}

func begun(t *testing.T) (*weighing, Mandate) {
	w, m := ready(t)
	m, err := Start(m, w.f, w.v, terms(), nobody, noon)
	if err != nil {
		t.Fatal(err)
	}
	w.f.Acting = &m
	w.f.Acted = noon
	return w, m
}

// R14: what was asked for at the command line is claimed by a browser of the same actor, once, before it begins.
func TestClaim(t *testing.T) {
	for name, r := range map[string]struct {
		change func(*weighing, *Mandate)
		kind   Kind
		reason Reason
	}{
		"approved":             {func(*weighing, *Mandate) {}, "", ""},
		"waiting":              {func(_ *weighing, m *Mandate) { m.State = Asked }, "", ""},
		"twice":                {func(_ *weighing, m *Mandate) { m.Claimed = true }, Conflict, ReasonUsed},
		"in force":             {func(_ *weighing, m *Mandate) { m.State, m.Until = Active, noon.Add(time.Hour) }, Conflict, ReasonState},
		"ended":                {func(_ *weighing, m *Mandate) { m.State, m.Why = Ended, ReasonRevoked }, Expired, ReasonRevoked},
		"too late":             {func(_ *weighing, m *Mandate) { m.StartBy = noon }, Expired, ReasonNotStarted},
		"while acting":         {func(w *weighing, _ *Mandate) { w.f.Acting = &w.mandate }, Conflict, ReasonChain},
		"another person":       {func(w *weighing, _ *Mandate) { w.actor.ID, w.session.Principal = "prn_eve", "prn_eve" }, Missing, ReasonNotYours},
		"a session of another": {func(w *weighing, _ *Mandate) { w.session.Principal = "prn_eve" }, Missing, ReasonNotYours},
		"no session":           {func(w *weighing, _ *Mandate) { w.f.Session = nil }, Missing, ReasonNotYours},
	} {
		w, m := ready(t)
		w.session.ID, m.Bounds.Idle = "ses_2", 0
		r.change(w, &m)
		got, err := Claim(m, w.f, noon)
		if KindOf(err) != r.kind || ReasonOf(err) != r.reason {
			t.Errorf("%s: %v", name, err)
		}
		if moved := got.Session == "ses_2" && got.Claimed && got.Version == m.Version+1; moved != (err == nil) {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// I6, R12, C8: so many terms and no more, before the end only, and never beyond the total or the session.
func TestExtend(t *testing.T) {
	w, m := begun(t)
	for i, until := range []time.Duration{20, 30} {
		got, err := Extend(m, w.f, w.v, terms(), "not done", noon.Add(time.Minute))
		if err != nil || got.Until != noon.Add(until*time.Minute) || got.Extended != i+1 || got.Version != m.Version+1 {
			t.Fatalf("%d: %+v, %v", i, got, err)
		}
		m = got
	}
	if _, err := Extend(m, w.f, w.v, terms(), "not done", noon); KindOf(err) != Refused || ReasonOf(err) != ReasonExtensions {
		t.Error(err)
	}
	w, m = begun(t)
	m.Bounds.Total = Duration(12 * time.Minute)
	if m, err := Extend(m, w.f, w.v, terms(), "not done", noon); err != nil || m.Until != noon.Add(12*time.Minute) {
		t.Errorf("%s, %v", m.Until, err)
	} else if _, err := Extend(m, w.f, w.v, terms(), "not done", noon); ReasonOf(err) != ReasonExtensions {
		t.Error(err)
	}
	w, m = begun(t)
	w.session.Until = noon.Add(13 * time.Minute)
	if m, err := Extend(m, w.f, w.v, terms(), "not done", noon); err != nil || m.Until != w.session.Until {
		t.Errorf("%s, %v", m.Until, err)
	}
	w, m = begun(t)
	m.Stages, w.v.Obligations.Approvals = []Stage{two()}, []Stage{two()}
	if _, err := Extend(m, w.f, w.v, terms(), "not done", noon); err != nil {
		t.Errorf("the approvals it has are enough: %v", err)
	}
	w, m = begun(t)
	m.Stages = []Stage{two()}
	if _, err := Extend(m, w.f, w.v, terms(), "not done", noon); err != nil {
		t.Errorf("policy asks for none any more: %v", err)
	}
	w, m = begun(t)
	w.v.Obligations.Max = 3 * time.Minute
	if m, err := Extend(m, w.f, w.v, terms(), "not done", noon); err != nil || m.Until != noon.Add(13*time.Minute) {
		t.Errorf("%s, %v", m.Until, err)
	}
}

func TestExtendRefuses(t *testing.T) {
	for _, r := range []struct {
		name   string
		change func(*weighing, *Mandate)
		kind   Kind
		reason Reason
	}{
		{"after the end", func(_ *weighing, m *Mandate) { m.Until = noon }, Expired, ReasonExpired},
		{"idle", func(w *weighing, m *Mandate) {
			m.StartedAt = noon.Add(-time.Hour)
			w.f.Acted = noon.Add(-5 * time.Minute)
		}, Expired, ReasonIdle},
		{"ended", func(_ *weighing, m *Mandate) { m.State, m.Why = Ended, ReasonCompleted }, Expired, ReasonCompleted},
		{"suspended", func(_ *weighing, m *Mandate) { m.State = Suspended }, Conflict, ReasonState},
		{"not started", func(_ *weighing, m *Mandate) { m.State = Approved }, Conflict, ReasonState},
		{"another session", func(w *weighing, _ *Mandate) { w.session.ID = "ses_2" }, Missing, ReasonNotYours},
		{"another actor", func(w *weighing, _ *Mandate) { w.actor.ID = "prn_eve" }, Missing, ReasonNotYours},
		{"none left", func(_ *weighing, m *Mandate) { m.Extended = 2 }, Refused, ReasonExtensions},
		{"policy says no now", func(w *weighing, _ *Mandate) { w.v.Allow = false }, Refused, ReasonPolicy},
		{"subject promoted", func(w *weighing, _ *Mandate) { w.subject.Attributes = map[string]string{"vip": "yes"} }, Refused, ReasonPrivileged},
		{"proof too old", func(w *weighing, _ *Mandate) { w.session.Proved = noon.Add(-5 * time.Minute) }, Refused, ReasonSecondFactor},
		{"policy wants more people now", func(w *weighing, m *Mandate) {
			m.Stages, w.v.Obligations.Approvals = []Stage{two()}, []Stage{{Groups: two().Groups, Count: 3}}
		}, Refused, ReasonVoid},
		{"policy wants other people now", func(w *weighing, m *Mandate) {
			m.Stages, w.v.Obligations.Approvals = []Stage{two()}, []Stage{{Groups: []string{"staff/lead"}, Count: 2}}
		}, Refused, ReasonVoid},
		{"policy wants approvals now", func(w *weighing, _ *Mandate) { w.v.Obligations.Approvals = []Stage{two()} }, Refused, ReasonVoid},
	} {
		w, m := begun(t)
		r.change(w, &m)
		got, err := Extend(m, w.f, w.v, terms(), "not done", noon)
		if KindOf(err) != r.kind || ReasonOf(err) != r.reason || got.Until != m.Until || got.Extended != m.Extended {
			t.Errorf("%s: %s %s (%v)", r.name, KindOf(err), ReasonOf(err), err)
		}
	}
	w, m := begun(t)
	if _, err := Extend(m, w.f, w.v, terms(), "", noon); KindOf(err) != Invalid || ReasonOf(err) != ReasonReason {
		t.Error(err)
	}
}

// Every verb in every state: terminal is terminal (D5, D8, S-I10).
func TestVerbsByState(t *testing.T) {
	states := []State{Asked, Approved, Active, Suspended, Ended}
	for name, v := range map[string]struct {
		move func(Mandate) (Mandate, error)
		to   map[State]State
		why  Reason
	}{
		"end":      {func(m Mandate) (Mandate, error) { return End(m, "prn_sam", noon) }, map[State]State{Active: Ended, Suspended: Ended}, ReasonCompleted},
		"withdraw": {func(m Mandate) (Mandate, error) { return Withdraw(m, "prn_sam", "", noon) }, map[State]State{Asked: Ended, Approved: Ended}, ReasonWithdrawn},
		"revoke": {func(m Mandate) (Mandate, error) { return Revoke(m, "prn_omar", noon) },
			map[State]State{Asked: Ended, Approved: Ended, Active: Ended, Suspended: Ended}, ReasonRevoked},
		"cease": {func(m Mandate) (Mandate, error) { return Cease(m, ReasonDisabled, noon) },
			map[State]State{Asked: Ended, Approved: Ended, Active: Ended, Suspended: Ended}, ReasonDisabled},
		"suspend": {func(m Mandate) (Mandate, error) { return Suspend(m, noon) }, map[State]State{Active: Suspended}, ""},
		"resume":  {func(m Mandate) (Mandate, error) { return Resume(m, noon) }, map[State]State{Suspended: Active}, ""},
	} {
		for _, s := range states {
			m := actingRead().mandate
			m.State, m.Version, m.StartBy = s, 7, noon.Add(time.Hour)
			got, err := v.move(m)
			to, may := v.to[s]
			switch {
			case may && (err != nil || got.State != to || got.Version != 8 || got.Why != v.why):
				t.Errorf("%s of %s: %+v, %v", name, s, got, err)
			case may && to == Ended && (got.EndedAt != noon || got.EndedBy == ""):
				t.Errorf("%s of %s does not say when and by whom: %+v", name, s, got)
			case !may && s == Ended && name != "suspend" && name != "resume" && ReasonOf(err) != ReasonEnded:
				t.Errorf("%s of what has ended: %v", name, err)
			case !may && (KindOf(err) != Conflict || got.State != s || got.Version != 7):
				t.Errorf("%s of %s: %+v, %v", name, s, got, err)
			}
		}
	}
	m := actingRead().mandate
	for name, err := range map[string]error{
		"end by another": second(End(m, "prn_eve", noon)), "end by the subject": second(End(m, "prn_dana", noon)),
		"withdraw by another": second(Withdraw(Mandate{State: Asked, Actor: "prn_sam"}, "prn_eve", "", noon)),
	} {
		if KindOf(err) != Missing || ReasonOf(err) != ReasonNotYours {
			t.Errorf("%s: %v", name, err)
		}
	}
	m.Until = noon
	for name, err := range map[string]error{"suspend": second(Suspend(m, noon)), "resume": second(Resume(m, noon))} {
		if KindOf(err) != Conflict || ReasonOf(err) != ReasonExpired {
			t.Errorf("%s after the end: %v", name, err)
		}
	}
}

// Time that a mandate spends suspended is not given back.
func TestSuspendedTimeRuns(t *testing.T) {
	_, m := begun(t)
	s, err := Suspend(m, noon.Add(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	if r, err := Resume(s, noon.Add(9*time.Minute)); err != nil || r.Until != m.Until {
		t.Errorf("%s, %v", r.Until, err)
	}
	if _, err := Resume(s, noon.Add(10*time.Minute)); ReasonOf(err) != ReasonExpired {
		t.Error(err)
	}
}

// What is in force ends when a change of the people or of the policy would not let it start (R3, R19, C7).
func TestGoes(t *testing.T) {
	for name, r := range map[string]struct {
		change func(*weighing)
		want   Reason
	}{
		"unchanged":        {func(*weighing) {}, ReasonNone},
		"actor disabled":   {func(w *weighing) { w.actor.Disabled = true }, ReasonDisabled},
		"actor gone":       {func(w *weighing) { w.f.Actor = nil }, ReasonDisabled},
		"subject disabled": {func(w *weighing) { w.subject.Disabled = true }, ReasonDisabled},
		"subject gone":     {func(w *weighing) { w.f.Subject = nil }, ReasonDisabled},
		"subject promoted": {func(w *weighing) { w.subject.Attributes = map[string]string{"vip": "yes"} }, ReasonPrivileged},
		"marks undeclared": {func(w *weighing) { w.app.Privileged = nil }, ReasonPrivileged},
		"realm closed":     {func(w *weighing) { w.realm.Acting = false }, ReasonRealm},
		"app gone":         {func(w *weighing) { w.f.App = nil }, ReasonRealm},
		"policy":           {func(w *weighing) { w.v.Allow = false }, ReasonPolicy},
		"policy error":     {func(w *weighing) { w.v.Errors = []string{"x"} }, ReasonPolicy},
		"not known now":    {func(w *weighing) { w.f.Distrust, w.v.Allow = ReasonStale, false }, ReasonNone},
		"policy moved":     {func(w *weighing) { w.v.Policy, w.v.Allow = "older", false }, ReasonNone},
	} {
		w := actingRead()
		r.change(w)
		if got := Goes(w.f, w.v); got != r.want {
			t.Errorf("%s: %q, want %q", name, got, r.want)
		}
	}
}
