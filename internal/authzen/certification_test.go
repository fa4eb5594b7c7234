package authzen_test

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/cedar"
)

// vectors reads one of the official files, which are not part of this project. Where there are none, it says so and gives
// nothing: what is asked here of Stead stands in other tests too.
func vectors(t *testing.T, name string, v any) bool {
	t.Helper()
	dir := os.Getenv("STEAD_VECTORS")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "vectors")
	}
	raw, err := os.ReadFile(filepath.Join(dir, "authzen", name))
	if err != nil {
		t.Logf("the official vectors are not here (%v): set STEAD_VECTORS", err)
		return false
	}
	if err := json.Unmarshal(raw, v); err != nil {
		t.Fatal(err)
	}
	return true
}

// The fixture of the certification scenario, in Stead's words: people, their attributes, two records and four rules.
const (
	recordTypes = `
@app("records") entity record = { owner?: User, status?: String };
action delete appliesTo { principal: [User], resource: [record], context: { soft?: Bool } };
`
	recordRules = `
@id("records-read") @owner("records")
permit (principal, action == Action::"read", resource is record) when { resource has status && resource.status == "active" };
@id("records-write") @owner("records")
permit (principal, action == Action::"write", resource is record)
when { resource has owner && resource.owner == principal && resource has status && resource.status == "active" };
@id("records-archive") @owner("records")
permit (principal is User, action == Action::"write", resource is record)
when { principal has role && principal.role == "admin" && resource has status && resource.status == "archived" };
@id("records-delete") @owner("records")
permit (principal, action == Action::"delete", resource is record)
when { context has soft && context.soft && resource has owner && resource.owner == principal };
`
	records = `[
{"uid":{"type":"record","id":"record-1"},"attrs":{"owner":{"__entity":{"type":"User","id":"fixture/alice"}},"status":"active"},"parents":[]},
{"uid":{"type":"record","id":"record-2"},"attrs":{"owner":{"__entity":{"type":"User","id":"fixture/alice"}},"status":"archived"},"parents":[]}]`
)

// schema is that of the default policy with types of an application's own, on which read and write may be asked too.
func schema(user, more string, resources ...string) string {
	s := cedar.Default()[cedar.SchemaName]
	s = strings.Replace(s, "vip?: Bool,", "vip?: Bool, "+user, 1)
	for _, actions := range []string{"read, mark, watch in [look]", "write, open in [change]"} {
		head := "action " + actions + " appliesTo { principal: [User, Agent, Service], resource: ["
		s = strings.Replace(s, head+"Realm]", head+strings.Join(append([]string{"Realm"}, resources...), ", ")+"]", 1)
	}
	return s + more
}

func recordsWorld(t *testing.T) *world {
	t.Helper()
	w := newWorld(t, map[string]string{cedar.SchemaName: schema("role?: String,", recordTypes, "record"), "records.cedar": recordRules,
		"entities/records.json": records}, "records")
	w.enroll(authority.NewPerson{Directory: "fixture", Name: "alice"},
		authority.NewPerson{Directory: "fixture", Name: "bob", Attributes: map[string]string{"role": "admin"}})
	w.finds = []string{"fixture"}
	w.open("https://stead.test")
	return w
}

func (w *world) enroll(all ...authority.NewPerson) {
	w.t.Helper()
	if _, err := w.Enroll(w.t.Context(), w.Login("staff/root", "stead.test"), all); err != nil {
		w.t.Fatal(err)
	}
}

// A block is one JSON body of the certification scenario, with the section it stands in.
type block struct {
	Section string
	JSON    json.RawMessage
}

// The certification scenario: every request is answered as the block behind it says, or as its section says.
func TestCertification(t *testing.T) {
	var blocks []block
	if !vectors(t, "certification-blocks.json", &blocks) {
		return
	}
	w := recordsWorld(t)
	asked := 0
	for i, b := range blocks {
		at := endpoint(b)
		if at == "" {
			continue
		}
		asked++
		var want json.RawMessage
		if i+1 < len(blocks) && blocks[i+1].Section == b.Section && endpoint(blocks[i+1]) == "" {
			want = blocks[i+1].JSON
		}
		body := string(b.JSON)
		code := 200
		if strings.HasPrefix(b.Section, "c-2-4") || strings.HasPrefix(b.Section, "c-4-7") {
			code = 400
		}
		for _, at := range everywhere(b, at) {
			first := w.send(desk, at, body, "X-Request-Id", "certified")
			again := w.send(desk, at, body)
			if strings.Contains(body, "next_token") {
				code = 400 // a token that nobody gave
			}
			if first.code != code || first.code != again.code || first.head.Get("X-Request-Id") != "certified" {
				t.Errorf("%s %s: %d %s, want %d", b.Section, body, first.code, first.body, code)
				continue
			}
			if code == 200 && len(want) > 0 && string(want) != "null" {
				fits(t, b.Section, first.body, string(want))
			}
			if code == 200 && outcome(t, first.body) != outcome(t, again.body) {
				t.Errorf("%s: another answer to the same request: %s, then %s", b.Section, first.body, again.body)
			}
		}
	}
	if asked < 50 {
		t.Errorf("only %d requests were found", asked)
	}
	t.Logf("%d requests", asked)
}

// endpoint tells where a block is sent; "" is an answer, or nothing.
func endpoint(b block) string {
	var f map[string]json.RawMessage
	if json.Unmarshal(b.JSON, &f) != nil || f["decision"] != nil || f["results"] != nil || f["policy_decision_point"] != nil {
		return ""
	}
	if raw := f["evaluations"]; raw != nil && f["subject"] == nil && f["action"] == nil && strings.Contains(string(raw), `"decision"`) {
		return ""
	}
	if len(f) == 0 {
		return ""
	}
	switch b.Section[:3] {
	case "c-2":
		return evaluation
	case "c-3":
		return evaluations
	}
	for prefix, at := range map[string]string{"c-4-2": "subject", "c-4-3": "resource", "c-4-4": "action", "c-4-5": "subject"} {
		if strings.HasPrefix(b.Section, prefix) {
			return "/access/v1/search/" + at
		}
	}
	if f["action"] == nil && !strings.HasPrefix(b.Section, "c-4-7") {
		return "/access/v1/search/action"
	}
	return "/access/v1/search/subject"
}

// everywhere is every endpoint at which a wrong search is wrong.
func everywhere(b block, at string) []string {
	if !strings.HasPrefix(b.Section, "c-4-7") {
		return []string{at}
	}
	var f map[string]json.RawMessage
	if json.Unmarshal(b.JSON, &f) == nil && f["action"] == nil {
		return []string{"/access/v1/search/subject", "/access/v1/search/resource", "/access/v1/search/action"}
	}
	if f["subject"] == nil {
		return []string{"/access/v1/search/subject", "/access/v1/search/resource", "/access/v1/search/action"}
	}
	return []string{"/access/v1/search/subject", "/access/v1/search/resource"}
}

// fits tells whether an answer has everything that is expected of it, lists in any order.
func fits(t *testing.T, what, got, want string) {
	t.Helper()
	if d := cmp.Diff(outcome(t, want), outcome(t, got)); d != "" {
		t.Errorf("%s: %s, want %s", what, got, want)
	}
}

// outcome is what an answer says, without ids of decisions.
func outcome(t *testing.T, body string) string {
	t.Helper()
	var v struct {
		Decision    *bool
		Evaluations []struct{ Decision bool }
		Results     []map[string]string
	}
	if err := json.Unmarshal([]byte(body), &v); err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, r := range v.Results {
		all = append(all, r["type"]+":"+r["id"]+r["name"])
	}
	slices.Sort(all)
	raw, err := json.Marshal([]any{v.Decision, v.Evaluations, all})
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// The todo application of the interop events: everything is said by its service, and every payload is answered as expected.
func TestTodoInterop(t *testing.T) {
	people := map[string][2]string{ // who, and in which role
		"CiRmZDA2MTRkMy1jMzlhLTQ3ODEtYjdiZC04Yjk2ZjVhNTEwMGQSBWxvY2Fs": {"rick@the-citadel.com", "admin"},
		"CiRmZDE2MTRkMy1jMzlhLTQ3ODEtYjdiZC04Yjk2ZjVhNTEwMGQSBWxvY2Fs": {"morty@the-citadel.com", "editor"},
		"CiRmZDI2MTRkMy1jMzlhLTQ3ODEtYjdiZC04Yjk2ZjVhNTEwMGQSBWxvY2Fs": {"summer@the-smiths.com", "editor"},
		"CiRmZDM2MTRkMy1jMzlhLTQ3ODEtYjdiZC04Yjk2ZjVhNTEwMGQSBWxvY2Fs": {"beth@the-smiths.com", "viewer"},
		"CiRmZDQ2MTRkMy1jMzlhLTQ3ODEtYjdiZC04Yjk2ZjVhNTEwMGQSBWxvY2Fs": {"jerry@the-smiths.com", "viewer"},
	}
	w := newWorld(t, map[string]string{cedar.SchemaName: schema("mail?: String,", `
@app("todo") entity user;
@app("todo") entity todo = { ownerID?: String };
action can_read_user appliesTo { principal: [User], resource: [user] };
action can_read_todos, can_create_todo, can_update_todo, can_delete_todo appliesTo { principal: [User], resource: [todo] };
`), "todo.cedar": `
@id("see") @owner("todo") permit (principal, action in [Action::"can_read_user", Action::"can_read_todos"], resource);
@id("create") @owner("todo")
permit (principal, action == Action::"can_create_todo", resource) when { principal in [Group::"todo/editor", Group::"todo/admin"] };
@id("change-all") @owner("todo")
permit (principal in Group::"todo/admin", action in [Action::"can_update_todo", Action::"can_delete_todo"], resource);
@id("change-own") @owner("todo")
permit (principal in Group::"todo/editor", action in [Action::"can_update_todo", Action::"can_delete_todo"], resource is todo)
when { resource has ownerID && principal has mail && resource.ownerID == principal.mail };
`}, "todo")
	for _, id := range slices.Sorted(maps.Keys(people)) {
		w.enroll(authority.NewPerson{Directory: "todo", Name: id, Groups: []string{people[id][1]}, Attributes: map[string]string{"mail": people[id][0]}})
	}
	w.finds = []string{"todo"}
	w.open("https://stead.test")
	for _, name := range []string{"todo/decisions-authorization-api-1_0-01.json", "todo/decisions-authorization-api-1_0-02.json"} {
		var all struct {
			Evaluation []struct {
				Request  json.RawMessage
				Expected bool
			}
			Evaluations []struct {
				Request  json.RawMessage
				Expected json.RawMessage
			}
		}
		if !vectors(t, name, &all) {
			return
		}
		for _, e := range all.Evaluation {
			if s := w.ask(desk, evaluation, string(e.Request)); s.yes() != e.Expected {
				t.Errorf("%s: %v %q, want %v", e.Request, s.yes(), s.Context.Reason, e.Expected)
			}
		}
		for _, e := range all.Evaluations {
			fits(t, name, w.send(desk, evaluations, string(e.Request)).body, `{"evaluations":`+string(e.Expected)+`}`)
		}
		t.Logf("%s: %d and %d", name, len(all.Evaluation), len(all.Evaluations))
	}
}

// The search of the interop events: who owns a record deletes it, whoever is in the department reads it.
func TestSearchInterop(t *testing.T) {
	var all struct {
		Search []struct {
			Request  json.RawMessage
			Expected json.RawMessage
		}
	}
	var list []struct{ ID, Owner string }
	if !vectors(t, "idp/results.json", &all) || !vectors(t, "idp/records.json", &list) {
		return
	}
	var entities []map[string]any
	people := map[string]bool{}
	for _, r := range list {
		entities = append(entities, map[string]any{"uid": map[string]string{"type": "record", "id": r.ID}, "parents": []string{},
			"attrs": map[string]any{"owner": map[string]any{"__entity": map[string]string{"type": "User", "id": "idp/" + r.Owner}}}})
		people[r.Owner] = true
	}
	raw, err := json.Marshal(entities)
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, map[string]string{cedar.SchemaName: schema("role?: String,", recordTypes, "record"), "entities/records.json": string(raw),
		"records.cedar": `@id("own") @owner("records") permit (principal, action == Action::"delete", resource is record) when { resource has owner && resource.owner == principal };`}, "records")
	for name := range people {
		w.enroll(authority.NewPerson{Directory: "idp", Name: name})
	}
	w.finds = []string{"idp"}
	w.open("https://stead.test")
	for _, s := range all.Search {
		fits(t, string(s.Request), w.send(desk, "/access/v1/search/resource", string(s.Request)).body, string(s.Expected))
	}
	t.Logf("%d searches", len(all.Search))
}
