package stead_test

import (
	"testing"
	"time"

	. "github.com/steadhq/stead"
)

// admitting is an agent that comes for Dana on the word of another house.
func admitting() (*weighing, Wish, Word) {
	w, wish := consenting()
	w.f.Session, w.f.Issuers = nil, []string{"https://acme.example"}
	wish.For = 5 * time.Minute
	return w, wish, Word{Issuer: "https://acme.example", Subject: "person:staff/dana", Letter: "let_1", Act: []Hop{{"agent:agents/bot", "https://acme.example", "ai_agent"}}}
}

func TestAdmit(t *testing.T) {
	w, wish, word := admitting()
	m, err := Admit(wish, "report", word, 1, w.f, w.v, terms(), noon)
	if err != nil || m.State != Approved || m.Subject != "prn_dana" || !m.Consented() || len(m.Approvals) != 0 || m.Digest != m.Sum() || m.MaxDepth != 0 ||
		time.Duration(m.Bounds.Length) > 5*time.Minute || len(m.People) != 2 {
		t.Fatalf("%+v, %v", m, err)
	}
	begin := func(change func(*Mandate, *Facts)) error {
		f, n := w.f, m
		f.Instance = taskRead().f.Instance
		change(&n, &f)
		_, err := StartTask(n, f, w.v, func(PrincipalID) Principal { return w.subject }, noon)
		return err
	}
	for name, c := range map[string]struct {
		change func(*Mandate, *Facts)
		reason Reason
	}{
		"as it is":              {func(*Mandate, *Facts) {}, ReasonNone},
		"without a word":        {func(n *Mandate, _ *Facts) { n.Word = Word{} }, ReasonVoid},
		"another's word":        {func(n *Mandate, _ *Facts) { n.Word.Subject = "person:staff/erin" }, ReasonVoid},
		"another history":       {func(n *Mandate, _ *Facts) { n.Word.Act = nil }, ReasonVoid},
		"a house that is gone":  {func(_ *Mandate, f *Facts) { f.Issuers = nil }, ReasonVoid},
		"a person that is gone": {func(_ *Mandate, f *Facts) { s := *f.Subject; s.Disabled = true; f.Subject = &s }, ReasonDisabled},
	} {
		if err := begin(c.change); ReasonOf(err) != c.reason {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// R3, R8: what no policy lifts holds on another house's word too, and what asks for the person himself is not had by it.
func TestAdmitRefuses(t *testing.T) {
	for name, r := range map[string]struct {
		change func(*weighing, *Word)
		reason Reason
	}{
		"a house that is not known": {func(_ *weighing, word *Word) { word.Issuer = "https://acme.example/" }, ReasonVoid},
		"account closed":            {func(w *weighing, _ *Word) { w.subject.Disabled = true }, ReasonDisabled},
		"an agent":                  {func(w *weighing, _ *Word) { w.subject.Kind = Agent }, ReasonUnknown},
		"privileged":                {func(w *weighing, _ *Word) { w.subject.Directory, w.subject.Groups = "staff", []string{"admin"} }, ReasonPrivileged},
		"no marks declared":         {func(w *weighing, _ *Word) { w.app.Privileged = nil }, ReasonUnmarked},
		"acting closed":             {func(w *weighing, _ *Word) { w.realm.Acting = false }, ReasonRealm},
		"a stronger sign-in":        {func(w *weighing, _ *Word) { w.realm.ActorLevel = 2 }, ReasonLevel},
		"a second factor":           {func(w *weighing, _ *Word) { w.v.Obligations.Requires = []string{"second-factor"} }, ReasonSecondFactor},
		"others must agree":         {func(w *weighing, _ *Word) { w.v.Obligations.Approvals = []Stage{{Groups: []string{"a/b"}, Count: 1}} }, ReasonApprover},
		"policy says no":            {func(w *weighing, _ *Word) { w.v.Allow = false }, ReasonPolicy},
		"suspended":                 {func(w *weighing, _ *Word) { w.f.Agent.Suspended = true }, ReasonSuspended},
		"another employee's agent":  {func(w *weighing, _ *Word) { w.f.Agent.Kind = Employee }, ReasonNotYours},
		"no such task":              {func(w *weighing, _ *Word) { w.f.Agent.Tasks = nil }, ReasonScope},
	} {
		w, wish, word := admitting()
		r.change(w, &word)
		if m, err := Admit(wish, "report", word, 1, w.f, w.v, terms(), noon); ReasonOf(err) != r.reason || m.ID != "" {
			t.Errorf("%s: %v", name, err)
		}
	}
}
