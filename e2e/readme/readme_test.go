package readme

import (
	"bufio"
	"io"
	"io/fs"
	"net/http"
	"net/http/cookiejar"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

const (
	root = "../.."
	dev  = "go run ./cmd/stead dev"
	// The test runs inside this one: running it again from here would never end.
	self = "make test"
	// What is tried while the demonstration runs.
	try = "./stead agent try "
)

var (
	blocks = regexp.MustCompile("(?s)```console\n(.*?)```")
	link   = regexp.MustCompile(`http://127\.0\.0\.1:\d+/setup\?token=\S+`)
)

// commands are the lines of the console blocks that begin with "$ ".
func commands(t *testing.T) (all []string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, block := range blocks.FindAllSubmatch(text, -1) {
		for line := range strings.Lines(string(block[1])) {
			if c, ok := strings.CutPrefix(strings.TrimSpace(line), "$ "); ok {
				all = append(all, c)
			}
		}
	}
	return all
}

func TestReadme(t *testing.T) {
	t.Setenv("STEAD_CONFIG_DIR", t.TempDir()) // who reads it for the first time is signed in nowhere
	all := commands(t)
	for _, must := range []string{dev, self, played(all)} {
		if !slices.Contains(all, must) {
			t.Errorf("the README says nothing of %q: %q", must, all)
		}
	}
	dir := checkout(t)
	began := time.Now()
	run(t, dir, "go build -o "+os.DevNull+" ./cmd/stead")
	t.Logf("compiling took %v", time.Since(began).Round(time.Millisecond))
	for _, c := range all {
		switch c {
		case self:
			t.Logf("%s: this test is part of it", c)
		case dev:
			t.Run(c, func(t *testing.T) { tryIt(t, dir, c) })
		case played(all):
		default:
			t.Run(c, func(t *testing.T) { run(t, dir, c) })
		}
	}
	t.Run("./stead dev", func(t *testing.T) { tryIt(t, dir, "./stead dev", played(all)) })
}

// played is the command that is tried while the demonstration runs.
func played(all []string) string {
	at := slices.IndexFunc(all, func(c string) bool { return strings.HasPrefix(c, try) })
	if at < 0 {
		return try
	}
	return all[at]
}

// checkout copies what a checkout holds to a folder of its own: nothing may depend on what lies about in this one.
func checkout(t *testing.T) string {
	t.Helper()
	to := t.TempDir()
	for _, name := range files(t) {
		raw, err := os.ReadFile(filepath.Join(root, name))
		if os.IsNotExist(err) {
			continue // deleted, and not committed yet
		}
		if err != nil {
			t.Fatal(err)
		}
		at := filepath.Join(to, name)
		if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(at, raw, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return to
}

func files(t *testing.T) (all []string) {
	t.Helper()
	list := exec.Command("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	list.Dir = root
	if out, err := list.Output(); err == nil {
		return strings.Split(strings.TrimRight(string(out), "\x00"), "\x00")
	}
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == ".git" || d.Name() == ".deps"):
			return filepath.SkipDir
		case !d.Type().IsRegular():
			return nil
		}
		name, err = filepath.Rel(root, name)
		all = append(all, name)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func run(t *testing.T, dir, command string) {
	t.Helper()
	c := exec.Command("sh", "-c", command)
	c.Dir = dir
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", command, err, out)
	}
}

// tryIt starts the demonstration, follows the link that it prints, and ends it as people do, by Ctrl-C.
func tryIt(t *testing.T, dir, command string, more ...string) {
	c := exec.Command("sh", "-c", "exec "+command)
	temp, talk := t.TempDir(), &strings.Builder{}
	if err := os.Chmod(filepath.Dir(temp), 0o711); err != nil { // where this runs as root a database does as another user
		t.Fatal(err)
	}
	c.Dir, c.Env, c.Stderr = dir, append(os.Environ(), "TMPDIR="+temp), io.MultiWriter(talk, os.Stderr)
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = syscall.Kill(-c.Process.Pid, syscall.SIGKILL) }() // where the test gave up before the end
	lines := bufio.NewReader(out)
	at := printed(t, lines)
	t.Logf("the link was printed after %v", time.Since(began).Round(time.Millisecond))
	follow(t, at)
	t.Logf("Sam was at home after %v", time.Since(began).Round(time.Millisecond))
	for _, m := range more {
		run(t, dir, m)
		t.Logf("%s was done after %v", m, time.Since(began).Round(time.Millisecond))
	}
	if err := syscall.Kill(-c.Process.Pid, syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, lines)
	// go run itself gives 1 after Ctrl-C; of a program that failed it says "exit status".
	err = c.Wait()
	if err != nil && command != dev || strings.TrimSpace(talk.String()) != "Stead dev has ended." {
		t.Errorf("it did not end well: %v\n%s", err, talk)
	}
	left, err := filepath.Glob(filepath.Join(temp, "*"))
	if err != nil || len(left) > 0 {
		t.Errorf("it left behind: %q %v", left, err)
	}
}

// printed is the link among what the program says.
func printed(t *testing.T, lines *bufio.Reader) string {
	t.Helper()
	var said strings.Builder
	for {
		line, err := lines.ReadString('\n')
		said.WriteString(line)
		if at := link.FindString(line); at != "" {
			return at
		}
		if err != nil {
			t.Fatalf("no link was printed (%v): is another Stead listening on 127.0.0.1:8420?\n%s", err, said.String())
		}
	}
}

// follow opens the link as a browser does, and must come to Sam's home.
func follow(t *testing.T, at string) {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	browser := &http.Client{Jar: jar, Timeout: time.Minute}
	defer browser.CloseIdleConnections()
	resp, err := browser.Get(at)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	page, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != http.StatusOK || !strings.Contains(string(page), "Sam Okafor") {
		t.Fatalf("%s led to %s, %s:\n%s", at, resp.Request.URL, resp.Status, page)
	}
}
