package authority

import (
	"context"
	"time"

	"github.com/steadhq/stead"
)

// SignIn is an attempt to sign in at a host.
type SignIn struct {
	Directory string // empty: the only directory that knows the name
	Name      string
	Password  string
	Half      string // of Signed: instead of directory, name and password
	Code      string // TOTP, where it is asked for or the person gives it
	Host      string
	Address   string
	Client    string
	App       stead.AppID // with Path, the realm he signs in at; empty is Stead's own
	Path      string
}

// Signed is a session with a new pass: Secret goes into the cookie or the bearer token, and is nowhere else.
type Signed struct {
	By     By
	Secret string
	Until  time.Time // of the session
	Level  int
	Half   string // with the refusal second-factor alone: says to any node that the password was right
}

// SignIn opens a session. Whatever is wrong with name or password has one answer and takes one time. Errors: refused,
// with bad-proof, second-factor (the realm wants a code and none was given: Signed.Half goes on from there) or too-many;
// expired, for a half that is over, or another client's.
func (a *Authority) SignIn(ctx context.Context, in SignIn) (Signed, error) {
	by := By{Host: in.Host, Address: in.Address, Client: in.Client}
	t := attempt{verb: "session.start", by: by, app: in.App}
	if !a.guesses.allow(a.account(in), in.Address) {
		return Signed{}, a.refuse(ctx, t, TooMany(oneMore, "too many attempts from here: wait half a minute"))
	}
	who, cred, err := a.proven(in)
	if err != nil {
		return Signed{}, a.refuse(ctx, t, err)
	}
	t.by.Principal = who.ID
	realm := a.realm(in.App, in.Path)
	step, err := a.factor(who, cred, in.Code, realm.Level)
	if err != nil {
		return Signed{Half: a.halfway(in, cred, err)}, a.refuse(ctx, t, err)
	}
	a.guesses.clear(a.account(in), in.Address)
	out := Signed{Secret: a.NewID("stp_")}
	err = a.run(ctx, t, func(s *State, now time.Time) ([]stead.Change, error) {
		p := s.Principal(who.ID)
		if p == nil || !p.Active() {
			return nil, wrong()
		}
		e := a.session(p, realm, step > 0, now).WithPass(stead.Pass{Host: in.Host, Hash: sum(out.Secret), Client: in.Client})
		out.By, out.Until, out.Level = By{Session: e.ID, Principal: p.ID, Host: in.Host, Address: in.Address, Client: in.Client}, e.Until, e.Level
		c := stead.Change{Event: stead.Event{Kind: "session.started", Session: e.ID}, Records: []stead.Record{e}}
		return []stead.Change{spend(c, who.ID, step)}, nil
	})
	return done(&out, err)
}

// proven finds who signs in, by his password or by half a sign-in that was begun with it.
func (a *Authority) proven(in SignIn) (*stead.Principal, *stead.Credentials, error) {
	if in.Half != "" {
		return a.begun(in)
	}
	who, cred := a.known(in.Directory, in.Name)
	if !a.Prover.Password(cred, in.Password) || who == nil || !who.Active() {
		return nil, nil, wrong()
	}
	return who, cred, nil
}

func wrong() error {
	return stead.E(stead.Refused, stead.ReasonBadProof, "name, directory, password or code is wrong")
}

func wanted() error {
	return stead.E(stead.Refused, stead.ReasonSecondFactor, "give the code of your second factor")
}

// session makes the session of a realm; its idle and absolute ends are the realm's where it has any (I10).
func (a *Authority) session(p *stead.Principal, r stead.Realm, factor bool, now time.Time) stead.Session {
	e := stead.Session{
		ID: stead.SessionID(a.NewID(stead.PrefixSession)), Version: 0, Principal: p.ID, Person: p.Person,
		AMR: []string{"pwd"}, Level: 1, Realm: r.ID, Since: now,
		IdleAfter: stead.Duration(or(r.Idle, a.Settings.Session.Idle)), Until: now.Add(or(r.Absolute, a.Settings.Session.Absolute)),
	}
	if factor {
		return e.Prove(now)
	}
	e.Version = 1
	return e
}

func (a *Authority) realm(app stead.AppID, path string) stead.Realm {
	if x := a.Settings.App(app); x != nil {
		if r, ok := x.RealmAt(path); ok {
			return r
		}
	}
	return stead.Realm{ID: "stead"}
}

// known finds who wants to sign in. Without a directory the name must be in one alone: nobody is guessed.
func (a *Authority) known(directory, account string) (who *stead.Principal, cred *stead.Credentials) {
	a.Store.View().Read(func(s *State) {
		found := 0
		s.Principals(func(p *stead.Principal) {
			if p.Name == account && (directory == "" || p.Directory == directory) {
				found++
				who = p
			}
		})
		if found != 1 {
			who = nil
			return
		}
		cred = s.Credentials(who.ID)
	})
	return who, cred
}

// factor checks a code and tells its time step, 0 when none was given and none is needed.
func (a *Authority) factor(p *stead.Principal, c *stead.Credentials, code string, level int) (int64, error) {
	if code == "" {
		if level >= 2 && c != nil && c.TOTP != "" {
			return 0, wanted()
		}
		return 0, nil
	}
	if !a.guesses.allow("code/"+string(p.ID), "") {
		return 0, TooMany(oneMore, "too many wrong codes: wait half a minute")
	}
	for _, at := range a.Clock.Codes() {
		if step, ok := a.Prover.Code(c, code, at); ok {
			return step, nil
		}
	}
	return 0, wrong()
}

// spend makes a code single-use: its time step must be later than any used before.
func spend(c stead.Change, id stead.PrincipalID, step int64) stead.Change {
	if step > 0 {
		c.Counts = append(c.Counts, stead.Count{Key: "totp/" + string(id), Op: stead.CountPass, N: step})
	}
	return c
}

// refuse records a no that was found before the writer was asked, and gives it back.
func (a *Authority) refuse(ctx context.Context, t attempt, no error) error {
	return a.run(ctx, t, func(*State, time.Time) ([]stead.Change, error) { return nil, no })
}
