package api

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

const spectral = "../../.deps/node_modules/.bin/spectral"

type finding struct {
	Code, Message, Source string
	Path                  []string
}

// The description has nothing that spectral's rules for OpenAPI find, hints included; one that is damaged has.
func TestLint(t *testing.T) {
	raw, err := newRig(t).api.Document()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	whole, damaged := filepath.Join(dir, "whole.json"), filepath.Join(dir, "damaged.json")
	for file, doc := range map[string][]byte{whole: raw, damaged: bytes.Replace(raw, []byte(`"operationId": "whoami"`), []byte(`"operationId": "logout"`), 1)} {
		if err := os.WriteFile(file, doc, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	out := filepath.Join(dir, "found.json")
	said, err := exec.Command(spectral, "lint", "--ruleset", "testdata/spectral.yaml", "--fail-severity", "hint", "--format", "json", "--output", out, whole, damaged).CombinedOutput()
	raw, unread := os.ReadFile(out)
	if unread != nil {
		t.Fatalf("the description is linted by spectral, which make deps installs: %v\n%s", err, said)
	}
	var all []finding
	if err := json.Unmarshal(raw, &all); err != nil {
		t.Fatalf("%v in %s", err, raw)
	}
	found := false
	for _, f := range all {
		if filepath.Base(f.Source) == "whole.json" {
			t.Errorf("%s at %v: %s", f.Code, f.Path, f.Message)
		}
		found = found || f.Code == "operation-operationId-unique"
	}
	if !found {
		t.Errorf("what is damaged is not found: %s", raw)
	}
}
