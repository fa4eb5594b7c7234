package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
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

	"github.com/pquerna/otp/totp"
	"github.com/rogpeppe/go-internal/testscript"
	"github.com/steadhq/stead/internal/store/pgtest"
)

func TestMain(m *testing.M) { testscript.Main(m, map[string]func(){"stead": main}) }

// TestScripts runs the stories of the command line, those of the whole program among them: they start stead dev.
func TestScripts(t *testing.T) {
	server := sync.OnceValue(func() *pgtest.Server { return pgtest.Start(t) })
	// postgres FILE writes the connection string of a new database.
	postgres := func(ts *testscript.TestScript, _ bool, args []string) {
		ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(server().Create(t)+"\n"), 0o600))
	}
	for _, dir := range []string{"testdata/script", "../../e2e/testdata/script"} {
		t.Run(filepath.Base(filepath.Dir(filepath.Dir(dir))), func(t *testing.T) {
			testscript.Run(t, testscript.Params{
				Dir: dir,
				Setup: func(env *testscript.Env) error {
					env.Setenv("HOME", env.WorkDir)
					env.Setenv("STEAD_CONFIG_DIR", filepath.Join(env.WorkDir, "config"))
					env.Setenv("NO_COLOR", "1")
					env.Setenv("TZ", "UTC")
					env.Values[stageKey{}] = &stage{used: map[string]int64{}, fail: t.Errorf}
					return nil
				},
				Cmds: map[string]func(*testscript.TestScript, bool, []string){
					"dev": dev1, "as": as1, "code": code1, "advance": advance1, "keep": keep1, "exits": exits1, "spoil": spoil1, "down": down1, "postgres": postgres, "shows": shows1,
				},
			})
		})
	}
}

// A stage is what a script plays on: a server and its people.
type stage struct {
	Console, Gateway string
	People           []devOne
	Agents           []agentOne
	offset           time.Duration
	used             map[string]int64 // steps of codes that were used
	fail             func(format string, args ...any)
	stop             func()
}

type devOne struct {
	ID, Directory, Name, Password string
	TOTP                          string `json:"totp_secret"`
}

type agentOne struct {
	Name   string          `json:"client_id"`
	Secret string          `json:"client_secret"`
	Key    json.RawMessage `json:"private_jwk"`
}

type stageKey struct{}

func on(ts *testscript.TestScript) *stage { return ts.Value(stageKey{}).(*stage) }

// dev [database] [ARGS] starts stead dev and sets $STEAD_ADDR, with a PostgreSQL for its agents where that is said. It ends with
// the script, and must end cleanly.
func dev1(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) > 0 && args[0] == "database" {
		args = args[1:]
		for _, dir := range []string{ts.Getenv("WORK"), filepath.Dir(ts.Getenv("WORK"))} { // the user postgres has to get through
			ts.Check(os.Chmod(dir, 0o711))
		}
	} else {
		args = append([]string{"--no-database"}, args...)
	}
	program, err := exec.LookPath("stead")
	ts.Check(err)
	c := exec.Command(program, append([]string{"dev", "--json", "--listen", "127.0.0.1:0", "--gateway", "127.0.0.1:0"}, args...)...)
	c.Dir, c.Env = ts.MkAbs("."), append(os.Environ(), "HOME="+ts.Getenv("WORK"), "TMPDIR="+ts.Getenv("TMPDIR"))
	c.Stderr = os.Stderr
	out, err := c.StdoutPipe()
	ts.Check(err)
	ts.Check(c.Start())
	on(ts).stop = sync.OnceFunc(func() {
		_ = c.Process.Signal(syscall.SIGTERM)
		_, _ = io.Copy(io.Discard, out)
		if err := c.Wait(); err != nil {
			on(ts).fail("stead dev did not end cleanly: %v", err)
		}
	})
	ts.Defer(on(ts).stop)
	line, err := bufio.NewReader(out).ReadBytes('\n')
	ts.Check(err)
	ts.Check(json.Unmarshal(line, on(ts)))
	ts.Setenv("STEAD_ADDR", on(ts).Console)
	ts.Setenv("GATEWAY", on(ts).Gateway)
	for _, a := range on(ts).Agents {
		ts.Check(os.WriteFile(ts.MkAbs(a.Name+".jwk"), a.Key, 0o600))
		ts.Check(os.WriteFile(ts.MkAbs(a.Name+".secret"), []byte(a.Secret), 0o600))
	}
	for _, p := range on(ts).People {
		ts.Setenv(strings.ToUpper(p.Directory+"_"+strings.ReplaceAll(p.Name, ".", "_")), p.ID)
	}
}

// shows REGEXP COMMAND runs a command until its output has it: what is searched follows the log by a moment.
func shows1(ts *testscript.TestScript, _ bool, args []string) {
	want := regexp.MustCompile(args[0])
	for until := time.Now().Add(10 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		ts.Check(ts.Exec(args[1], args[2:]...))
		if want.MatchString(ts.ReadFile("stdout")) {
			return
		}
		if time.Now().After(until) {
			ts.Fatalf("no %s in it", args[0])
		}
	}
}

// down ends stead dev.
func down1(ts *testscript.TestScript, _ bool, _ []string) { on(ts).stop() }

func (s *stage) person(ts *testscript.TestScript, name string) devOne {
	for _, p := range s.People {
		if p.Directory+"/"+p.Name == name {
			return p
		}
	}
	ts.Fatalf("there is no %s", name)
	return devOne{}
}

// as DIRECTORY/NAME goes on as somebody: each has a configuration folder of his own, and signs in at the first time.
func as1(ts *testscript.TestScript, _ bool, args []string) {
	p := on(ts).person(ts, args[0])
	dir := ts.MkAbs("config-" + p.Directory + "-" + p.Name)
	ts.Setenv("STEAD_CONFIG_DIR", dir)
	if _, err := os.Stat(dir); err == nil {
		return
	}
	ts.Check(os.MkdirAll(dir, 0o700))
	file := filepath.Join(dir, "password")
	ts.Check(os.WriteFile(file, []byte(p.Password+"\n"), 0o600))
	ts.Check(ts.Exec("stead", "login", args[0], "--password-file", file, "--code", on(ts).code(ts, args[0])))
}

// code DIRECTORY/NAME sets $CODE to a one-time code that was not used yet; time passes where this one was.
func code1(ts *testscript.TestScript, _ bool, args []string) {
	ts.Setenv("CODE", on(ts).code(ts, args[0]))
}

func (s *stage) code(ts *testscript.TestScript, name string) string {
	p := s.person(ts, name)
	step := func() int64 { return time.Now().Add(s.offset).Unix() / 30 }
	if step() <= s.used[name] {
		s.advance(ts, 30*time.Second)
	}
	s.used[name] = step()
	code, err := totp.GenerateCode(p.TOTP, time.Now().Add(s.offset))
	ts.Check(err)
	return code
}

// advance DURATION moves the server's clock.
func advance1(ts *testscript.TestScript, _ bool, args []string) {
	d, err := time.ParseDuration(args[0])
	ts.Check(err)
	on(ts).advance(ts, d)
}

func (s *stage) advance(ts *testscript.TestScript, d time.Duration) {
	resp, err := http.Post(s.Console+"/v1/dev/clock", "application/json", strings.NewReader(fmt.Sprintf(`{"advance":%q}`, d)))
	ts.Check(err)
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		ts.Fatalf("the clock did not move: %s", resp.Status)
	}
	s.offset += d
}

// keep VAR REGEXP sets $VAR to what the first group matched in stdout or stderr of the last command.
func keep1(ts *testscript.TestScript, _ bool, args []string) {
	m := regexp.MustCompile(args[1]).FindStringSubmatch(ts.ReadFile("stdout") + ts.ReadFile("stderr"))
	if m == nil {
		ts.Fatalf("nothing matches %s", args[1])
	}
	ts.Setenv(args[0], m[1])
}

// exits CODE COMMAND… runs stead and wants that exit code.
func exits1(ts *testscript.TestScript, _ bool, args []string) {
	err := ts.Exec("stead", args[1:]...)
	got := 0
	if exit, ok := err.(*exec.ExitError); ok { //nolint:errorlint // as testscript gives it
		got = exit.ExitCode()
	} else if err != nil {
		ts.Fatalf("%v", err)
	}
	if fmt.Sprint(got) != args[0] {
		ts.Fatalf("it exits with %d, not %s", got, args[0])
	}
}

// spoil FILE OLD NEW replaces text in a file, as somebody who tampers does.
func spoil1(ts *testscript.TestScript, _ bool, args []string) {
	text := ts.ReadFile(args[0])
	if !strings.Contains(text, args[1]) {
		ts.Fatalf("%s does not hold %s", args[0], args[1])
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(strings.Replace(text, args[1], args[2], 1)), 0o600))
}
