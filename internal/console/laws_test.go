package console

import (
	"testing"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
)

// A7, A11: what keeps agents apart is seen by those who look over them, and set by admins and security alone.
func TestLaws(t *testing.T) {
	cut := func(a *verbs) {
		a.cards[2].Isolated = true
		a.cutOff = &authority.Stopped{Act: authority.StoredEvent{Index: 6, Event: stead.Event{Kind: "segment.isolated", Actor: omar, At: noon}}, All: []authority.Stop{{What: "mandate", ID: "man_1", Of: bot, Number: 7}}}
	}
	loose := func(a *verbs) { a.segmented = false }
	both := func(a *verbs) {
		a.clashes = []authority.Clash{{Exclusion: a.apart[0], First: bot, Second: bot, Later: bot, Owner: omar}}
		a.events = []authority.StoredEvent{{Index: 11, Event: stead.Event{Kind: "request.denied", Actor: bot, Subject: bot, Reason: stead.ReasonDuty, At: noon, What: stead.Fields{"law": "two-hands", "action": "approve", "name": "p1"}}},
			{Index: 12, Event: stead.Event{Kind: "request.denied", Actor: bot, Subject: bot, Reason: stead.ReasonDuty, What: stead.Fields{"law": "another", "name": "p2"}}}}
	}
	alike := func(a *verbs) {
		a.templates = []authority.TemplateCard{{Template: stead.Template{Name: "report", Version: 2, Author: omar, At: noon, Kind: stead.Company, Purpose: "Reports of ${team}", Tier: stead.LowTier,
			Values: []stead.TemplateValue{{Name: "team", Of: []string{"north", "south"}}}, Tasks: []stead.Task{{ID: "monthly", Purpose: "the report", Grants: []stead.Entitlement{{System: "crm", Action: "read", Resource: "${team}.orders"}}}}}, Users: []string{"monthly-report"}}}
	}
	refusals := []string{"events    [request.denied mandate.ask.refused mandate.start.refused mandate.narrow.refused] refused  0"}
	security, auditor := authority.Security, authority.Auditor
	const x = "name=hands&purpose=why&first=crm+read+*&second=crm+approve+*%0Acrm+write+*"
	for name, c := range map[string]seenPage{
		"templates":             {house: lawful(sam, auditor).with(alike), target: "/templates", status: 200, has: []string{"Reports of ${team}", "north or south", "${team}.orders", `aria-current="page">Templates`, "Omar Haddad", "No agent."}, hasNot: []string{"no template yet"}},
		"no templates":          {house: lawful(sam, auditor), target: "/templates", status: 200, has: []string{"There is no template yet.", "kind: AgentTemplate"}},
		"templates, to nobody":  {house: lawful(sam), target: "/templates", status: 404},
		"segments":              {house: lawful(sam, security), target: "/segments", status: 200, has: []string{`href="/segments/finance"`, "in no segment", "monthly-report", `aria-current="page">Segments`, `aria-current="page">Agents`}, hasNot: []string{"keep nothing apart", `href="/segments/"`}},
		"not in force":          {house: lawful(sam, security).with(loose), target: "/segments", status: 200, has: []string{"keep nothing apart yet"}},
		"segments, to nobody":   {house: lawful(sam), target: "/segments", status: 404},
		"one":                   {house: lawful(sam, security), target: "/segments/reporting", status: 200, has: []string{"/segments/reporting/isolate", "the report", "Omar Haddad", "looked at", "/agents/prn_bot"}, hasNot: []string{"/reconnect", "What ended when"}},
		"one, to an auditor":    {house: lawful(sam, auditor), target: "/segments/reporting", status: 200, hasNot: []string{"/segments/reporting/isolate"}},
		"cut off":               {house: lawful(sam, security).with(cut), target: "/segments/reporting?done=isolate", status: 200, has: []string{`<span class="tag edit">isolated`, "/segments/reporting/reconnect", "refused at once", "event 7", "what went in or out has ended"}, hasNot: []string{"/segments/reporting/isolate"}},
		"no such":               {house: lawful(sam, security), target: "/segments/nowhere", status: 404},
		"isolate, asked":        {house: lawful(sam, security), target: "/segments/reporting/isolate", status: 200, has: []string{"Type the name of the segment, reporting", "1 mandate", "/mandates/man_1", "ended stays ended"}},
		"isolate, into it":      {house: lawful(sam, security), target: "/segments/finance/isolate", status: 200, has: []string{"1 mandate"}},
		"isolate, another name": {house: lawful(sam, security), target: "/segments/reporting/isolate", form: "typed=finance&reason=odd", status: 400, has: []string{"Nothing was done", `value="odd"`}},
		"isolate":               {house: lawful(sam, security), target: "/segments/reporting/isolate", form: "typed=reporting&reason=odd", status: 303, to: "/segments/reporting?done=isolate", asked: []string{"isolate reporting odd"}},
		"isolate, auditor":      {house: lawful(sam, auditor), target: "/segments/reporting/isolate", form: "typed=reporting&reason=odd", status: 404},
		"reconnect":             {house: lawful(sam, security).with(cut), target: "/segments/reporting/reconnect", form: "typed=reporting&reason=fine", status: 303, to: "/segments/reporting?done=reconnect", asked: []string{"reconnect reporting fine"}},
		"reconnect, his own":    {house: lawful(sam, security).with(cut).refusing("reconnect", stead.E(stead.Refused, stead.ReasonOwn, "somebody else looks first")), target: "/segments/reporting/reconnect", form: "typed=reporting&reason=fine", status: 403, has: []string{"Somebody else looks first"}, asked: []string{"reconnect reporting fine"}},
		"ways":                  {house: lawful(sam, security), target: "/segments?done=open", status: 200, has: []string{`href="/flows/reports/close"`, `href="/flows/new"`, "The way is open"}},
		"ways, auditor":         {house: lawful(sam, auditor), target: "/segments", status: 200, has: []string{"the report"}, hasNot: []string{"/flows/"}},
		"a way, asked":          {house: lawful(sam, security), target: "/flows/new?from=reporting", status: 200, has: []string{`value="reporting" selected`, "in no segment", "Open it", `aria-current="page">Segments`}},
		"a way, opened":         {house: lawful(sam, security), target: "/flows", form: "name=books&typed=books&from=reporting&to=finance&actions=read+export&purpose=why", status: 303, to: "/segments?done=open", asked: []string{"open books reporting finance [read export] why"}},
		"a way, not meant":      {house: lawful(sam, security), target: "/flows", form: "name=books&typed=book&purpose=why", status: 400, has: []string{"Nothing was done", `value="books"`}},
		"a way, there already":  {house: lawful(sam, security), target: "/flows", form: "name=reports&typed=reports&to=finance&purpose=why", status: 409, has: []string{"There is a flow reports already"}},
		"a way, refused":        {house: lawful(sam, security).refusing("open", stead.E(stead.Invalid, stead.ReasonRequest, "the flow leads nowhere")), target: "/flows", form: "name=a&typed=a&purpose=why", status: 400, has: []string{"The flow leads nowhere"}, asked: []string{"open a   [] why"}},
		"a way, auditor":        {house: lawful(sam, auditor), target: "/flows", form: "name=a&typed=a&purpose=why", status: 404},
		"close, asked":          {house: lawful(sam, security), target: "/flows/reports/close", status: 200, has: []string{"Type the name of the flow, reports", "reporting", "Omar Haddad"}},
		"close, no such":        {house: lawful(sam, security), target: "/flows/none/close", status: 404},
		"close":                 {house: lawful(sam, security), target: "/flows/reports/close", form: "typed=reports", status: 303, to: "/segments?done=close", asked: []string{"close reports"}},
		"close, another name":   {house: lawful(sam, security), target: "/flows/reports/close", form: "typed=report", status: 400, has: []string{"Nothing was done"}},
		"close, refused":        {house: lawful(sam, security).refusing("close", stead.E(stead.Refused, stead.ReasonOwn, "somebody else looks first")), target: "/flows/reports/close", form: "typed=reports", status: 403, has: []string{"Somebody else looks first"}, asked: []string{"close reports"}},
		"exclusions":            {house: lawful(sam, auditor), target: "/exclusions", status: 200, has: []string{`href="/exclusions/two-hands"`, "holding both", "nobody</span>"}, hasNot: []string{"/exclusions/new", "hold both now"}},
		"exclusions, held":      {house: lawful(sam, security).with(both), target: "/exclusions", status: 200, has: []string{"Some hold both now", `<strong>1</strong>`, "/exclusions/new"}},
		"exclusions, to nobody": {house: lawful(sam), target: "/exclusions", status: 404},
		"exclusion":             {house: lawful(sam, auditor).with(both), target: "/exclusions/two-hands", status: 200, has: []string{"who reads does not approve", "by its task monthly", "No agent may do any of this", "approve p1", `href="/audit/12"`, "Who holds both"}, hasNot: []string{"p2", "/retire"}, asked: refusals},
		"exclusion, misspelt":   {house: lawful(sam, auditor).with(func(a *verbs) { a.apart[0].First[0].Action = "reed" }), target: "/exclusions/two-hands", status: 200, has: []string{"an action that the policy does not know", "Reed: did you mean read?"}, asked: refusals},
		"exclusion, no such":    {house: lawful(sam, security), target: "/exclusions/none", status: 404},
		"another":               {house: lawful(sam, security), target: "/exclusions/new", status: 200, has: []string{"no policy lifts it", `name="second"`, "Put it in force"}},
		"another, made":         {house: lawful(sam, security), target: "/exclusions", form: x + "&typed=hands&same=argument&argument=id&within=2h", status: 303, to: "/exclusions/hands?done=set", asked: []string{"exclude hands [{crm read *}] [{crm approve *} {crm write *}] argument:id 7200000000000"}},
		"another, not meant":    {house: lawful(sam, security), target: "/exclusions", form: x + "&typed=hand", status: 400, has: []string{"Nothing was done", "crm write *"}},
		"another, half a side":  {house: lawful(sam, security), target: "/exclusions", form: "name=a&typed=a&first=crm", status: 400, has: []string{"is not a system, an action and a resource"}},
		"another, no time":      {house: lawful(sam, security), target: "/exclusions", form: x + "&typed=hands&within=soon", status: 400, has: []string{"is no time"}},
		"another, auditor":      {house: lawful(sam, auditor), target: "/exclusions", form: x + "&typed=hands", status: 404},
		"retire, asked":         {house: lawful(sam, security), target: "/exclusions/two-hands/retire", status: 200, has: []string{"Type the name of the exclusion, two-hands"}},
		"retire":                {house: lawful(sam, security), target: "/exclusions/two-hands/retire", form: "typed=two-hands", status: 303, to: "/exclusions?done=retire", asked: []string{"retire-exclusion two-hands"}},
		"retire, another name":  {house: lawful(sam, security), target: "/exclusions/two-hands/retire", form: "typed=two", status: 400, has: []string{"Nothing was done"}},
	} {
		t.Run(name, func(t *testing.T) { c.check(t) })
	}
}
