package cedar

import (
	"encoding/json"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
)

// What an application has of its own is judged with what the bundle knows of it, of what it is in, and what is said of it;
// and nothing of that is remembered for another.
func TestThingsJudged(t *testing.T) {
	a, err := txtar.ParseFile("testdata/corpus/things.txtar")
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for _, f := range a.Files[:len(a.Files)-1] {
		files[f.Name] = string(f.Data)
	}
	k := New()
	digest, err := k.Check(files)
	if err != nil {
		t.Fatal(err)
	}
	sam := &stead.Principal{ID: "prn_sam", Kind: stead.Person, Directory: "staff", Name: "sam"}
	system := stead.NewSystem("records")
	base := authority.Case{Capacity: authority.Self, Principal: sam, Subject: sam, App: &system, Realm: &system.Realms[0], Path: "/", Level: 2}
	for name, r := range map[string]struct {
		action stead.Action
		thing  *authority.Thing
		app    stead.AppID
		allow  bool
		errors int
	}{
		"in what it is in":           {"read", &authority.Thing{Type: "record", ID: "one"}, "records", true, 0},
		"what all is in":             {"read", &authority.Thing{Type: "folder", ID: "top"}, "records", true, 0},
		"in nothing":                 {"read", &authority.Thing{Type: "record", ID: "two"}, "records", false, 0},
		"the realm":                  {"read", nil, "records", false, 0},
		"of another application":     {"read", &authority.Thing{Type: "record", ID: "one"}, "todo", false, 1},
		"of a type unknown":          {"read", &authority.Thing{Type: "User", ID: "staff/sam"}, "records", false, 1},
		"an action said otherwise":   {"archive", &authority.Thing{Type: "record", ID: "one"}, "records", false, 0},
		"an action as it is said":    {"archive", &authority.Thing{Type: "record", ID: "one", Given: map[string]any{"soft": true, "labels": []any{"a"}}}, "records", true, 0},
		"what it may not say":        {"archive", &authority.Thing{Type: "record", ID: "one", Given: map[string]any{"level": json.Number("9")}}, "records", false, 0},
		"said in another type":       {"archive", &authority.Thing{Type: "record", ID: "one", Given: map[string]any{"soft": json.Number("1")}}, "records", false, 1},
		"a list of another type":     {"archive", &authority.Thing{Type: "record", ID: "one", Given: map[string]any{"soft": true, "labels": []any{1.0}}}, "records", false, 1},
		"a number beyond":            {"read", &authority.Thing{Type: "record", ID: "two", Said: map[string]any{"size": json.Number("1e30")}}, "records", false, 1},
		"an owner, which is no text": {"read", &authority.Thing{Type: "record", ID: "one", Said: map[string]any{"owner": "eve"}}, "records", true, 0},
		"an action on a folder":      {"archive", &authority.Thing{Type: "folder", ID: "top"}, "records", false, 1},
	} {
		other := stead.NewSystem(r.app)
		c := base
		c.Action, c.Thing, c.App = r.action, r.thing, &other
		if v := k.Judge(digest, c); v.Allow != r.allow || len(v.Errors) != r.errors {
			t.Errorf("%s: %v %v", name, v.Allow, v.Errors)
		}
	}
	if k.AppOf(digest, "record") != "records" || k.AppOf(digest, "User") != "" || k.AppOf("none", "record") != "" || len(k.Things(digest, "folder")) != 2 {
		t.Error("the vocabulary is another")
	}
}
