package cedar

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
)

// ask makes the case of a test. Who acts for another is asked about in that capacity, who does not in his own.
func (f *testFile) ask(t *testCase) (authority.Case, error) {
	c := authority.Case{
		Action: t.Do, Capacity: authority.Self, Path: t.Ctx.Path, Mode: t.Ctx.Mode,
		Purpose: stead.Purpose{Reason: t.Ctx.Reason, Ticket: t.Ctx.Ticket},
		Length:  time.Duration(t.Ctx.Minutes) * time.Minute, Level: t.Ctx.Level, AMR: t.Ctx.AMR,
		Address: t.Ctx.Address, Now: f.Now,
	}
	if !t.At.IsZero() {
		c.Now = t.At
	}
	var err error
	if c.Principal, err = f.person(t.Who); err != nil {
		return c, err
	}
	if t.For != "" {
		if c.Subject, err = f.person(t.For); err != nil {
			return c, err
		}
		c.Capacity = authority.ForOther
	}
	if t.App == "" {
		return c, fmt.Errorf("say in which app")
	}
	return c, f.place(&c, t.App, t.Realm)
}

func (f *testFile) person(name string) (*stead.Principal, error) {
	p := f.people[name]
	if p == nil {
		return nil, fmt.Errorf("%q is not under people", name)
	}
	return p, nil
}

// place sets application and realm: "main", or the only one there is, where the test names none.
func (f *testFile) place(c *authority.Case, app, realm string) error {
	t := f.Apps[app]
	if t == nil {
		t = &testApp{}
	}
	realms := t.Realms
	if len(realms) == 0 {
		realms = map[string]*testRealm{"main": {}}
	}
	c.App = &stead.App{ID: stead.AppID(app), Privileged: t.Privileged, Aware: t.Aware}
	for _, id := range slices.Sorted(maps.Keys(realms)) {
		r := realms[id]
		c.App.Realms = append(c.App.Realms, stead.Realm{
			ID: stead.RealmID(id), Path: "/" + id, Kind: r.Kind, Level: r.Level, Acting: r.Acting == nil || *r.Acting,
		})
	}
	for i := range c.App.Realms {
		if id := string(c.App.Realms[i].ID); id == realm || (realm == "" && (id == "main" || len(realms) == 1)) {
			c.Realm = &c.App.Realms[i]
		}
	}
	if c.Realm == nil {
		return fmt.Errorf("%q is no realm of %s", realm, app)
	}
	return nil
}

func (t *testCase) String() string {
	s := t.Who
	if t.For != "" {
		s += " for " + t.For
	}
	s += ": " + string(t.Do) + " in " + t.App
	if t.Realm != "" {
		s += "/" + t.Realm
	}
	if t.Ctx.Mode != "" {
		s += " (" + string(t.Ctx.Mode) + ")"
	}
	return s
}

// differs tells in what the answer is not the one expected, nothing where it is.
func (t *testCase) differs(v stead.Verdict, e authority.Explanation) []string {
	var d []string
	wrong := func(format string, args ...any) { d = append(d, fmt.Sprintf(format, args...)) }
	if t.Expect != "allow" && t.Expect != "deny" {
		wrong("expect must be allow or deny, not %q", t.Expect)
	}
	if (t.Expect == "allow") != v.Allow {
		wrong("expected %s, got %s", t.Expect, said(v, e))
	}
	if len(v.Errors) > 0 && t.Expect == "deny" {
		wrong("denied only because a rule failed: %s", v.Errors[0])
	}
	if t.By != "" && !slices.ContainsFunc(v.Rules, func(r stead.RuleRef) bool { return r.ID == t.By }) {
		wrong("expected by %s, got %s", t.By, said(v, e))
	}
	if t.Because != "" && !because(t.Because, v, e) {
		wrong("expected because %q, got %s", t.Because, said(v, e))
	}
	return append(d, t.dutiesDiffer(v.Obligations)...)
}

func (t *testCase) dutiesDiffer(o stead.Obligations) []string {
	var d []string
	compare := func(what string, want, got any) {
		if w, g := fmt.Sprint(want), fmt.Sprint(got); w != g {
			d = append(d, fmt.Sprintf("%s: expected %s, got %s", what, w, g))
		}
	}
	if t.Needs != nil {
		compare("needs", slices.Sorted(slices.Values(*t.Needs)), slices.Sorted(slices.Values(o.Requires)))
	}
	if t.Notify != nil {
		compare("notify", slices.Sorted(slices.Values(*t.Notify)), slices.Sorted(slices.Values(o.Notify)))
	}
	if t.Mode != nil {
		compare("mode", *t.Mode, o.Mode)
	}
	if t.Max != nil {
		compare("max", *t.Max, o.Max)
	}
	if t.Ticket != nil {
		compare("ticket", *t.Ticket, o.TicketRE)
	}
	if t.Approvals != nil {
		var want []stead.Stage
		var err error
		if *t.Approvals != "" {
			if want, err = readStages(*t.Approvals); err != nil {
				return append(d, err.Error())
			}
		}
		compare("approvals", stagesText(want), stagesText(o.Approvals))
	}
	return d
}

func because(text string, v stead.Verdict, e authority.Explanation) bool {
	if slices.ContainsFunc(v.Rules, func(r stead.RuleRef) bool { return r.ID == text }) {
		return true
	}
	return e.Nearest != nil && slices.ContainsFunc(e.Nearest.Failed, func(f string) bool { return strings.Contains(f, text) })
}

// said is an answer in one line.
func said(v stead.Verdict, e authority.Explanation) string {
	var ids []string
	for _, r := range v.Rules {
		ids = append(ids, r.ID)
	}
	switch {
	case len(v.Errors) > 0:
		return "an error (" + strings.Join(v.Errors, "; ") + ")"
	case v.Allow:
		return "allow by " + strings.Join(ids, ", ")
	case len(ids) > 0:
		return "deny by " + strings.Join(ids, ", ")
	case e.Nearest != nil:
		return "deny; nearest is " + e.Nearest.ID + ", which failed " + strings.Join(e.Nearest.Failed, " and ")
	}
	return "deny; no rule is about this"
}
