package stage

import (
	"bufio"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// Main builds stead into *program, runs the tests of a package and ends it.
func Main(m *testing.M, program *string) {
	dir, err := os.MkdirTemp("", "stead-e2e-")
	if err == nil {
		*program = filepath.Join(dir, "stead")
		err = Build(*program)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	if err := os.RemoveAll(dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	os.Exit(code)
}

// Build makes the program.
func Build(file string) error {
	if out, err := exec.Command("go", "build", "-o", file, "github.com/steadhq/stead/cmd/stead").CombinedOutput(); err != nil {
		return fmt.Errorf("go build: %w\n%s", err, out)
	}
	return nil
}

// A Tape keeps what a program says.
type Tape struct {
	mu    sync.Mutex
	lines []string
}

// Lines are those said so far.
func (t *Tape) Lines() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return append([]string(nil), t.lines...)
}

func (t *Tape) String() string { return strings.Join(t.Lines(), "\n") }

// Add keeps a line.
func (t *Tape) Add(line string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.lines = append(t.lines, line)
}

// A Process is a program that runs until the test is over. It leads a process group of its own, which ends with it.
type Process struct {
	Said Tape
	cmd  *exec.Cmd
	gone chan struct{}
}

// Start starts cmd; what it says goes to its tape.
func Start(t *testing.T, cmd *exec.Cmd) *Process {
	t.Helper()
	p := &Process{cmd: cmd, gone: make(chan struct{})}
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdout, cmd.Stderr = write, write
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	err = cmd.Start()
	_ = write.Close()
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(p.gone)
		for lines := bufio.NewScanner(read); lines.Scan(); {
			p.Said.Add(lines.Text())
		}
		_ = read.Close()
	}()
	t.Cleanup(p.Stop)
	return p
}

// Stop ends the process and all that it has started.
func (p *Process) Stop() {
	if p.cmd.ProcessState != nil {
		return
	}
	_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGTERM) // it may have ended by itself
	select {
	case <-p.gone:
	case <-time.After(10 * time.Second):
		_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
	}
	_ = p.cmd.Wait() // how it ended is not what is asked
}

// Answers waits until an address answers over HTTP.
func (p *Process) Answers(t *testing.T, url string) {
	t.Helper()
	p.until(t, url+" does not answer", func() bool {
		res, err := http.Get(url)
		if err == nil {
			_ = res.Body.Close()
		}
		return err == nil && res.StatusCode < 500
	})
}

// Says waits until a line of what it says matches.
func (p *Process) Says(t *testing.T, line *regexp.Regexp) (found string) {
	t.Helper()
	p.until(t, "it does not say "+line.String(), func() bool { found = line.FindString(p.Said.String()); return found != "" })
	return found
}

func (p *Process) until(t *testing.T, what string, right func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !right(); time.Sleep(5 * time.Millisecond) {
		select {
		case <-p.gone:
			t.Fatalf("%s ended: %s\n%s", p.cmd.Path, what, &p.Said)
		default:
		}
		if time.Now().After(end) {
			t.Fatalf("%s: %s\n%s", p.cmd.Path, what, &p.Said)
		}
	}
}

// Until asks until the answer is right.
func Until(t *testing.T, what string, right func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !right(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal(what)
		}
	}
}
