package authority

import (
	"context"
	"errors"
	"time"

	"github.com/steadhq/stead"
)

// An Authority answers for every verb. All members but Pulse are needed.
type Authority struct {
	Store    Store
	Policy   Policy
	Prover   Prover
	Clock    *Clock
	NewID    func(prefix string) string // unguessable, never twice
	Settings *Settings
	Node     string       // which of several on one store this is; "" where it is alone
	CodeKey  []byte       // authenticates one-time codes between hosts; 32 bytes
	Alarm    func(string) // told what cannot wait for a reader of the log

	later    *later
	brakes   *brakes
	guesses  *guesses
	compiled compiled
}

// A Prover checks what people prove themselves with. It is slow on purpose and never called inside the writer.
type Prover interface {
	// Password tells whether the password is right; no credentials take as long as wrong ones.
	Password(c *stead.Credentials, password string) bool
	// Code tells the time step of a right TOTP code (RFC 6238); whether it was used before is not its to know.
	Code(c *stead.Credentials, code string, now time.Time) (step int64, ok bool)
	// Hash makes the stored form of a password, Seal that of a TOTP secret (base32).
	Hash(password string) (string, error)
	Seal(id stead.PrincipalID, totp string) (string, error)
}

// By is who asks. It is made by Present, and is an argument of every verb.
type By struct {
	Session   stead.SessionID
	Principal stead.PrincipalID
	Host      string // where the pass was shown; "api" for bearer tokens
	Key       string // of an agent: thumbprint of the key it proved; it has no session
	Instance  stead.InstanceID
	Address   string  // of the client, as the front parser believes it
	Client    string  // mark of the client: hex SHA-256 of what it says of itself
	Beside    Beside  // what proved the key, where that counts once
	Proviso   Proviso // what this one request is tied to; Present leaves it empty
}

// Open starts what works behind the verbs, and records that the server has started.
func (a *Authority) Open(ctx context.Context) error {
	a.later = newLater(a.Store, a.Alarm)
	a.brakes, a.guesses = newBrakes(a.Clock.Now), newGuesses(a.Clock.Now)
	_, err := a.Store.Append(ctx, Entry{Changes: []stead.Change{a.stamp(By{}, a.running("server.started"))}})
	return stead.Because(err, "record that the server starts")
}

// Close writes what is still to be written.
func (a *Authority) Close(ctx context.Context) error {
	a.later.close()
	_, err := a.Store.Append(ctx, Entry{Changes: []stead.Change{a.stamp(By{}, a.running("server.stopped"))}})
	return stead.Because(err, "record that the server stops")
}

// running is what this node does by itself.
func (a *Authority) running(kind stead.EventKind) stead.Change {
	return stead.Change{Event: stead.Event{Kind: kind, What: with(nil, "node", a.Node)}}
}

// Now is the time that decides: never behind what was seen before (R42).
func (a *Authority) Now() time.Time { return a.Clock.Now() }

// An attempt is one try of a verb, with what its event must say even if the rule refuses.
type attempt struct {
	verb    string // "mandate.start": a refusal is "mandate.start.refused"
	by      By
	subject stead.PrincipalID
	mandate stead.MandateID
	app     stead.AppID
	what    stead.Fields
	urgent  bool
	unseen  bool                // an end that its actor must acknowledge although it is his own
	wants   []stead.Entitlement // of an agent: what it asks for, for the record where it learns
}

// A rule decides at the head of the log. It must be pure and quick.
type rule func(s *State, now time.Time) ([]stead.Change, error)

// run is the one phase that every state verb goes through: the rule decides inside the one writer, and what it
// decided is written with its events; what it refused is written as a refusal.
func (a *Authority) run(ctx context.Context, t attempt, r rule) error {
	if t.by != (By{}) && !a.brakes.allow(t.by, t.urgent) {
		return TooMany(time.Second, "too many requests at once: wait a moment")
	}
	var no error
	_, err := a.Store.Append(ctx, Entry{Urgent: t.urgent, Decide: func(s *State) ([]stead.Change, error) {
		now := a.Clock.Now()
		changes, err := a.decided(s, t, r, now)
		switch no = err; {
		case Repeated(err) != 0:
			return nil, nil // what was done is on record
		case err != nil:
			return []stead.Change{a.refusal(s, t, err, now)}, nil
		}
		return changes, nil
	}})
	if err != nil {
		return err
	}
	return no
}

// decided asks the rule, and what the caller tied its verb to.
func (a *Authority) decided(s *State, t attempt, r rule, now time.Time) ([]stead.Change, error) {
	if err := a.repeats(s, t.by, now); err != nil {
		return nil, err
	}
	if err := t.by.Beside.uses(s); err != nil {
		return nil, err
	}
	changes, err := r(s, now)
	if err == nil {
		err = t.by.unchanged(s)
	}
	if err != nil {
		return nil, err
	}
	a.mark(s, t.by, changes, now)
	t.by.Beside.used(changes, now)
	return a.complete(s, t, changes, now)
}

// complete fills what every event carries, and tries the changes, so that a counter that refuses is a refusal with
// its event like any other.
func (a *Authority) complete(s *State, t attempt, changes []stead.Change, now time.Time) ([]stead.Change, error) {
	trial := s.Stage()
	for i := 0; i < len(changes); i++ {
		e := &changes[i].Event
		e.Mandate, e.App = or(e.Mandate, t.mandate), or(e.App, t.app)
		e.Subject = or(e.Subject, t.subject)
		for k, v := range t.what {
			e.What = with(e.What, k, v)
		}
		by := t.by
		if holder := e.What["holder"]; holder != "" && (by == (By{}) || e.Who["by"] == stead.Server) {
			// Whatever Stead does to a mandate stands under the one who acts by it, never under the subject alone.
			e.Actor, e.Who, by = stead.PrincipalID(holder), with(e.Who, "by", stead.Server), By{}
		}
		changes[i] = a.fill(trial, by, changes[i], now)
		if err := trial.Put(changes[i], s.Index()); err != nil {
			return nil, err
		}
		if i == len(changes)-1 {
			more, err := fallen(trial, changes, now)
			if err != nil {
				return nil, err
			}
			changes = append(changes, more...)
		}
	}
	return changes, nil
}

func (a *Authority) refusal(s *State, t attempt, err error, now time.Time) stead.Change {
	e := stead.Event{
		Kind: stead.EventKind(t.verb + ".refused"), Outcome: stead.No, Reason: stead.ReasonOf(err),
		Subject: t.subject, Mandate: t.mandate, App: t.app,
	}
	for k, v := range t.what {
		e.What = with(e.What, k, v)
	}
	e.What = with(e.What, "wants", s.lacked(t, err, now))
	if no := (*stead.Error)(nil); errors.As(err, &no) {
		e.What = with(e.What, "law", no.Law)
	}
	if n := a.brakes.suppressed(t.by, t.urgent); n > 0 {
		e.Who = with(e.Who, "suppressed", number(n))
	}
	return a.fill(s, t.by, stead.Change{Event: e}, now)
}

// fill gives an event its id, time, actor and the people it is sealed under. An event of the server itself has the
// server as actor.
func (a *Authority) fill(s *State, by By, c stead.Change, now time.Time) stead.Change {
	e := &c.Event
	e.ID, e.At = stead.EventID(a.NewID(stead.PrefixEvent)), now.UTC().Truncate(time.Microsecond)
	e.Outcome = or(e.Outcome, stead.OK)
	e.Actor, e.Session = or(e.Actor, by.Principal), or(e.Session, by.Session)
	e.Actor = or(e.Actor, stead.Server)
	e.Subject = or(e.Subject, e.Actor)
	if p := s.Principal(e.Actor); p != nil {
		e.ActorPerson = p.Person
		e.Who = with(e.Who, "name", p.String())
	}
	if by.Address != "" {
		e.Who = with(e.Who, "address", by.Address)
	}
	if p := s.Principal(e.Subject); p != nil {
		e.SubjectPerson = p.Person
		if e.Subject != e.Actor {
			e.What = with(e.What, "subject", p.String())
		}
	}
	return c
}

// stamp fills a change outside of the writer.
func (a *Authority) stamp(by By, c stead.Change) stead.Change {
	a.Store.View().Read(func(s *State) { c = a.fill(s, by, c, a.Clock.Now()) })
	return c
}

func or[T comparable](v, otherwise T) T {
	var zero T
	if v == zero {
		return otherwise
	}
	return v
}

func with(f stead.Fields, k, v string) stead.Fields {
	if v == "" {
		return f
	}
	if f == nil {
		f = stead.Fields{}
	}
	if _, ok := f[k]; !ok {
		f[k] = v
	}
	return f
}

// done gives what a rule left behind only when it was written: the writer may still be at it when the waiting was given
// up.
func done[T any](v *T, err error) (T, error) {
	if err != nil {
		var zero T
		return zero, err
	}
	return *v, nil
}
