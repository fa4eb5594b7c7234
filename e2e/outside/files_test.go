package outside

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/steadhq/stead/e2e/stage"
	"github.com/steadhq/stead/internal/cedar"
)

// put writes a file of a folder, and the folders above it.
func put(t *testing.T, dir, name, text string) string {
	t.Helper()
	file := filepath.Join(dir, name)
	err := os.MkdirAll(filepath.Dir(file), 0o700)
	if err == nil {
		err = os.WriteFile(file, []byte(text), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	return file
}

const asker = "the secret of whoever asks, long enough: "

// callable starts a server that is asked about records and todo, and tells who puts files in force there.
func callable(t *testing.T) (w *world, ada, bob string) {
	t.Helper()
	secrets := t.TempDir()
	callers := ""
	for id, app := range map[string]string{"fixture": "records", "todo": "todo", "idp": "records"} {
		callers += fmt.Sprintf("  - { id: %s, secret_file: %q, apps: [%s], directories: [%s] }\n", id, put(t, secrets, id, asker+id), app, id)
	}
	w, _, link := serveFor(t, "[ { id: staff, label: Staff }, { id: fixture, label: F }, { id: todo, label: T }, { id: idp, label: I } ]", func(string) string {
		return "authzen:\n  systems: [records, todo]\n  callers:\n" + callers
	})
	ada, bob = w.staffed(t, link)
	return w, ada, bob
}

// staffed gives a new server two people: ada, who applies files, and bob, for whom the operator vouched. It gives the folders of
// their profiles.
func (w *world) staffed(t *testing.T, link string) (ada, bob string) {
	t.Helper()
	c := stranger(w)
	secret, _ := first(t, c, strings.TrimPrefix(link, w.Console+"/setup?token="))
	enter := func(name, secret string, ahead time.Duration) string {
		dir := t.TempDir()
		cli(t, dir, "a few plain words\n", "login", "staff/"+name, "--addr", w.Console, "--password-file", "-", "--code", codeAt(t, secret, ahead)).exits(t, name, 0)
		return dir
	}
	ada = enter("ada", secret, 30*time.Second)
	cli(t, ada, "a few plain words\n", "person", "add", "staff/bob", "--group", "security", "--password-file", "-").exits(t, "bob", 0)
	own := stranger(w)
	own.in(t, "bob", "", 0) // what ada had given him she would have still: he sets up his authenticator himself
	own.json(t, "PUT", w.Console+"/v1/factor", map[string]any{"totp_secret": codes, "code": codeAt(t, codes, 0), "proof": "a few plain words"}).is(t, "his factor", 204)
	w.stop(t)
	cli(t, t.TempDir(), "", "person", "vouch", "staff/bob", "--config", filepath.Join(filepath.Dir(w.data), "stead.yaml"), "--reason", "known in person").exits(t, "vouched for", 0)
	w.again(t)
	stranger(w).waits(t)
	return ada, enter("bob", codes, 30*time.Second)
}

var digest = regexp.MustCompile(`stead policy apply ([0-9a-f]{64})`)

// house applies files as ada, and bob puts their policy in force; then nothing is left to do.
func house(t *testing.T, ada, bob string, files ...string) {
	t.Helper()
	args := []string{"apply"}
	for _, f := range files {
		args = append(args, "-f", f)
	}
	said := cli(t, ada, "", args...).exits(t, "apply", 0)
	found := digest.FindStringSubmatch(said.err)
	if found == nil {
		t.Fatalf("no policy is staged:\n%s\n%s", said.out, said.err)
	}
	cli(t, ada, "", "policy", "apply", found[1]).exits(t, "the author's own yes", 3)
	cli(t, bob, "", "policy", "apply", found[1]).exits(t, "the second person's", 0)
	again := cli(t, ada, "", args...).exits(t, "apply again", 0)
	holds(t, "applied again", again.err, "0 made, 0 changed")
}

const (
	fileTypes = `
@app("records") entity record = { owner?: User, status?: String };
action delete appliesTo { principal: [User], resource: [record], context: { soft?: Bool } };
@app("todo") entity user;
@app("todo") entity todo = { ownerID?: String };
action can_read_user appliesTo { principal: [User], resource: [user] };
action can_read_todos, can_create_todo, can_update_todo, can_delete_todo appliesTo { principal: [User], resource: [todo] };
`
	fileRules = `
@id("records-read") @owner("records")
permit (principal, action == Action::"read", resource is record) when { resource has status && resource.status == "active" };
@id("records-write") @owner("records")
permit (principal, action == Action::"write", resource is record)
when { resource has owner && resource.owner == principal && resource has status && resource.status == "active" };
@id("records-archive") @owner("records")
permit (principal is User, action == Action::"write", resource is record)
when { principal has role && principal.role == "admin" && resource has status && resource.status == "archived" };
@id("records-delete") @owner("records")
permit (principal is User, action == Action::"delete", resource is record)
when { resource has owner && resource.owner == principal && (principal.directory == "idp" || context has soft && context.soft) };
@id("see") @owner("todo") permit (principal, action in [Action::"can_read_user", Action::"can_read_todos"], resource);
@id("create") @owner("todo")
permit (principal, action == Action::"can_create_todo", resource) when { principal in [Group::"todo/editor", Group::"todo/admin"] };
@id("change-all") @owner("todo")
permit (principal in Group::"todo/admin", action in [Action::"can_update_todo", Action::"can_delete_todo"], resource);
@id("change-own") @owner("todo")
permit (principal in Group::"todo/editor", action in [Action::"can_update_todo", Action::"can_delete_todo"], resource is todo)
when { resource has ownerID && principal has email && resource.ownerID == principal.email };
`
)

// rulebook writes the default policy with types and rules of the applications.
func rulebook(t *testing.T, dir string) {
	t.Helper()
	for name, text := range cedar.Default() {
		if name == cedar.SchemaName {
			text = strings.Replace(text, "vip?: Bool,", "vip?: Bool, role?: String, email?: String,", 1) + fileTypes
			for _, head := range []string{"action read, mark, watch in [look]", "action write, open in [change]"} {
				head += " appliesTo { principal: [User, Agent, Service], resource: ["
				text = strings.Replace(text, head+"Realm]", head+"Realm, record]", 1)
			}
		}
		put(t, dir, name, text)
	}
	put(t, dir, "applications.cedar", fileRules)
}

// A decided is a request of the todo application, and what is right.
type decided struct {
	Request, Expected json.RawMessage
}

// A scenario is what AuthZEN publishes, or the little of the same form that is here where that is not.
type scenario struct {
	blocks  []stage.Block
	todo    []struct{ Evaluation, Evaluations []decided }
	search  struct{ Search []decided }
	records []struct{ ID, Owner string }
	small   bool
}

func published(t *testing.T) (s scenario) {
	t.Helper()
	whole := stage.Vectors(t, "certification-blocks.json", &s.blocks) && stage.Vectors(t, "idp/results.json", &s.search) && stage.Vectors(t, "idp/records.json", &s.records)
	for _, name := range []string{"todo/decisions-authorization-api-1_0-01.json", "todo/decisions-authorization-api-1_0-02.json"} {
		var one struct{ Evaluation, Evaluations []decided }
		whole = whole && stage.Vectors(t, name, &one)
		s.todo = append(s.todo, one)
	}
	if whole {
		return s
	}
	s = scenario{small: true}
	for text, v := range map[string]any{
		`[{"section":"c-2-1","json":{"subject":{"type":"user","id":"alice"},"action":{"name":"read"},"resource":{"type":"record","id":"record-1"}}},{"section":"c-2-1","json":{"decision":true}},
		  {"section":"c-2-2","json":{"subject":{"type":"user","id":"bob"},"action":{"name":"write"},"resource":{"type":"record","id":"record-1"}}},{"section":"c-2-2","json":{"decision":false}},
		  {"section":"c-2-4","json":{"subject":{"type":"user","id":"alice"},"action":{"name":"read"}}},
		  {"section":"c-4-3","json":{"subject":{"type":"user","id":"alice"},"action":{"name":"read"},"resource":{"type":"record"}}},{"section":"c-4-3","json":{"results":[{"type":"record","id":"record-1"}]}}]`: &s.blocks,
		`[{"evaluation":[{"request":{"subject":{"type":"user","id":"rick"},"action":{"name":"can_delete_todo"},"resource":{"type":"todo","id":"1"}},"expected":true},
		  {"request":{"subject":{"type":"user","id":"beth"},"action":{"name":"can_create_todo"},"resource":{"type":"todo","id":"1"}},"expected":false}]}]`: &s.todo,
		`{"search":[{"request":{"subject":{"type":"user","id":"carol"},"action":{"name":"delete"},"resource":{"type":"record"}},"expected":{"results":[{"type":"record","id":"103"}]}}]}`: &s.search,
		`[{"id":"103","owner":"carol"},{"id":"104","owner":"dan"}]`: &s.records,
	} {
		if err := json.Unmarshal([]byte(text), v); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// todoPeople are those of the todo application: by id, e-mail and role.
func todoPeople(s scenario) [][3]string {
	if s.small {
		return [][3]string{{"rick", "rick@the-citadel.com", "admin"}, {"beth", "beth@the-smiths.com", "viewer"}}
	}
	var all [][3]string
	for i, one := range [][2]string{{"rick@the-citadel.com", "admin"}, {"morty@the-citadel.com", "editor"}, {"summer@the-smiths.com", "editor"},
		{"beth@the-smiths.com", "viewer"}, {"jerry@the-smiths.com", "viewer"}} {
		all = append(all, [3]string{fmt.Sprintf("CiRmZD%s2MTRkMy1jMzlhLTQ3ODEtYjdiZC04Yjk2ZjVhNTEwMGQSBWxvY2Fs", []string{"A", "E", "I", "M", "Q"}[i]), one[0], one[1]})
	}
	return all
}

// convert writes the fixtures as files of Stead's: people and groups in YAML, records as Cedar writes entities.
func convert(t *testing.T, dir string, s scenario) {
	t.Helper()
	people := "groups:\n  - { directory: todo, name: admin }\n  - { directory: todo, name: editor }\n  - { directory: todo, name: viewer }\npeople:\n"
	for _, p := range todoPeople(s) {
		people += fmt.Sprintf("  - { directory: todo, name: %q, email: %s, groups: [%s] }\n", p[0], p[1], p[2])
	}
	owners, entities := map[string]bool{}, []any{}
	record := func(id, owner, status string) {
		attrs := map[string]any{"owner": map[string]any{"__entity": map[string]any{"type": "User", "id": owner}}}
		if status != "" {
			attrs["status"] = status
		}
		entities = append(entities, map[string]any{"uid": map[string]any{"type": "record", "id": id}, "attrs": attrs, "parents": []any{}})
	}
	record("record-1", "fixture/alice", "active")
	record("record-2", "fixture/alice", "archived")
	for _, r := range s.records {
		record(r.ID, "idp/"+r.Owner, "")
		if !owners[r.Owner] {
			people += fmt.Sprintf("  - { directory: idp, name: %s }\n", r.Owner)
		}
		owners[r.Owner] = true
	}
	for name, attrs := range map[string]any{"alice": map[string]any{}, "bob": map[string]any{"role": "admin"}} { // as Cedar writes people
		entities = append(entities, map[string]any{"uid": map[string]any{"type": "User", "id": "fixture/" + name}, "attrs": attrs, "parents": []any{}})
	}
	raw, err := json.MarshalIndent(entities, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	put(t, dir, "people.yaml", people)
	put(t, dir, "entities.json", string(raw))
	rulebook(t, filepath.Join(dir, "rules"))
}

// R38: the fixtures that AuthZEN publishes come by stead apply into a server that runs, and are answered from outside as published.
func TestApplyVectors(t *testing.T) {
	s := published(t)
	w, ada, bob := callable(t)
	dir := t.TempDir()
	convert(t, dir, s)
	house(t, ada, bob, dir)
	ask := func(id string) func(at, body string, head ...string) (int, http.Header, string) {
		return func(at, body string, head ...string) (int, http.Header, string) {
			a := stranger(w).send(t, "POST", w.Console+at, body, append(head, "Content-Type", "application/json", "Authorization", "Bearer "+asker+id)...)
			return a.status, a.head, a.body
		}
	}
	n := stage.Certify(t, s.blocks, ask("fixture"))
	for _, one := range s.todo {
		for _, e := range one.Evaluation {
			n++
			_, _, got := ask("todo")("/access/v1/evaluation", string(e.Request))
			stage.Fits(t, string(e.Request), got, `{"decision":`+string(e.Expected)+`}`)
		}
		for _, e := range one.Evaluations {
			n++
			_, _, got := ask("todo")("/access/v1/evaluations", string(e.Request))
			stage.Fits(t, string(e.Request), got, `{"evaluations":`+string(e.Expected)+`}`)
		}
	}
	for _, e := range s.search.Search {
		n++
		_, _, got := ask("idp")("/access/v1/search/resource", string(e.Request))
		stage.Fits(t, string(e.Request), got, string(e.Expected))
	}
	t.Logf("%d requests", n)
	if n < 6 || !s.small && n < 130 {
		t.Errorf("only %d requests were found", n)
	}
}
