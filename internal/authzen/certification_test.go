package authzen_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/steadhq/stead/e2e/stage"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/cedar"
)

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

// The certification scenario: every request is answered as the block behind it says, or as its section says.
func TestCertification(t *testing.T) {
	var blocks []stage.Block
	if !stage.Vectors(t, "certification-blocks.json", &blocks) {
		return
	}
	w := recordsWorld(t)
	asked := stage.Certify(t, blocks, func(at, body string, head ...string) (int, http.Header, string) {
		a := w.send(desk, at, body, head...)
		return a.code, a.head, a.body
	})
	if asked < 50 {
		t.Errorf("only %d requests were found", asked)
	}
	t.Logf("%d requests", asked)
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
		if !stage.Vectors(t, name, &all) {
			return
		}
		for _, e := range all.Evaluation {
			if s := w.ask(desk, evaluation, string(e.Request)); s.yes() != e.Expected {
				t.Errorf("%s: %v %q, want %v", e.Request, s.yes(), s.Context.Reason, e.Expected)
			}
		}
		for _, e := range all.Evaluations {
			stage.Fits(t, name, w.send(desk, evaluations, string(e.Request)).body, `{"evaluations":`+string(e.Expected)+`}`)
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
	if !stage.Vectors(t, "idp/results.json", &all) || !stage.Vectors(t, "idp/records.json", &list) {
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
		stage.Fits(t, string(s.Request), w.send(desk, "/access/v1/search/resource", string(s.Request)).body, string(s.Expected))
	}
	t.Logf("%d searches", len(all.Search))
}
