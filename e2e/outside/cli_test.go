package outside

import (
	"encoding/csv"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// logIn signs somebody in at the command line, with a profile of his own.
func (w *world) logIn(t *testing.T, account string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	p := w.person(t, account)
	cli(t, dir, p.Password+"\n", "login", account, "--addr", w.Console, "--password-file", "-", "--code", w.code(t, account)).exits(t, "login", 0)
	return dir
}

var odd = regexp.MustCompile("\x1b|\r|\x07")

// Two people, one mandate, every exit code, and output that programs can read.
func TestCommandLine(t *testing.T) {
	w := dev(t)
	bare := t.TempDir()
	cli(t, bare, "", "nonsense").exits(t, "no such command", 2)
	cli(t, bare, "", "mandate", "show").exits(t, "an argument is missing", 2)
	cli(t, bare, "", "whoami", "--nonsense").exits(t, "no such flag", 2)
	cli(t, bare, "", "whoami", "-o", "xml").exits(t, "no such form", 2)
	cli(t, bare, "", "whoami", "--addr", "http://127.0.0.1:1").exits(t, "nobody listens", 8)
	cli(t, bare, "", "whoami", "--addr", w.Console).exits(t, "not logged in", 3)
	cli(t, bare, "wrong\n", "login", "staff/sam", "--addr", w.Console, "--password-file", "-").exits(t, "a wrong password", 3)
	for _, args := range [][]string{{"version"}, {"--help"}, {"completion", "bash"}} {
		cli(t, bare, "", args...).exits(t, args[0], 0)
	}
	sam, maya, omar := w.logIn(t, "staff/sam"), w.logIn(t, "staff/maya"), w.logIn(t, "staff/omar")
	info, err := os.Stat(filepath.Join(sam, "profiles.yaml"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("profiles: %v %v", info, err)
	}
	cli(t, sam, "", "act", "customers/dana", "--app", "orders", "--reason", "x", "--ticket", "SUP-1").exits(t, "not armed", 3)
	cli(t, sam, "", "act", "dana", "--app", "orders", "--reason", "x", "--ticket", "SUP-1", "--code", w.code(t, "staff/sam")).exits(t, "two Danas", 5)
	cli(t, sam, "", "act", "customers/eve", "--app", "orders", "--reason", "x", "--ticket", "SUP-1").exits(t, "nobody", 4)
	asked := cli(t, sam, "", "act", "customers/dana", "--app", "orders", "--reason", "=cmd()", "--ticket", "SUP-1", "--edit", "-o", "json").exits(t, "asking", 6)
	var m struct{ ID, State, Digest, Claim string }
	if err := json.Unmarshal([]byte(asked.out), &m); err != nil || !strings.HasPrefix(m.ID, "man_") {
		t.Fatalf("asked: %v\n%s\n%s", err, asked.out, asked.err)
	}
	cli(t, sam, "", "mandate", "start", m.ID).exits(t, "waiting", 6)
	cli(t, sam, "", "mandate", "approve", m.ID, "--yes").exits(t, "his own", 3)
	for _, dir := range []string{sam, maya, omar} {
		readable(t, dir, m.ID)
	}
	cli(t, maya, "", "mandate", "approve", m.ID, "--yes", "--comment", "seen").exits(t, "approve", 0)
	cli(t, maya, "", "mandate", "approve", m.ID, "--yes").exits(t, "approve twice", 5)
	shown := cli(t, sam, "", "mandate", "show", m.ID, "-o", "json").exits(t, "show", 0)
	if err := json.Unmarshal([]byte(shown.out), &m); err != nil || m.State != "approved" {
		t.Errorf("shown: %v %+v", err, m)
	}
	claimed(t, w, m.ID)
	cli(t, omar, "", "mandate", "revoke", m.ID, "--reason", "enough", "--yes").exits(t, "revoke", 0)
	cli(t, omar, "", "mandate", "revoke", m.ID, "--reason", "enough", "--yes").exits(t, "revoke twice", 5)
	cli(t, sam, "", "mandate", "end", m.ID).exits(t, "end after that", 5)
	cli(t, sam, "", "mandate", "show", "man_aaaaaaaaaaaaaaaaaaaaaaaaaa").exits(t, "no such mandate", 4)
	verified(t, w, omar)
	cli(t, sam, "", "audit", "verify").exits(t, "no auditor", 3)
}

// claimed starts in a browser what was asked for at the command line: Sam can, nobody else (R14).
func claimed(t *testing.T, w *world, id string) {
	t.Helper()
	other := w.enter(t, "staff/tess")
	if a := other.form(t, w.Console+"/act/"+id+"/start", "code", w.code(t, "staff/tess")); a.status < 400 {
		t.Errorf("tess claims it: %d %s", a.status, a.to())
	}
	sam := w.enter(t, "staff/sam")
	a := sam.form(t, w.Console+"/act/"+id+"/start", "code", w.code(t, "staff/sam")).is(t, "claim", 303)
	_, port, _ := strings.Cut(strings.TrimPrefix(w.Gateway, "http://"), ":")
	if !strings.Contains(a.to(), "--orders.act.localhost:"+port+"/.stead/in?") {
		t.Errorf("claimed, sent to %q", a.to())
	}
	sam.page(t, a.to()).is(t, "arriving", 303)
	if s := sam.standing(t); !s.Acting || s.Mandate != id || s.Mode != "edit" {
		t.Errorf("claimed: %+v", s)
	}
}

// readable: what goes to stdout is what was asked for and nothing else.
func readable(t *testing.T, dir, id string) {
	t.Helper()
	for _, args := range [][]string{{"whoami"}, {"mandate", "list"}, {"mandate", "show", id}, {"audit", "search", "--limit", "20"}} {
		what := strings.Join(args, " ")
		for _, form := range []string{"json", "yaml", "csv", "table"} {
			a := cli(t, dir, "", append(append([]string{}, args...), "-o", form)...)
			if a.code != 0 && a.code != 4 {
				t.Errorf("%s -o %s: exit %d %s", what, form, a.code, a.err)
			}
			if odd.MatchString(a.out + a.err) {
				t.Errorf("%s -o %s: colours\n%q", what, form, a.out)
			}
			var err error
			switch form {
			case "json":
				var v any
				err = json.Unmarshal([]byte(a.out), &v)
			case "yaml":
				var v any
				err = yaml.Unmarshal([]byte(a.out), &v)
			case "csv":
				var rows [][]string
				rows, err = csv.NewReader(strings.NewReader(a.out)).ReadAll()
				for _, row := range rows {
					for _, cell := range row {
						if strings.HasPrefix(cell, "=") {
							t.Errorf("%s: a spreadsheet would run %q", what, cell)
						}
					}
				}
			}
			if err != nil && a.code == 0 {
				t.Errorf("%s -o %s: %v\n%s", what, form, err, a.out)
			}
		}
	}
}

func verified(t *testing.T, w *world, omar string) {
	t.Helper()
	cli(t, omar, "", "audit", "verify").exits(t, "verify", 0)
	file := filepath.Join(t.TempDir(), "export.jsonl")
	cli(t, omar, "", "audit", "export", "--out", file).exits(t, "export", 0)
	cli(t, omar, "", "audit", "verify", "--file", file, "--key", keyOf(t, w)).exits(t, "verify the file", 0)
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(strings.Replace(string(raw), "mandate.started", "mandate.stopped", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	cli(t, omar, "", "audit", "verify", "--file", file, "--key", keyOf(t, w)).exits(t, "verify what was changed", 7)
	cli(t, omar, "", "audit", "prove", "3").exits(t, "prove", 0)
	cli(t, omar, "", "audit", "prove", "999999").exits(t, "prove what is not there", 4)
}
