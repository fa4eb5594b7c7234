package bench

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/steadhq/stead/internal/web/vacant"
)

// An engine of others' as a process of its own, and a question to it that means what ours does: may tess, who is staff, read
// this order?
type engine struct {
	addr, path, body string
	used             func() time.Duration // processor time so far
}

// opa serves one rule over a table of people.
func opa(b *testing.B) engine {
	dir, addr := b.TempDir(), vacant.Address(b)
	rule := filepath.Join(dir, "rule.rego")
	write(b, rule, `package stead
people := {"tess": {"group": "staff"}, "dana": {"group": "customers"}}
default allow := false
allow if {
	input.action == "read"
	people[input.subject].group == "staff"
	startswith(input.resource, "orders/")
}
`)
	p := started(b, addr, exec.Command(engineFile("opa"), "run", "--server", "--addr", addr, "--log-level", "error", "--disable-telemetry", rule))
	return engine{addr, "/v1/data/stead/allow", `{"input":{"subject":"tess","action":"read","resource":"orders/orders/7"}}`, func() time.Duration { return p.cpu(b) }}
}

// openfga keeps one relation in memory.
func openfga(b *testing.B) engine {
	addr, rpc := vacant.Address(b), vacant.Address(b)
	p := started(b, addr, exec.Command(engineFile("openfga"), "run", "--http-addr", addr, "--grpc-addr", rpc, "--playground-enabled=false",
		"--metrics-enabled=false", "--log-level", "none"))
	var store struct{ ID string }
	told(b, "http://"+addr+"/stores", `{"name":"stead"}`, &store)
	path := "/stores/" + store.ID
	root := "http://" + addr + path
	var model struct {
		ID string `json:"authorization_model_id"`
	}
	told(b, root+"/authorization-models", `{"schema_version":"1.1","type_definitions":[{"type":"user"},
{"type":"group","relations":{"member":{"this":{}}},"metadata":{"relations":{"member":{"directly_related_user_types":[{"type":"user"}]}}}},
{"type":"application","relations":{"reader":{"this":{}}},"metadata":{"relations":{"reader":{"directly_related_user_types":[{"type":"group","relation":"member"}]}}}}]}`, &model)
	told(b, root+"/write", fmt.Sprintf(`{"authorization_model_id":%q,"writes":{"tuple_keys":[
{"user":"user:tess","relation":"member","object":"group:staff"},{"user":"group:staff#member","relation":"reader","object":"application:orders"}]}}`, model.ID), nil)
	body := fmt.Sprintf(`{"authorization_model_id":%q,"tuple_key":{"user":"user:tess","relation":"reader","object":"application:orders"}}`, model.ID)
	return engine{addr, path + "/check", body, func() time.Duration { return p.cpu(b) }}
}

// engineFile is where make peers puts it.
func engineFile(name string) string { return filepath.Join("..", ".deps", "peers", name) }

// told posts once the server is there.
func told(b *testing.B, url, body string, to any) string {
	b.Helper()
	for until := time.Now().Add(10 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		q, err := http.NewRequest("POST", url, strings.NewReader(body))
		if err != nil {
			b.Fatal(err)
		}
		q.Header.Set("Content-Type", "application/json")
		q.Header.Set("Authorization", "Bearer "+asker)
		a, err := http.DefaultClient.Do(q)
		if err != nil || a.StatusCode >= 500 {
			if time.Now().After(until) {
				b.Fatal(a, err)
			}
			continue
		}
		defer func() { _ = a.Body.Close() }()
		raw, err := io.ReadAll(a.Body)
		if err != nil || a.StatusCode >= 300 || to != nil && json.Unmarshal(raw, to) != nil {
			b.Fatalf("%d %s %v", a.StatusCode, raw, err)
		}
		return string(raw)
	}
}
