package console

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
)

// desk is the part of the fake that those who run Stead ask.
type desk struct {
	all             authority.Settings
	timers          []authority.TimerText
	set             stead.Bundle
	inForce, staged stead.Bundle
	plan            authority.Planned
	findings        []Finding
	bare            bool // nobody has a second factor
	more            bool // people follow on another page
	link            authority.FactorLink
	factorAsked     authority.FactorAsked
	read            FileRead
}

func (a *verbs) Configured(context.Context, authority.By) (authority.Settings, error) {
	s := a.all
	s.Apps = []stead.App{{ID: "orders", Hosts: []string{"127.0.0.1:8421"}, Realms: []stead.Realm{{ID: "shop", Path: "/", Acting: true}}}}
	s.Terms = stead.Terms{Default: 10 * time.Minute, Max: time.Hour, Extensions: 10, PerActor: 1}
	return s, a.no["configured"]
}

func (a *verbs) Timers(context.Context, authority.By) ([]authority.TimerText, stead.Bundle, error) {
	return a.timers, a.set, a.no["timers"]
}

func (a *verbs) SetTimers(_ context.Context, _ authority.By, w authority.TimersSet) (stead.Bundle, error) {
	var all []string
	for _, t := range w.Timers {
		all = append(all, strings.TrimSpace(t.For()+" "+fmt.Sprint(time.Duration(t.MaxDuration))))
	}
	return stead.Bundle{}, a.note("set-timers", w.Version, w.File, w.Reason, strings.Join(all, "; "))
}

func (a *verbs) TermsFor(_ context.Context, _ authority.By, who stead.PrincipalID, app stead.AppID, realm stead.RealmID) ([]authority.TermRow, error) {
	rows := authority.Rows(stead.Terms{Default: 10 * time.Minute, Max: time.Hour})
	rows[1].Value, rows[1].From = "2m0s", "orders, staff/testers"
	return rows, a.note("terms-for", who, app, realm)
}

func (a *verbs) Policies(_ context.Context, by authority.By) (inForce, staged stead.Bundle, err error) {
	if inForce, staged = a.inForce, a.staged; a.May(by, authority.Onlookers()...) != nil {
		inForce.Author, inForce.Applied, staged = "", "", stead.Bundle{}
	}
	return inForce, staged, a.no["policies"]
}

func (a *verbs) Apply(_ context.Context, _ authority.By, digest string) (stead.Bundle, error) {
	return a.staged, a.note("apply", digest)
}

func (a *verbs) Person(_ context.Context, _ authority.By, id stead.PrincipalID) (stead.Principal, error) {
	p, ok := a.people[id]
	if !ok {
		return p, stead.E(stead.Missing, stead.ReasonNotYours, "there is no such account")
	}
	return p, a.no["person"]
}

func (a *verbs) Enroll(_ context.Context, _ authority.By, all []authority.NewPerson) ([]stead.Principal, error) {
	n := all[0]
	return []stead.Principal{{ID: "prn_new"}}, a.note("enroll", n.Directory+"/"+n.Name, n.Shown, n.Groups)
}

func (a *verbs) Change(_ context.Context, by authority.By, id stead.PrincipalID, e authority.Edit) (stead.Principal, error) {
	what := []any{id, "at", by.Proviso.Tags}
	if e.Disabled != nil {
		what = append(what, "disabled", *e.Disabled)
	}
	if e.Deleted != nil {
		what = append(what, "deleted", *e.Deleted)
	}
	if e.Groups != nil {
		what = append(what, "groups", *e.Groups)
	}
	return a.people[id], a.note("change", what...)
}

func (a *verbs) Plan(context.Context, authority.By) (authority.Planned, error) {
	return a.plan, a.no["plan"]
}

// book stands for the rules: it says yes to Sam.
type book struct{ a *verbs }

func (b book) Check(map[string]string) (string, error) { return "", b.a.no["check"] }

func (b book) Why(string, authority.Case, authority.Reader) (authority.Explanation, error) {
	return b.a.why.Explanation, b.a.no["rules"]
}

func (b book) Judge(_ string, c authority.Case) stead.Verdict {
	return stead.Verdict{Allow: c.Principal.ID == sam, Obligations: stead.Obligations{Requires: []string{"second-factor"}, Max: 10 * time.Minute,
		Approvals: []stead.Stage{{Groups: []string{"staff/security"}, Count: 1}}, Winners: map[string]string{"max": "support-views"}}}
}

func (a *verbs) Human(_ context.Context, _ authority.By, id stead.PrincipalID) (authority.Human, error) {
	p, ok := a.people[id]
	if !ok {
		return authority.Human{}, stead.E(stead.Missing, stead.ReasonNotYours, "there is no such account")
	}
	h := authority.Human{Principal: p, Password: true, Code: !a.bare}
	for _, hand := range p.Hands {
		h.Holders = append(h.Holders, authority.Holder{Principal: a.people[hand.By], Mark: hand.Mark})
	}
	h.Voucher = a.people[p.Vouched]
	if id == dana {
		h.Others = []stead.Principal{a.people[dana2]}
	}
	return h, a.no["human"]
}

func (a *verbs) Groups(context.Context, authority.By) ([]authority.GroupCount, error) {
	var all []authority.GroupCount
	for _, p := range a.people {
		for _, g := range p.Groups {
			all = append(all, authority.GroupCount{Group: p.Directory + "/" + g, N: 1})
		}
	}
	return all, a.no["groups"]
}

func (a *verbs) PeoplePage(_ context.Context, _ authority.By, q authority.PeopleQuery) ([]stead.Principal, bool, error) {
	what := []any{q.Name, q.Directory, q.Group, q.After}
	if q.Closed != nil {
		what = append(what, *q.Closed)
	}
	return a.found, a.more, a.note("people-page", what...)
}

func (a *verbs) MandatePage(_ context.Context, _ authority.By, q authority.MandateQuery) ([]stead.Mandate, authority.Place, error) {
	var all []stead.Mandate
	for _, m := range a.mandates {
		if m.Actor == q.Actor || m.Subject == q.Subject {
			all = append(all, m)
		}
	}
	return all, authority.Place{}, a.no["mandate-page"]
}

func (a *verbs) SessionPage(_ context.Context, _ authority.By, of stead.PrincipalID, _ authority.Place, _ int) ([]stead.Session, authority.Place, error) {
	var all []stead.Session
	for _, e := range a.sessions {
		if e.Principal == of {
			all = append(all, e)
		}
	}
	return all, authority.Place{}, a.no["session-page"]
}

func (a *verbs) look(context.Context) []Finding { return a.findings }

func (a *verbs) Raise(_ context.Context, _ authority.By, id stead.MandateID, text string) error {
	return a.note("raise", id, text)
}

func (a *verbs) SetFactor(_ context.Context, _ authority.By, w authority.NewFactor) error {
	return a.note("set-factor", w.Secret, w.Code, w.Proof)
}

func (a *verbs) Preview(_ context.Context, _ authority.By, w authority.Ask) (authority.Preview, error) {
	m := wanted(stead.Asked)
	return authority.Preview{Mandate: m, Code: true, Fresh: noon.Add(-time.Minute)}, a.note("preview", w.Subject, w.App, w.Mode, w.For, w.Purpose.Reason, w.Purpose.Ticket, w.Target)
}

// secrets stand for those of authenticators.
type secrets struct{}

func (secrets) NewSecret() (string, error) { return "JBSWY3DPEHPK3PXP", nil }

func (secrets) URI(account, secret string) string {
	return "otpauth://totp/Stead:" + account + "?secret=" + secret
}

func (a *verbs) Erase(_ context.Context, _ authority.By, id stead.PrincipalID) error {
	return a.note("erase", id)
}

func (a *verbs) Vouch(_ context.Context, _ authority.By, id stead.PrincipalID, reason string) (stead.Principal, error) {
	return a.people[id], a.note("vouch", id, reason)
}

func (a *verbs) Would(_ authority.By, verb, _ string) error { return a.no["would "+verb] }

func (a *verbs) AskFactor(_ context.Context, _ authority.By, id stead.PrincipalID, reason string) (authority.FactorLink, error) {
	return a.link, a.note("ask-factor", id, reason)
}

func (a *verbs) AllowFactor(_ context.Context, _ authority.By, id stead.PrincipalID) (authority.FactorLink, error) {
	return authority.FactorLink{Link: "stl_1.prn_dana", Until: noon.Add(time.Hour)}, a.note("allow-factor", id)
}

func (a *verbs) FactorAsked(context.Context, authority.By, stead.PrincipalID) (authority.FactorAsked, error) {
	return a.factorAsked, a.no["factor-asked"]
}

func (a *verbs) SetPassword(_ context.Context, _ authority.By, w authority.NewPassword) error {
	return a.note("set-password", w.Old, w.New)
}

func (a *verbs) FactorLinked(_ context.Context, link string) (authority.Linked, error) {
	return authority.Linked{Account: a.people[dana], Chooses: a.bare}, a.no["factor-linked"]
}

func (a *verbs) UseFactorLink(_ context.Context, in authority.LinkedFactor) error {
	return a.note("use-link", in.Link, in.Password, in.Secret, in.Code)
}
