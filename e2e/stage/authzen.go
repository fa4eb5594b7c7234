package stage

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Vectors reads one of the official files of AuthZEN, which are not part of this project. Where there are none, it says so and gives
// nothing: what is asked here of Stead stands in other tests too.
func Vectors(t *testing.T, name string, v any) bool {
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

// A Block is one JSON body of the certification scenario, with the section it stands in.
type Block struct {
	Section string
	JSON    json.RawMessage
}

// Certify sends every request of a scenario twice: each is answered as the block behind it says, or as its section says. It tells
// how many there were.
func Certify(t *testing.T, blocks []Block, ask func(at, body string, head ...string) (int, http.Header, string)) (asked int) {
	t.Helper()
	for i, b := range blocks {
		if b.Endpoint() == "" {
			continue
		}
		asked++
		var want json.RawMessage
		if i+1 < len(blocks) && blocks[i+1].Section == b.Section && blocks[i+1].Endpoint() == "" {
			want = blocks[i+1].JSON
		}
		body, right := string(b.JSON), http.StatusOK
		if strings.HasPrefix(b.Section, "c-2-4") || strings.HasPrefix(b.Section, "c-4-7") || strings.Contains(body, "next_token") { // a token that nobody gave
			right = http.StatusBadRequest
		}
		for _, at := range b.Everywhere() {
			code, head, first := ask(at, body, "X-Request-Id", "certified")
			twice, _, again := ask(at, body)
			switch {
			case code != right || code != twice || head.Get("X-Request-Id") != "certified":
				t.Errorf("%s %s: %d %s, want %d", b.Section, body, code, first, right)
			case code == http.StatusOK && Outcome(t, first) != Outcome(t, again):
				t.Errorf("%s: another answer to the same request: %s, then %s", b.Section, first, again)
			case code == http.StatusOK && len(want) > 0 && string(want) != "null":
				Fits(t, b.Section, first, string(want))
			}
		}
	}
	return asked
}

// Endpoint tells where a block is sent; "" is an answer, or nothing.
func (b Block) Endpoint() string {
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
		return "/access/v1/evaluation"
	case "c-3":
		return "/access/v1/evaluations"
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

// Everywhere is every endpoint at which a wrong search is wrong.
func (b Block) Everywhere() []string {
	if !strings.HasPrefix(b.Section, "c-4-7") {
		return []string{b.Endpoint()}
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

// Fits tells whether an answer has everything that is expected of it, lists in any order.
func Fits(t *testing.T, what, got, want string) {
	t.Helper()
	if d := cmp.Diff(Outcome(t, want), Outcome(t, got)); d != "" {
		t.Errorf("%s: %s, want %s", what, got, want)
	}
}

// Outcome is what an answer says, without ids of decisions.
func Outcome(t *testing.T, body string) string {
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
