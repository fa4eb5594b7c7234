package outside

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// A said is what a command of the program answered.
type said struct {
	code     int
	out, err string
}

// cli runs a command; the profile it uses is in dir.
func cli(t *testing.T, dir, in string, args ...string) said {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	c := exec.CommandContext(ctx, program, args...)
	c.Env = []string{"STEAD_CONFIG_DIR=" + dir, "HOME=" + dir, "PATH=" + os.Getenv("PATH")}
	c.Stdin = strings.NewReader(in)
	var out, talk bytes.Buffer
	c.Stdout, c.Stderr = &out, &talk
	err := c.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatalf("stead %v: %v", args, err)
	}
	return said{c.ProcessState.ExitCode(), out.String(), talk.String()}
}

func (s said) exits(t *testing.T, what string, code int) said {
	t.Helper()
	if s.code != code {
		t.Errorf("%s: exit %d, want %d\n%s\n%s", what, s.code, code, s.out, s.err)
	}
	return s
}

// key is the verifier key that stead dev leaves beside its data.
func (w *world) key() string { return filepath.Join(w.data, "log.pub") }

// copyTo copies a folder as a backup does: for its owner only.
func copyTo(t *testing.T, from, to string) {
	t.Helper()
	err := filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		at := filepath.Join(to, strings.TrimPrefix(path, from))
		if err != nil || d.IsDir() {
			return errors.Join(err, os.MkdirAll(at, 0o700))
		}
		raw, err := os.ReadFile(path)
		return errors.Join(err, os.WriteFile(at, raw, 0o600))
	})
	if err != nil {
		t.Fatal(err)
	}
}

func keyOf(t *testing.T, w *world) string {
	t.Helper()
	raw, err := os.ReadFile(w.key())
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(raw))
}

// Nothing in the data folder is for anybody else (I14).
func TestFileModes(t *testing.T) {
	w := dev(t)
	w.enter(t, "staff/sam").acts(t, "staff/sam")
	look := func() {
		t.Helper()
		err := filepath.WalkDir(w.data, func(path string, d fs.DirEntry, err error) error {
			if errors.Is(err, fs.ErrNotExist) {
				return nil // a file that was being replaced
			}
			if err != nil {
				return err
			}
			info, err := d.Info()
			if errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			if err == nil && info.Mode().Perm()&0o077 != 0 {
				t.Errorf("%s is %s", path, info.Mode())
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	look()
	w.stop(t)
	look()
}

// What was acknowledged before a power cut is there after it, once, in its order, and no right has come to life (K7).
func TestKilled(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	w := open(t, data)
	sam := w.enter(t, "staff/sam")
	sam.acts(t, "staff/sam").is(t, "start", 303)
	var ids []string
	for range 20 {
		a := sam.send(t, "PATCH", w.Gateway+"/api/orders/7", "{}", "Content-Type", "application/json").is(t, "a write", 403, "read-only")
		var p struct {
			Decision string `json:"decision_id"`
		}
		a.reads(t, &p)
		ids = append(ids, p.Decision)
	}
	mandate := sam.standing(t).Mandate
	omar := w.token(t, "staff/omar")
	revoke := func(c *caller, w *world) answer {
		return c.send(t, "POST", w.Console+"/v1/mandates/"+mandate+"/revoke", `{"reason":"enough"}`, "Content-Type", "application/json", "Idempotency-Key", "revoke-1")
	}
	revoke(omar, w).is(t, "revoke", 200)
	w.kill(t)
	again := open(t, data)
	again.spent = w.spent
	if got, want := again.person(t, "staff/sam"), w.person(t, "staff/sam"); got.ID != want.ID || got.Password != want.Password {
		t.Errorf("people changed: %+v %+v", got, want)
	}
	omar = again.token(t, "staff/omar")
	if h := omar.get(t, again.Console+"/v1/health").is(t, "health", 200).body; !strings.Contains(h, `"crashed_before":"`) || strings.Contains(h, `"lost"`) {
		t.Errorf("health does not tell of the crash: %s", h)
	}
	if a := revoke(omar, again).is(t, "the same under the same key", 200); a.head.Get("Idempotency-Replayed") != "true" {
		t.Errorf("it was done twice: %s", a.body)
	}
	for _, id := range ids {
		if a := omar.get(t, again.Console+"/v1/events?decision="+id); strings.Count(a.body, `"decision":"`+id+`"`) < 1 {
			t.Errorf("%s is lost: %d %s", id, a.status, a.body)
		}
	}
	var m struct{ State string }
	omar.get(t, again.Console+"/v1/mandates/"+mandate).is(t, "the mandate", 200).reads(t, &m)
	if m.State != "ended" {
		t.Errorf("the mandate is %s", m.State)
	}
	again.stop(t)
	cli(t, t.TempDir(), "", append(stored(t, data), "audit", "verify", "--key", keyOf(t, again))...).exits(t, "verify", 0)
}

var index = regexp.MustCompile(`(event|leaf|entry|index|from)[^0-9\n]{0,20}[0-9]+`)

// Whatever is changed in the store is found, and named (K1, K2).
func TestTampered(t *testing.T) {
	w := dev(t)
	sam := w.enter(t, "staff/sam")
	sam.acts(t, "staff/sam").is(t, "start", 303)
	for range 300 {
		sam.get(t, w.Gateway+"/api/orders").is(t, "orders", 200)
	}
	sam.form(t, w.Gateway+"/.stead/end")
	config := t.TempDir()
	omar := w.token(t, "staff/omar")
	var head struct{ Checkpoint, Key string }
	omar.get(t, w.Console+"/v1/audit/checkpoint").is(t, "checkpoint", 200).reads(t, &head)
	outside := filepath.Join(config, "head.note")
	if err := os.WriteFile(outside, []byte(head.Checkpoint), 0o600); err != nil {
		t.Fatal(err)
	}
	export := omar.get(t, w.Console+"/v1/audit/export").is(t, "export", 200).body
	sam.form(t, w.Console+"/logout")
	w.stop(t)
	key := keyOf(t, w)
	if key != strings.TrimSpace(head.Key) {
		t.Errorf("keys: %q, %q", key, head.Key)
	}
	verify := func(data string) said {
		t.Helper()
		return cli(t, config, "", append(stored(t, data), "audit", "verify", "--key", key, "--checkpoint", outside)...)
	}
	verify(w.data).exits(t, "as it was", 0)

	for i, x := range alterations() {
		if server != nil && i%3 > 0 {
			continue // each takes a database; soak makes 210 of each kind there
		}
		bad := copied(t, w.data)
		x.alter(t, bad)
		a := verify(bad)
		if server != nil {
			server.Drop(t, connected(t, bad))
		}
		if a.code != 7 {
			t.Errorf("%s: exit %d\n%s%s", x, a.code, a.out, a.err)
		} else if !index.MatchString(a.out + a.err) {
			t.Errorf("%s: no index is named: %s%s", x, a.out, a.err)
		}
	}
	file := filepath.Join(config, "export.jsonl")
	check := func(what, text string, code int) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		a := cli(t, config, "", "audit", "verify", "--file", file, "--key", key).exits(t, what, code)
		if code == 7 && !index.MatchString(a.out+a.err) {
			t.Errorf("%s: no index is named: %s%s", what, a.out, a.err)
		}
	}
	check("the export", export, 0)
	lines := strings.SplitAfter(strings.TrimSuffix(export, "\n"), "\n")
	mid := len(lines) / 2
	drop := strings.Join(append(append([]string{}, lines[:mid]...), lines[mid+1:]...), "")
	swap := append([]string{}, lines...)
	swap[mid], swap[mid+1] = swap[mid+1], swap[mid]
	twice := strings.Join(append(append(append([]string{}, lines[:mid]...), lines[mid], lines[mid]), lines[mid+1:]...), "")
	check("a line dropped", drop, 7)
	check("two lines swapped", strings.Join(swap, ""), 7)
	check("a line twice", twice, 7)
	check("a word changed", strings.Replace(export, "mandate.started", "mandate.stopped", 1), 7)
	check("a digit changed", strings.Replace(export, `"status":200`, `"status":201`, 1), 7)
	check("cut off", strings.Join(lines[:mid], ""), 7)
	check("half a line", export[:len(export)-len(lines[len(lines)-1])/2], 7)
	check("nothing", "", 2)
}

// An older copy of the folder is not taken for the newest (K2).
func TestRolledBack(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	w := open(t, data)
	w.token(t, "staff/sam")
	w.stop(t)
	old := copied(t, data)
	w = open(t, data)
	w.advance(t, time.Hour)
	w.enter(t, "staff/sam").acts(t, "staff/sam").is(t, "start", 303)
	w.stop(t)
	bringBack(t, old, data)
	back, err := launch(t, data)
	if err == nil && back.Console != "" {
		t.Fatal("it started on an older copy")
	}
	if out := back.err.String(); !strings.Contains(out, "older") && !strings.Contains(out, "behind") && !strings.Contains(out, "roll") {
		t.Errorf("it says %q", out)
	}
}
