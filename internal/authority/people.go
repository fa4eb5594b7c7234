package authority

import (
	"context"
	"time"

	"github.com/steadhq/stead"
)

// A NewPerson is somebody to be enrolled.
type NewPerson struct {
	Directory  string
	Name       string
	Shown      string
	Person     string // what tells that accounts are one human: any text, the same for all of them; empty: nobody else
	Groups     []string
	Attributes map[string]string
	Password   string // plain; or
	Hash       string // its stored form
	TOTP       string // base32 secret
}

// MostEnrolled is how many accounts are added at once: nobody else's decision is to wait for the commit of more.
const MostEnrolled = 10_000

// Enroll adds accounts, all or none, at most MostEnrolled. Only admins may. Errors: refused, invalid, conflict exists.
func (a *Authority) Enroll(ctx context.Context, by By, all []NewPerson) ([]stead.Principal, error) {
	return a.enroll(ctx, by, all, func(s *State, now time.Time) error { return a.may(s, by, now, Admin) })
}

// Seed adds the first accounts of a store that has none yet. Errors: refused once there are any.
func (a *Authority) Seed(ctx context.Context, all []NewPerson) ([]stead.Principal, error) {
	return a.enroll(ctx, By{}, all, func(s *State, _ time.Time) error {
		empty := true
		s.Principals(func(*stead.Principal) { empty = false })
		if !empty {
			return stead.E(stead.Refused, stead.ReasonExists, "there are people already: an admin adds more")
		}
		return nil
	})
}

func (a *Authority) enroll(ctx context.Context, by By, all []NewPerson, may func(*State, time.Time) error) ([]stead.Principal, error) {
	t := attempt{verb: "person.enroll", by: by}
	if err := a.early(may); err != nil { // hashing is not for everybody
		return nil, a.refuse(ctx, t, err)
	}
	if len(all) > MostEnrolled {
		return nil, a.refuse(ctx, t, stead.E(stead.Invalid, stead.ReasonRequest, "%d accounts are too many at once: at most %d, all or none of them; split the file", len(all), MostEnrolled))
	}
	made, creds, err := a.prepare(all)
	if err != nil {
		return nil, a.refuse(ctx, t, err)
	}
	err = a.run(ctx, t, func(s *State, now time.Time) ([]stead.Change, error) {
		if err := may(s, now); err != nil {
			return nil, err
		}
		var changes []stead.Change
		taken := map[name]bool{}
		for i, p := range made {
			if s.Named(p.Directory, p.Name) != nil || taken[name{p.Directory, p.Name}] {
				return nil, stead.E(stead.Conflict, stead.ReasonExists, "the account %s/%s is there already", p.Directory, p.Name)
			}
			taken[name{p.Directory, p.Name}] = true
			p = held(s, p, by.Principal)
			made[i] = p
			c := stead.Change{Event: stead.Event{Kind: "person.enrolled", Subject: p.ID, SubjectPerson: p.Person}, Records: []stead.Record{p}}
			if creds[i].TOTP != "" {
				creds[i].Given = by.Principal
			}
			if creds[i].Live() {
				c.Records = append(c.Records, creds[i])
			}
			changes = append(changes, c)
		}
		return changes, nil
	})
	return done(&made, err)
}

// early asks a question of roles before slow work is done for it; the rule asks it again.
func (a *Authority) early(may func(*State, time.Time) error) (err error) {
	a.Store.View().Read(func(s *State) { err = may(s, a.Now()) })
	return err
}

// prepare does what is slow: hashing passwords and sealing secrets.
func (a *Authority) prepare(all []NewPerson) ([]stead.Principal, []stead.Credentials, error) {
	made, creds := make([]stead.Principal, len(all)), make([]stead.Credentials, len(all))
	for i, n := range all {
		p := stead.Principal{ID: stead.PrincipalID(a.NewID(stead.PrefixPrincipal)), Version: 1, Kind: stead.Person,
			Directory: n.Directory, Name: n.Name, Shown: n.Shown, Groups: n.Groups, Attributes: n.Attributes,
			Person: stead.PersonKey(a.NewID(stead.PrefixPerson))}
		if p.Directory == stead.Agents {
			return nil, nil, stead.E(stead.Invalid, stead.ReasonRequest, "the directory %s is for agents: choose another for people", stead.Agents)
		}
		if text := or(p.Wrong(), stead.WrongText("person", n.Person, stead.MostText)); text != "" {
			return nil, nil, stead.E(stead.Invalid, stead.ReasonRequest, "%s", text)
		}
		if n.Person != "" {
			p.Person = a.human(n.Person, made[:i], all[:i], p.Person)
		}
		made[i] = p
		c := stead.Credentials{Principal: p.ID, Person: p.Person, Version: 1, Password: n.Hash}
		if err := a.equip(&c, n.Password, n.TOTP); err != nil {
			return nil, nil, err
		}
		creds[i] = c
	}
	return made, creds, nil
}

// human finds the person key that belongs to a text: of one enrolled in the same breath, or of the account
// "directory/name" that the text names; a new one otherwise.
func (a *Authority) human(text string, made []stead.Principal, all []NewPerson, fresh stead.PersonKey) stead.PersonKey {
	for i, n := range all {
		if n.Person == text || n.Directory+"/"+n.Name == text {
			return made[i].Person
		}
	}
	a.Store.View().Read(func(s *State) {
		s.Principals(func(p *stead.Principal) {
			if string(p.Person) == text || p.Directory+"/"+p.Name == text {
				fresh = p.Person
			}
		})
	})
	return fresh
}

func (a *Authority) equip(c *stead.Credentials, password, totp string) error {
	var err error
	if password != "" {
		if c.Password, err = a.Prover.Hash(password); err != nil {
			return err
		}
	}
	if totp != "" {
		c.TOTP, err = a.Prover.Seal(c.Principal, totp)
	}
	return err
}

// An Edit changes an account; nil members change nothing.
type Edit struct {
	Shown      *string
	Groups     *[]string
	Attributes *map[string]string
	Disabled   *bool
	Deleted    *bool
	Password   *string
	TOTP       *string
}

// Change changes an account. Who is disabled or deleted is out at once: sessions and mandates end in the same
// transaction, and so do the mandates that may not go on with an account so changed: who was promoted is not acted for
// any more. Errors: refused, missing, invalid.
func (a *Authority) Change(ctx context.Context, by By, id stead.PrincipalID, e Edit) (stead.Principal, error) {
	t := attempt{verb: "person.change", by: by, subject: id, urgent: true}
	if err := a.May(by, Admin); err != nil {
		return stead.Principal{}, a.refuse(ctx, t, err)
	}
	creds := stead.Credentials{Principal: id}
	if text := e.wrong(); text != "" {
		return stead.Principal{}, a.refuse(ctx, t, stead.E(stead.Invalid, stead.ReasonRequest, "%s", text))
	}
	if err := a.equip(&creds, deref(e.Password), deref(e.TOTP)); err != nil {
		return stead.Principal{}, a.refuse(ctx, t, err)
	}
	var out stead.Principal
	err := a.run(ctx, t, func(s *State, now time.Time) ([]stead.Change, error) {
		if err := a.may(s, by, now, Admin); err != nil {
			return nil, err
		}
		p := s.Principal(id)
		if p == nil {
			return nil, stead.E(stead.Missing, stead.ReasonUnknown, "there is no such account")
		}
		if p.Kind == stead.Agent && (e.Password != nil || e.TOTP != nil || e.Attributes != nil) {
			return nil, stead.E(stead.Invalid, stead.ReasonRequest, "an agent has no password, no factor and no attributes but its registration's: change that")
		}
		if e.TOTP != nil && a.holdsAny(p) {
			return nil, stead.E(stead.Refused, stead.ReasonPrivileged, "this account has a role in Stead: ask for a link to a new factor, to which another person agrees")
		}
		if creds.TOTP != "" && id != by.Principal {
			creds.Given = by.Principal
		}
		out = e.apply(*p).Marked(*p, *s.Principal(by.Principal))
		if e.Password != nil || e.TOTP != nil {
			out = held(s, out, by.Principal)
		}
		return a.edited(s.Stage(), *p, out, e, creds, now)
	})
	return done(&out, err)
}

// edited is the change of an account, with what cannot go on after it. All of it is put into s. The last account that
// administers Stead stays one.
func (a *Authority) edited(s *State, p, after stead.Principal, e Edit, creds stead.Credentials, now time.Time) ([]stead.Change, error) {
	c := stead.Change{Event: stead.Event{Kind: "person.changed", Subject: p.ID, What: e.fields()}, Records: []stead.Record{after}}
	if e.Password != nil || e.TOTP != nil {
		c.Records = append(c.Records, renewed(s, p, creds))
	}
	if err := s.Put(c, s.Index()); err != nil {
		return nil, err
	}
	if a.Settings.Holds(&p, Admin) && !a.Settings.Holds(&after, Admin) && a.admins(s) == 0 {
		return nil, stead.E(stead.Conflict, stead.ReasonState, "nobody would administer Stead any more: make somebody else an administrator first")
	}
	return a.outed(s, []stead.Change{c}, after, e, now)
}

// Administrators counts the accounts that administer Stead.
func (a *Authority) Administrators() (n int) {
	a.Store.View().Read(func(s *State) { n = a.admins(s) })
	return n
}

func (a *Authority) admins(s *State) (n int) {
	s.Principals(func(p *stead.Principal) {
		if a.Settings.Holds(p, Admin) {
			n++
		}
	})
	return n
}

// wrong tells what is wrong with what an edit sets. What it leaves alone may be as it was: anybody can be disabled.
func (e Edit) wrong() string {
	p := e.apply(stead.Principal{})
	return or(stead.WrongShown(p.Shown), or(stead.WrongGroups(p.Groups), stead.WrongAttributes(p.Attributes)))
}

func (e Edit) apply(p stead.Principal) stead.Principal {
	set(&p.Shown, e.Shown)
	set(&p.Groups, e.Groups)
	set(&p.Attributes, e.Attributes)
	set(&p.Disabled, e.Disabled)
	set(&p.Deleted, e.Deleted)
	p.Version++
	return p
}

// fields names what an edit changes, never the secrets.
func (e Edit) fields() stead.Fields {
	f := stead.Fields{}
	for name, changed := range map[string]bool{"shown": e.Shown != nil, "groups": e.Groups != nil, "attributes": e.Attributes != nil,
		"disabled": e.Disabled != nil, "deleted": e.Deleted != nil, "password": e.Password != nil, "totp": e.TOTP != nil} {
		if changed {
			f[name] = "changed"
		}
	}
	return f
}

func renewed(s *State, p stead.Principal, fresh stead.Credentials) stead.Credentials {
	c := stead.Credentials{Principal: p.ID, Person: p.Person}
	if old := s.Credentials(p.ID); old != nil {
		c = *old
	}
	if fresh.TOTP != "" {
		c.Given = fresh.Given
	}
	c.Password, c.TOTP, c.Version = or(fresh.Password, c.Password), or(fresh.TOTP, c.TOTP), c.Version+1
	return c
}

// outed ends what cannot go on with an account as it is now in s: its sessions when it is closed or what it proves itself with changed,
// and the mandates that it holds or that are held for it when it is closed or the laws or the policy say so.
func (a *Authority) outed(s *State, all []stead.Change, p stead.Principal, e Edit, now time.Time) ([]stead.Change, error) {
	if !p.Active() || e.Password != nil || e.TOTP != nil {
		for _, id := range s.SessionsOf(p.ID) {
			more, err := closing(s, *s.Session(id), stead.ReasonDisabled, now)
			if err != nil {
				return nil, err
			}
			all = append(all, more...)
			for _, c := range more {
				if err := s.Put(c, s.Index()); err != nil {
					return nil, err
				}
			}
		}
	}
	if r := s.Agent(p.ID); r != nil && p.Deleted { // an agent whose account is gone is retired
		for _, c := range retired(s, *r, now) {
			if err := s.Put(c, s.Index()); err != nil {
				return nil, err
			}
			all = append(all, c)
		}
	}
	for _, id := range hangs(s, p.ID) {
		m := *s.Mandate(id)
		why := a.goes(m, a.standing(s, m))
		if !p.Active() && (m.Actor == p.ID || m.Subject == p.ID) {
			why = stead.ReasonDisabled
		}
		if why == stead.ReasonNone {
			continue
		}
		over, err := stead.Cease(m, why, now)
		if err != nil {
			return nil, err
		}
		c := unasked(s, "mandate.ended", m, over)
		c.Event.Who = stead.Fields{"by": stead.Server} // nobody asked for this: it follows
		if err := s.Put(c, s.Index()); err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	return all, nil
}

func set[T any](at *T, v *T) {
	if v != nil {
		*at = *v
	}
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
