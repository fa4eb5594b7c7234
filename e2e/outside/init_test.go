package outside

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// From an empty folder to the first administrator: init, doctor, serve, the link.
func TestInit(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "stead")
	file := filepath.Join(dir, "stead.yaml")
	own, gate := vacant(t), vacant(t)
	environ := append(os.Environ(), "STEAD_OBSERVABILITY_METRICS="+vacant(t), "STEAD_CONFIG_DIR="+t.TempDir())
	stead := func(args ...string) (string, string, error) {
		var out, talk bytes.Buffer
		c := exec.CommandContext(t.Context(), program, args...)
		c.Env, c.Stdout, c.Stderr = environ, &out, &talk
		err := c.Run()
		return out.String(), talk.String(), err
	}
	link, talk, err := stead("init", dir, "--yes", "--listen", own, "--gateway", gate)
	if err != nil {
		t.Fatalf("init: %v\n%s", err, talk)
	}
	out, talk, err := stead("doctor", "--config", file)
	if err != nil {
		t.Errorf("the doctor, before the start: %v", err)
	}
	holds(t, "the doctor, before the start", out+talk, "configuration", "master key", "policy files", "tests pass", "not running", "stead serve --config")
	w := &world{Console: "http://" + own, Gateway: "http://" + gate, data: filepath.Join(dir, "data"), out: &tape{}, err: &tape{}, spent: map[string]int64{}}
	w.cmd = exec.Command(program, "serve", "--config", file)
	w.cmd.Env, w.cmd.Stderr = environ, w.err
	if err := w.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.stop(t) })
	eventually(t, "it serves", func() error {
		if !strings.Contains(w.err.String(), "/setup?token=") {
			return fmt.Errorf("it says %s", w.err)
		}
		return nil
	})
	c, token := stranger(w), strings.TrimPrefix(strings.TrimSpace(link), w.Console+"/setup?token=")
	c.page(t, strings.TrimSpace(link)).is(t, "the link of init", 200)
	first(t, c, token)
	c.page(t, w.Console+"/people").is(t, "people", 200)
	if out, talk, err = stead("doctor", "--config", file); err != nil {
		t.Errorf("the doctor, while it runs: %v\n%s%s", err, out, talk)
	}
	holds(t, "the doctor, while it runs", out, "running", "checkpoint", "searchable copy", "last reload", "public address", "clock")
}

// eventually asks again until the answer is nil, for ten seconds.
func eventually(t *testing.T, what string, ask func() error) {
	t.Helper()
	each := time.NewTicker(50 * time.Millisecond)
	defer each.Stop()
	late := time.After(10 * time.Second)
	for {
		err := ask()
		if err == nil {
			return
		}
		select {
		case <-each.C:
		case <-late:
			t.Fatalf("%s: %v", what, err)
		}
	}
}
