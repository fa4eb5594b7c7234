package console

import (
	"context"
	"net/url"
	"testing"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
)

// shelf is a catalogue of two tables.
type shelf struct{}

func (shelf) Map(_ context.Context, tasks, _ []stead.Task) (all []stead.Task, err error) {
	for _, t := range tasks {
		if t, err = t.Map(nil, func(id stead.AppID) (stead.Catalogue, error) {
			c := stead.Catalogue{System: id, Known: true}
			for _, name := range []string{"public.sales_eu", "public.sales_us"} {
				c.Permissions = append(c.Permissions, stead.Permission{Resource: name, Columns: []stead.Column{{Name: "total"}}, Actions: []stead.Action{"read"}})
			}
			return c, nil
		}); err != nil {
			return nil, err
		}
		all = append(all, t)
	}
	return all, nil
}

func (shelf) Drift(_ context.Context, r stead.Registration) (all []string) {
	for _, t := range r.Tasks {
		for _, n := range t.Needs {
			all = append(all, "public.sales_2027 fits "+n.Text+" as well by now, which is not granted")
		}
	}
	return all
}

func (shelf) Misfit(context.Context, stead.Entitlement) string { return "" }

func (a *verbs) Register(_ context.Context, _ authority.By, n authority.NewAgent) (stead.Registration, error) {
	r := n.Registration
	r.Principal = "prn_new"
	var granted []string
	for _, t := range r.Tasks {
		for _, e := range t.Grants {
			granted = append(granted, e.Resource)
		}
	}
	return r, a.note("register", n.Name, r.Owner, r.Tier, granted)
}

func (a *verbs) FromTemplate(_ context.Context, _ authority.By, r stead.Registration) (stead.Registration, error) {
	if r.Made.Template != "report" {
		return r, stead.E(stead.Missing, stead.ReasonUnknown, "there is no template %s", r.Made.Template)
	}
	return r.From(stead.Template{Name: "report", Version: 2, Kind: stead.Company, Tier: stead.LowTier, Purpose: "reports of ${team}", Values: []stead.TemplateValue{{Name: "team"}},
		Tasks: []stead.Task{{ID: "monthly", Purpose: "the report", Needs: []stead.Need{{Text: "crm read public.sales_${team}"}}}}}, r.Made.Set)
}

// A3: an administrator registers an agent without a file, and sees exactly what it would get before he does.
func TestRegister(t *testing.T) {
	with := func(a *verbs) { a.found = []stead.Principal{a.people[omar]} }
	admin := func() *verbs { return lawful(sam, authority.Admin).with(with) }
	typed := func(more string) string {
		return "name=north&owner=staff/omar&kind=company&tier=low&purpose=counts&segment=reporting&tasks=1&task1=monthly&for1=the+report&needs1=crm+read+public.sales_*(total)%0D%0A%0D%0A" + more
	}
	const people = "people omar staff"
	mapped, err := shelf{}.Map(t.Context(), []stead.Task{{ID: "monthly", Purpose: "the report", Needs: []stead.Need{{Text: "crm read public.sales_*(total)"}}}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	seen := "&mapping=" + stead.Mapped(stead.Registration{Owner: omar, Kind: stead.Company, Tier: stead.LowTier, Purpose: "counts", Segment: "reporting", Tasks: mapped}).String()
	needing := func(a *verbs) {
		a.agents[0].Tasks[0].Needs = []stead.Need{{Text: "crm read public.o*", Resources: []string{"public.orders"}}}
	}
	for name, c := range map[string]seenPage{
		"form":               {house: admin(), target: "/agents/register?name=north", status: 200, has: []string{`value="north"`, "<legend>Task 1</legend>", `name="needs1"`, "See what it would get", `aria-current="page">Agents`}, hasNot: []string{"Task 2"}},
		"form, no template":  {house: admin(), target: "/agents/register", status: 200, has: []string{"Choose one"}, hasNot: []string{"Made from", "${name}", "As the template"}},
		"form, a template":   {house: admin().with(func(a *verbs) { a.templates = []authority.TemplateCard{{Template: stead.Template{Name: "report"}}} }), target: "/agents/register", status: 200, has: []string{"As the template says", `<option value="report"`, "${name}"}, hasNot: []string{"Choose one"}},
		"form, no admin":     {house: lawful(omar), target: "/agents/register", status: 404},
		"form, auditor":      {house: lawful(sam, authority.Auditor), target: "/agents/register", status: 404},
		"another task":       {house: admin(), target: "/agents/register", form: typed("&more=1"), status: 200, has: []string{"<legend>Task 2</legend>", `value="monthly"`, "public.sales_*(total)"}},
		"as many as fit":     {house: admin(), target: "/agents/register", form: "tasks=99", status: 400, has: []string{"<legend>Task 8</legend>"}, hasNot: []string{"Task 9", "Another task"}},
		"seen first":         {house: admin(), target: "/agents/register", form: typed(""), status: 200, has: []string{"Nothing is registered yet", "public.sales_eu", "public.sales_us", "crm read public.sales_*(total)", "Register it", `name="needs1"`}, hasNot: []string{"would be refused until"}, asked: []string{people}},
		"where no way leads": {house: admin(), target: "/agents/register", form: "name=north&owner=staff/omar&kind=company&tier=low&purpose=p&task1=t&for1=p&needs1=crm+read+public.sales_eu", status: 200, has: []string{"would be refused until one is opened", "Register it"}, asked: []string{people}},
		"registered":         {house: admin(), target: "/agents/register", form: typed(seen), status: 303, to: "/agents/prn_new?done=register", asked: []string{people, "register north prn_omar low [public.sales_eu public.sales_us]"}},
		"changed meanwhile":  {house: admin(), target: "/agents/register", form: typed("&mapping=ab"), status: 409, has: []string{"no more what you saw", "Register it"}, asked: []string{people}},
		"changed by hand":    {house: admin(), target: "/agents/register", form: typed(seen) + "&edit=1", status: 200, has: []string{"See what it would get", `value="counts"`}},
		"refused":            {house: admin().refusing("register", stead.E(stead.Conflict, stead.ReasonExists, "north is there already")), target: "/agents/register", form: typed(seen), status: 409, has: []string{"North is there already", "Nothing was registered", "public.sales_*(total)"}, asked: []string{people, "register north prn_omar low [public.sales_eu public.sales_us]"}},
		"not there":          {house: admin(), target: "/agents/register", form: "name=north&owner=staff/omar&kind=company&tier=low&purpose=p&task1=t&for1=p&needs1=crm+read+public.sale", status: 400, has: []string{"did you mean public.sales_"}, asked: []string{people}},
		"everything":         {house: admin(), target: "/agents/register", form: "name=north&owner=staff/omar&kind=company&tier=low&purpose=p&task1=t&for1=p&needs1=crm+read+*", status: 400, has: []string{"behind the name of what that lies in"}, asked: []string{people}},
		"no time":            {house: admin(), target: "/agents/register", form: typed("&length1=soon"), status: 400, has: []string{"is no time"}, asked: []string{people}},
		"no key":             {house: admin(), target: "/agents/register", form: typed("&key=secret"), status: 400, has: []string{"Nothing was registered"}, asked: []string{people}},
		"nobody":             {house: lawful(sam, authority.Admin), target: "/agents/register", form: typed(""), status: 400, has: []string{"Nobody is called"}, asked: []string{people}},
		"from a template":    {house: admin(), target: "/agents/register", form: "name=n&owner=staff/omar&template=report&set=team+%3D+eu", status: 200, has: []string{"reports of eu", "public.sales_eu", "report, version 2: team = eu"}, hasNot: []string{"public.sales_us"}, asked: []string{people}},
		"a wider value":      {house: admin(), target: "/agents/register", form: "name=n&owner=staff/omar&template=report&set=team+%3D+*", status: 400, has: []string{"letters, digits"}, asked: []string{people}},
		"no value":           {house: admin(), target: "/agents/register", form: "name=n&owner=staff/omar&template=report&set=team", status: 400, has: []string{"write team = north"}, asked: []string{people}},
		"no template":        {house: admin(), target: "/agents/register", form: "name=n&owner=staff/omar&template=none", status: 404, has: []string{"There is no template none"}, asked: []string{people}},
		"no admin":           {house: lawful(sam, authority.Security).with(with), target: "/agents/register", form: typed(seen), status: 404},
		"told":               {house: agented(omar), target: "/agents/prn_bot?done=register", status: 200, has: []string{"It is registered."}, asked: []string{"events  prn_bot  [request.allowed]   0"}},
		"its needs":          {house: agented(omar).with(needing), target: "/agents/prn_bot", status: 200, has: []string{"<code>crm read public.o*</code>", "which is not granted"}, asked: []string{"events  prn_bot  [request.allowed]   0"}},
	} {
		t.Run(name, func(t *testing.T) { c.check(t) })
	}
}

// What an agent could not reach is told before it is registered.
func TestShut(t *testing.T) {
	c := house().console()
	all := lawful(sam).cards
	r := stead.Registration{Segment: "", Tasks: []stead.Task{{ID: "monthly", Grants: []stead.Entitlement{{System: "crm", Action: "read", Resource: "t"}}}}}
	if got := c.shut(r, all); len(got) != 1 || got[0] != "monthly asks of crm: no flow leads from outside of all segments to the segment finance, so it would be refused until one is opened." {
		t.Error(got)
	}
	for _, segment := range []string{"finance", "reporting"} {
		r.Segment = segment
		if got := c.shut(r, all); got != nil {
			t.Error(segment, got)
		}
	}
}

func FuzzTypedTasks(f *testing.F) {
	f.Add("tasks=2&task1=a&needs1=crm+read+t&task2=b&length2=2h", "team = north")
	f.Fuzz(func(t *testing.T, form, set string) {
		v, err := url.ParseQuery(form)
		if err != nil {
			return
		}
		if all, err := typedTasks(v); err == nil && len(all) > mostTaskForms {
			t.Error(len(all))
		}
		if got, err := typedSet(set); err == nil && len(got) > len(set) {
			t.Error(got)
		}
	})
}
