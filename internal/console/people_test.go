package console

import (
	"testing"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
)

// staffed is Omar's house with a role, where Dana is signed in and acted for.
func staffed(role authority.Role) *verbs {
	a := policed(role)
	a.mandates["man_1"] = wanted(stead.Active)
	a.sessions = []stead.Session{{ID: "ses_7", Principal: dana, Since: noon, Until: noon.Add(time.Hour), Level: 2}, {ID: "ses_8", Principal: sam, Since: noon}}
	a.timers = []authority.TimerText{{Group: "staff/testers"}}
	return a
}

func TestPeople(t *testing.T) {
	stale := stead.E(stead.Conflict, stead.ReasonChanged, "it was changed meanwhile: it is at version 4 now")
	for name, c := range map[string]seenPage{
		"list": {house: staffed(authority.Admin).with(func(a *verbs) { a.more = true }), target: "/people?name=da&directory=staff&group=support&state=active", status: 200, asked: []string{"people-page da staff support  false"},
			has: []string{`href="/people/prn_dana"`, "directory=staff&amp;group=support&amp;name=da&amp;state=active", "after=staff%2Fdana", ">More<"}, hasNot: []string{"From the beginning"}},
		"next page": {house: staffed(authority.Auditor), target: "/people?after=staff%2Fdana&state=disabled", status: 200, asked: []string{"people-page    staff/dana true"}, has: []string{"From the beginning", `href="/people?state=disabled"`}, hasNot: []string{">More<"}},
		"nobody":    {house: staffed(authority.Auditor).with(func(a *verbs) { a.found = nil }), target: "/people?name=zoe", status: 200, asked: []string{"people-page zoe"}, has: []string{"Nobody fits"}},
		"groups":    {house: staffed(authority.Auditor).with(func(a *verbs) { a.all.Roles = map[authority.Role][]string{authority.Security: {"staff/security"}} }), target: "/groups", status: 200, has: []string{"staff/security", "/people?group=staff%2Fsecurity", "1 account", "security</dd>", "staff/testers", "0 accounts", "Everybody · everywhere"}[:6]},
		"an account": {house: staffed(authority.Admin), target: "/people/prn_dana", status: 200,
			has:    []string{"Dana Reyes", "Leeds", "password and code of an authenticator", "Dana Whitfield", "staff/dana", "/people/prn_dana/sessions/ses_7/end", "Sam Okafor → Dana Reyes", "/audit?subject=prn_dana", "/people/prn_dana/disable", "/people/prn_dana/groups"},
			hasNot: []string{"ses_8", "/people/prn_dana/enable"}},
		"an account, to an auditor": {house: staffed(authority.Auditor), target: "/people/prn_dana", status: 200, has: []string{"Dana Reyes"}, hasNot: []string{"/disable", "/groups\"", "/sessions/"}},
		"an account, to security":   {house: staffed(authority.Security), target: "/people/prn_dana", status: 200, has: []string{"/sessions/ses_7/end"}, hasNot: []string{"/disable"}},
		"a closed account":          {house: staffed(authority.Admin).with(func(a *verbs) { p := a.people[dana]; p.Disabled = true; a.people[dana] = p }), target: "/people/prn_dana", status: 200, has: []string{"/people/prn_dana/enable"}, hasNot: []string{"/people/prn_dana/disable"}},
		"no such account":           {house: staffed(authority.Admin), target: "/people/prn_zoe", status: 404, has: []string{"There is no such account"}},
		"disable":                   {house: staffed(authority.Admin), target: "/people/prn_dana/disable", form: "typed=dana&version=3", status: 303, to: "/people/prn_dana", asked: []string{"change prn_dana at 3 disabled true"}},
		"disable, not typed":        {house: staffed(authority.Admin), target: "/people/prn_dana/disable", form: "typed=sam&version=3", status: 400, has: []string{"Type the account name, dana"}},
		"disable, changed":          {house: staffed(authority.Admin).refusing("change", stale), target: "/people/prn_dana/disable", form: "typed=dana&version=3", status: 412, has: []string{"It was changed meanwhile"}, asked: []string{"change prn_dana at 3 disabled true"}},
		"disable nobody":            {house: staffed(authority.Admin), target: "/people/prn_zoe/disable", form: "typed=zoe", status: 404},
		"enable":                    {house: staffed(authority.Admin), target: "/people/prn_dana/enable", form: "version=3", status: 303, to: "/people/prn_dana", asked: []string{"change prn_dana at 3 disabled false"}},
		"groups of one":             {house: staffed(authority.Admin), target: "/people/prn_dana/groups", form: "groups=a, b ,,&version=3", status: 303, to: "/people/prn_dana", asked: []string{"change prn_dana at 3 groups [a b]"}},
		"groups, refused": {house: staffed(authority.Admin).refusing("change", stead.E(stead.Invalid, stead.ReasonRequest, "a group is named without spaces")), target: "/people/prn_dana/groups", form: "groups=a b&version=3",
			status: 400, has: []string{"A group is named without spaces", `value="a b"`}, asked: []string{"change prn_dana at 3 groups [a b]"}},
		"put out":               {house: staffed(authority.Security), target: "/people/prn_dana/sessions/ses_7/end", form: "-", status: 303, to: "/people/prn_dana", asked: []string{"end-session ses_7"}},
		"put out, no role":      {house: staffed(authority.Auditor), target: "/people/prn_dana/sessions/ses_7/end", form: "-", status: 404},
		"security edits nobody": {house: staffed(authority.Security), target: "/people/prn_dana/disable", form: "typed=dana", status: 404},
	} {
		t.Run(name, c.check)
	}
}

func TestHealth(t *testing.T) {
	found := func(results ...string) *verbs {
		a := house().is(omar, authority.Security)
		for _, r := range results {
			a.findings = append(a.findings, Finding{Area: "This server", Name: "Clock", Result: r, Says: "is " + r, Next: "look at " + r})
		}
		return a
	}
	for name, c := range map[string]seenPage{
		"well":    {house: found("ok", "ok"), target: "/health", status: 200, has: []string{"Everything works.", "is ok", "Good</span>"}},
		"careful": {house: found("ok", "warn"), target: "/health", status: 200, has: []string{"1 thing wants looking after", "look at warn", "Careful</span>"}},
		"wrong":   {house: found("fail", "warn", "fail"), target: "/health", status: 200, has: []string{"2 things are wrong", "Wrong</span>"}},
		"silent":  {house: found(), target: "/health", status: 200, has: []string{"tells nothing of its health"}},
		"not his": {house: house(), target: "/health", status: 404},
	} {
		t.Run(name, c.check)
	}
}
