package console

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
)

// poisonedDesk is a house run by Omar in which every text that anybody can write is x.
func poisonedDesk(x string) *verbs {
	a := poisoned(x, stead.Active)
	a.is(omar, authority.Admin, authority.Security, authority.Auditor)
	a.timers = []authority.TimerText{{App: stead.AppID(x), Realm: stead.RealmID(x), Group: x, PerActor: 3}}
	a.set = stead.Bundle{Version: 1, Files: map[string]string{"x": x}, Applied: stead.PrincipalID(x), At: noon}
	a.all = authority.Settings{Roles: map[authority.Role][]string{authority.Admin: {x}}}
	old := "@id(\"" + strings.NewReplacer(`"`, "", `\`, "", "\n", "").Replace(x) + "\")\npermit (principal, action, resource);\n" + x + "\n"
	a.inForce = stead.Bundle{Version: 1, Digest: strings.Repeat("ab", 32), Author: sam, Applied: omar, Files: map[string]string{"a" + x + ".cedar": old, "b" + x: x}}
	a.staged = stead.Bundle{Version: 2, Digest: strings.Repeat("cd", 32), Author: sam, Files: map[string]string{"a" + x + ".cedar": x, "b" + x: x + "\n" + x}}
	a.plan = authority.Planned{Problem: x, Gain: a.found, Lose: a.found, Gains: 2, Loses: 2, Ends: []stead.Mandate{a.mandates["man_1"]}}
	a.findings = []Finding{{Area: x, Name: x, Result: "fail", Says: x, Next: x}}
	a.poisonAgents(x)
	for i := range a.events {
		a.events[i].Actor, a.events[i].Subject = sam, dana
		a.events[i].Who["reason"] = x
	}
	return a
}

// poisonAgents adds an agent of which every text is x, with what it holds, asks for and has lost.
func (a *verbs) poisonAgents(x string) {
	a.people[bot] = stead.Principal{ID: bot, Kind: stead.Agent, Directory: x, Name: x, Shown: x}
	grants := []stead.Entitlement{{System: stead.AppID(x), Action: stead.Action(x), Resource: x, Columns: []string{x}, Rows: x}}
	for id, s := range map[stead.MandateID]stead.State{"man_2": stead.Active, "man_3": stead.Asked, "man_4": stead.Ended} {
		m := job(s)
		m.ID, m.Task, m.Key, m.Purpose, m.Scope.Grants, m.Scope.Apps, m.Digest = id, x, x, stead.Purpose{Reason: x, Ticket: x}, grants, []stead.AppID{stead.AppID(x)}, x
		m.Scope.Conditions, m.Bounds.Budget = map[string][]string{x: {x}}, map[string]int64{x: 3}
		a.mandates[id] = m
	}
	a.agents = []authority.Card{{Account: a.people[bot], Registration: stead.Registration{Principal: bot, Kind: stead.AgentKind(x), Owner: omar, Sponsor: sam, Purpose: x, Tier: stead.Tier(x),
		Segment: x, Suspended: true, Build: stead.Build{Model: x, Code: x, Tools: x}, Keys: []stead.AgentKey{{Thumbprint: x}}, Tasks: []stead.Task{{ID: x, Purpose: x, Mode: stead.Mode(x), Budget: map[string]int64{x: 3}, Grants: grants}}},
		Instances: []stead.Instance{{ID: "ins_7", Key: stead.AgentKey{Thumbprint: x}}}, Mandates: []stead.Mandate{a.mandates["man_2"], a.mandates["man_3"]}}}
	a.past, a.spent = authority.Past{Asked: 1, Mandates: []stead.Mandate{a.mandates["man_4"]}}, map[string]int64{x: 2}
	a.chain = []stead.Mandate{a.mandates["man_2"], {ID: "man_5", Parent: "man_2", Actor: bot, State: stead.State(x), Mode: stead.Mode(x)}}
	a.stop(authority.Stop{What: "login", ID: x, Of: bot, System: stead.AppID(x), Number: 7}, authority.Stop{What: "session", ID: x, Number: 7})
}

// B11, on the pages of those who run Stead and of one's own account.
func TestHostileTextIsTextAtTheDesk(t *testing.T) {
	for _, page := range []struct {
		target string
		form   string // of a POST
		as     stead.PrincipalID
	}{
		{"/settings", "", omar}, {"/settings?who=%&where=%", "", omar}, {"/settings/timer?where=%&group=%", "", omar},
		{"/settings/timer", "version=%&was=new&where=%&group=%&max_duration=%&reason=%", omar}, {"/settings/reset", "reason=%&version=%", omar},
		{"/policies", "", omar}, {"/policies/staged", "", omar}, {"/policies/history", "", omar}, {"/policies/try?who=prn_sam&as=prn_dana&app=orders&reason=%&ticket=%&path=/&at=", "", omar},
		{"/policies/try?who=%&as=%&app=%&path=%&at=%&for=%", "", omar}, {"/policies/apply", "digest=%&typed=%", omar},
		{"/people?name=%&group=%&directory=%&state=%", "", omar}, {"/people/prn_dana", "", omar}, {"/people/prn_dana/disable", "typed=%&version=%", omar}, {"/people/prn_dana/stop", "typed=dana&reason=%", omar},
		{"/people/prn_dana/erase", "typed=%", omar}, {"/people/prn_dana/factor", "typed=%&reason=%", omar},
		{"/people/prn_dana/groups", "groups=%&version=%", omar}, {"/groups", "", omar}, {"/health", "", omar}, {"/", "", omar},
		{"/agents?name=%&segment=%", "", omar}, {"/agents/new?name=%&purpose=%", "", omar}, {"/agents/prn_bot", "", omar}, {"/agents/prn_bot/suspend", "typed=no%&reason=%&version=%", omar},
		{"/agents/prn_bot/runs/ins_7/end", "typed=no%", omar}, {"/mandates/man_2", "", omar}, {"/mandates/man_4", "", omar}, {"/requests/man_3", "", omar}, {"/people/prn_dana/stopped", "", omar}, {"/me", "", omar},
		{"/me", "", dana}, {"/me/concern/man_1", "", dana}, {"/me/concern/man_1", "text=%", dana}, {"/me/factor", "", dana}, {"/me/factor", "secret=%&code=%&proof=%", dana}, {"/me/password", "old=%&password=%&again=%", dana}, {"/people/new", "", omar}, {"/people", "directory=%&name=%&shown=%&groups=%", omar},
		{"/act/preview", "subject=prn_dana&app=orders&reason=%&ticket=%&name=%&directory=%&attr=%&mode=edit", sam},
	} {
		draw := func(x string) string {
			a := poisonedDesk(x)
			if page.as != omar {
				a.is(page.as)
			}
			if page.form != "" && page.target != "/act/preview" {
				for _, verb := range []string{"set-timers", "apply", "change", "raise", "set-factor", "set-password", "erase", "revoke", "ask-factor"} {
					a.refusing(verb, stead.E(stead.Refused, stead.ReasonPolicy, "%s", x))
				}
			}
			if page.target == "/groups" { // which rules name a group is read from their text
				a.inForce.Files = map[string]string{"a.cedar": "@id(\"r\")\npermit (principal, action, resource);"}
			}
			a.armed()
			c := a.console()
			c.Apps[0].Label, c.Directories[0].Label = x, x
			fill := func(s string) string { return strings.ReplaceAll(s, "%", url.QueryEscape(x)) }
			if page.form == "" {
				_, body := answer(serve(t, c), browse("GET", fill(page.target), nil))
				return body
			}
			form, err := url.ParseQuery(fill(page.form))
			if err != nil {
				t.Fatal(err)
			}
			_, body := answer(serve(t, c), browse("POST", page.target, form))
			return body
		}
		plain, _, _ := shape(t, draw("x"))
		for _, p := range payloads {
			if strings.Contains(p, "\x00") && strings.Contains(page.target+page.form, "%") {
				continue // the front parser and the form refuse that
			}
			elements, addresses, text := shape(t, draw(p))
			if !strings.Contains(unseen.Replace(text), unseen.Replace(p)) {
				t.Fatalf("%s: %q does not stand on the page", page.target, p)
			}
			if !slices.Equal(elements, plain) {
				t.Fatalf("%s: %q changes the page:\n%v\n%v", page.target, p, elements, plain)
			}
			for _, to := range addresses {
				if !strings.HasPrefix(to, "/") && to != "#main" || strings.HasPrefix(to, "//") {
					t.Fatalf("%s: %q leads to %q", page.target, p, to)
				}
			}
		}
	}
}
