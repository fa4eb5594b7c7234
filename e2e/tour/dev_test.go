package tour

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/steadhq/stead/e2e/stage"
)

// temp is where the program is built, for as long as the tests run.
var temp string

// program is Stead, built once for all tests of this package.
var program = sync.OnceValues(func() (string, error) {
	file := filepath.Join(temp, "stead")
	return file, stage.Build(file)
})

func TestMain(m *testing.M) {
	var err error
	if temp, err = os.MkdirTemp("", "stead-tour-"); err != nil {
		panic(err)
	}
	code := m.Run()
	_ = os.RemoveAll(temp)
	os.Exit(code)
}

// A house is a running stead dev, with what it prints for programs.
type house struct {
	Console, Gateway string
	Setup            string `json:"setup_url"`
	People           []struct{ ID, Directory, Name, Password string }

	process *os.Process
	end     func() // and must end cleanly
}

// dev starts stead dev on free ports. It ends with the test, if it has not ended before.
func dev(t *testing.T, flags ...string) *house {
	t.Helper()
	file, err := program()
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	c := exec.Command(file, append([]string{"dev", "--json", "--listen", "127.0.0.1:0", "--gateway", "127.0.0.1:0", "--no-database"}, flags...)...)
	c.Env, c.Stderr = append(os.Environ(), "TZ=UTC", "TMPDIR="+t.TempDir()), os.Stderr
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	h := &house{process: c.Process, end: sync.OnceFunc(func() {
		_ = c.Process.Signal(syscall.SIGTERM)
		_, _ = io.Copy(io.Discard, out)
		if err := c.Wait(); err != nil {
			t.Errorf("stead dev did not end cleanly: %v", err)
		}
	})}
	t.Cleanup(h.end)
	if err := json.NewDecoder(bufio.NewReader(out)).Decode(h); err != nil {
		t.Fatal(err)
	}
	t.Logf("stead dev was ready after %v", time.Since(began).Round(time.Millisecond))
	return h
}

// advance moves the clock of the house.
func (h *house) advance(t *testing.T, by time.Duration) {
	t.Helper()
	resp, err := http.Post(h.Console+"/v1/dev/clock", "application/json", strings.NewReader(fmt.Sprintf(`{"advance":%q}`, by)))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		said, _ := io.ReadAll(resp.Body)
		t.Fatalf("the clock did not move: %s %s", resp.Status, said)
	}
}

func (h *house) password(t *testing.T, directory, name string) string {
	t.Helper()
	for _, p := range h.People {
		if p.Directory == directory && p.Name == name {
			return p.Password
		}
	}
	t.Fatalf("there is no %s/%s", directory, name)
	return ""
}
