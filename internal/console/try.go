package console

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/web"
)

// A tryView asks a policy a question, with no effect.
type tryView struct {
	frame
	Tabs    []policyTab
	Fields  []web.FieldSpec
	More    []web.FieldSpec
	Problem string
	Asked   string // what was asked, in words; empty while nothing was
	Allow   bool
	Why     authority.Explanation
	Needs   [][2]string
}

func (c *Console) try(v *visit) error {
	ctx, q := v.r.Context(), v.r.URL.Query()
	all, err := c.Authority.Configured(ctx, v.by)
	if err != nil {
		return err
	}
	inForce, staged, err := c.Authority.Policies(ctx, v.by)
	if err != nil {
		return err
	}
	p := tryView{frame: v.frame("Policies", "Ask the policy a question. Nothing comes of it, and nothing is started."), Tabs: v.policyTabs(staged)}
	p.Fields, p.More = v.tryFields(all, staged.Digest != "")
	if q.Get("who") == "" {
		return v.show(http.StatusOK, tryPage(p))
	}
	bundle := inForce
	if q.Get("policy") == "staged" && staged.Digest != "" {
		bundle = staged
	}
	if err := v.tried(&p, all, bundle); err != nil {
		if !v.retell(err) && stead.KindOf(err) != stead.Missing {
			return err
		}
		p.Problem = saying(err)
		return v.show(http.StatusBadRequest, tryPage(p))
	}
	return v.show(http.StatusOK, tryPage(p))
}

// tried asks, and puts the answer on the page.
func (v *visit) tried(p *tryView, all authority.Settings, bundle stead.Bundle) error {
	k, err := v.tryCase(all)
	if err != nil {
		return err
	}
	if _, err := v.c.Rules.Check(bundle.Files); err != nil {
		return err
	}
	if p.Why, err = v.c.Rules.Why(bundle.Digest, k, authority.Overseer); err != nil {
		return err
	}
	verdict := v.c.Rules.Judge(bundle.Digest, k)
	p.Allow, p.Needs = verdict.Allow, duties(verdict.Obligations)
	p.Asked = "May " + k.Principal.DisplayName() + " " + actionWord(k.Action)
	switch {
	case k.Action == stead.ActionAct:
		p.Asked += " for " + k.Subject.DisplayName()
	case k.Subject.ID != k.Principal.ID:
		p.Asked += " as " + k.Subject.DisplayName()
	}
	a, _ := v.c.app(k.App.ID)
	p.Asked += " in " + a.shown() + " at " + k.Path + "?"
	return nil
}

func actionWord(a stead.Action) string {
	return cmp.Or(map[stead.Action]string{stead.ActionAct: "act", stead.ActionRead: "look", stead.ActionWrite: "change something"}[a], string(a))
}

func (v *visit) tryFields(all authority.Settings, staged bool) (first, more []web.FieldSpec) {
	q := v.r.URL.Query()
	pick := func(name, label, hint string, options ...[2]string) web.FieldSpec {
		f := web.FieldSpec{Name: name, Label: label, Kind: "select", Hint: hint, Required: true}
		for _, o := range options {
			f.Options = append(f.Options, web.Option{Value: o[0], Text: o[1], Chosen: q.Get(name) == o[0]})
		}
		return f
	}
	var apps [][2]string
	for _, a := range all.Apps {
		shown, _ := v.c.app(a.ID)
		apps = append(apps, [2]string{string(a.ID), shown.shown()})
	}
	first = []web.FieldSpec{
		{Name: "who", Label: "Who", Value: q.Get("who"), Required: true, Hint: "directory/name, or a name that only one has"},
		{Name: "as", Label: "For whom", Value: q.Get("as"), Hint: "empty is himself"},
		pick("app", "Where", "", apps...),
		pick("do", "What", "", [2]string{"act", "begin to act"}, [2]string{"read", "look at a page"}, [2]string{"write", "change something"}, [2]string{"export", "take data away"}),
		pick("mode", "Mode", "", [2]string{"read-only", "Look"}, [2]string{"edit", "Edit"}),
	}
	more = []web.FieldSpec{
		{Name: "path", Label: "Page", Value: q.Get("path"), Hint: "such as /orders/7; its realm counts"},
		pick("level", "Signed in with", "", [2]string{"2", "password and code"}, [2]string{"1", "password"}),
		{Name: "at", Label: "When", Value: q.Get("at"), Kind: "datetime-local", Hint: "empty is now"},
		{Name: "for", Label: "How long", Value: q.Get("for"), Hint: "such as 10m"},
		{Name: "reason", Label: "Reason", Value: q.Get("reason")}, {Name: "ticket", Label: "Ticket", Value: q.Get("ticket")},
	}
	if staged {
		more = append(more, pick("policy", "Policy", "", [2]string{"in-force", "in force"}, [2]string{"staged", "staged"}))
	}
	return first, more
}

// tryCase reads the question from the address.
func (v *visit) tryCase(all authority.Settings) (authority.Case, error) {
	q := v.r.URL.Query()
	k := authority.Case{Action: stead.Action(cmp.Or(q.Get("do"), "act")), Capacity: authority.ForOther, Mode: stead.Mode(q.Get("mode")), Path: cmp.Or(q.Get("path"), "/"),
		Purpose: stead.Purpose{Reason: q.Get("reason"), Ticket: q.Get("ticket")}, Now: v.c.Now(), Zone: all.Zone, Level: 2, AMR: []string{"pwd", "otp"}}
	if q.Get("level") == "1" {
		k.Level, k.AMR = 1, []string{"pwd"}
	}
	var err error
	if k.Principal, err = v.somebody(q.Get("who")); err != nil {
		return k, err
	}
	if k.Subject = k.Principal; strings.TrimSpace(q.Get("as")) == "" {
		k.Capacity = authority.Self
	} else if k.Subject, err = v.somebody(q.Get("as")); err != nil {
		return k, err
	}
	if k.Now, err = v.c.moment(q.Get("at"), k.Now); err != nil {
		return k, err
	}
	if s := q.Get("for"); s != "" {
		if k.Length, err = time.ParseDuration(s); err != nil {
			return k, stead.E(stead.Invalid, stead.ReasonRequest, "%q is no length of time: write 10m or 1h", s)
		}
	}
	return k, place(&k, all, stead.AppID(q.Get("app")))
}

// place finds the application and the realm that are asked about.
func place(k *authority.Case, all authority.Settings, id stead.AppID) error {
	i := slices.IndexFunc(all.Apps, func(a stead.App) bool { return a.ID == id })
	if i < 0 {
		return stead.E(stead.Missing, stead.ReasonNoRoute, "there is no application %q", id)
	}
	r, ok := all.Apps[i].RealmAt(k.Path)
	if !ok {
		return stead.E(stead.Missing, stead.ReasonNoRoute, "%s has no realm at %s", id, k.Path)
	}
	k.App, k.Realm = &all.Apps[i], &r
	return nil
}

func (v *visit) somebody(text string) (*stead.Principal, error) {
	id, err := v.c.named(v, strings.TrimSpace(text))
	if err != nil {
		return nil, err
	}
	p, err := v.c.Authority.Person(v.r.Context(), v.by, id)
	return &p, err
}

// moment reads a time of day as browsers give it.
func (c *Console) moment(s string, now time.Time) (time.Time, error) {
	if s == "" {
		return now, nil
	}
	zone := c.Zone
	if zone == nil {
		zone = time.UTC
	}
	t, err := time.ParseInLocation("2006-01-02T15:04", s, zone)
	if err != nil {
		return t, stead.E(stead.Invalid, stead.ReasonRequest, "%q is no time: write 2026-11-22T15:04", s)
	}
	return t, nil
}

// duties says in words what a yes asks for, and which rule asks for it.
func duties(o stead.Obligations) [][2]string {
	words := map[string]string{"second-factor": "a fresh code of the second factor", "reason": "a reason", "ticket": "a ticket"}
	var needs []string
	for _, r := range o.Requires {
		needs = append(needs, cmp.Or(words[r], r))
	}
	length, mode := "", ""
	if o.Max > 0 {
		length = span(o.Max) + " at most" + byRule(o, "max")
	}
	if o.Mode != "" {
		mode = modeWord(o.Mode) + byRule(o, "mode")
	}
	var agree []string
	for i, s := range stageWords(o.Approvals) {
		agree = append(agree, strconv.Itoa(i+1)+". "+s)
	}
	return known([][2]string{{"Needs", strings.Join(needs, ", ")}, {"Ticket looks like", o.TicketRE}, {"Must agree", strings.Join(agree, "; ")},
		{"How long", length}, {"Mode", mode}, {"Are told", strings.Join(o.Notify, ", ")}})
}

func byRule(o stead.Obligations, what string) string {
	if id := o.Winners[what]; id != "" {
		return " (rule " + id + ")"
	}
	return ""
}
