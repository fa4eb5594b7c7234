package stead

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func reportTemplate() Template {
	grant := reading("${team}.orders", "id", "${column}")
	grant.Rows = "team = '${team}'"
	return Template{Name: "report", Version: 3, Kind: Company, Purpose: "Reports of ${team}", Tier: LowTier, Segment: "${team}",
		Values: []TemplateValue{{Name: "team"}, {Name: "column", Of: []string{"total", "sum"}}},
		Tasks:  []Task{{ID: "${team}-monthly", Purpose: "the report", Grants: []Entitlement{grant}}}}
}

// A3: what is put into a template is filled in wherever it stands, and the template itself stays as it is.
func TestTemplateMake(t *testing.T) {
	x := reportTemplate()
	set := map[string]string{"team": "north", "column": "sum"}
	grant := reading("north.orders", "id", "sum")
	grant.Rows = "team = 'north'"
	want := Registration{Kind: Company, Purpose: "Reports of north", Tier: LowTier, Segment: "north", Made: Made{"report", 3, set},
		Tasks: []Task{{ID: "north-monthly", Purpose: "the report", Grants: []Entitlement{grant}}}}
	r, err := x.Make(set)
	if d := cmp.Diff(want, r); err != nil || d != "" {
		t.Error(err, d)
	}
	if d := cmp.Diff(reportTemplate(), x); d != "" || x.Wrong() != "" {
		t.Error(d, x.Wrong())
	}
	for name, set := range map[string]map[string]string{
		"one is missing": {"team": "north"}, "one too many": {"team": "north", "column": "sum", "other": "x"}, "not one of them": {"team": "north", "column": "id"},
		"it ends a quotation": {"team": "n' OR 1=1", "column": "sum"}, "empty": {"team": "", "column": "sum"}, "a name again": {"team": "${column}", "column": "sum"},
		"long": {"team": strings.Repeat("a", 65), "column": "sum"}, "invisible": {"team": "n\u200b", "column": "sum"},
	} {
		if _, err := x.Make(set); KindOf(err) != Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTemplateWrong(t *testing.T) {
	for name, change := range map[string]func(*Template){
		"no name": func(x *Template) { x.Name = "" }, "unknown": func(x *Template) { x.Purpose = "for ${nobody}" }, "a price": func(x *Template) { x.Purpose = "5 $ a ${team}" },
		"open": func(x *Template) { x.Purpose = "${team" }, "unused": func(x *Template) { x.Values = append(x.Values, TemplateValue{Name: "more"}) },
		"twice": func(x *Template) { x.Values = append(x.Values, TemplateValue{Name: "team"}) }, "no tasks": func(x *Template) { x.Tasks = nil },
		"of what is no value": func(x *Template) { x.Values[1].Of = []string{"a b"} }, "a value's name": func(x *Template) { x.Values[0].Name = "Team" },
		"no agent comes of it": func(x *Template) { x.Tier = "huge" }, "no grants": func(x *Template) { x.Tasks[0].Grants = nil },
	} {
		x := reportTemplate()
		if change(&x); x.Wrong() == "" {
			t.Errorf("%s: it is right", name)
		}
	}
}

// A3: in what an agent is not as its template says is told, whichever of the two was changed.
func TestDrift(t *testing.T) {
	x := reportTemplate()
	set := map[string]string{"team": "north", "column": "sum"}
	r, err := Registration{Purpose: "my own"}.From(x, set)
	if err != nil || r.Purpose != "my own" || len(r.Tasks) != 1 {
		t.Fatal(err, r)
	}
	says := func(want ...string) {
		t.Helper()
		got := strings.Join(x.Drift(r), "; ")
		for _, text := range want {
			if !strings.Contains(got, text) {
				t.Errorf("%q does not say %q", got, text)
			}
		}
		if len(want) != len(x.Drift(r)) {
			t.Errorf("%q is more than %q", got, want)
		}
	}
	says(`its purpose is "my own", not "Reports of north"`)
	r.Purpose = "Reports of north"
	says()
	x.Version++
	says("made from version 3 of the template, which is at 4")
	r.Made.Version++
	r.Tasks[0].Grants = append(r.Tasks[0].Grants, reading("salaries"))
	r.Tasks[0].Length = 1
	says("has more", "differs in its purpose")
	r.Tasks[0].Grants, r.Tasks[0].Length = r.Tasks[0].Grants[1:], 0
	says("has more", "has not all of")
	r.Tasks[0].ID = "other"
	says("it has no task north-monthly", "a task other of its own")
	x.Values[1].Of = []string{"total"}
	says("column is one of total, not sum")
}
