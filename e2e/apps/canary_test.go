package apps

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// DokuWiki records the account that it was told, and nothing of who sat there: it is not aware of actors, and says so
// itself (R26). The page that was written for it is gone afterwards.
func TestCanaryDokuWiki(t *testing.T) {
	t.Parallel()
	p := dokuwiki(t, "")
	rules := p.rules(t, "dokuwiki")
	cmd := exec.Command(steadProgram, "app", "check", "--file", rules, "--write-canary", "../../examples/apps/canary/dokuwiki.yaml",
		"--actor", "staff/sam", "--as", "customers/dana", "--yes")
	out, err := cmd.CombinedOutput()
	if cmd.ProcessState.ExitCode() != 7 || !strings.Contains(string(out), "names dana alone") || !strings.Contains(string(out), "taken back") {
		t.Errorf("%v\n%s", err, out)
	}
	for folder, want := range map[string]int{"pages": 0, "attic": 1} {
		if made, err := filepath.Glob(filepath.Join(p.dir, "data", folder, "stead", "*")); err != nil || len(made) < want || want == 0 && len(made) > 0 {
			t.Errorf("%s: %v %v\n%s", folder, made, err, out)
		}
	}
}
