package outside

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"
	"github.com/steadhq/stead/e2e/stage"
	"github.com/steadhq/stead/internal/store/pgtest"
)

var program string

func TestMain(m *testing.M) {
	if port, err := strconv.Atoi(os.Getenv(portVariable)); err == nil {
		server, program = &pgtest.Server{Port: port}, os.Getenv(programVariable)
		os.Exit(m.Run())
	}
	stage.Main(m, &program)
}

// A human is one of those whom stead dev names.
type human struct {
	ID, Directory, Name, Password string
	Groups                        []string
	TOTP                          string `json:"totp_secret"`
}

// A world is one running stead dev.
type world struct {
	Console, Gateway string
	Setup            string `json:"setup_url"`
	People           []human
	Services         []struct{ ID, Secret string }
	data             string
	cmd              *exec.Cmd
	out, err         *tape
	mu               sync.Mutex
	spent            map[string]int64 // the last time step whose code was used, by person
}

// A tape keeps what a program says.
type tape struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (t *tape) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.b.Write(p)
}

func (t *tape) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.b.String()
}

// dev starts stead dev with a folder of its own.
func dev(t *testing.T) *world {
	t.Helper()
	return open(t, filepath.Join(t.TempDir(), "data"))
}

// open starts stead dev on a folder, and stops it with the test.
func open(t *testing.T, data string) *world {
	t.Helper()
	w, err := launch(t, data)
	if err != nil {
		t.Fatalf("stead dev: %v\n%s", err, w.err)
	}
	return w
}

func launch(t *testing.T, data string) (*world, error) {
	t.Helper()
	w := &world{data: data, out: &tape{}, err: &tape{}, spent: map[string]int64{}}
	w.cmd = exec.Command(program, "dev", "--json", "--listen", "127.0.0.1:0", "--gateway", "127.0.0.1:0", "--no-database", "--data", data)
	if file := database(t, data); file != "" {
		w.cmd.Args = append(w.cmd.Args, "--dsn-file", file)
	}
	w.cmd.Stderr = w.err
	pipe, err := w.cmd.StdoutPipe()
	if err != nil {
		return w, err
	}
	if err := w.cmd.Start(); err != nil {
		return w, err
	}
	line, err := bufio.NewReader(pipe).ReadBytes('\n')
	if err != nil {
		return w, w.cmd.Wait()
	}
	t.Cleanup(func() { w.stop(t) })
	return w, json.Unmarshal(line, w)
}

// stop ends it as a terminal does.
func (w *world) stop(t *testing.T) {
	t.Helper()
	if w.cmd.ProcessState != nil {
		return
	}
	if err := w.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Error(err)
	}
	if err := w.cmd.Wait(); err != nil {
		t.Errorf("stead dev did not end cleanly: %v\n%s", err, w.err)
	}
}

// kill ends it as a power cut does.
func (w *world) kill(t *testing.T) {
	t.Helper()
	if err := w.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = w.cmd.Wait() // it says that it was killed
}

func (w *world) person(t *testing.T, account string) human {
	t.Helper()
	for _, p := range w.People {
		if p.Directory+"/"+p.Name == account {
			return p
		}
	}
	t.Fatalf("stead dev names no %s", account)
	return human{}
}

// advance moves the clock and tells the time there.
func (w *world) advance(t *testing.T, by time.Duration) time.Time {
	t.Helper()
	res := stranger(w).json(t, "POST", w.Console+"/v1/dev/clock", map[string]any{"advance": by.String()})
	var now struct{ Now time.Time }
	if err := json.Unmarshal([]byte(res.body), &now); res.status != 200 || err != nil {
		t.Fatalf("clock: %d %s", res.status, res.body)
	}
	return now.Now
}

// code is a code that was not used yet: when this step's was, time goes on.
func (w *world) code(t *testing.T, account string) string {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	p, now := w.person(t, account), w.advance(t, 0)
	if now.Unix()/30 <= w.spent[account] {
		now = w.advance(t, 30*time.Second)
	}
	w.spent[account] = now.Unix() / 30
	code, err := totp.GenerateCode(p.TOTP, now)
	if err != nil {
		t.Fatal(err)
	}
	return code
}

// holds fails unless text has every part.
func holds(t *testing.T, what, text string, parts ...string) {
	t.Helper()
	for _, p := range parts {
		if !strings.Contains(text, p) {
			t.Errorf("%s: %q is not in it:\n%s", what, p, text)
		}
	}
}
