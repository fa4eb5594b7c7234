package gateway

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/steadhq/stead/internal/demo"
)

const inJSON = "application/json"

// What cannot be read for certain may hold what is closed anywhere here: "u", or "do".
func TestClassifyJSON(t *testing.T) { // S-I27
	app := wiki(t)
	for _, tc := range []struct {
		target, kind, body string
		want               Class
	}{
		{"/api", inJSON, `{"action":"query"}`, Read},
		{"/api", inJSON, " {\r\n\t\"action\" : \"p\\u0061rse\" }\n", Read},
		{"/api", "Application/JSON; charset=UTF-8", `{"action":"query"}`, Read},
		{"/api", "application/vnd.wiki+json", `{"action":"query"}`, Read},
		{"/api", "application/json; charset=utf-16", `{"action":"query"}`, Closed},
		{"/api", "application/json; profile=x", `{"action":"query"}`, Closed},
		{"/api", "text/json", `{"action":"query"}`, Closed},
		{"/api", "image/svg+json", `{"action":"query"}`, Closed},
		{"/api", "text/plain", `{"action":"query"}`, Closed},
		{"/api", urlencoded, `{"action":"query"}`, Write},
		{"/api", inJSON, `action=query`, Closed},
		{"/api", inJSON, `{"action":"edit"}`, Write},
		{"/api", inJSON, `{"action":"query","x":1}`, Write},
		{"/api", inJSON, `{"Action":"query"}`, Write},
		{"/api", inJSON, `{"action[]":"query"}`, Write},
		{"/api", inJSON, `{"action":["query"]}`, Write},
		{"/api", inJSON, `{"action":{"query":1}}`, Write},
		{"/api", inJSON, `{"action":null}`, Write},
		{"/api", inJSON, `{"action":"query","action":"edit"}`, Closed},
		{"/api", inJSON, `{"action":"query","Action":"edit"}`, Closed},
		{"/api", inJSON, `{"action":"query","act\u0131on":"edit"}`, Write}, // no dot, another name
		{"/api?action=query", inJSON, `{"action":"query"}`, Write},
		{"/api?action=query", inJSON, `{}`, Read},
		{"/api?x=1", inJSON, `{"action":"query"}`, Write},
		{"/api", inJSON, `[{"action":"query"}]`, Closed},
		{"/api", inJSON, `"query"`, Closed},
		{"/api", inJSON, `null`, Closed},
		{"/api", inJSON, ``, Write},
		{"/api", inJSON, `{"action":"query"}{"action":"edit"}`, Closed},
		{"/api", inJSON, `{"action":"query"},`, Closed},
		{"/api", inJSON, `{"action":"query",}`, Closed},
		{"/api", inJSON, `{"action":"query"/**/}`, Closed},
		{"/api", inJSON, `{'action':'query'}`, Closed},
		{"/api", inJSON, "\ufeff" + `{"action":"query"}`, Closed},
		{"/api", inJSON, "{\"action\":\"query\"}\x00", Closed},

		{"/search/a", inJSON, `{}`, Read},
		{"/search/a", inJSON, `{"q":"lamp","page":2,"all":true}`, Read},
		{"/search/a", inJSON, `{"q":"x","save":false}`, Write},
		{"/search/a", inJSON, `{"q":"x","SaveAll":1}`, Write},
		{"/search/a", inJSON, `{"q":"x","\u017fave":1}`, Write}, // a long s
		{"/search/a", inJSON, `{"_method":"PUT"}`, Write},
		{"/search/a", inJSON, `{"q":{"save":1}}`, Write},
		{"/search/a", inJSON, `{"q":["x"]}`, Write},
		{"/search/a", inJSON, `{"q":null}`, Write},
		{"/search/a", inJSON, `{"page":1.0}`, Write},
		{"/search/a", inJSON, `{"page":1e3}`, Write},
		{"/search/a", inJSON, `{"page":-0}`, Write},
		{"/search/a", inJSON, `{"page":9007199254740993}`, Write},
		{"/search/a", inJSON, `{"q":"a\u0000b"}`, Closed},
		{"/search/a", inJSON, `{"q":"\ud800"}`, Closed},
		{"/search/a", inJSON, "{\"q\":\"\xff\"}", Closed},
		{"/search/a", inJSON, `{"%71":"x"}`, Write},
		{"/search/a", inJSON, `{"q":"` + strings.Repeat("x", 1<<20) + `"}`, Closed},
		{"/search/a?key=1", inJSON, `{"q":"x"}`, Closed},
		{"/search/a", inJSON, `{"q":"x","key":[1]}`, Closed},
		{"/search/a", inJSON, `{"q":"x","do":"edit"}`, Closed},
		{"/search/a", inJSON, `{"q":"x","DO":"EDIT"}`, Closed},
		{"/search/a", inJSON, `{"q":"x","do":["edit"]}`, Closed}, // it may be edit to the application
		{"/search/a", inJSON, `{"u":"omar","p":"pw","p":"pw"}`, Closed},
	} {
		checkClass(t, app, tc.target, tc.kind, tc.body, tc.want)
	}
}

// A member that holds more than a text passes where a rule names it, whole.
func TestOpaqueMembers(t *testing.T) {
	apps, err := ParseRules([]byte("apps:\n  - id: a\n    host: a.test\n    upstream: http://127.0.0.1:9\n    rules:\n" +
		"      - { id: find, is: read, method: [POST], path: [/find], only: [filter, q] }\n" +
		"      - { id: any, is: read, method: [POST], path: [/any], param: { filter: \".*\" } }\n"))
	if err != nil {
		t.Fatal(err)
	}
	nested := func(n int) string { return `{"filter":` + strings.Repeat("[", n) + strings.Repeat("]", n) + `}` }
	for _, tc := range []struct {
		target, body string
		want         Class
	}{
		{"/find", `{"filter":{"status":["open"],"n":1.5},"q":null}`, Read},
		{"/find", `{"filter":{"status":1,"Status":2}}`, Write},
		{"/find", `{"filter":[],"more":[]}`, Write},
		{"/find", nested(31), Read},
		{"/find", nested(32), Write},
		{"/any", `{"filter":"x"}`, Read},
		{"/any", `{"filter":["x"]}`, Write},
	} {
		checkClass(t, &apps[0], tc.target, inJSON, tc.body, tc.want)
	}
}

func TestClassifyDemoJSON(t *testing.T) {
	apps, err := ParseRules(demo.Rules("shop.test", "http://127.0.0.1:9"))
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		target, body string
		want         Class
	}{
		{"/api/search", `{"q":"lamp"}`, Read},
		{"/api/search", `{"q":"lamp","status":"open","page":2}`, Read},
		{"/api/search", `{"q":"lamp","sort":"x"}`, Write},
		{"/api/graphql", `{"query":"{ orders { id } }"}`, Read},
		{"/api/graphql", `{"query":"query mine { order(id: 7) { id, status } }"}`, Read},
		{"/api/graphql", `{"query":"mutation { cancelOrder(id: 7) { id } }"}`, Write},
		{"/api/graphql", `{"query":"{ orders { id } } mutation { cancelOrder(id: 7) { id } }"}`, Write},
		{"/api/graphql", `{"query":"{ orders { id } }","variables":{}}`, Write},
		{"/api/graphql", `{"query":"{ orders { id } }","operationName":"x"}`, Write},
		{"/api/graphql", `[{"query":"{ orders { id } }"}]`, Write},
		{"/api/graphql?query=mutation", `{"query":"{ orders { id } }"}`, Write},
	} {
		checkClass(t, &apps[0], tc.target, inJSON, tc.body, tc.want)
	}
}

func checkClass(t *testing.T, app *App, target, kind, body string, want Class) {
	t.Helper()
	r := request(t, "POST", target, kind, body)
	if got := app.Classify(r); got.Class != want {
		t.Errorf("%s %s %.60q is %s (%s), want %s", target, kind, body, got.Class, got.Rule, want)
	}
	if left, err := io.ReadAll(r.Body); err != nil || string(left) != body {
		t.Errorf("%s %.60q: the body was not put back", target, body)
	}
}

// jsonPairs reads an object as an application would that takes the last of two, written without the code under test.
func jsonPairs(t *testing.T, body string) (out [][2]string) {
	var all map[string]any
	if err := json.Unmarshal([]byte(body), &all); err != nil {
		t.Errorf("%q is a read, and no JSON object: %v", body, err)
	}
	for name, value := range all {
		out = append(out, [2]string{name, fmt.Sprint(value)})
	}
	return out
}
