package console

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
)

func TestAgents(t *testing.T) {
	orphan := func(a *verbs) { a.agents[0].Orphan = true }
	crowd := func(a *verbs) {
		one := a.agents[0]
		one.Mandates, one.Instances, a.agents = nil, nil, nil
		for n := range 30 {
			next := one
			next.Account.Name = fmt.Sprintf("agent%02d", n)
			a.agents = append(a.agents, next)
		}
		for n := range 60 {
			m := job(stead.Active)
			m.ID, m.AskedAt = stead.MandateID(fmt.Sprintf("man_%02d", n)), noon.Add(time.Duration(n)*time.Second)
			a.agents[0].Mandates = append(a.agents[0].Mandates, m)
		}
		for n := range 70 {
			a.agents[0].Instances = append(a.agents[0].Instances, stead.Instance{ID: stead.InstanceID(fmt.Sprintf("ins_%02d", n)), Since: noon})
		}
	}
	halted := func(a *verbs) { a.agents[0].Suspended = true }
	for name, c := range map[string]seenPage{
		"list": {house: agented(sam, authority.Security), target: "/agents", status: 200,
			has: []string{`href="/agents/prn_bot"`, "monthly-report", "Writes the monthly report", "Omar Haddad", "company&#39;s, high, reporting", "3 h ago", "3 days", ">in use<"}, hasNot: []string{"Register another", "stead apply"}},
		"list, of many": {house: agented(sam, authority.Security).with(crowd), target: "/agents", status: 200, has: []string{"agent00", "agent24", "after=agent24"}, hasNot: []string{"agent25"}},
		"one of many runs": {house: agented(omar).with(crowd), target: "/agents/prn_bot", status: 200, has: []string{"10 more mandates, older than these", "20 more runs, older than these", "man_59", "man_10"}, hasNot: []string{"man_09"},
			asked: []string{"events  prn_bot  [request.allowed]   0"}},
		"who answers for many": {house: agented(omar).with(crowd), target: "/me", status: 200, has: []string{"20 more agents</a> that", "/agents?name=staff%2Fomar", "50 more jobs</a>", "man_59", "man_50"}, hasNot: []string{"man_49"},
			asked: []string{"mandates false", "events   prn_omar [mandate. request.]   0", "events  prn_omar  []   0", "events  prn_omar  [factor.set] ok  0"}},
		"list, to an admin":  {house: agented(sam, authority.Admin), target: "/agents", status: 200, has: []string{"Register another"}},
		"list, to its owner": {house: agented(omar), target: "/agents", status: 200, has: []string{"monthly-report", `aria-current="page">Agents`}},
		"list, to nobody":    {house: agented(sam), target: "/agents", status: 200, has: []string{"no agent here that you may see", "stead apply -f agents.yaml"}, hasNot: []string{"monthly-report", `<nav aria-label="Main"><ul><li><a href="/agents"`}},
		"found":              {house: agented(sam, authority.Security), target: "/agents?name=haddad&kind=company&tier=high&segment=rep&state=in+use", status: 200, has: []string{"monthly-report"}},
		"of another tier":    {house: agented(sam, authority.Security), target: "/agents?tier=low", status: 200, has: []string{"No agent fits"}, hasNot: []string{"monthly-report"}},
		"nobody's":           {house: agented(sam, authority.Security).with(orphan), target: "/agents?state=nobody+answers+for+it", status: 200, has: []string{`<span class="tag edit">nobody answers for it`}},
		"after":              {house: agented(sam, authority.Security), target: "/agents?after=monthly-report&tier=high", status: 200, has: []string{"From the beginning", `href="/agents?tier=high"`}, hasNot: []string{"prn_bot"}},
		"a file":             {house: agented(sam, authority.Admin), target: "/agents/new?name=tidy&need=crm+read+a%22b", status: 200, has: []string{"name: &#34;tidy&#34;", `- &#34;crm read a\&#34;b&#34;`, "owner: &#34;staff/sam&#34;", "Nothing is registered by this page"}},
		"one": {house: agented(omar), target: "/agents/prn_bot", status: 200,
			has:    []string{"Monthly report", "model m-4", "0123456789ab…", "registered 3 days ago", "It asked 4 times: 3 agreed to, 1 refused.", "public.orders", "id, total", "year = 2026", "not lately", "at most 100 calls", "/agents/prn_bot/suspend", "/agents/prn_bot/retire", "/agents/prn_bot/runs/ins_7/end", "/mandates/man_9"},
			hasNot: []string{"/agents/prn_bot/resume", "/people/", "/audit?"}, asked: []string{"events  prn_bot  [request.allowed]   0"}},
		"one, used": {house: agented(sam, authority.Auditor).with(func(a *verbs) {
			a.events = []authority.StoredEvent{{Event: stead.Event{Kind: "request.allowed", App: "crm", At: noon.Add(-time.Hour), What: stead.Fields{"action": "read", "name": "public.orders"}}}}
		}), target: "/agents/prn_bot", status: 200, has: []string{"1 h ago</td>", "/people/prn_omar", "/audit?"}, hasNot: []string{"/suspend", "/runs/", "not lately"}, asked: []string{"events  prn_bot  [request.allowed]   0"}},
		"one, suspended": {house: agented(sam, authority.Security).with(halted).stop(authority.Stop{What: "mandate", ID: "man_1", Of: bot, Number: 7}), target: "/agents/prn_bot", status: 200,
			has: []string{"/agents/prn_bot/resume", "refused at once, with the act itself", "event 7"}, hasNot: []string{"/agents/prn_bot/suspend"}, asked: []string{"events  prn_bot  [request.allowed]   0"}},
		"one, suspended, in hand": {house: agented(sam, authority.Security).with(halted).refusing("would agent.resume", errHand), target: "/agents/prn_bot", status: 200, has: []string{"Sam made omar."}, hasNot: []string{"/agents/prn_bot/resume"},
			asked: []string{"events  prn_bot  [request.allowed]   0"}},
		"one, suspended, to its owner": {house: agented(omar).with(halted), target: "/agents/prn_bot", status: 200, hasNot: []string{"/agents/prn_bot/resume"}, asked: []string{"events  prn_bot  [request.allowed]   0"}},
		"one, of another":              {house: agented(sam), target: "/agents/prn_bot", status: 404},
		"suspend, asked":               {house: agented(omar), target: "/agents/prn_bot/suspend", status: 200, has: []string{"Type the account name, monthly-report", "Every mandate it holds ends", `name="version"`}},
		"suspend":                      {house: agented(omar), target: "/agents/prn_bot/suspend", form: "typed=monthly-report&reason=odd&version=4", status: 303, to: "/agents/prn_bot?done=suspend", asked: []string{"suspend prn_bot odd at 4"}},
		"suspend, not his":             {house: agented(sam), target: "/agents/prn_bot/suspend", form: "typed=monthly-report", status: 404},
		"suspend, auditor":             {house: agented(sam, authority.Auditor), target: "/agents/prn_bot/suspend", status: 404},
		"resume, refused":              {house: agented(sam, authority.Security).refusing("resume", stead.E(stead.Refused, stead.ReasonOwn, "somebody else looks first")), target: "/agents/prn_bot/resume", form: "typed=monthly-report&reason=seen", status: 403, has: []string{"Somebody else looks first"}, asked: []string{"resume prn_bot seen at"}},
		"retire":                       {house: agented(sam, authority.Admin), target: "/agents/prn_bot/retire", form: "typed=monthly-report&version=4", status: 303, to: "/agents?done=retire", asked: []string{"retire prn_bot at 4"}},
		"learn":                        {house: agented(omar), target: "/agents/prn_bot/learn", form: "typed=monthly-report&reason=new+model&version=4", status: 303, to: "/agents/prn_bot?done=learn", asked: []string{"learn prn_bot new model 168h0m0s at 4"}},
		"unlearn":                      {house: agented(omar).with(learning), target: "/agents/prn_bot/unlearn", form: "typed=monthly-report&version=4", status: 303, to: "/agents/prn_bot?done=unlearn", asked: []string{"unlearn prn_bot at 4"}},
		"one, learning":                {house: agented(omar).with(learning), target: "/agents/prn_bot", status: 200, has: []string{"in use, learns", "It learns until", "new model", "/agents/prn_bot/unlearn", "/agents/prn_bot/proposal"}, hasNot: []string{"/agents/prn_bot/learn\""}, asked: []string{"events  prn_bot  [request.allowed]   0"}},
		"list, learning":               {house: agented(omar).with(learning), target: "/agents", status: 200, has: []string{"in use, learns"}},
		"proposal": {house: agented(omar).with(learning), target: "/agents/prn_bot/proposal", status: 200, has: []string{"This changes nothing", "It learns until", "read public.visits in crm", "Asked for 2 times", "evt_1", "Used: id alone", "Never used",
			"stead agent propose monthly-report --out proposal.yaml", "columns are left as they are", "Left to you"}},
		"proposal, of another": {house: agented(sam), target: "/agents/prn_bot/proposal", status: 404},
		"end a run":            {house: agented(omar), target: "/agents/prn_bot/runs/ins_7/end", form: "typed=monthly-report", status: 303, to: "/agents/prn_bot?done=run", asked: []string{"end-run ins_7"}},
		"told":                 {house: agented(omar), target: "/agents/prn_bot?done=run", status: 200, has: []string{"The run has ended."}, asked: []string{"events  prn_bot  [request.allowed]   0"}},
	} {
		t.Run(name, c.check)
	}
}

// What was typed is another name: nothing is done to an agent, and nothing that was written is lost.
func TestAgentDeedsAreTyped(t *testing.T) {
	for _, d := range agentDeeds() {
		path := strings.ReplaceAll(d.Path, "{run}", "ins_7")
		for _, typed := range []string{"", "omar", "Monthly report"} {
			a := agented(omar, authority.Admin)
			res, body := answer(serve(t, a.console()), browse("POST", "/agents/prn_bot/"+path, url.Values{"typed": {typed}, "reason": {"it went astray"}}))
			if res.StatusCode != 400 || !strings.Contains(body, "Type the account name, monthly-report") || len(a.asked) > 0 {
				t.Errorf("%s, typed %q: %d, asked %v", path, typed, res.StatusCode, a.asked)
			}
			if d.Why != "" && !strings.Contains(body, `value="it went astray"`) {
				t.Errorf("%s: what was written is lost", path)
			}
		}
	}
}

// What an agent holds: exactly what, how much is spent, whence it comes; and what ended with it, after what time.
func TestJobs(t *testing.T) {
	story := []string{"events man_1   []   0"}
	chained := func(a *verbs) {
		below := job(stead.Active)
		below.ID, below.Parent = "man_2", "man_1"
		twice := below
		twice.ID, twice.Parent = "man_3", "man_2"
		beside := below
		beside.ID = "man_4"
		a.chain = []stead.Mandate{a.mandates["man_1"], below, beside, twice}
	}
	over := func(a *verbs) { a.mandates["man_1"] = job(stead.Ended) }
	stops := []authority.Stop{{What: "mandate", ID: "man_1", Of: bot, Number: 7}, {What: "tokens", Of: bot, N: 2, Number: 7}, {What: "login", ID: "man_1", Of: bot, System: "crm", Took: 34 * time.Millisecond, Number: 9},
		{What: "session", ID: "ses_1", Took: 1500 * time.Millisecond, Number: 9}, {What: "agent", Of: bot}, {What: "instance", ID: "ins_abcdefghijkl", Of: bot}, {What: "connections", Of: bot, System: "crm", Took: 2 * time.Minute}}
	open := append(stops[:len(stops):len(stops)], authority.Stop{What: "role", ID: "man_1", Of: bot, System: "crm", Open: true})
	for name, c := range map[string]seenPage{
		"to its owner": {house: agented(omar), target: "/mandates/man_1", status: 200, asked: story,
			has:    []string{"This, and nothing else", "public.orders", "year = 2026", "Only with month", "10 or 11", `value="99"`, "99 of 100", "Stop this job", "<dd>ins_7</dd>", "Agreed to by</dt><dd>Sam Okafor", "About Monthly report", "facts tally story job"},
			hasNot: []string{"Type the account name", "For whom", "What ended"}},
		"to security":        {house: agented(sam, authority.Security), target: "/mandates/man_1", status: 200, asked: story, has: []string{"Stop this job", "Type the account name, monthly-report"}},
		"one click":          {house: agented(omar), target: "/mandates/man_1/revoke", form: "-", status: 303, to: "/mandates/man_1", asked: []string{"revoke man_1"}},
		"another's, untyped": {house: agented(sam, authority.Security), target: "/mandates/man_1/revoke", form: "reason=odd", status: 400, asked: story},
		"another's":          {house: agented(sam, authority.Security), target: "/mandates/man_1/revoke", form: "reason=odd&typed=monthly-report", status: 303, to: "/mandates/man_1", asked: []string{"revoke man_1 odd"}},
		"a chain": {house: agented(omar).with(chained), target: "/mandates/man_1", status: 200, asked: story,
			has: []string{"Who passed it on to whom", "<svg", `viewBox="-2 -2 356 288"`, `class="link here"`, "M20 56V104H40", "M60 132V180H80", "M20 56V256H40", "Monthly report had it from Monthly report", "The same as a table"}},
		"over": {house: agented(omar).with(over).stop(stops...), target: "/mandates/man_1", status: 200, asked: story,
			has: []string{"What ended, and when it was refused", "Everything was refused within 2 min.", "2 access tokens of Monthly report", "34 ms", "1.5 s", "at once", "The login of Monthly report to crm", "Run ins_abcdefgh…", "Omar Haddad, 12:00:00 UTC", "event 9"}, hasNot: []string{"Stop this job", "/audit/9"}},
		"over, to an auditor": {house: agented(sam, authority.Auditor).with(over).stop(stops...), target: "/mandates/man_1", status: 200, asked: story, has: []string{"/audit/9"}},
		"over, still open":    {house: agented(omar).with(over).stop(open...), target: "/mandates/man_1", status: 200, asked: story, has: []string{"1 door has not answered yet", "not yet"}},
		"asked": {house: agented(omar).with(func(a *verbs) { a.mandates["man_1"] = job(stead.Asked) }), target: "/requests/man_1", status: 200,
			has: []string{"May Monthly report do this?", `<a href="/agents/prn_bot">Monthly report</a>`, "Writes the monthly report", "model m-4", "It asked 3 times: 3 agreed to, 1 refused.", "For the same task before", "/mandates/man_9", "public.orders", "99 of 100", "Approve"}, hasNot: []string{"For whom"}},
		"asked, of one unseen": {house: agented(sam).with(func(a *verbs) { a.mandates["man_1"] = job(stead.Asked) }), target: "/requests/man_1", status: 200, has: []string{"public.orders"}, hasNot: []string{"model m-4", "/agents/prn_bot"}},
		"a person's":           {house: house(), target: "/mandates/man_1", status: 200, asked: story, has: []string{"For whom"}, hasNot: []string{"This, and nothing else"}},
		"closed": {house: agented(sam, authority.Security).with(func(a *verbs) { p := a.people[dana]; p.Disabled = true; a.people[dana] = p }).stop(stops...), target: "/people/prn_dana", status: 200,
			has: []string{"What ended when it was closed", "34 ms"}},
		"gone":     {house: agented(sam, authority.Security).stop(stops...), target: "/people/prn_zoe/stopped?done=delete", status: 200, has: []string{"What ended with prn_zoe", "The account is deleted", `href="/people"`}},
		"not gone": {house: agented(sam, authority.Security), target: "/people/prn_dana/stopped", status: 409},
		"not told": {house: agented(sam), target: "/people/prn_dana/stopped", status: 404},
	} {
		t.Run(name, c.check)
	}
	res, _ := answer(serve(t, agented(omar).with(over).stop(open...).console()), browse("GET", "/mandates/man_1", nil))
	if res.Header.Get("Refresh") != lookAgain {
		t.Errorf("a page with an open door comes again after %q", res.Header.Get("Refresh"))
	}
}
