package cedar

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	cedargo "github.com/cedar-policy/cedar-go"
	"github.com/cedar-policy/cedar-go/types"
	"pgregory.net/rapid"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
)

// plainly is what cedar.Authorize says of every rule, without index and memory: the oracle.
func plainly(b *bundle, c *authority.Case) (allow bool, rules []string, errors int) {
	f, err := b.shape.newFacts(c, names{whole: true})
	if err != nil { // an attribute that does not fit, and perhaps no rule reads
		if f, err = b.shape.newFacts(c, b.plans[c.Action].names); err != nil {
			return false, nil, 1
		}
	}
	set := cedargo.NewPolicySet()
	for _, r := range b.index.rules {
		set.Add(cedargo.PolicyID(r.ref.ID), r.policy)
	}
	decision, why := cedargo.Authorize(set, f, f.req)
	for _, r := range why.Reasons {
		rules = append(rules, string(r.PolicyID))
	}
	slices.Sort(rules)
	if decision == cedargo.Allow && len(why.Errors) > 0 {
		rules = nil
	}
	return decision == cedargo.Allow && len(why.Errors) == 0, rules, len(why.Errors)
}

// Index on ≡ plain Cedar, memory on ≡ memory off, over random rules and cases (S-I18, G1).
func TestIndexAndMemoryChangeNoAnswer(t *testing.T) {
	supplied := New().supplied
	rapid.Check(t, func(t *rapid.T) {
		var rules []*rule
		for i := range rapid.IntRange(1, 12).Draw(t, "rules") {
			text := fmt.Sprintf("@id(\"r%02d\") %s", i, drawRule(t))
			var p cedargo.Policy
			if err := p.UnmarshalCedar([]byte(text)); err != nil {
				t.Fatalf("%s: %v", text, err)
			}
			r, problems := newRule(&p)
			if invalid(problems) != nil {
				t.Fatal(problems)
			}
			rules = append(rules, r)
		}
		s, _ := newShape("schema", supplied, supplied)
		remembering := newBundle("digest", s, rules)
		forgetful := newBundle("digest", s, rules)
		forgetful.cache = nil
		for range 4 { // neighbours differ in one thing each, so that a key which misses it is found out
			c := drawCase(t)
			for range 24 {
				compareAnswers(t, remembering, forgetful, &c)
				c = neighbour(t, c)
			}
		}
	})
}

func compareAnswers(t interface {
	Helper()
	Fatalf(string, ...any)
}, remembering, forgetful *bundle, c *authority.Case) {
	t.Helper()
	got, cold := remembering.judge(c), forgetful.judge(c)
	warm := remembering.judge(c)
	if !reflect.DeepEqual(got, cold) || !reflect.DeepEqual(got, warm) {
		t.Fatalf("memory changes the answer: %+v\ncold %+v\nwarm %+v", got, cold, warm)
	}
	if expressible(c) != "" || c.Action == "unknown" {
		if got.Allow || len(got.Errors) == 0 {
			t.Fatalf("what cannot be asked is not refused: %+v", got)
		}
		return
	}
	allow, rules, errors := plainly(forgetful, c)
	var ids []string
	for _, r := range got.Rules {
		ids = append(ids, r.ID)
	}
	slices.Sort(ids)
	if got.Allow != allow || !slices.Equal(ids, rules) || len(got.Errors) != errors {
		t.Fatalf("the index changes the answer: %+v\nplain %v %v %d errors", got, allow, rules, errors)
	}
}

var (
	drawnGroups  = []string{"a", "b", "a/b", "a,b", "", "ä"}
	drawnNames   = []string{"x", "y", "x/y"}
	drawnHeads   = []string{"", "== User::\"d/x\"", "in Group::\"d/a\"", "in Group::\"d/a/b\"", "is User", "is Agent in Group::\"d/a\"", "== Agent::\"d/x\"", "in Group::\"d/\""}
	drawnActions = []string{"", "== Action::\"act\"", "in Action::\"look\"", "in [Action::\"read\", Action::\"look\", Action::\"write\"]", "== Action::\"read\""}
	drawnPlaces  = []string{"in App::\"p\"", "== Realm::\"p/m\"", "is Realm"}
	drawnTests   = []string{
		"principal has vip && principal.vip", "resource has acting && resource.acting == \"refused\"", "context.level > 1",
		"context.mode == \"edit\"", "context has ticket && context.ticket like \"S*\"", "context.hour < 12",
		"context.amr.contains(\"otp\")", "context.nothing == 1", "principal.privileged", "principal.disabled",
		"context has address && context.address.isInRange(ip(\"10.0.0.0/8\"))", "principal in [Group::\"d/b\", Group::\"d/ä\"]",
		"context has subject && context.subject in Group::\"d/a\"", "context has path && context.path == \"/x\"",
		"context has minutes && context.minutes > 5", "resource in Group::\"d/b\"", "context == {}", "context has now",
		"context has reason && context.reason == \"x\"", "context has realm && context.realm == \"m\"", "resource.name == \"y\"",
		"principal.name == context.mode",
	}
)

func drawRule(t *rapid.T) string {
	pick := func(from []string, what string) string { return rapid.SampledFrom(from).Draw(t, what) }
	permit := rapid.Bool().Draw(t, "permit")
	head := "forbid"
	if permit {
		head = pick([]string{"permit", "@max(\"5m\") permit", "@ticket(\"^S$\") permit", "@ticket(\"^T$\") permit", "@mode(\"edit\") permit"}, "head")
	}
	text := head + " (principal " + pick(drawnHeads, "who") + ", action " + pick(drawnActions, "do") + ", resource " +
		pick(append(drawnPlaces, drawnHeads...), "what") + ")"
	for range rapid.IntRange(0, 2).Draw(t, "clauses") {
		text += pick([]string{" when", " unless"}, "if") + " { " + pick(drawnTests, "test") + " }"
	}
	return text + ";"
}

func drawCase(t *rapid.T) authority.Case {
	pick := func(from ...string) string { return rapid.SampledFrom(from).Draw(t, "value") }
	c := authority.Case{
		Action:    stead.Action(pick("act", "read", "mark", "watch", "write", "closed", "open", "export", "unknown")),
		Capacity:  authority.Capacity(pick("self", "for-other")),
		Principal: drawPerson(t, "1"), Subject: drawPerson(t, "2"),
		App:  &stead.App{ID: stead.AppID(pick("p", "q")), Aware: rapid.Bool().Draw(t, "aware"), Privileged: [][]string{nil, {"a", "vip=true"}, {"d/b"}}[rapid.IntRange(0, 2).Draw(t, "marks")]},
		Path: pick("/x", "/y"), Mode: stead.Mode(pick("", "read-only", "edit")),
		Purpose: stead.Purpose{Reason: pick("", "x"), Ticket: pick("", "S", "T", "U")},
		Level:   rapid.IntRange(0, 2).Draw(t, "level"), AMR: [][]string{nil, {"otp"}, {"pwd", "otp"}}[rapid.IntRange(0, 2).Draw(t, "amr")],
		Length: authorityLength(t), Address: pick("", "10.1.1.1", "10.1.1.1:80", "192.0.2.1", "::1", "nowhere"), Now: noon,
	}
	if rapid.Bool().Draw(t, "realm") {
		c.Realm = &stead.Realm{ID: stead.RealmID(pick("m", "n")), Level: rapid.IntRange(0, 1).Draw(t, "level")}
	}
	if rapid.IntRange(0, 5).Draw(t, "alone") == 0 {
		c.Subject = nil
	}
	return c
}

// neighbour is c with one part taken from another case.
func neighbour(t *rapid.T, c authority.Case) authority.Case {
	o := drawCase(t)
	switch rapid.IntRange(0, 15).Draw(t, "changed") {
	case 0:
		c.Action = o.Action
	case 1:
		c.Capacity = o.Capacity
	case 2:
		c.App = o.App
	case 3:
		c.Realm = o.Realm
	case 4:
		c.Path = o.Path
	case 5:
		c.Mode = o.Mode
	case 6:
		c.Purpose.Reason = o.Purpose.Reason
	case 7:
		c.Purpose.Ticket = o.Purpose.Ticket
	case 8:
		c.Level = o.Level
	case 9:
		c.AMR = o.AMR
	case 10:
		c.Length = o.Length
	case 11:
		c.Address = o.Address
	case 12:
		c.Now = c.Now.Add(7 * time.Hour)
	case 13:
		c.Principal = changed(t, *c.Principal, o.Principal)
	case 14:
		c.Subject = o.Subject
	default:
		if c.Subject != nil && o.Subject != nil {
			c.Subject = changed(t, *c.Subject, o.Subject)
		}
	}
	return c
}

func changed(t *rapid.T, p stead.Principal, o *stead.Principal) *stead.Principal {
	switch rapid.IntRange(0, 5).Draw(t, "of him") {
	case 0:
		p.Groups = o.Groups
	case 1:
		p.Attributes = o.Attributes
	case 2:
		p.Disabled = o.Disabled
	case 3:
		p.Directory = o.Directory
	case 4:
		p.Kind = o.Kind
	default:
		p.Name = o.Name
	}
	return &p
}

func drawPerson(t *rapid.T, id string) *stead.Principal {
	p := &stead.Principal{
		ID: stead.PrincipalID(id), Kind: rapid.SampledFrom([]stead.PrincipalKind{stead.Person, stead.Agent, stead.Person, stead.Person, stead.Service, "ghost"}).Draw(t, "kind"),
		Directory: rapid.SampledFrom([]string{"d", "d", "d", "e", "d/a"}).Draw(t, "directory"), Name: rapid.SampledFrom(drawnNames).Draw(t, "name"),
		Groups:   rapid.SliceOfN(rapid.SampledFrom(drawnGroups), 0, 4).Draw(t, "groups"),
		Disabled: rapid.Bool().Draw(t, "disabled"),
	}
	if rapid.Bool().Draw(t, "described") {
		p.Attributes = map[string]string{
			"vip":    rapid.SampledFrom([]string{"true", "false", "perhaps"}).Draw(t, "vip"),
			"acting": rapid.SampledFrom([]string{"refused", ""}).Draw(t, "acting"),
		}
	}
	return p
}

// The published corpus of Cedar: the index finds what cedar.Authorize finds, and both find what the corpus expects.
func TestPublishedCorpus(t *testing.T) {
	root := os.Getenv("STEAD_VECTORS")
	if root == "" {
		root = filepath.Join("..", "..", "..", "shared", "vectors")
	}
	files, _ := filepath.Glob(filepath.Join(root, "cedar", "tests", "*", "*.json"))
	t.Logf("%d corpus files", len(files))
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(filepath.Dir(file))+"/"+filepath.Base(file), ".json"), func(t *testing.T) {
			runCorpus(t, filepath.Join(root, "cedar"), file)
		})
	}
}

type corpusFile struct {
	Policies, Entities string
	Requests           []struct {
		Description string
		Principal   types.EntityUID
		Action      types.EntityUID
		Resource    types.EntityUID
		Context     types.Record
		Decision    string
		Reason      []string
		Errors      []string
	}
}

func runCorpus(t *testing.T, root, file string) {
	var corpus corpusFile
	readJSON(t, file, &corpus)
	var entities types.EntityMap
	readJSON(t, filepath.Join(root, corpus.Entities), &entities)
	text, err := os.ReadFile(filepath.Join(root, corpus.Policies))
	if err != nil {
		t.Fatal(err)
	}
	list, err := cedargo.NewPolicyListFromBytes("corpus", text)
	if err != nil {
		t.Fatal(err)
	}
	var rules []*rule
	for i, p := range list {
		r, _ := newRule(p)
		r.ref.ID = fmt.Sprintf("policy%d", i)
		rules = append(rules, r)
	}
	x := newIndex(rules)
	for _, q := range corpus.Requests {
		f := &facts{req: cedargo.Request{Principal: q.Principal, Action: q.Action, Resource: q.Resource, Context: q.Context}}
		for _, e := range entities {
			e.Attributes = implicit(e.Attributes).(types.Record)
			f.known = append(f.known, e)
		}
		found := x.candidates(nil, closure(entities, q.Principal), closure(entities, q.Action), closure(entities, q.Resource))
		said := authorize(found, f)
		var ids []string
		for _, r := range said.rules {
			ids = append(ids, r.ref.ID)
		}
		slices.Sort(ids)
		slices.Sort(q.Reason)
		if said.allow != (q.Decision == "allow" && len(q.Errors) == 0) || !slices.Equal(ids, q.Reason) || len(said.errors) != len(q.Errors) {
			t.Errorf("%s: got %v %v %v, want %s %v %v", q.Description, said.allow, ids, said.errors, q.Decision, q.Reason, q.Errors)
		}
	}
}

// implicit makes entities of what the corpus, knowing its schema, writes as {"type": …, "id": …}.
func implicit(v types.Value) types.Value {
	switch v := v.(type) {
	case types.Set:
		var all []types.Value
		for e := range v.All() {
			all = append(all, implicit(e))
		}
		return types.NewSet(all...)
	case types.Record:
		t, typed := v.Get("type")
		id, named := v.Get("id")
		if typed && named && v.Len() == 2 {
			return types.EntityUID{Type: types.EntityType(t.(types.String)), ID: id.(types.String)}
		}
		m := v.Map()
		for k, e := range m {
			m[k] = implicit(e)
		}
		return types.NewRecord(m)
	}
	return v
}

func closure(entities types.EntityMap, of types.EntityUID) kin {
	k := kin{of}
	for i := 0; i < len(k); i++ {
		if e, ok := entities[k[i]]; ok {
			for p := range e.Parents.All() {
				if !slices.Contains(k, p) {
					k = append(k, p)
				}
			}
		}
	}
	return k
}

func readJSON(t *testing.T, file string, into any) {
	t.Helper()
	b, err := os.ReadFile(file)
	if err == nil {
		err = json.Unmarshal(b, into)
	}
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
}
