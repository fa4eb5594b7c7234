package cedar

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
)

var update = flag.Bool("update", false, "write what came out into the corpora")

// Each archive is a bundle with its tests, and the whole report that it must give.
func TestCorpus(t *testing.T) {
	files, err := filepath.Glob("testdata/corpus/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no corpora", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			a, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			bundle := map[string]string{}
			for _, f := range a.Files[:len(a.Files)-1] {
				bundle[f.Name] = string(f.Data)
			}
			got, want := reportOf(t, bundle), &a.Files[len(a.Files)-1]
			if *update {
				want.Data = []byte(got)
				if err := os.WriteFile(file, txtar.Format(a), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if d := cmp.Diff(string(want.Data), got); d != "" {
				t.Error(d)
			}
		})
	}
}

func reportOf(t *testing.T, bundle map[string]string) string {
	t.Helper()
	var b strings.Builder
	r := New().Inspect(bundle)
	if err := r.WriteText(&b); err != nil {
		t.Fatal(err)
	}
	if err := r.Err(); err != nil {
		b.WriteString("\nrefused\n")
	} else {
		b.WriteString("\naccepted\n")
	}
	return b.String()
}
