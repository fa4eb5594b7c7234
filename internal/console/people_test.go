package console

import (
	"net/url"
	"strings"
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

// errHand is the no of the law of two people (decision 0016), which stands where the yes would: one reads it before he tries.
var errHand = stead.E(stead.Refused, stead.ReasonHand, "sam made omar")

func TestPeople(t *testing.T) {
	stale := stead.E(stead.Conflict, stead.ReasonChanged, "it was changed meanwhile: it is at version 4 now")
	for name, c := range map[string]seenPage{
		"list": {house: staffed(authority.Admin).with(func(a *verbs) { a.more = true }), target: "/people?name=da&directory=staff&group=support&state=active", status: 200, asked: []string{"people-page da staff support  false"},
			has: []string{`href="/people/prn_dana"`, "directory=staff&amp;group=support&amp;name=da&amp;state=active", "after=staff%2Fdana", ">More<"}, hasNot: []string{"From the beginning"}},
		"next page": {house: staffed(authority.Auditor), target: "/people?after=staff%2Fdana&state=disabled", status: 200, asked: []string{"people-page    staff/dana true"}, has: []string{"From the beginning", `href="/people?state=disabled"`}, hasNot: []string{">More<"}},
		"nobody":    {house: staffed(authority.Auditor).with(func(a *verbs) { a.found = nil }), target: "/people?name=zoe", status: 200, asked: []string{"people-page zoe"}, has: []string{"Nobody fits"}},
		"groups":    {house: staffed(authority.Auditor).with(func(a *verbs) { a.all.Roles = map[authority.Role][]string{authority.Security: {"staff/security"}} }), target: "/groups", status: 200, has: []string{"staff/security", "/people?group=staff%2Fsecurity", "1 account", "security</dd>", "staff/testers", "0 accounts", "Everybody · everywhere"}[:6]},
		"an account": {house: staffed(authority.Admin), target: "/people/prn_dana", status: 200,
			has:    []string{"Dana Reyes", "Leeds", "password and code of an authenticator", "Dana Whitfield", "staff/dana", "/people/prn_dana/sessions/ses_7/end", "Sam Okafor → Dana Reyes", "/people/prn_dana/disable", "/people/prn_dana/groups"},
			hasNot: []string{"ses_8", "/people/prn_dana/enable", "/audit"}},
		"an account, to an auditor": {house: staffed(authority.Auditor), target: "/people/prn_dana", status: 200, has: []string{"Dana Reyes", "/audit?q=subject%3Aprn_dana"}, hasNot: []string{"/disable", "/groups\"", "/sessions/"}},
		"an account, to security":   {house: staffed(authority.Security), target: "/people/prn_dana", status: 200, has: []string{"/sessions/ses_7/end"}, hasNot: []string{"/disable"}},
		"a closed account":          {house: staffed(authority.Admin).with(func(a *verbs) { p := a.people[dana]; p.Disabled = true; a.people[dana] = p }), target: "/people/prn_dana", status: 200, has: []string{"/people/prn_dana/enable"}, hasNot: []string{"/people/prn_dana/disable"}},
		"an account in hand": {house: staffed(authority.Security).with(func(a *verbs) {
			p := a.people[dana]
			p.Hands = []stead.Hand{{By: sam}, {By: omar, Mark: "vip"}}
			a.people[dana] = p
		}), target: "/people/prn_dana", status: 200, has: []string{"In the hand of", "staff/sam, staff/omar (gave vip)", "/people/prn_dana/vouch"}},
		"an account, vouched for": {house: staffed(authority.Admin).with(func(a *verbs) { p := a.people[dana]; p.Vouched = omar; a.people[dana] = p }), target: "/people/prn_dana", status: 200, has: []string{"Vouched for by", "staff/omar"}, hasNot: []string{"/people/prn_dana/vouch", "In the hand of"}},
		"vouch":                   {house: staffed(authority.Security), target: "/people/prn_dana/vouch", form: "typed=dana&reason=met", status: 303, to: "/people/prn_dana?done=vouch", asked: []string{"vouch prn_dana met"}},
		"vouch, refused":          {house: staffed(authority.Admin).refusing("vouch", stead.E(stead.Refused, stead.ReasonHand, "somebody vouches who had no part")), target: "/people/prn_dana/vouch", form: "typed=dana&reason=met", status: 403, has: []string{"Somebody vouches who had no part"}, asked: []string{"vouch prn_dana met"}},
		"no such account":         {house: staffed(authority.Admin), target: "/people/prn_zoe", status: 404, has: []string{"There is no such account"}},
		"people, to add":          {house: staffed(authority.Admin), target: "/people", status: 200, has: []string{`href="/people/new"`}, asked: []string{"people-page"}},
		"add":                     {house: staffed(authority.Admin), target: "/people/new", status: 200, has: []string{"Account name", "With commas between them"}},
		"add, not for all":        {house: staffed(authority.Auditor), target: "/people/new", status: 404},
		"add one":                 {house: staffed(authority.Admin), target: "/people", form: "directory=customers&name=+eve+&shown=Eve&groups=customers,+vip", status: 303, to: "/people/prn_new?done=new", asked: []string{"enroll customers/eve Eve [customers vip]"}},
		"add, elsewhere":          {house: staffed(authority.Admin), target: "/people", form: "directory=stuff&name=eve", status: 400, has: []string{"Choose one of the directories", `value="eve"`}},
		"add, there already":      {house: staffed(authority.Admin).refusing("enroll", stead.E(stead.Conflict, stead.ReasonExists, "the account customers/dana is there already")), target: "/people", form: "directory=customers&name=dana", status: 409, has: []string{"is there already", `value="dana"`}, asked: []string{"enroll customers/dana  []"}},
		"disable":                 {house: staffed(authority.Admin), target: "/people/prn_dana/disable", form: "typed=dana&version=3", status: 303, to: "/people/prn_dana?done=disable", asked: []string{"change prn_dana at 3 disabled true"}},
		"disable, asked":          {house: staffed(authority.Admin), target: "/people/prn_dana/disable", status: 200, has: []string{"Type the account name, dana", "1 session", "1 mandate", "Dana Whitfield", `name="version"`}},
		"disable, changed":        {house: staffed(authority.Admin).refusing("change", stale), target: "/people/prn_dana/disable", form: "typed=dana&version=3", status: 412, has: []string{"It was changed meanwhile"}, asked: []string{"change prn_dana at 3 disabled true"}},
		"disable nobody":          {house: staffed(authority.Admin), target: "/people/prn_zoe/disable", form: "typed=zoe", status: 404},
		"sign out":                {house: staffed(authority.Security), target: "/people/prn_dana/sign-out", form: "typed= dana ", status: 303, to: "/people/prn_dana?done=sign-out", asked: []string{"end-session ses_7"}},
		"stop":                    {house: staffed(authority.Security), target: "/people/prn_dana/stop", form: "typed=dana&reason=stolen", status: 303, to: "/people/prn_dana?done=stop", asked: []string{"revoke man_1 stolen"}},
		"stop, no reason":         {house: staffed(authority.Security), target: "/people/prn_dana/stop", form: "typed=dana", status: 400, has: []string{"Say why"}},
		"stop, refused":           {house: staffed(authority.Security).refusing("revoke", stead.E(stead.Refused, stead.ReasonLevel, "a stronger sign-in")), target: "/people/prn_dana/stop", form: "typed=dana&reason=stolen", status: 403, has: []string{"A stronger sign-in", `value="stolen"`}, asked: []string{"revoke man_1 stolen"}},
		"delete":                  {house: staffed(authority.Admin), target: "/people/prn_dana/delete", form: "typed=dana&version=3", status: 303, to: "/people/prn_dana/stopped?done=delete", asked: []string{"change prn_dana at 3 deleted true"}},
		"erase":                   {house: staffed(authority.Admin), target: "/people/prn_dana/erase", form: "typed=dana", status: 303, to: "/people/prn_dana/stopped?done=erase", asked: []string{"erase prn_dana"}},
		"told":                    {house: staffed(authority.Admin), target: "/people?done=erase", status: 200, has: []string{"what was recorded of him is erased"}, asked: []string{"people-page"}},
		"lost":                    {house: staffed(authority.Admin).with(func(a *verbs) { a.link = authority.FactorLink{Link: "stl_1.prn_dana", Until: noon.Add(time.Hour)} }), target: "/people/prn_dana/factor", form: "typed=dana&reason=seen", status: 200, has: []string{"http://127.0.0.1:8420/factor?link=stl_1.prn_dana", "shown this once"}, asked: []string{"ask-factor prn_dana seen"}},
		"lost, of two":            {house: staffed(authority.Admin), target: "/people/prn_dana/factor", form: "typed=dana&reason=seen", status: 303, to: "/people/prn_dana?done=factor", asked: []string{"ask-factor prn_dana seen"}},
		"lost, asked":             {house: staffed(authority.Security).with(func(a *verbs) { a.factorAsked = authority.FactorAsked{By: sam, Until: noon} }), target: "/people/prn_dana", status: 200, has: []string{"asked for, by Sam Okafor", "/people/prn_dana/factor-yes"}},
		"lost, asked by me":       {house: staffed(authority.Admin).with(func(a *verbs) { a.factorAsked = authority.FactorAsked{By: omar, Until: noon} }).refusing("would factor.allow", errHand), target: "/people/prn_dana", status: 200, has: []string{"Sam made omar. Another person", "has to agree"}, hasNot: []string{"/factor-yes"}},
		"agree, in hand":          {house: staffed(authority.Admin).refusing("would factor.allow", errHand), target: "/people/prn_dana/factor-yes", status: 200, has: []string{"Sam made omar."}, hasNot: []string{`name="typed"`}},
		"vouch, in hand": {house: staffed(authority.Admin).refusing("would person.vouch", errHand).with(func(a *verbs) {
			p := a.people[dana]
			p.Hands = []stead.Hand{{By: omar}}
			a.people[dana] = p
		}), target: "/people/prn_dana", status: 200, has: []string{"Vouch for this person", "Sam made omar."}, hasNot: []string{"/people/prn_dana/vouch"}},
		"agree":                    {house: staffed(authority.Security), target: "/people/prn_dana/factor-yes", form: "typed=dana", status: 200, has: []string{"/factor?link=stl_1.prn_dana"}, asked: []string{"allow-factor prn_dana"}},
		"agree, refused":           {house: staffed(authority.Admin).refusing("allow-factor", stead.E(stead.Refused, stead.ReasonOwn, "another person agrees")), target: "/people/prn_dana/factor-yes", form: "typed=dana", status: 403, has: []string{"Another person agrees"}, hasNot: []string{"stl_1"}, asked: []string{"allow-factor prn_dana"}},
		"a link":                   {house: house(), target: "/factor?link=stl_1.prn_dana", status: 200, has: []string{"Dana Reyes (customers/dana)", "JBSW Y3DP EHPK 3PXP", `value="stl_1.prn_dana"`}},
		"a first password":         {house: house().with(bare), target: "/factor?link=stl_1.prn_dana", status: 200, has: []string{"New password again", "JBSW Y3DP EHPK 3PXP"}, hasNot: []string{"Your password<"}},
		"a first password, a slip": {house: house().with(bare), target: "/factor", form: "link=stl_1.prn_dana&secret=JBSWY3DPEHPK3PXP&password=battery+staple&again=battery+stable&code=123456", status: 400, has: []string{"The two passwords differ", "JBSW Y3DP EHPK 3PXP"}, hasNot: []string{"stable"}},
		"a link, over":             {house: house().refusing("factor-linked", stead.E(stead.Expired, stead.ReasonExpired, "this link does not count")), target: "/factor?link=x", status: 410, has: []string{"This link does not count"}, hasNot: []string{"Dana"}},
		"a link, used":             {house: house(), target: "/factor", form: "link=stl_1.prn_dana&secret=JBSWY3DPEHPK3PXP&password=pw&code=123456", status: 200, has: []string{"counts from now on", `href="/login"`}, asked: []string{"use-link stl_1.prn_dana pw JBSWY3DPEHPK3PXP 123456"}},
		"a link, wrong":            {house: house().refusing("use-link", stead.E(stead.Refused, stead.ReasonBadProof, "this is not your password")), target: "/factor", form: "link=stl_1.prn_dana&secret=JBSWY3DPEHPK3PXP&password=pw&code=123456", status: 401, has: []string{"This is not your password", "JBSW Y3DP EHPK 3PXP"}, asked: []string{"use-link stl_1.prn_dana pw JBSWY3DPEHPK3PXP 123456"}},
		"enable":                   {house: staffed(authority.Admin), target: "/people/prn_dana/enable", form: "version=3", status: 303, to: "/people/prn_dana?done=enable", asked: []string{"change prn_dana at 3 disabled false"}},
		"groups, told":             {house: staffed(authority.Admin), target: "/people/prn_sam?done=groups", status: 200, has: []string{"Its groups are as you wrote them.", "Nobody else is in staff/support. Is the name as rules, roles and timers have it?"}},
		"enabled, told":            {house: staffed(authority.Admin), target: "/people/prn_dana?done=enable", status: 200, has: []string{"It is open again."}, hasNot: []string{"Nobody else is in"}},
		"groups of one":            {house: staffed(authority.Admin), target: "/people/prn_dana/groups", form: "groups=a, b ,,&version=3&typed=dana", status: 303, to: "/people/prn_dana?done=groups", asked: []string{"change prn_dana at 3 groups [a b]"}},
		"groups, refused": {house: staffed(authority.Admin).refusing("change", stead.E(stead.Invalid, stead.ReasonRequest, "a group is named without spaces")), target: "/people/prn_dana/groups", form: "groups=a b&version=3&typed=dana",
			status: 400, has: []string{"A group is named without spaces", `value="a b"`}, asked: []string{"change prn_dana at 3 groups [a b]"}},
		"groups, another name":  {house: staffed(authority.Admin), target: "/people/prn_dana/groups", form: "groups=a b&version=3&typed=sam", status: 400, has: []string{"Type the account name, dana", `value="a b"`}},
		"put out, asked":        {house: staffed(authority.Security), target: "/people/prn_dana/sessions/ses_7/end", status: 200, has: []string{"End this session", "13:00:00 UTC", `action="/people/prn_dana/sessions/ses_7/end"`, "Type the account name, dana"}},
		"put out, over":         {house: staffed(authority.Security), target: "/people/prn_dana/sessions/ses_9/end", status: 200, has: []string{"over already"}},
		"put out":               {house: staffed(authority.Security), target: "/people/prn_dana/sessions/ses_7/end", form: "typed=dana", status: 303, to: "/people/prn_dana", asked: []string{"end-session ses_7"}},
		"put out, no role":      {house: staffed(authority.Auditor), target: "/people/prn_dana/sessions/ses_7/end", form: "-", status: 404},
		"security edits nobody": {house: staffed(authority.Security), target: "/people/prn_dana/disable", form: "typed=dana", status: 404},
	} {
		t.Run(name, c.check)
	}
}

// What was typed is another name: nothing is done, and nothing that was written is lost.
func TestDeedsAreTyped(t *testing.T) {
	c := house().console()
	for _, d := range append(c.deeds(), c.allowance(), c.putOut()) {
		d.Path = strings.ReplaceAll(d.Path, "{session}", "ses_7")
		for _, typed := range []string{"", "sam", "Dana", "dana2"} {
			a := staffed(authority.Admin)
			res, body := answer(serve(t, a.console()), browse("POST", "/people/prn_dana/"+d.Path, url.Values{"typed": {typed}, "reason": {"a stolen phone"}, "version": {"3"}}))
			if res.StatusCode != 400 || !strings.Contains(body, "Type the account name, dana") || len(a.asked) > 0 {
				t.Errorf("%s, typed %q: %d, asked %v", d.Path, typed, res.StatusCode, a.asked)
			}
			if d.Why != "" && !strings.Contains(body, `value="a stolen phone"`) || typed != "" && !strings.Contains(body, `value="`+typed+`"`) {
				t.Errorf("%s, typed %q: what was written is lost", d.Path, typed)
			}
		}
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
