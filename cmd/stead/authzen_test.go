package main

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"testing"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/config"
)

// Services that ask have a secret each, long enough and for them alone, and what they may ask about is there.
func TestCallersOfConfiguration(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string, mode os.FileMode) string {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		return file
	}
	const secret = "a secret that is long enough"
	sum := sha256.Sum256([]byte(secret))
	good := write("good", secret+"\n", 0o600)
	for name, r := range map[string]struct {
		callers []config.Caller
		kind    stead.Kind
	}{
		"a file":            {[]config.Caller{{ID: "a", SecretFile: good}}, ""},
		"a sum":             {[]config.Caller{{ID: "a", SecretHash: hex.EncodeToString(sum[:])}}, ""},
		"one for two":       {[]config.Caller{{ID: "a", SecretHash: hex.EncodeToString(sum[:])}, {ID: "b", SecretFile: good}}, stead.Invalid},
		"too short":         {[]config.Caller{{ID: "a", SecretFile: write("short", "short", 0o600)}}, stead.Invalid},
		"empty":             {[]config.Caller{{ID: "a", SecretFile: write("empty", "", 0o600)}}, stead.Invalid},
		"for others to see": {[]config.Caller{{ID: "a", SecretFile: write("open", secret, 0o644)}}, stead.Invalid},
		"not there":         {[]config.Caller{{ID: "a", SecretFile: filepath.Join(dir, "none")}}, stead.Missing},
	} {
		all, err := callers(config.AuthZEN{Callers: r.callers})
		if (err != nil) != (r.kind != "") || err != nil && stead.KindOf(err) != r.kind {
			t.Errorf("%s: %v, want %s", name, err, r.kind)
		}
		if err == nil && (all[0].Sum != sum || all[0].ID != "service:a") {
			t.Errorf("%s: %+v", name, all)
		}
	}
	s := &authority.Settings{}
	evaluators(s, config.AuthZEN{Systems: []string{"records"}, Callers: []config.Caller{{ID: "a", Apps: []string{"records"}, Keys: true}}})
	e := s.Evaluator("service:a")
	if e == nil || e.Level != 1 || !e.Keys || s.App("records") == nil || s.Evaluator("service:b") != nil || s.Evaluator("") != nil {
		t.Errorf("%+v", s)
	}
}
