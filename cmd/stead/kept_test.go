package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/steadhq/stead"
)

// A node keeps its id, and takes none that is not one.
func TestNodeID(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "node")
	first, err := nodeID(file)
	if err != nil || !oneNode.MatchString(first) {
		t.Fatalf("%q, %v", first, err)
	}
	if again, err := nodeID(file); err != nil || again != first {
		t.Errorf("%q, then %q, %v", first, again, err)
	}
	if other, err := nodeID(filepath.Join(dir, "other")); err != nil || other == first {
		t.Errorf("another: %q, %v", other, err)
	}
	for text, want := range map[string]stead.Kind{"": "", "nod_x\n": stead.Invalid, first + first: stead.Invalid} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := nodeID(file); stead.KindOf(err) != want || err == nil && !oneNode.MatchString(got) {
			t.Errorf("%q: %q, %v", text, got, err)
		}
	}
	if _, err := nodeID(filepath.Join(dir, "none", "node")); err == nil {
		t.Error("no folder, and no word of it")
	}
}
