package cedar

import (
	"encoding/xml"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
)

func TestWhy(t *testing.T) {
	k, digest := checked(t, Default())
	dana := account("customers/dana", "customers")
	dana.Attributes = map[string]string{"acting": "refused"}
	for name, row := range map[string]struct {
		change func(*authority.Case)
		want   authority.Explanation
	}{
		"allowed": {func(*authority.Case) {}, authority.Explanation{Allow: true, Winners: map[string]string{
			"max": "support-views-customers", "mode": "support-views-customers", "reason": "support-views-customers",
			"second-factor": "support-views-customers", "ticket-form": "support-views-customers",
		}, Rules: []authority.RuleTrace{{ID: "support-views-customers", Effect: "permit", True: 4}}}},
		"forbidden": {func(c *authority.Case) { c.Subject = dana }, authority.Explanation{
			Rules: []authority.RuleTrace{{ID: "customer-refused", Effect: "forbid", True: 2}}}},
		"nearest": {func(c *authority.Case) { c.Principal = account("staff/tom", "sales") }, authority.Explanation{
			Nearest: &authority.RuleTrace{ID: "support-views-customers", Effect: "permit", True: 3,
				Failed: []string{`principal in Group::"staff/support"`}}}},
		"with values": {func(c *authority.Case) { c.Action, c.Capacity = stead.ActionWrite, authority.ForOther }, authority.Explanation{
			Nearest: &authority.RuleTrace{ID: "others-change", Effect: "permit", True: 3,
				Failed: []string{`context.mode == "edit" (context.mode is "read-only")`}}}},
		"no question": {func(c *authority.Case) { c.Subject = nil }, authority.Explanation{Errors: []string{"there is nobody to act for"}}},
	} {
		t.Run(name, func(t *testing.T) {
			c := samForDana()
			row.change(&c)
			got, err := k.Why(digest, c, authority.Overseer)
			if err != nil {
				t.Fatal(err)
			}
			for i := range got.Rules {
				placed(t, &got.Rules[i])
			}
			if got.Nearest != nil {
				placed(t, got.Nearest)
			}
			if d := cmp.Diff(row.want, got); d != "" {
				t.Error(d)
			}
			if v := k.Judge(digest, c); v.Allow != got.Allow {
				t.Errorf("judged %v, explained %v", v.Allow, got.Allow)
			}
		})
	}
}

// placed checks that a trace says where the rule stands and what to do, and takes that away.
func placed(t *testing.T, r *authority.RuleTrace) {
	t.Helper()
	if !strings.HasSuffix(r.File, ".cedar") || r.Line < 1 || r.Advice == "" {
		t.Errorf("no place or advice: %+v", r)
	}
	r.File, r.Line, r.Advice = "", 0, ""
}

// A guard that says no and a clause behind it that cannot be evaluated: the guard is named.
func TestWhyNamesTheGuard(t *testing.T) {
	k, digest := checked(t, map[string]string{"a.cedar": `
		@id("a") @owner("o") permit (principal, action == Action::"act", resource is User)
		when { resource has vip && resource.vip } unless { context.level < 2 || context.mode == "edit" };`})
	c := samForDana()
	c.Level = 1
	e, err := k.Why(digest, c, authority.Overseer)
	if err != nil || e.Nearest == nil {
		t.Fatalf("%+v %v", e, err)
	}
	want := []string{"resource has vip", "unless context.level < 2 (context.level is 1)"}
	if d := cmp.Diff(want, e.Nearest.Failed); d != "" || e.Nearest.True != 2 {
		t.Error(d, e.Nearest.True)
	}
}

func TestTry(t *testing.T) {
	k := New()
	v, e, err := k.Try(Default(), samForDana())
	if err != nil || !v.Allow || !e.Allow {
		t.Errorf("%+v %+v %v", v, e, err)
	}
	if _, _, err := k.Try(map[string]string{"a.cedar": "permit"}, samForDana()); stead.KindOf(err) != stead.Invalid {
		t.Error(err)
	}
	if n := len(*k.now.Load()); n != 0 {
		t.Errorf("trying kept %d bundles", n)
	}
}

func TestPlan(t *testing.T) {
	people := []stead.Principal{
		*account("staff/sam", "support"), *account("staff/tess", "testers"), *account("staff/ada", "admins"),
		*account("customers/dana", "customers"), *account("customers/vera", "customers"),
	}
	people[4].Attributes = map[string]string{"vip": "true"}
	app := stead.App{ID: "orders", Privileged: []string{"staff/admins"}}
	after := Default()
	after["people.cedar"] = strings.Replace(after["people.cedar"], `@max("10m")`, `@max("5m")`, 1)
	after["people.cedar"] = strings.Replace(after["people.cedar"], `testers-not-for-vip`, `testers-not-for-vips`, 1)
	after["people.cedar"] = strings.Replace(after["people.cedar"], `principal in Group::"staff/testers",
  action == Action::"act",
  resource
`, `principal in Group::"staff/nobody",
  action == Action::"act",
  resource
`, 1)
	p, err := New().Plan(Default(), after, people, []stead.App{app}, noon)
	if err != nil {
		t.Fatal(err)
	}
	const want = `+ rule testers-not-for-vips
- rule testers-not-for-vip
~ rule support-views-customers

1 may act from then on:
  person:staff/tess for person:customers/vera in orders, read-only: read-only; at most 30m; with reason, second-factor; tickets like ^[A-Z]{2,10}-[0-9]+$

2 may act under other conditions:
  person:staff/sam for person:customers/dana in orders, read-only: read-only; at most 5m; with reason, second-factor; tickets like ^[A-Z]{2,10}-[0-9]+$ (was read-only; at most 10m; with reason, second-factor; tickets like ^[A-Z]{2,10}-[0-9]+$)
  person:staff/sam for person:customers/vera in orders, read-only: read-only; at most 5m; with reason, second-factor; tickets like ^[A-Z]{2,10}-[0-9]+$; agreed by staff/security:1; told to #security (was read-only; at most 10m; with reason, second-factor; tickets like ^[A-Z]{2,10}-[0-9]+$; agreed by staff/security:1; told to #security)
`
	if d := cmp.Diff(want, p.String()); d != "" {
		t.Error(d)
	}
	back, err := New().Plan(after, Default(), people, []stead.App{app}, noon)
	if err != nil || len(back.Loses) != 1 || len(back.Gains) != 0 || back.Compared != 50 || back.Of != 50 {
		t.Errorf("%+v %v", back, err)
	}
	same, _ := New().Plan(after, after, people, []stead.App{app}, noon)
	if same.String() != "Nothing changes.\n" {
		t.Error(same)
	}
	if _, err := New().Plan(map[string]string{"a.txt": ""}, after, people, nil, noon); err == nil {
		t.Error("a plan from nothing")
	}
}

func TestJUnit(t *testing.T) {
	files := Default()
	files["tests/more.yaml"] = "people: { staff/sam: {} }\ncases:\n  - { who: staff/sam, for: staff/sam, do: act, app: \"<x>\", expect: allow }\n"
	r := New().Inspect(files)
	var b strings.Builder
	if err := r.WriteJUnit(&b); err != nil {
		t.Fatal(err)
	}
	var suite junitSuite
	if err := xml.Unmarshal([]byte(b.String()), &suite); err != nil {
		t.Fatal(err)
	}
	if suite.Tests != len(r.Cases) || suite.Failures != 1 || suite.Cases[len(suite.Cases)-1].Failure != nil && suite.Tests < 40 {
		t.Errorf("%d tests, %d failures", suite.Tests, suite.Failures)
	}
	b.Reset()
	broken := New().Inspect(map[string]string{"a.cedar": "permit"})
	if err := broken.WriteJUnit(&b); err != nil || !strings.Contains(b.String(), `failures="1"`) {
		t.Error(err, b.String())
	}
}
