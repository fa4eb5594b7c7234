package authority

import (
	"context"
	"slices"
	"time"

	"github.com/steadhq/stead"
)

// An Admission is what a client asks for by a letter that another house wrote it.
type Admission struct {
	TokenWish          // Details of the request narrow what the letter says
	Letter    Letter   // verified
	Scopes    []string // of it: these alone, as ACTION:RESOURCE
	Task      string   // which of the client's declared tasks; "": the only one that holds all of it
}

// heldNo is how long a no holds that a person, or who answers for the house, said to an agent that comes with letters.
const heldNo = 30 * stead.Day

// noKey counts what was said to letters of an agent for a person: odd where the last was a no.
func noKey(agent, subject stead.PrincipalID) string {
	return "noletter/" + string(agent) + "/" + string(subject)
}

// saidNo is what a mandate that rests on a letter leaves behind when it is taken away: no other letter does for a while.
func saidNo(s *State, m stead.Mandate, now time.Time) []stead.Count {
	if !m.Word.Given() || m.Why != stead.ReasonRevoked {
		return nil
	}
	key := noKey(m.Actor, m.Subject)
	return []stead.Count{{Key: key, Op: stead.CountPass, N: s.Count(key) + 1 + s.Count(key)%2, Until: now.Add(heldNo)}}
}

// saidYes lifts a no, because the person has agreed himself.
func saidYes(s *State, m stead.Mandate, now time.Time) []stead.Count {
	key := noKey(m.Actor, m.Subject)
	if n := s.Count(key); n%2 == 1 {
		return []stead.Count{{Key: key, Op: stead.CountPass, N: n + 1, Until: now.Add(heldNo)}}
	}
	return nil
}

// Admit begins a mandate of the calling client for a person here, on the word of a letter, with the key that it proves, and gives a
// token for that: in one transaction, in which the letter is used up on all nodes. The mandate lasts as long as one token. Errors:
// refused, invalid, expired; conflict used where the letter was shown before.
func (a *Authority) Admit(ctx context.Context, by By, w Admission) (Token, error) {
	a.tidy(ctx, By{Principal: by.Principal})
	out, l := Token{ID: a.NewID("tok_")}, w.Letter
	id, run := stead.MandateID(a.NewID(stead.PrefixMandate)), stead.InstanceID(a.NewID(stead.PrefixInstance))
	t := attempt{verb: "token.issue", by: by, what: with(with(with(stead.Fields{"token": out.ID}, "issuer", l.Issuer), "as", l.Subject), "letter", l.ID)}
	err := a.weighed(ctx, t, func(s *State) actCase {
		c, _, _ := a.admitCase(s, by, w)
		return c
	}, func(s *State, c actCase, v stead.Verdict, now time.Time) ([]stead.Change, error) {
		if err := a.mayAdmit(s, by, w, now); err != nil {
			return nil, err
		}
		_, wish, err := a.admitCase(s, by, w)
		if err != nil {
			return nil, err
		}
		wish.ID = id
		m, err := stead.Admit(wish, c.Case.Task, l.word(), max(1, a.Settings.issuer(l.Issuer).Level), c.facts, v, c.terms, now)
		switch r := stead.ReasonOf(err); {
		case r == stead.ReasonPrivileged || r == stead.ReasonDisabled:
			return nil, nobodyHere(r)
		case err != nil:
			return nil, err
		}
		return a.admitted(s.Stage(), by, w, m, run, c, v, &out, now)
	})
	return done(&out, err)
}

// word is what a mandate keeps of a letter.
func (l Letter) word() stead.Word {
	w := stead.Word{Issuer: l.Issuer, Subject: l.Subject, Letter: l.ID}
	for a := l.Act; a != nil; a = a.Before {
		w.Act = append(w.Act, stead.Hop{Subject: a.Subject, Issuer: a.Issuer, Profile: a.Profile})
	}
	return w
}

// nobodyHere is what is said of whomever a letter cannot be about: who is not known, gone, or said no is told alike.
func nobodyHere(r stead.Reason) error {
	return stead.E(stead.Refused, r, "there is nobody here whom you may act for on that letter")
}

// mayAdmit holds what is asked of who shows a letter, and of the letter, before anything is made of it.
func (a *Authority) mayAdmit(s *State, by By, w Admission, now time.Time) error {
	if err := working(s, by, now); err != nil {
		return err
	}
	if r := a.distrust(); r != stead.ReasonNone {
		return stead.E(stead.Refused, r, "this server's clock or record is in doubt: no token is issued")
	}
	me, l, from := s.Principal(by.Principal), w.Letter, a.Settings.issuer(w.Letter.Issuer)
	switch {
	case s.Agent(me.ID).Public:
		return stead.E(stead.Refused, stead.ReasonSignIn, "a letter is taken from a client that proves who it is")
	case by.Instance != "" && by.Key != w.Key.Thumbprint:
		return stead.E(stead.Refused, stead.ReasonChain, "an instance asks for tokens of its own key alone")
	case l.Issuer == w.Issuer || l.Audience != w.Issuer || from == nil:
		return stead.E(stead.Refused, stead.ReasonVoid, "no letter of that issuer counts here")
	case l.Client != me.Name || !slices.Contains(from.Agents, me.Name):
		return stead.E(stead.Refused, stead.ReasonNotYours, "the letter is for another client")
	case l.Key != "" && l.Key != w.Key.Thumbprint:
		return stead.E(stead.Refused, stead.ReasonBadProof, "the letter is bound to another key than the one that was proved")
	case !now.Before(l.Until):
		return stead.E(stead.Expired, stead.ReasonExpired, "the letter is over: get another")
	}
	who := from.person(s, l.Subject)
	switch {
	case who == nil:
		return nobodyHere(stead.ReasonUnknown)
	case !who.Active():
		return nobodyHere(stead.ReasonDisabled)
	case s.Count(noKey(me.ID, who.ID))%2 == 1:
		return nobodyHere(stead.ReasonRefused)
	}
	n := 0
	for _, id := range s.MandatesFor(who.ID) {
		if s.Mandate(id).Actor == me.ID {
			n++
		}
	}
	if n >= mostConsents {
		return stead.E(stead.Conflict, stead.ReasonActing, "you act for this person %d times already: use the tokens that you have", n)
	}
	return nil
}

// admitCase is what policy is asked about a letter, and what it would be a mandate for.
func (a *Authority) admitCase(s *State, by By, w Admission) (c actCase, wish stead.Wish, err error) {
	r, from := s.Agent(by.Principal), a.Settings.issuer(w.Letter.Issuer)
	if r == nil || from == nil {
		return c, wish, nil
	}
	task, grants, err := a.taskFor(*r, w)
	who := from.person(s, w.Letter.Subject)
	if err != nil || who == nil {
		return c, wish, err
	}
	wish = stead.Wish{For: TokenLife, Scope: stead.Scope{Grants: grants}}
	return a.personCase(s, by, who.ID, task.ID, stead.Purpose{}, "", TokenLife), wish, nil
}

// taskFor finds the one declared task that holds all that a letter says, and what of it.
func (a *Authority) taskFor(r stead.Registration, w Admission) (task stead.Task, grants []stead.Entitlement, err error) {
	resource := or(w.Resource, w.Letter.Resource)
	if w.Letter.Resource != "" && resource != w.Letter.Resource {
		return task, nil, stead.E(stead.Refused, stead.ReasonScope, "the letter is for another resource")
	}
	found, why := 0, error(stead.E(stead.Refused, stead.ReasonScope, "you have declared no task that the letter is for"))
	for _, t := range r.Tasks {
		system := t.Grants[0].System
		if w.Task != "" && t.ID != w.Task || resource != "" && a.ResourceName(w.Issuer, system) != resource {
			continue
		}
		some, err := w.of(t)
		if err != nil {
			why = err
			continue
		}
		task, grants, found = t, some, found+1
	}
	switch {
	case found > 1:
		return task, nil, stead.E(stead.Invalid, stead.ReasonRequest, "several of your tasks hold this: name one in task")
	case found == 0:
		return task, nil, why
	}
	return task, grants, nil
}

// of is what a letter, and the request that shows it, leave of a task: nothing said is all of it, anything that it does not hold is a no.
func (w Admission) of(t stead.Task) ([]stead.Entitlement, error) {
	systems := []stead.AppID{t.Grants[0].System}
	said, err := Entitlements(w.Issuer, w.Letter.Details, systems)
	if err != nil {
		return nil, stead.E(stead.Refused, stead.ReasonRights, "the letter names what is not known here: %w", err)
	}
	if len(said) == 0 {
		if said, err = scoped(t.Grants, w.Letter.Scopes); err != nil {
			return nil, err
		}
	}
	if len(said) == 0 {
		said = t.Grants
	}
	less, err := Entitlements(w.Issuer, w.Details, systems)
	if err != nil {
		return nil, err
	}
	chosen, err := scoped(said, w.Scopes)
	if err != nil {
		return nil, err
	}
	less = append(less, chosen...)
	if !(stead.Task{Grants: said}).Allows(less) || !t.Allows(said) {
		return nil, stead.E(stead.Refused, stead.ReasonRights, "the letter, or the task, does not cover all that was asked for")
	}
	if len(less) > 0 {
		return less, nil
	}
	return said, nil
}

// admitted begins the instance and the mandate, and issues its token. All of it is put into s.
func (a *Authority) admitted(s *State, by By, w Admission, m stead.Mandate, id stead.InstanceID, c actCase, v stead.Verdict, out *Token, now time.Time) ([]stead.Change, error) {
	made := moved("mandate.admitted", m, stead.ReasonNone)
	made.Event.What = with(made.Event.What, "digest", m.Digest)
	if err := s.Put(made, s.Index()); err != nil {
		return nil, err
	}
	w.TokenWish.Resource, w.TokenWish.Details = "", nil
	all, err := a.begins(s, by, w.TokenWish, m, id, c, v, out, now)
	return append([]stead.Change{made}, all...), err
}
