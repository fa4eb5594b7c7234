package stead

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// shop is what a database has: sales of three places, one of them without a column, and names that want care.
func shop() Catalogue {
	c := Catalogue{System: "crm", Known: true}
	add := func(resource string, actions []Action, columns ...string) {
		p := Permission{Resource: resource, Actions: actions}
		for _, name := range columns {
			p.Columns = append(p.Columns, Column{Name: name})
		}
		c.Permissions = append(c.Permissions, p)
	}
	all := []Action{"read", "insert"}
	add("public.orders", all, "id", "name")
	add("public.sales_us", all, "region", "total")
	add("public.sales_eu", all, "region", "total")
	add("public.secret_a", []Action{"read"}, "id")
	add("public.secret_b", all, "id", "pay")
	add(`public."sales_x.y"`, all, "region", "total")
	add("public.odd\u200b_t", all, "id")
	add("hr.sales_pay", all, "region", "total")
	add("public.order items", all, "id")
	return c
}

// A3: a need is exactly what the catalogue has of it, in the system that it names, or it is refused with what is nearest.
func TestMapNeed(t *testing.T) {
	for text, want := range map[string][]string{
		"crm read public.orders":                  {"public.orders"},
		" crm  read public.orders( name,id )":     {"public.orders"},
		"crm write public.orders(id)":             {"public.orders"},
		"crm read public.sales_*":                 {"public.sales_eu", "public.sales_us"}, // not those of hr, not the quoted one
		"crm read public.sales_*(region, total)":  {"public.sales_eu", "public.sales_us"},
		"crm read public.*es_u*":                  {"public.sales_us"},
		"crm read public.order*":                  {"public.order items", "public.orders"},
		"crm read public.secret_*":                {"public.secret_a", "public.secret_b"},
		`crm read public."sales_x.y"(total)`:      {`public."sales_x.y"`},
		"crm insert public.secret_b*":             {"public.secret_b"},
		"crm read public.order items(id)":         {"public.order items"},
		"crm read hr.sales_pay(total)":            {"hr.sales_pay"},
		"crm read public.sales_eu*(region,total)": {"public.sales_eu"},
	} {
		n, err := shop().Map(text)
		if d := cmp.Diff(want, n.Resources); err != nil || d != "" {
			t.Errorf("%s: %v %s", text, err, d)
		}
		if n.wrong() != "" || len(n.Entitlements()) != len(want) {
			t.Errorf("%s came to what it is not: %s", text, n.wrong())
		}
	}
	for text, says := range map[string]string{
		"crm read *":                          "behind the name of what that lies in",
		"crm read *.orders":                   "behind the name of what that lies in",
		"crm read pub*.orders":                "behind the name of what that lies in",
		"crm read .*":                         "behind the name of what that lies in",
		"cr* read public.orders":              "named in full",
		"crm r* public.orders":                "named in full",
		"crm read public.orders(*)":           "no name of a column",
		"crm read public.order":               "did you mean public.orders?",
		"crm read public.sale_x*":             "nothing of crm fits: did you mean public.sales_us?",
		`crm read public."sales*`:             "nothing of crm fits",
		"crm read public.secret_*(pay)":       "public.secret_a has no column pay",
		"crm insert public.secret_*":          "may not grant insert on public.secret_a",
		"crm read public.odd*":                "cannot be shown",
		"crm read public.odd\u200b_t":         "",
		"crm read public.sales\u202e_*":       "",
		"crm read public.orders(nme)":         "did you mean name?",
		"crm destroy public.orders":           "may not grant destroy",
		"crm read public.sales_*; DROP TABLE": "nothing of crm fits",
		"crm read public.sales_${region}":     "crm has no public.sales_${region}",
		"hr read public.orders":               "this is what crm has",
		"crm":                                 "write SYSTEM ACTION RESOURCE",
	} {
		if n, err := shop().Map(text); KindOf(err) != Invalid || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v %v", text, n, err)
		}
	}
}

// What a system has is not guessed: of one that cannot be read nothing is mapped, of one that tells nothing no pattern is.
func TestMapUnknown(t *testing.T) {
	away := shop()
	away.Unread = "no route to host"
	if _, err := away.Map("crm read public.orders"); KindOf(err) != Conflict || !strings.Contains(err.Error(), "cannot be read now") {
		t.Error(err)
	}
	mute := Catalogue{System: "payments"}
	if n, err := mute.Map("payments approve payment:42"); err != nil || !slices.Equal(n.Resources, []string{"payment:42"}) {
		t.Error(n, err)
	}
	if _, err := mute.Map("payments approve public.p*"); KindOf(err) != Invalid || !strings.Contains(err.Error(), "name each") {
		t.Error(err)
	}
	if got := mute.Drift(Need{Text: "payments approve payment:42", Resources: []string{"payment:42"}}); got != nil {
		t.Error(got)
	}
	if got := away.Drift(Need{Text: "crm read public.sales_*", Resources: []string{"public.sales_eu"}}); got != nil {
		t.Error(got)
	}
}

// Of ten thousand tables one pattern gives few.
func TestMapMany(t *testing.T) {
	c := Catalogue{System: "crm", Known: true}
	for i := range 10_000 {
		c.Permissions = append(c.Permissions, Permission{Resource: fmt.Sprintf("public.t%05d", i), Actions: []Action{"read"}})
	}
	if _, err := c.Map("crm read public.*"); KindOf(err) != Invalid || !strings.Contains(err.Error(), "10000 things of crm fit, and one need gives at most 64") {
		t.Error(err)
	}
	if n, err := c.Map("crm read public.t0001*"); err != nil || len(n.Resources) != 10 {
		t.Error(n, err)
	}
}

func needing(texts ...string) Task {
	k := Task{ID: "monthly", Purpose: "the report"}
	for _, text := range texts {
		k.Needs = append(k.Needs, Need{Text: text})
	}
	return k
}

// A3: what a task is granted is what its needs came to beside what was written by hand, each once; what fits later is not
// granted by itself.
func TestTaskMap(t *testing.T) {
	reads := 0
	at := shop()
	catalogue := func(id AppID) (Catalogue, error) {
		reads++
		c := at
		c.System = id
		return c, nil
	}
	k := needing("crm read  public.sales_*", "crm read public.sales_*", "crm read public.orders(id)")
	k.Grants = []Entitlement{reading("public.orders", "id", "name")}
	first, err := k.Map(nil, catalogue)
	want := []Entitlement{reading("public.orders", "id", "name"), reading("public.sales_eu"), reading("public.sales_us")}
	if d := cmp.Diff(want, first.Grants); err != nil || d != "" || len(first.Needs) != 2 || len(k.Grants) != 1 || first.wrong() != "" {
		t.Fatal(err, d, first.Needs, first.wrong())
	}
	at.Permissions = append(at.Permissions, Permission{Resource: "public.sales_2027", Actions: []Action{"read"}})
	reads = 0
	again, err := k.Map(&first, catalogue)
	if d := cmp.Diff(first, again); err != nil || d != "" || reads != 0 {
		t.Error("the same is granted more:", err, d, reads)
	}
	if got := at.Drift(first.Needs[0]); len(got) != 1 || !strings.Contains(got[0], "public.sales_2027 fits") {
		t.Error(got)
	}
	anew, err := k.Map(nil, catalogue)
	if err != nil || len(anew.Grants) != 4 || Mapped(Registration{Tasks: []Task{anew}}) == Mapped(Registration{Tasks: []Task{first}}) {
		t.Error(err, anew.Grants)
	}
	if Mapped(Registration{Tier: HighTier}) == Mapped(Registration{Tier: LowTier}) || Mapped(Registration{Version: 1}) != Mapped(Registration{Version: 2}) {
		t.Error("what was looked at is the whole of it, and no more")
	}
	for _, bad := range []Task{needing("crm read public.none"), needing("crm"), needing(slices.Repeat([]string{"crm read public.orders"}, 65)...)} {
		if _, err := bad.Map(nil, catalogue); KindOf(err) != Invalid {
			t.Errorf("%v: %v", bad.Needs[0], err)
		}
	}
	gone := func(AppID) (Catalogue, error) { return Catalogue{}, E(Missing, ReasonNoRoute, "there is no system") }
	if _, err := needing("nowhere read public.orders").Map(nil, gone); KindOf(err) != Missing {
		t.Error(err)
	}
	two, err := needing("crm read public.orders", "hr read public.orders").Map(nil, catalogue)
	if err != nil || !strings.Contains(two.wrong(), "two systems") {
		t.Error(err, two.wrong())
	}
}

// Whoever hands a registration in says nothing else than he is granted.
func TestNeedsWrong(t *testing.T) {
	right := needing("crm read public.sales_*(total)")
	right.Needs[0].Resources = []string{"public.sales_eu"}
	right.Grants = []Entitlement{reading("public.sales_eu", "total")}
	if text := right.wrong(); text != "" {
		t.Fatal(text)
	}
	for name, change := range map[string]func(*Task){
		"not mapped": func(k *Task) { k.Needs[0].Resources = nil },
		"another schema": func(k *Task) {
			k.Needs[0].Resources, k.Grants[0].Resource = []string{"hr.sales_eu"}, "hr.sales_eu"
		},
		"more than granted":    func(k *Task) { k.Needs[0].Resources = []string{"public.sales_us"} },
		"less columns granted": func(k *Task) { k.Grants[0].Columns = []string{"region"} },
		"another writing":      func(k *Task) { k.Needs[0].Text = "crm  read public.sales_*(total)" },
		"no need":              func(k *Task) { k.Needs[0].Text = "crm" },
		"too wide":             func(k *Task) { k.Needs[0].Text = "crm read *(total)" },
		"a stored pattern":     func(k *Task) { k.Needs[0].Resources = slices.Repeat([]string{"public.sales_eu"}, 65) },
		"too many":             func(k *Task) { k.Needs = slices.Repeat(k.Needs, 65) },
	} {
		k := right
		k.Needs, k.Grants = slices.Clone(right.Needs), slices.Clone(right.Grants)
		if change(&k); k.wrong() == "" {
			t.Errorf("%s: it is right", name)
		}
	}
}

// A proposal keeps what was said as long as all of it stays; else its entitlements alone speak.
func TestProposedNeeds(t *testing.T) {
	k, err := needing("crm read public.sales_*", "crm read public.orders").Map(nil, func(AppID) (Catalogue, error) { return shop(), nil })
	if err != nil {
		t.Fatal(err)
	}
	day := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	in := Evidence{Since: day, Misfit: func(Entitlement) string { return "" }}
	for _, g := range k.Grants {
		in.Used = append(in.Used, Use{Task: "monthly", Grant: g, Last: day})
	}
	r := Registration{Tasks: []Task{k}}
	if p := Propose(r, in); len(p.Tasks) != 1 || len(p.Tasks[0].Needs) != 2 {
		t.Errorf("%+v", p.Tasks)
	}
	in.Used[0].Last = time.Time{} // sales_eu was never used
	if p := Propose(r, in); len(p.Tasks) != 1 || len(p.Tasks[0].Needs) != 1 || p.Tasks[0].Needs[0].Text != "crm read public.orders" || p.Tasks[0].wrong() != "" {
		t.Errorf("%+v", p.Tasks)
	}
}

// What a need came to and is no more, or could be by now, is told.
func TestNeedDrift(t *testing.T) {
	n := Need{Text: "crm read public.sales_*", Resources: []string{"public.sales_eu", "public.sales_old"}}
	got := strings.Join(shop().Drift(n), "; ")
	if got != "public.sales_us fits crm read public.sales_* as well by now, which is not granted; public.sales_old of crm read public.sales_* is there no more" {
		t.Error(got)
	}
	if got := shop().Drift(Need{Text: "crm read public.gone", Resources: []string{"public.gone"}}); len(got) != 1 || !strings.Contains(got[0], "crm has no public.gone") {
		t.Error(got)
	}
	if got := shop().Drift(Need{Text: "crm read public.orders", Resources: []string{"public.orders"}}); got != nil {
		t.Error(got)
	}
}

// A template says needs with its names in them; what is put there says no other need.
func TestTemplateNeeds(t *testing.T) {
	x := reportTemplate()
	x.Tasks[0].Grants, x.Tasks[0].Needs = nil, []Need{{Text: "crm read ${team}.sales_*(${column})"}}
	if text := x.Wrong(); text != "" {
		t.Fatal(text)
	}
	set := map[string]string{"team": "public", "column": "total"}
	r, err := Registration{Owner: "prn_max"}.From(x, set)
	if err != nil || r.Tasks[0].Needs[0].Text != "crm read public.sales_*(total)" || r.Wrong() == "" {
		t.Fatal("it is registered before it is mapped", err, r.Tasks)
	}
	if r.Tasks[0], err = r.Tasks[0].Map(nil, func(AppID) (Catalogue, error) { return shop(), nil }); err != nil || r.Wrong() != "" || len(x.Drift(r)) != 0 {
		t.Error(err, r.Wrong(), x.Drift(r))
	}
	r.Tasks[0].Grants = append(r.Tasks[0].Grants, reading("public.orders"))
	if d := x.Drift(r); len(d) != 1 || !strings.Contains(d[0], "has more") {
		t.Error(d)
	}
	r.Tasks[0].Needs = nil
	if d := x.Drift(r); len(d) != 4 {
		t.Errorf("%q", d)
	}
	for _, v := range []string{"public.*", "public.a read", "p(id", "public.sales_*, crm read x"} {
		if _, err := x.Make(map[string]string{"team": v, "column": "total"}); KindOf(err) != Invalid {
			t.Errorf("%q: %v", v, err)
		}
	}
	for _, text := range []string{"crm read *${team}${column}", "crm ${team}", "crm read ${nobody}.t ${team}${column}", "c* read ${team}.${column}"} {
		x.Tasks[0].Needs[0].Text = text
		if x.Wrong() == "" {
			t.Errorf("%s: it is right", text)
		}
	}
}

func FuzzMapNeed(f *testing.F) {
	for _, text := range []string{"crm read public.sales_*(region)", "crm read public.*", "crm read *", `crm read public."sales_x.y"`, "crm write public.o*s"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		n, err := shop().Map(text)
		if err != nil {
			return
		}
		if n.wrong() != "" {
			t.Errorf("%q: %s", text, n.wrong())
		}
		for _, e := range n.Entitlements() {
			if e.System != "crm" || e.hides() || shop().Misfit(e) != "" {
				t.Errorf("%q gives %v", text, e)
			}
			if before, _, many := strings.Cut(n.Text, "*"); many && !strings.HasPrefix(string(e.System)+" "+string(e.Action)+" "+e.Resource, before) {
				t.Errorf("%q gives %v", text, e)
			}
		}
		if again, err := shop().Map(n.Text); err != nil || cmp.Diff(n, again) != "" {
			t.Errorf("%q becomes another: %v", text, err)
		}
	})
}
