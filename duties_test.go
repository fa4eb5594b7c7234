package stead

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func initiateApprove(same string) Exclusion {
	return Exclusion{Name: "two-hands", Purpose: "who initiates does not approve", Same: same,
		First:  []Reach{{System: "pay", Action: "initiate", Resource: "*"}},
		Second: []Reach{{System: "pay", Action: "approve", Resource: "*"}}}
}

func TestLike(t *testing.T) {
	for _, r := range []struct {
		pattern, text string
		ok            bool
		thing         string
	}{
		{"*", "", true, ""}, {"*", "anything/at all", true, ""}, {"", "", true, ""}, {"", "x", false, ""},
		{"public.orders", "public.orders", true, ""}, {"public.orders", "public.orders2", false, ""}, {"public.*", "public.orders", true, ""},
		{"/payments/{thing}/approve", "/payments/7/approve", true, "7"}, {"/payments/{thing}/approve", "/payments/7/8/approve", false, ""},
		{"/payments/{thing}/approve", "/payments//approve", false, ""}, {"payment:{thing}", "payment:p-1", true, "p-1"}, {"{thing}", "a/b", false, ""},
		{"*/payments/{thing}", "/eu/payments/9", true, "9"}, {"a*b*c", "axxbyyc", true, ""}, {"a*b*c", "axxbyy", false, ""},
	} {
		if ok, thing := like(r.pattern, r.text); ok != r.ok || thing != r.thing {
			t.Errorf("%q %q: %v, %q", r.pattern, r.text, ok, thing)
		}
	}
}

// A7: what a question touches, and on what thing.
func TestDuty(t *testing.T) {
	ask := func(a Action, name string) Question {
		return Question{Action: a, Resource: Resource{App: "pay", Path: "/", Name: name}}
	}
	byID := ask("approve", "x")
	byID.Given = map[string]any{"payment_id": "p1"}
	byNumber := ask("approve", "x")
	byNumber.Said = map[string]any{"payment_id": float64(7)}
	byList := ask("approve", "x")
	byList.Given = map[string]any{"payment_id": []any{"p1"}}
	named := ask("approve", "x")
	named.Arguments = map[string]string{"payment_id": "p9"}
	within := ask("approve", "x") // of which its mandate is: who asks says so, and might say anything
	within.Arguments = map[string]string{Transaction: "t2", Parameters: "sum"}
	done := within
	done.Given = map[string]any{Transaction: "t1", Parameters: "p1"}
	pattern := initiateApprove(SameResource)
	pattern.Second[0] = Reach{System: "pay", Action: ActionWrite, Resource: "/payments/{thing}/approve"}
	path := Question{Action: ActionWrite, Resource: Resource{App: "pay", Path: "/payments/7/approve"}}
	typed := ask("initiate", "7")
	typed.Resource.Type = "payment"
	both := initiateApprove(SameResource)
	both.First[0].Action = "*"
	for name, r := range map[string]struct {
		x     Exclusion
		q     Question
		side  Side
		thing string
	}{
		"first":             {initiateApprove(SameResource), ask("initiate", "p1"), First, "p1"},
		"second":            {initiateApprove(SameResource), ask("approve", "p1"), Second, "p1"},
		"another action":    {initiateApprove(SameResource), ask("read", "p1"), 0, "p1"},
		"a type":            {initiateApprove(SameResource), typed, First, "payment:7"},
		"a path":            {pattern, path, Second, "7"},
		"argument":          {initiateApprove("argument:payment_id"), byID, Second, "p1"},
		"argument a number": {initiateApprove("argument:payment_id"), byNumber, Second, "7"},
		"argument a list":   {initiateApprove("argument:payment_id"), byList, Second, ""},
		"argument of scope": {initiateApprove("argument:payment_id"), named, Second, "p9"},
		"no argument":       {initiateApprove("argument:payment_id"), ask("approve", "x"), Second, ""},
		"of a transaction":  {initiateApprove("argument:transaction"), done, Second, "t1"},
		"in a transaction":  {initiateApprove("argument:transaction"), within, Second, ""},
		"of parameters":     {initiateApprove("argument:parameters"), done, Second, "p1"},
		"with parameters":   {initiateApprove("argument:parameters"), within, Second, ""},
		"both":              {both, ask("approve", "p1"), First + Second, "p1"},
	} {
		if d, ok := r.x.Duty(r.q); ok != (r.side != 0) || d.Side != r.side || d.Thing != r.thing {
			t.Errorf("%s: %v %v %q", name, ok, d.Side, d.Thing)
		}
	}
}

// A7: the law refuses, and says by what.
func TestSeparated(t *testing.T) {
	doing, holding := initiateApprove(SameResource), initiateApprove("")
	for name, r := range map[string]struct {
		d   Duty
		has string
	}{
		"nobody":        {Duty{Exclusion: &holding, Side: First}, ""},
		"held":          {Duty{Exclusion: &holding, Side: First, Other: "checker may approve"}, "checker may approve"},
		"both held":     {Duty{Exclusion: &holding, Side: First + Second}, "this is both"},
		"both done":     {Duty{Exclusion: &doing, Side: First + Second, Thing: "p1"}, "would do both"},
		"done":          {Duty{Exclusion: &doing, Side: Second, Thing: "p1", Other: "was done"}, "was done"},
		"no thing":      {Duty{Exclusion: &doing, Side: Second}, "does not say"},
		"the same side": {Duty{Exclusion: &doing, Side: Second, Thing: "p1"}, ""},
	} {
		n := separated(Question{}, Facts{Duties: []Duty{r.d}}, time.Time{})
		if (n == nil) != (r.has == "") || n != nil && (n.reason != ReasonDuty || n.final || !strings.Contains(n.text, r.has) || !strings.Contains(n.text, "two-hands")) {
			t.Errorf("%s: %+v", name, n)
		}
	}
	if got := lawOf(Facts{Duties: []Duty{{Exclusion: &holding, Side: First}, {Exclusion: &doing, Side: First + Second, Thing: "p"}}}, ReasonDuty); got != "two-hands" {
		t.Error(got)
	}
	if got := lawOf(Facts{}, ReasonDuty) + lawOf(Facts{}, ReasonScope); got != "" {
		t.Error(got)
	}
}

func TestExclusionWrong(t *testing.T) {
	for name, change := range map[string]func(*Exclusion){
		"":              func(*Exclusion) {},
		"name":          func(x *Exclusion) { x.Name = "a b" },
		"why":           func(x *Exclusion) { x.Purpose = " " },
		"one side":      func(x *Exclusion) { x.Second = nil },
		"same":          func(x *Exclusion) { x.Same = "row" },
		"no argument":   func(x *Exclusion) { x.Same = "argument:" },
		"within":        func(x *Exclusion) { x.Within = Duration(-time.Hour) },
		"held within":   func(x *Exclusion) { x.Same, x.Within = "", Duration(time.Hour) },
		"system":        func(x *Exclusion) { x.First = []Reach{{Action: "a", Resource: "*"}} },
		"stars":         func(x *Exclusion) { x.First = []Reach{{System: "s", Action: "a", Resource: "****"}} },
		"two things":    func(x *Exclusion) { x.First = []Reach{{System: "s", Action: "a", Resource: "{thing}/{thing}"}} },
		"thing, star":   func(x *Exclusion) { x.First = []Reach{{System: "s", Action: "a", Resource: "{thing}*"}} },
		"thing of held": func(x *Exclusion) { x.Same, x.First = "", []Reach{{System: "s", Action: "a", Resource: "{thing}"}} },
	} {
		x := initiateApprove(SameResource)
		if change(&x); (x.Wrong() != "") != (name != "") {
			t.Errorf("%s: %q", name, x.Wrong())
		}
	}
	x, y := initiateApprove(""), initiateApprove("")
	y.Author, y.Version, y.At = "p", 7, time.Unix(1, 0)
	if !x.Says(y) {
		t.Error(cmp.Diff(x, y))
	}
	if y.Retired = true; x.Says(y) {
		t.Error("a retired one says the same")
	}
}

// A11: an agent reaches its own segment, and where a flow leads.
func TestSegmented(t *testing.T) {
	flow := &Flow{From: "reporting", To: "finance", Actions: []Action{ActionRead}}
	gone := &Flow{From: "reporting", To: "hr", Retired: true}
	for name, r := range map[string]struct {
		way  Way
		to   string
		want Reason
	}{
		"a person":          {Way{InForce: true}, "finance", ReasonNone},
		"its own":           {Way{InForce: true, From: []string{"finance"}}, "finance", ReasonNone},
		"another":           {Way{InForce: true, From: []string{"reporting"}}, "finance", ReasonSegment},
		"from nowhere":      {Way{InForce: true, From: []string{""}}, "finance", ReasonSegment},
		"to nowhere":        {Way{InForce: true, From: []string{"finance"}}, "", ReasonSegment},
		"nowhere":           {Way{InForce: true, From: []string{""}}, "", ReasonNone},
		"not in force":      {Way{From: []string{"reporting"}}, "finance", ReasonNone},
		"along a flow":      {Way{InForce: true, From: []string{"reporting"}, Flows: []*Flow{flow}}, "finance", ReasonNone},
		"against a flow":    {Way{InForce: true, From: []string{"finance"}, Flows: []*Flow{flow}}, "reporting", ReasonSegment},
		"along a gone flow": {Way{InForce: true, From: []string{"reporting"}, Flows: []*Flow{gone}}, "hr", ReasonSegment},
		"a link elsewhere":  {Way{InForce: true, From: []string{"finance", "hr"}}, "finance", ReasonSegment},
		"isolated":          {Way{From: []string{"finance"}, Isolated: []string{"finance"}}, "finance", ReasonIsolated},
		"into the isolated": {Way{InForce: true, From: []string{"reporting"}, Flows: []*Flow{flow}, Isolated: []string{"finance"}}, "finance", ReasonIsolated},
		"a person there":    {Way{Isolated: []string{"finance"}}, "finance", ReasonNone},
	} {
		f := Facts{App: &App{Segment: r.to}, Way: r.way}
		got := ReasonNone
		if n := segmented(Question{Action: ActionRead}, f, time.Time{}); n != nil {
			got = n.reason
		}
		m := Mandate{Scope: Scope{Grants: []Entitlement{{Action: ActionRead}}}}
		if got != r.want || r.way.Closed(f.App, m) != r.want {
			t.Errorf("%s: %q, %q; want %q", name, got, r.way.Closed(f.App, m), r.want)
		}
		if err := apart(f, m.Scope.Grants); ReasonOf(err) != r.want {
			t.Errorf("%s: asking gives %v", name, err)
		}
	}
	f := Facts{App: &App{Segment: "finance"}, Way: Way{InForce: true, From: []string{"reporting"}, Flows: []*Flow{flow}}}
	if n := segmented(Question{Action: ActionWrite}, f, time.Time{}); n == nil || n.reason != ReasonSegment || lawOf(f, ReasonSegment) != "finance" {
		t.Error("the flow is for reading:", n)
	}
}

func TestFlowWrong(t *testing.T) {
	for name, change := range map[string]func(*Flow){
		"": func(*Flow) {}, "name": func(w *Flow) { w.Name = "" }, "segment": func(w *Flow) { w.To = "a b" }, "nowhere": func(w *Flow) { w.To = w.From },
		"action": func(w *Flow) { w.Actions = []Action{""} }, "why": func(w *Flow) { w.Purpose = "" },
	} {
		w := Flow{Name: "n", From: "a", To: "b", Purpose: "reports"}
		if change(&w); (w.Wrong() != "") != (name != "") {
			t.Errorf("%s: %q", name, w.Wrong())
		}
	}
}
