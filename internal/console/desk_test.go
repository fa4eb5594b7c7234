package console

import (
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
)

// A seen page is what somebody gets, and what was asked of the verbs for it.
type seenPage struct {
	house  *verbs
	target string
	form   string // of a POST; "-" is none
	status int
	to     string // Location
	has    []string
	hasNot []string
	asked  []string
}

func (c seenPage) check(t *testing.T) {
	t.Helper()
	method, form := "GET", url.Values(nil)
	if c.form != "" {
		method = "POST"
		var err error
		if form, err = url.ParseQuery(strings.TrimPrefix(c.form, "-")); err != nil {
			t.Fatal(err)
		}
	}
	res, body := answer(serve(t, c.house.console()), browse(method, c.target, form))
	if res.StatusCode != c.status || res.Header.Get("Location") != c.to {
		t.Fatalf("%d to %q, want %d to %q\n%s", res.StatusCode, res.Header.Get("Location"), c.status, c.to, body)
	}
	for _, part := range c.has {
		if !strings.Contains(body, part) {
			t.Errorf("the page lacks %q", part)
		}
	}
	for _, part := range c.hasNot {
		if strings.Contains(body, part) {
			t.Errorf("the page holds %q", part)
		}
	}
	if d := cmp.Diff(c.asked, c.house.asked); d != "" {
		t.Errorf("verbs: %s", d)
	}
	if t.Failed() {
		t.Log(body)
	}
}

// runs is Omar's house with a role, where timers were set.
func runs(role authority.Role) *verbs {
	a := house().is(omar, role)
	a.timers = []authority.TimerText{{App: "orders", Group: "staff/testers", MaxDuration: stead.Duration(2 * time.Minute)}}
	a.set = stead.Bundle{Version: 3, Files: map[string]string{"timers.json": "[]"}, Applied: omar, At: noon.Add(-time.Hour)}
	return a
}

var errLate = stead.E(stead.Conflict, stead.ReasonState, "the timers were changed meanwhile: they are at version 4, not 3")

func TestSettings(t *testing.T) {
	was := url.QueryEscape(spot{"orders", "staff/testers"}.query().Encode())
	last := []string{"events    [timers.set] ok  0"}
	before := func(text string) *verbs {
		a := runs(authority.Admin)
		a.events = []authority.StoredEvent{{Index: 3, Event: stead.Event{Kind: "timers.set", At: a.set.At, Who: stead.Fields{"before": text, "reason": "an audit is on"}}}}
		return a
	}
	read := func(r FileRead) *verbs {
		a := house().is(omar, authority.Auditor)
		r.File = "/etc/stead.yaml"
		a.read = r
		return a
	}
	for name, c := range map[string]seenPage{
		"read again": {house: read(FileRead{At: noon, ChangedAt: noon.Add(-time.Minute), ChangedBy: sam, Changed: []KeyDiff{{Key: "acting.max_duration", Before: "1h", After: "2h"}, {Key: "apps.wiki.id", Before: "wiki"}},
			Waiting: []KeyDiff{{"server.listen", ":1", ":2", "a listener stays open"}}}), target: "/settings", status: 200,
			has: []string{"asked for by Sam Okafor (staff/sam)", `acting.max_duration</td><td role="cell" data-name="Before">1h</td><td role="cell" data-name="After">2h</td>`, `data-name="Before">wiki</td><td role="cell" data-name="After">–</td>`, "a listener stays open", "/etc/stead.yaml"}, hasNot: []string{"not taken"}},
		"read, by a signal": {house: read(FileRead{Changed: []KeyDiff{{Key: "k", After: "v"}}}), target: "/settings", status: 200, has: []string{"by a signal or a change of the file itself"}},
		"not taken":         {house: read(FileRead{At: noon, Problem: "line 3: no such key"}), target: "/settings", status: 200, has: []string{"and not taken", "Line 3: no such key", "Nothing has changed since this server started"}},
		"of the file": {house: house().is(omar, authority.Auditor), target: "/settings", status: 200,
			has: []string{"Those of the configuration file", "Everybody · everywhere", "The longest term</dt><dd>1 h", "No timer changes", "Admin</td>"}, hasNot: []string{"Add a timer</a>", "Take the timers back"}},
		"set": {house: runs(authority.Admin), target: "/settings", status: 200, asked: last,
			has: []string{"Set while Stead runs, by <strong>Omar Haddad, 11:00:00 UTC", "staff/testers · Acme Orders", "The longest term</dt><dd>2 min", "group=staff%2Ftesters&amp;where=orders", "Take the timers back"}},
		"to be read only": {house: runs(authority.Security), target: "/settings", status: 200, asked: last, has: []string{"staff/testers"}, hasNot: []string{"/settings/timer", "/settings/reset"}},
		"what counts": {house: house().is(omar, authority.Auditor).with(func(a *verbs) { a.found = a.found[:1] }), target: "/settings?who=customers/dana&where=orders/shop", status: 200,
			asked: []string{"people dana customers", "terms-for prn_dana orders shop"}, has: []string{"For Dana Reyes (customers/dana)", `2 min</td><td role="cell" data-name="From">orders, staff/testers`, "1 h", "general terms"}[:2]},
		"what counts for nobody": {house: house().is(omar, authority.Auditor).with(func(a *verbs) { a.found = nil }), target: "/settings?who=zoe&where=orders", status: 200,
			asked: []string{"people zoe"}, has: []string{"Nobody is called"}},
		"add": {house: runs(authority.Admin), target: "/settings/timer", status: 200, has: []string{"Add a timer", `name="was" value="new"`, `name="version" value="3"`, "now 1 h in general", "Every application"}, hasNot: []string{"Take it away"}},
		"change": {house: runs(authority.Admin), target: "/settings/timer?where=orders&group=staff/testers", status: 200,
			has: []string{"Change a timer", `value="2m"`, `value="group=staff%2Ftesters&amp;where=orders"`, "Take it away"}},
		"no role": {house: house(), target: "/settings", status: 404, hasNot: []string{"Timers"}},

		"added": {house: runs(authority.Admin), target: "/settings/timer", form: "version=3&was=new&where=orders/shop&group=&max_duration=90 s&reason=audit", status: 303, to: "/settings",
			asked: []string{"set-timers 3 false audit orders, staff/testers 2m0s; orders, shop 1m30s"}},
		"changed": {house: runs(authority.Admin), target: "/settings/timer", form: "version=3&was=" + was + "&where=orders&group=staff/testers&max_duration=5m&reason=audit", status: 303, to: "/settings",
			asked: []string{"set-timers 3 false audit orders, staff/testers 5m0s"}},
		"taken away": {house: runs(authority.Admin), target: "/settings/timer", form: "do=remove&version=3&was=" + was + "&reason=audit", status: 303, to: "/settings",
			asked: []string{"set-timers 3 false audit"}},
		"changed meanwhile": {house: runs(authority.Admin).refusing("set-timers", errLate), target: "/settings/timer", form: "version=2&was=new&where=orders&max_duration=7m&reason=my+words", status: 409,
			has: []string{"The timers were changed meanwhile", `value="7m"`, "my words", `name="version" value="3"`}, asked: []string{"set-timers 2 false my words orders, staff/testers 2m0s; orders 7m0s"}},
		"gone meanwhile": {house: runs(authority.Admin), target: "/settings/timer", form: "version=3&was=x&where=orders&max_duration=7m&reason=y", status: 409, has: []string{"taken away meanwhile"}},
		"no time":        {house: runs(authority.Admin), target: "/settings/timer", form: "version=3&was=new&where=orders&max_duration=soon&reason=y", status: 400, has: []string{"The longest term: &#34;soon&#34; is no length of time", `value="soon"`}},
		"no number":      {house: runs(authority.Admin), target: "/settings/timer", form: "version=3&was=new&where=orders&per_actor=few&reason=y", status: 400, has: []string{"Mandates at once: &#34;few&#34; is no number"}},
		"back":           {house: runs(authority.Admin), target: "/settings/reset", form: "version=3&reason=done", status: 303, to: "/settings", asked: []string{"set-timers 3 true done"}},
		"back, late": {house: runs(authority.Admin).refusing("set-timers", errLate), target: "/settings/reset", form: "version=2&reason=done", status: 409, has: []string{"The timers were changed meanwhile"},
			asked: append([]string{"set-timers 2 true done"}, last...)},
		"undone":              {house: before("[{\"group\":\"staff/support\",\"idle\":\"5m\"}]"), target: "/settings/undo", form: "version=3", status: 303, to: "/settings", asked: append(last, "set-timers 3 false undone: an audit is on staff/support 0s")},
		"undone, to the file": {house: before("those of the configuration"), target: "/settings/undo", form: "version=3", status: 303, to: "/settings", asked: append(last, "set-timers 3 true undone: an audit is on")},
		"undone, late":        {house: before("[]").refusing("set-timers", errLate), target: "/settings/undo", form: "version=2", status: 409, has: []string{"The timers were changed meanwhile"}, asked: append(last, "set-timers 2 false undone: an audit is on", last[0])},
		"of an older change":  {house: before("[]").with(func(a *verbs) { a.set.At = noon }), target: "/settings/undo", form: "version=3", status: 409, has: []string{"not known any more"}, asked: append(last, last[0])},
		"not known any more":  {house: runs(authority.Admin), target: "/settings/undo", form: "version=3", status: 409, has: []string{"not known any more"}, hasNot: []string{"Undo the last change"}, asked: append(last, last[0])},
		"can be undone":       {house: before("[]"), target: "/settings", status: 200, has: []string{"Undo the last change"}, asked: last},
		"nobody's to undo":    {house: runs(authority.Security), target: "/settings/undo", form: "version=3", status: 404},
		"no admin":            {house: runs(authority.Security), target: "/settings/timer", form: "version=3&was=new", status: 404},
	} {
		t.Run(name, c.check)
	}
}

// policed is a house with a policy in force and another one that waits.
func policed(role authority.Role) *verbs {
	a := house().is(omar, role)
	a.inForce = stead.Bundle{Version: 4, Digest: strings.Repeat("aa11bb22", 8), Author: sam, Applied: omar, At: noon.Add(-time.Hour), Files: map[string]string{
		"people.cedar": "// who\n\n@id(\"support-views\")\npermit (principal, action, resource);\n\n@id(\"gone\")\nforbid (principal, action, resource);\n", "tests/a.yaml": "cases: []\n"}}
	a.staged = stead.Bundle{Version: 5, Digest: strings.Repeat("cc33dd44", 8), Author: sam, Person: "per_sam", At: noon, Files: map[string]string{
		"people.cedar": "// who\n\n@id(\"support-views\")\npermit (principal, action, resource)\nwhen { true };\n\n@id(\"new-one\")\npermit (principal, action, resource);\n", "tests/a.yaml": "cases: []\n"}}
	a.plan = authority.Planned{Gain: []stead.Principal{a.people[dana]}, Gains: 7, Ends: []stead.Mandate{wanted(stead.Active)}}
	return a
}

func TestPolicies(t *testing.T) {
	digest := strings.Repeat("cc33dd44", 8)
	for name, c := range map[string]seenPage{
		"in force":               {house: policed(authority.Auditor), target: "/policies", status: 200, has: []string{`id="rule-support-views"`, "forbid</span>", "Omar Haddad", "11:00:00 UTC", "tests/a.yaml", "Staged: one waits"}},
		"to whom it may let act": {house: policed("").is(dana), target: "/policies", status: 200, has: []string{`id="rule-support-views"`, "<dd>act</dd>", "<dd>my account</dd>"}, hasNot: []string{"/policies/staged", "/policies/try", "Omar Haddad", "Applied by", "<dd>people</dd>", "<dd>trail</dd>"}},
		"none":                   {house: house(), target: "/policies", status: 200, has: []string{"everything is refused"}},
		"staged": {house: policed(authority.Security), target: "/policies/staged", status: 200,
			has: []string{"<code>new-one</code>", "Rules changed", "Rules removed", `href="/policies#rule-gone"`, "<ins>+ when { true };</ins>", "all of its tests pass", "Dana Reyes (customers/dana)", "and 6 more", "1 mandate would end", `name="typed"`, "cc33dd44 cc33dd44"}},
		"staged, broken":       {house: policed(authority.Security).with(func(a *verbs) { a.plan = authority.Planned{Problem: "people.cedar:3: no"} }), target: "/policies/staged", status: 200, has: []string{"people.cedar:3: no", "No mandate"}},
		"staged, one's own":    {house: policed(authority.Admin).is(sam, authority.Admin), target: "/policies/staged", status: 200, has: []string{"You staged this yourself. Another person applies it"}, hasNot: []string{`name="typed"`}},
		"staged, in hand":      {house: policed(authority.Admin).refusing("would policy.apply", errHand), target: "/policies/staged", status: 200, has: []string{"Sam made omar."}, hasNot: []string{`name="typed"`}},
		"staged, an auditor":   {house: policed(authority.Auditor), target: "/policies/staged", status: 200, has: []string{"Somebody with the role admin or security applies it"}, hasNot: []string{`name="typed"`}},
		"nothing staged":       {house: house().is(omar, authority.Security), target: "/policies/staged", status: 200, has: []string{"Nothing is staged"}},
		"apply":                {house: policed(authority.Security), target: "/policies/apply", form: "digest=" + digest + "&typed=CC33 DD44", status: 303, to: "/policies", asked: []string{"apply " + digest}},
		"apply, nothing typed": {house: policed(authority.Security), target: "/policies/apply", form: "digest=" + digest, status: 400, has: []string{"Type the first 8 characters"}},
		"apply, mistyped":      {house: policed(authority.Security), target: "/policies/apply", form: "digest=" + digest + "&typed=cc33dd45", status: 400, has: []string{"Type the first 8 characters"}},
		"apply, one's own": {house: policed(authority.Admin).refusing("apply", stead.E(stead.Refused, stead.ReasonAuthor, "a policy is applied by another person than its author")), target: "/policies/apply",
			form: "digest=" + digest + "&typed=cc33dd44", status: 403, has: []string{"applied by another person than its author"}, asked: []string{"apply " + digest}}, // S-I30
		"try": {house: policed(authority.Auditor), target: "/policies/try", status: 200, has: []string{"Name somebody and ask", "In force", "staged</option>"}},
		"try, yes": {house: policed(authority.Auditor).is(omar, authority.Auditor).with(func(a *verbs) { a.found = []stead.Principal{a.people[sam]} }), target: "/policies/try?who=staff/sam&as=prn_dana&app=orders&do=act&mode=read-only&at=2026-11-22T23:30", status: 200,
			asked: []string{"people sam staff"}, has: []string{"May Sam Okafor act for Dana Reyes in Acme Orders at /?", "The policy says yes", "a fresh code of the second factor", "10 min at most (rule support-views)", "1. one person of staff/security"}},
		"try, no": {house: policed(authority.Auditor).with(func(a *verbs) {
			a.why.Explanation = authority.Explanation{Nearest: &authority.RuleTrace{ID: "support-views", Effect: "permit", True: 2, Failed: []string{"resource in Group"}}}
		}), target: "/policies/try?who=prn_dana&app=orders&do=write&path=/orders/7", status: 200, has: []string{"May Dana Reyes change something in Acme Orders at /orders/7?", "The policy says no", "came closest", "resource in Group", `href="/policies#rule-support-views"`}},
		"try, nobody":    {house: policed(authority.Auditor).with(func(a *verbs) { a.found = nil }), target: "/policies/try?who=zoe&app=orders", status: 400, asked: []string{"people zoe"}, has: []string{"Nobody is called", `value="zoe"`}},
		"try, nowhere":   {house: policed(authority.Auditor), target: "/policies/try?who=prn_dana&app=none", status: 400, has: []string{"There is no application"}},
		"try, no time":   {house: policed(authority.Auditor), target: "/policies/try?who=prn_dana&app=orders&at=noon", status: 400, has: []string{"is no time"}},
		"try, no length": {house: policed(authority.Auditor), target: "/policies/try?who=prn_dana&app=orders&for=long", status: 400, has: []string{"is no length of time"}},
		"history": {house: policed(authority.Auditor).with(func(a *verbs) {
			a.events = []authority.StoredEvent{{Event: stead.Event{Kind: "policy.applied", At: noon, Actor: omar, Subject: omar, Policy: digest}},
				{Event: stead.Event{Kind: "policy.apply.refused", Outcome: stead.No, At: noon, Actor: sam, Subject: sam, Reason: stead.ReasonAuthor}}}
		}), target: "/policies/history", status: 200, asked: []string{"events    [policy.]   0"}, has: []string{"Omar Haddad", "applied a policy", "cc33dd44cc33dd44…"}},
		"no history": {house: house().is(omar, authority.Auditor), target: "/policies/history", status: 200, asked: []string{"events    [policy.]   0"}, has: []string{"No policy was ever staged"}},
	} {
		t.Run(name, c.check)
	}
}

func TestDiffer(t *testing.T) {
	long := strings.Repeat("same\n", 20)
	for name, c := range map[string]struct {
		before, after string
		want          string
	}{
		"nothing":  {"a\n", "a\n", "…"},
		"new":      {"", "a\nb\n", "+a +b"},
		"gone":     {"a\n", "", "-a"},
		"changed":  {"a\nb\nc\n", "a\nx\nc\n", " a -b +x  c"},
		"moved":    {"a\nb\n", "b\na\n", "-a  b +a"},
		"far away": {long + "a\n" + long, long + "b\n" + long, "…  same  same  same -a +b  same  same  same …"},
	} {
		var got []string
		for _, l := range differ(c.before, c.after) {
			got = append(got, l.Sign+l.Text)
		}
		if s := strings.Join(got, " "); s != c.want {
			t.Errorf("%s: %q, want %q", name, s, c.want)
		}
	}
	many := strings.Repeat("x\ny\n", 1500)
	if n := len(differ(many, strings.Repeat("z\n", 3000))); n != 6000 {
		t.Errorf("a large difference has %d lines", n)
	}
}

// What is cut into rules is the whole text, in its order.
func TestRulePartsLoseNothing(t *testing.T) {
	for _, text := range []string{"", "// only words\n", "@id(\"a\")\npermit (principal, action, resource); // ;\n", "permit (principal, action, resource)\nwhen { \";\" == \"\" };\nrest",
		"@id(\"a\")\n\n\nforbid(principal,action,resource);\n@id(\"b\") permit(principal,action,resource);"} {
		var all []string
		for _, p := range ruleParts(text) {
			all = append(all, p.Text)
		}
		squeeze := strings.NewReplacer("\n", "")
		if got := squeeze.Replace(strings.Join(all, "")); got != squeeze.Replace(text) {
			t.Errorf("%q became %q", text, got)
		}
	}
	got := ruleParts("@id(\"b\")\npermit (principal, action, resource);\n@id(\"a\")\nforbid (principal, action, resource);\n")
	if ids := []string{got[0].ID + got[0].Effect, got[1].ID + got[1].Effect}; !slices.Equal(ids, []string{"bpermit", "aforbid"}) {
		t.Errorf("%q", ids)
	}
}
