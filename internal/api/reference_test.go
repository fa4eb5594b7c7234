package api

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"
)

var update = flag.Bool("update", false, "write docs/reference/api.md and openapi.json anew")

type described struct {
	Paths map[string]map[string]struct {
		OperationID string   `json:"operationId"`
		Summary     string   `json:"summary"`
		Tags        []string `json:"tags"`
		Policy      string   `json:"x-stead-policy"`
		Parameters  []struct {
			Name, In, Description string
		} `json:"parameters"`
		RequestBody *struct {
			Content map[string]struct {
				Schema map[string]any `json:"schema"`
			} `json:"content"`
		} `json:"requestBody"`
	} `json:"paths"`
	Components struct {
		Schemas map[string]struct {
			Properties map[string]struct{ Description string }
			Required   []string
		}
	}
	Tags []huma.Tag
}

func TestReference(t *testing.T) {
	raw, err := newRig(t).api.Document()
	if err != nil {
		t.Fatal(err)
	}
	var d described
	if err := json.Unmarshal(raw, &d); err != nil {
		t.Fatal(err)
	}
	for file, want := range map[string][]byte{"api.md": []byte(d.page()), "openapi.json": bytes.Replace(raw, []byte("http://stead.test"), []byte("/"), 1)} {
		file = "../../docs/reference/" + file
		if *update {
			if err := os.WriteFile(file, want, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := os.ReadFile(file); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s is stale: go test ./internal/api -run TestReference -update (%v)", file, err)
		}
	}
}

func (d described) page() string {
	var b strings.Builder
	b.WriteString("# API\n\nUnder `/v1`; the whole description is at `/openapi.json` (OpenAPI 3.1). Send the token of `POST /v1/login` as\n" +
		"`Authorization: Bearer`. Errors are problem documents (RFC 9457) with `reason_code` ([the list](reasons.md)), `decision_id`,\n" +
		"`hint` and `request_id`. A member of a body that is not listed here is refused. Times are RFC 3339 in UTC, durations are\n" +
		"written `10m`. `client/admin` is a Go client, written from the description.\n\n" +
		"**Once.** With `Idempotency-Key`, any text of yours of up to 255 letters, a request is done once in 24 hours: the same request with\n" +
		"it answers with what it made, as that is now, and `Idempotency-Replayed: true`. It is the same if method, address and every byte of\n" +
		"the body are; another request with the key is 422 `key-reused`. Requests at the same time wait for each other. After 503 `in-doubt`\n" +
		"the same request with its key tells: it is done, or it was, and not twice. Keys are each\n" +
		"principal's own, and hold on all nodes and over restarts. Only what was done is remembered: after a refusal the key is as good as\n" +
		"new. Of a request only a keyed hash is kept, beside the event it left. Where it is not listed it says nothing: what signs in gives\n" +
		"out a secret, what only asks changes nothing, and `DELETE` is done once anyhow.\n\n" +
		"**If.** What has versions has an `ETag`. `If-None-Match` with it answers 304. A change with `If-Match` is made only while it is\n" +
		"that still, compared where it is written; else 412 `changed`, with the `ETag` it has now. That is asked last: what you may not\n" +
		"change, or not know, is 403 or 404 as ever.\n\n" +
		"**Pages.** Lists that grow without end take `limit` and `page_token`, and give `next_page_token` and `Link: rel=next` until the end. A page may hold\n" +
		"fewer than `limit` although more follow. What is there all the while comes once, whatever comes and goes between two pages. A\n" +
		"token is good for its list and filter alone.\n\n" +
		"**How much.** A session may ask 3000 times a minute, all at once if it likes: `RateLimit-Policy` and `RateLimit`\n" +
		"(draft-ietf-httpapi-ratelimit-headers-10) tell what is left, 429 `too-many` has `Retry-After`. What changes something is held\n" +
		"to 200 at once and 50 a second besides, passwords and codes to six wrong ones in a row.\n\n" +
		"**As it comes.** `GET /v1/events` with `Accept: text/event-stream` sends what a filter chooses from now on, or after\n" +
		"`Last-Event-ID`; a comment every 15 seconds shows that it lives, and one at the beginning says which of those that were to come are\n" +
		"not kept any more. It ends with the session, with the server, and for a reader who takes nothing for 20 seconds; `retry` says when\n" +
		"to come again.\n\n" +
		"Who may: *public* anybody; *session* and *actor-self* whoever is signed in; *approver* who may agree; *auditor*, *admin* by role;\n" +
		"*dev* only in `stead dev`. What you may not know is 404.\n")
	for _, tag := range d.Tags {
		fmt.Fprintf(&b, "\n## %s\n\n%s\n\n| operation | who may | | takes |\n|---|---|---|---|\n", tag.Name, tag.Description)
		for _, path := range slices.Sorted(maps.Keys(d.Paths)) {
			for _, method := range slices.Sorted(maps.Keys(d.Paths[path])) {
				if op := d.Paths[path][method]; slices.Contains(op.Tags, tag.Name) {
					fmt.Fprintf(&b, "| `%s %s` | %s | %s | %s |\n", strings.ToUpper(method), path, op.Policy, op.Summary, d.takes(path, method))
				}
			}
		}
	}
	return b.String()
}

func (d described) takes(path, method string) (all string) {
	var names []string
	op := d.Paths[path][method]
	for _, p := range op.Parameters {
		switch {
		case p.In == "query":
			names = append(names, "`?"+p.Name+"`")
		case p.Name == keyHeader || p.Name == "If-Match":
			defer func() { all += " *" + p.Name + "*" }()
		}
	}
	if op.RequestBody == nil {
		return strings.Join(names, " ")
	}
	for kind, c := range op.RequestBody.Content {
		ref, _ := c.Schema["$ref"].(string)
		s := d.Components.Schemas[strings.TrimPrefix(ref, "#/components/schemas/")]
		for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
			mark := ""
			if slices.Contains(s.Required, name) {
				mark = "\\*"
			}
			names = append(names, "`"+name+"`"+mark)
		}
		if len(s.Properties) == 0 {
			names = append(names, kind)
		}
	}
	return strings.Join(names, " ")
}
