package stead

import (
	"slices"
	"time"
)

// ConsentWindow is how long what a person has agreed to waits for its start (RFC 6749 4.1.2: a code is short-lived).
const ConsentWindow = time.Minute

// Consent makes a mandate by which an agent acts for a person: one of its declared tasks, or less of it, agreed to by that person
// himself and by nobody else. Mode "" is that of the task.
func Consent(w Wish, task string, f Facts, v Verdict, t Terms, now time.Time) (Mandate, error) {
	if err := mayConsent(f, now); err != nil {
		return Mandate{}, err
	}
	m, err := forPerson(w, task, f, v, t, now)
	if err != nil {
		return m, err
	}
	if err := proved(f, v, t, now); err != nil {
		return Mandate{}, err
	}
	m.Approvals = []Approval{{By: f.Subject.ID, Person: f.Subject.Person, Yes: true, Digest: m.Digest, At: now}}
	return m, nil
}

// forPerson makes the mandate by which an agent acts for the subject of the facts.
func forPerson(w Wish, task string, f Facts, v Verdict, t Terms, now time.Time) (Mandate, error) {
	if declared := f.Agent.Task(task); declared != nil && w.Mode == "" {
		w.Mode = declared.Mode
	}
	t.StartWindow = ConsentWindow
	m, err := ofTask(w, task, f, v, t, now)
	switch {
	case err != nil:
		return m, err
	case len(m.Stages) > 0:
		return Mandate{}, E(Refused, ReasonApprover, "policy wants others to agree as well, so one's own yes is not enough")
	case m.Mode == Edit && !f.App.Aware:
		return Mandate{}, E(Refused, ReasonReadOnly, "%s would record a change under the wrong name, so editing is closed there", f.App.ID)
	}
	if !slices.Contains(m.People, f.Subject.Person) {
		m.People = append(slices.Clip(m.People), f.Subject.Person)
	}
	m.MaxDepth = 0 // what a person lets an agent do it passes on to nobody (R6)
	m.Digest = m.Sum()
	return m, nil
}

// mayConsent holds the laws of letting an agent act for oneself that no policy can lift.
func mayConsent(f Facts, now time.Time) error {
	switch {
	case f.Subject == nil || f.Session == nil || f.Session.Principal != f.Subject.ID:
		return E(Refused, ReasonSignIn, "sign in first")
	case f.Session.Over(now, f.Seen) != ReasonNone:
		return E(Refused, f.Session.Over(now, f.Seen), "your session is over: sign in again")
	case f.Acting != nil || !f.Session.Unseen.IsZero():
		return E(Conflict, ReasonChain, "you act for somebody: end that first, for what you agree to is for yourself")
	}
	if err := mayWork(f, now); err != nil {
		return err
	}
	if n := actedFor(f); n != nil {
		return E(Refused, n.reason, "%s", n.text)
	}
	if f.Session.Level < max(f.Realm.Level, f.Realm.ActorLevel) {
		return E(Refused, ReasonLevel, "this asks for a stronger sign-in: prove your second factor")
	}
	return nil
}

// actedFor: the person may be acted for there by an agent (R3, R8).
func actedFor(f Facts) *no {
	switch {
	case f.Subject == nil || !f.Subject.Active():
		return &no{ReasonDisabled, "the account acted for is closed", true}
	case f.Subject.Kind != Person:
		return &no{ReasonUnknown, "only a person can let an agent act for himself", true}
	case f.App == nil || f.Realm == nil:
		return &no{ReasonNoRoute, "no such system is open for agents", true}
	case !f.Realm.Acting || f.Realm.Kind == SubjectOnly:
		return &no{ReasonRealm, "this is closed for anyone acting for another", true}
	case len(f.App.Privileged) == 0:
		return &no{ReasonUnmarked, "this system does not say whom it privileges, so nobody acts for others in it", true}
	case len(f.Subject.Marks(f.App.Privileged)) > 0:
		return &no{ReasonPrivileged, "a privileged account is never acted for", true}
	}
	return nil
}

// Consented tells whether m is what an agent does for a person who let it, here or in another house.
func (m Mandate) Consented() bool { return m.Task != "" && m.Actor != m.Subject && m.Parent == "" }

// OwnYes tells whether a is the yes of the person himself whom an agent acts for. It belongs to no stage.
func (m Mandate) OwnYes(a Approval) bool { return m.Consented() && a.Yes && a.By == m.Subject }

// agreed: what a person lets an agent do for him has his own yes, to exactly that, or another house's word for it; and he may still
// be acted for.
func (m Mandate) agreed(f Facts) error {
	if !m.Consented() {
		return nil
	}
	if n := actedFor(f); n != nil {
		return E(Refused, n.reason, "%s", n.text)
	}
	if m.Word.Given() && m.Word.trusted(f) {
		return nil
	}
	if !slices.ContainsFunc(m.Approvals, func(a Approval) bool { return m.OwnYes(a) && a.Digest == m.Digest }) {
		return E(Refused, ReasonVoid, "who is acted for has not agreed to this")
	}
	return nil
}
