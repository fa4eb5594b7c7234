package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/steadhq/stead/client/admin"
	"go.yaml.in/yaml/v3"
)

// written puts files into a folder of the test, by name.
func written(t *testing.T, files map[string]string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for name, text := range files {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// What is wrong in a file is told with its line and what is nearest, all of it at once, before a server is asked.
func TestReadFilesWrong(t *testing.T) {
	for name, r := range map[string]struct{ file, text, want string }{
		"a field":              {"a.yaml", "people:\n  - { directory: staff, name: sam, emial: x }", "a.yaml:2: person has no emial: did you mean email?"},
		"two of them":          {"a.yaml", "people:\n  - { directory: staff, nam: sam }\n  - { directory: staff }", "a.yaml:3: person lacks name"},
		"a kind":               {"a.yaml", "kind: Persn\nname: sam", `a.yaml:1: there is no kind "Persn": did you mean Person?`},
		"a kind's case":        {"a.yaml", "kind: person\nname: sam", "did you mean Person?"},
		"a role":               {"a.yaml", "kind: Role\nname: admin", "a role is a group that the server's configuration names"},
		"an agent":             {"a.yaml", "kind: Agent\nname: report", "agents stand in a list"},
		"a kind of anything":   {"a.yaml", "kind: Spaceship", "known here are Person, Group"},
		"a list":               {"a.yaml", "poeple: []", "a.yaml:1: there is no poeple: did you mean people?"},
		"no list":              {"a.yaml", "people: { name: sam }", "people is a list"},
		"a number for a text":  {"a.yaml", "kind: Person\ndirectory: staff\nname: 101", `a.yaml:3: person.name is a text: write it in quotes, "101"`},
		"a day for a text":     {"a.yaml", "kind: Person\ndirectory: staff\nname: sam\nattributes: { since: 2026-01-01 }", "a.yaml:4: person.attributes.since is a text"},
		"nothing":              {"a.yaml", "kind: Person\ndirectory: staff\nname: sam\ngroups:", "a.yaml:4: person.groups is a list"},
		"a text for a list":    {"a.yaml", "kind: Person\ndirectory: staff\nname: sam\ngroups: support", "person.groups is a list"},
		"yes for true":         {"a.yaml", "kind: Person\ndirectory: staff\nname: sam\ndisabled: yes", "person.disabled is true or false"},
		"a name twice":         {"a.yaml", "kind: Person\nname: sam\nname: max\ndirectory: staff", "a.yaml:3: person.name is there twice"},
		"an anchor":            {"a.yaml", "people:\n  - &a { directory: staff, name: sam }\n  - *a", "anchors and aliases are not read here"},
		"somebody twice":       {"a.yaml", "people:\n  - { directory: staff, name: sam }\n  - { directory: staff, name: sam }", "a.yaml:3: staff/sam is there twice: first at"},
		"a name of the rule":   {"a.yaml", "kind: Person\ndirectory: staff\nname: a b", `staff/a b: "a b" is no name for the account`},
		"another's group":      {"a.yaml", "kind: Person\ndirectory: staff\nname: sam\ngroups: [customers/vip]", "no name for the group"},
		"a ';' in a group":     {"a.yaml", "kind: Person\ndirectory: staff\nname: sam\ngroups: ['a;admins']", "has a ';' in its name"},
		"an empty attribute":   {"a.yaml", "kind: Person\ndirectory: staff\nname: sam\nattributes: { a: '' }", "says nothing"},
		"two e-mails":          {"a.yaml", "kind: Person\ndirectory: staff\nname: sam\nemail: a@b.c\nattributes: { email: d@b.c }", "different things"},
		"an agent's directory": {"a.yaml", "kind: Person\ndirectory: agents\nname: sam", "for agents"},
		"half a number":        {"a.yaml", "kind: Thing\ntype: record\nid: a\nattributes: { size: 1.5 }", "a.yaml:4: thing.attributes.size: 1.5 is none of what policy knows"},
		"null":                 {"a.yaml", "kind: Thing\ntype: record\nid: a\nattributes: { size: null }", "none of what policy knows"},
		"no folder":            {"a.yaml", "kind: Policy\nfolder: nowhere", "a.yaml:1: there is no folder"},
		"no name":              {"a.yaml", "kind: Flow\nname: ''\npurpose: p", "a flow needs a name"},
		"no YAML":              {"a.yaml", "people: [", "this is no YAML: line"},
		"no JSON":              {"a.json", "{\n \"people\": [,]}", "this is no JSON: line 2"},
		"JSON cut off":         {"a.json", "{\n \"people\": [", "this is no JSON: line 2"},
		"JSON and more":        {"a.json", "{}\n{}", "there is more behind its end"},
		"JSON twice":           {"a.json", "{\"kind\": \"Person\",\n \"name\": \"a\",\n \"name\": \"b\", \"directory\": \"staff\"}", "a.json:3: person.name is there twice"},
		"Cedar's uid":          {"a.json", `[{"uid":"User::\"staff/sam\"","attrs":{},"parents":[]}]`, "uid is {type, id}"},
		"Cedar's directory":    {"a.json", `[{"uid":{"type":"User","id":"sam"},"attrs":{},"parents":[]}]`, "names no directory"},
		"Cedar's other group":  {"a.json", `[{"uid":{"type":"User","id":"staff/sam"},"attrs":{},"parents":[{"type":"Group","id":"customers/vip"}]}]`, "is in groups of the directory staff"},
		"what Stead says":      {"a.json", "[\n{\"uid\":{\"type\":\"User\",\"id\":\"staff/sam\"},\"attrs\":{\"privileged\":true},\"parents\":[]}]", "a.json:2: privileged of staff/sam is what Stead says of it"},
		"Cedar's realm":        {"a.json", `[{"uid":{"type":"Realm","id":"orders/shop"},"attrs":{},"parents":[]}]`, "Realm is supplied by Stead"},
		"Cedar's tags":         {"a.json", `[{"uid":{"type":"User","id":"staff/sam"},"attrs":{},"parents":[],"tags":{"a":1}}]`, "tags are never supplied"},
		"nothing at all":       {"a.yaml", "# nothing\n", "names nothing to apply"},
		"a word":               {"a.yaml", "people", "this is no document"},
	} {
		dir := written(t, map[string]string{r.file: r.text})
		_, err := (&env{}).readFiles([]string{filepath.Join(dir, r.file)})
		if codeOf(err) != exitUsage || !strings.Contains(err.Error(), r.want) {
			t.Errorf("%s: %v, want %q", name, err, r.want)
		}
	}
	if _, err := (&env{}).readFiles([]string{t.TempDir()}); codeOf(err) != exitUsage || !strings.Contains(err.Error(), "names nothing to apply") {
		t.Errorf("an empty folder: %v", err)
	}
	if _, err := (&env{}).readFiles([]string{"/nowhere.yaml"}); codeOf(err) != exitNotFound {
		t.Errorf("no file: %v", err)
	}
}

// A folder is read through, once, whatever form its files have; what Cedar calls entities becomes what Stead calls them.
func TestReadFiles(t *testing.T) {
	dir := written(t, map[string]string{
		"people.yaml":        "people:\n  - { directory: staff, name: sam, email: sam@example.com, groups: [support] }\n---\nkind: Group\ndirectory: staff\nname: support\nin: [everybody]\n",
		"deep/things.yml":    "kind: Thing\ntype: record\nid: \"7\"\nattributes: { owner: { __entity: { type: User, id: staff/sam } }, size: 9007199254740993, open: true, tags: [a] }\nin: [{ type: folder, id: f }]\n",
		"deep/cedar.json":    `[{"uid":{"__entity":{"type":"User","id":"staff/max"}},"attrs":{"role":"a\ud83d\ude00","level":3,"vip":true},"parents":[{"type":"Group","id":"staff/support"}]}, {"uid":{"type":"Group","id":"staff/everybody"},"attrs":{},"parents":[]}, {"uid":{"type":"record","id":"8"},"attrs":{"status":"open"},"parents":[]}]`,
		"rules/a.cedar":      "permit (principal, action, resource);",
		"rules/tests/a.yaml": "not read as a document",
		".hidden/x.yaml":     "nonsense",
		"README.md":          "nonsense",
	})
	got, err := (&env{}).readFiles([]string{dir, filepath.Join(dir, "people.yaml"), filepath.Join(dir, "deep/../people.yaml")})
	if err != nil {
		t.Fatal(err)
	}
	if len(got.people) != 2 || len(got.groups) != 2 || len(got.things) != 2 || len(got.policies) != 1 || len(got.policies[0].files) != 2 {
		t.Fatalf("%+v", got)
	}
	max := got.people[0]
	if max.id() != "staff/max" || cmp.Diff(*max.Attributes, map[string]string{"role": "a😀", "level": "3", "vip": "true"}) != "" || (*max.Groups)[0] != "support" {
		t.Errorf("%+v %v", max, max.Attributes)
	}
	text, err := got.things[1].entity()
	want := `{"attrs":{"open":true,"owner":{"__entity":{"id":"staff/sam","type":"User"}},"size":9007199254740993,"tags":["a"]},"parents":[{"id":"f","type":"folder"}],"uid":{"id":"7","type":"record"}}`
	if err != nil || text != want {
		t.Errorf("%v\n got %s\nwant %s", err, text, want)
	}
	ours, _, err := entitiesIn(map[string]string{appliedThings: listOf(map[string]string{"record/7": text})})
	if again := ours["record/7"]; err != nil || again != want {
		t.Errorf("what was written is read in the same form: %s", again)
	}
}

// Groups: those in groups, those that members name, and what only --prune takes away.
func TestPlanGroups(t *testing.T) {
	list := func(all ...string) *[]string { return &all }
	c := &circle{directory: "staff", there: map[string]admin.Person{
		"sam": {Account: "sam", Groups: []string{"a"}}, "max": {Account: "max", Groups: []string{"c", "b"}}, "eve": {Account: "eve"},
	}, people: map[string]aPerson{"eve": {Groups: list("b", "b")}}, groups: map[string]aGroup{
		"a": {Name: "a", In: []string{"staff/all"}}, "b": {Name: "b", Members: list("sam"), In: []string{"a"}}, "all": {Name: "all"}, "c": {Name: "c", Members: list()},
	}}
	for _, g := range c.groups {
		c.list(g)
	}
	for name, want := range map[string][2]string{"sam": {"a b all", "a b all"}, "max": {"c b a all", ""}, "eve": {"b a all", "b a all"}} {
		if got := strings.Join(c.groupsOf(name, false), " "); got != want[0] {
			t.Errorf("%s is in %q, want %q", name, got, want[0])
		}
		if got := strings.Join(c.groupsOf(name, true), " "); got != want[1] {
			t.Errorf("pruned, %s is in %q, want %q", name, got, want[1])
		}
	}
	for name, r := range map[string]struct {
		people map[string]aPerson
		groups map[string]aGroup
		want   string
	}{
		"a group that is not there":   {map[string]aPerson{"sam": {place: place{"f", 3}, Groups: list("suport")}}, map[string]aGroup{"support": {Name: "support"}}, "f:3: there is no group suport in staff: did you mean support?"},
		"one that it lies in":         {nil, map[string]aGroup{"x": {Name: "x", In: []string{"nothing"}}}, "there is no group nothing in staff"},
		"a circle":                    {nil, map[string]aGroup{"x": {Name: "x", In: []string{"y"}}, "y": {Name: "y", In: []string{"z"}}, "z": {Name: "z", In: []string{"staff/x"}}}, "groups go round: x in y in z in x"},
		"in itself":                   {nil, map[string]aGroup{"x": {Name: "x", In: []string{"x"}}}, "groups go round: x in x"},
		"a member who is not there":   {nil, map[string]aGroup{"x": {Name: "x", Directory: "staff", Members: list("maxx")}}, "there is no account staff/maxx: did you mean max?"},
		"one of another directory":    {nil, map[string]aGroup{"x": {Name: "x", Directory: "staff", Members: list("customers/dana")}}, "customers/dana is of another directory"},
		"a group that somebody is in": {map[string]aPerson{"sam": {Groups: list("b")}}, nil, ""},
		"two ways to one":             {nil, map[string]aGroup{"x": {In: []string{"y", "z"}}, "y": {In: []string{"w"}}, "z": {In: []string{"w"}}, "w": {}}, ""},
	} {
		one := &circle{directory: "staff", there: c.there, people: r.people, groups: r.groups}
		if got := strings.Join(one.check(), "\n"); !strings.Contains(got, r.want) || r.want == "" && got != "" {
			t.Errorf("%s: %q, want %q", name, got, r.want)
		}
	}
}

// An agent that is as its file says is not changed, however the file writes it.
func TestAgentFormsAgree(t *testing.T) {
	jwk := map[string]string{"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
	was := admin.Agent{ID: "prn_a", Account: "report", Name: "report", AgentKind: "company", Owner: admin.Who{ID: "prn_m", Directory: "staff", Account: "maya"}, Purpose: "p", Tier: "low",
		Keys: []string{"kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"}, Tasks: []admin.Task{{ID: "t", Purpose: "p", Length: "2h", Mode: "read-only"}}}
	body := admin.AgentBody{Name: "report", Kind: "company", Owner: "prn_m", Purpose: "p", Tier: "low", Keys: []map[string]string{jwk}, Tasks: []admin.Task{{ID: "t", Purpose: "p", Length: "120m", Mode: "read-only"}}}
	if d := differences(agentThere(was), agentWanted(body, was)); len(d) > 0 {
		t.Errorf("%+v", d)
	}
	body.Tier, body.Keys, body.Owner = "high", nil, "staff/omar"
	if d := differences(agentThere(was), agentWanted(body, was)); len(d) != 3 {
		t.Errorf("%+v", d)
	}
}

// The schema says of a file what the program says of it, and is what is published.
func TestFilesSchema(t *testing.T) {
	current(t, "files.schema.json", string(filesSchema()))
	var schema map[string]any
	if err := json.Unmarshal(filesSchema(), &schema); err != nil {
		t.Fatal(err)
	}
	examples, err := filepath.Glob("../../examples/*/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	docs := []string{"kind: Person\ndirectory: staff\nname: sam\ngroups: [a]", "[{uid: {type: User, id: staff/sam}, attrs: {a: 1}, parents: []}]", "people: []\nagents: []",
		"kind: Thing\ntype: record\nid: a\nattributes: { a: [1, b] }", "kind: Policy\nfolder: ."}
	for _, file := range examples {
		if strings.Contains(file, "apps") {
			continue
		}
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := (&env{}).readFiles([]string{file}); err != nil && !strings.Contains(file, "agents/") {
			t.Errorf("%s: %v", file, err)
		}
		docs = append(docs, strings.Split(string(raw), "\n---\n")...)
	}
	for _, text := range docs {
		var v any
		if err := yaml.Unmarshal([]byte(text), &v); err != nil {
			t.Fatal(err)
		}
		if wrong := fits("it", schema, plainly(v)); len(wrong) > 0 {
			t.Errorf("%s\n%s", text, strings.Join(wrong, "\n"))
		}
	}
	for _, text := range []string{"kind: Persn", "kind: Person\nname: a", "kind: Person\nname: a\ndirectory: b\nshwn: c", "people: { a: b }", "people: [ { name: 7, directory: a } ]", "kind: Agent\nname: a"} {
		var v any
		if err := yaml.Unmarshal([]byte(text), &v); err != nil {
			t.Fatal(err)
		}
		if len(fits("it", schema, plainly(v))) == 0 {
			t.Errorf("the schema lets %s pass", text)
		}
	}
}

// FuzzFiles: no text makes the reader fall over, and what it lets pass has a name.
func FuzzFiles(f *testing.F) {
	for _, s := range []string{"kind: Person\nname: a\ndirectory: b", "people: [{}]", `[{"uid":{"type":"User","id":"a/b"}}]`, "kind: [a]", "? {a: b}\n: c", "kind: Thing\nid: a\ntype: b\nattributes: {a: {b: [{}]}}", "{", "- - -", "a: &a [*a]"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		all, err := documents("a.yaml", []byte(text))
		if err != nil {
			return
		}
		r, fill := &filesReader{e: &env{}}, &filler{file: "a.yaml"}
		for _, n := range all {
			r.document(fill, n)
		}
		for _, p := range r.out.people {
			if len(fill.wrong) == 0 && reflect.ValueOf(p).IsZero() {
				t.Errorf("%q is somebody", text)
			}
		}
	})
}
