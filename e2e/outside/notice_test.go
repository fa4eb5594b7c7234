package outside

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"
)

// An inbox is a webhook's other side. It answers only when it is told to.
type inbox struct {
	mu    sync.Mutex
	ids   []string
	takes bool
	came  chan string
}

func (i *inbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	id := r.Header.Get("Webhook-Id")
	i.mu.Lock()
	i.ids = append(i.ids, id)
	takes := i.takes
	i.mu.Unlock()
	i.came <- id
	if !takes {
		<-r.Context().Done() // it was killed while it waited for an answer
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// again starts a server that was killed, on the same files.
func (w *world) again(t *testing.T) {
	t.Helper()
	w.cmd = exec.Command(program, "serve", "--config", filepath.Join(filepath.Dir(w.data), "stead.yaml"))
	w.cmd.Stderr = w.err
	if err := w.cmd.Start(); err != nil {
		t.Fatal(err)
	}
}

const codes = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"

// A kill -9 between the record of a request and the delivery of its notice, and once more while it is delivered: it arrives
// after the restart, with the same id, and from then on not again.
func TestNoticeSurvivesKill(t *testing.T) {
	box := &inbox{came: make(chan string, 100)}
	other := httptest.NewServer(box)
	t.Cleanup(other.Close)
	key := filepath.Join(t.TempDir(), "hook")
	if err := os.WriteFile(key, []byte("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"), 0o600); err != nil {
		t.Fatal(err)
	}
	w, _, link := serveWith(t, func(gate string) string {
		return fmt.Sprintf("apps:\n  - id: orders\n    host: %q\n    upstream: \"http://127.0.0.1:1\"\n    identity: { headers: { X-Key: s3cret } }\n    privileged: [staff/admins]\n    realms: [{ id: all, path: /, acting: true }]\n", gate) +
			fmt.Sprintf("notify:\n  channels:\n    - { id: ops, kind: webhook, url: %q, secret_file: %q, tell: [asked, approved] }\n", other.URL, key)
	})
	c := stranger(w)
	c.page(t, link).is(t, "the link", 200)
	seed, _ := first(t, c, strings.TrimPrefix(link, w.Console+"/setup?token="))
	root := stranger(w)
	root.in(t, "ada", seed, 30*time.Second) // this step's code is used
	for name, group := range map[string]string{"lena": "support-leads", "emil": "employees", "omar": "security"} {
		root.json(t, "POST", w.Console+"/v1/people", map[string]any{"directory": "staff", "name": name, "groups": []string{group}, "password": "a few plain words", "totp_secret": codes}).is(t, name, 201)
	}
	lena := stranger(w)
	lena.in(t, "lena", codes, 0)
	lena.json(t, "POST", w.Console+"/v1/mandates", map[string]any{"subject": "staff/emil", "app": "orders", "reason": "wrong total", "ticket": "SUP-4711", "code": codeAt(t, codes, 30*time.Second)}).is(t, "ask", 202)
	asked := box.next(t)
	w.kill(t) // delivered as far as the other side can tell, and not on record
	w.again(t)
	if again := box.next(t); again != asked {
		t.Fatalf("another id: %s and %s", asked, again)
	}
	w.kill(t)
	box.mu.Lock()
	box.takes = true
	box.mu.Unlock()
	w.again(t)
	if again := box.next(t); again != asked {
		t.Fatalf("another id: %s and %s", asked, again)
	}
	lena.waits(t)
	each, limit := time.NewTicker(50*time.Millisecond), time.After(time.Minute)
	defer each.Stop()
	for !strings.Contains(lena.get(t, w.Console+"/v1/events").body, "notice.sent") {
		select {
		case <-each.C:
		case <-limit:
			t.Fatal("delivered, and not on record")
		}
	}
	w.kill(t)
	w.again(t)
	lena.waits(t)
	select {
	case id := <-box.came:
		t.Errorf("%s came again after it was on record", id)
	case <-time.After(3 * time.Second): // three looks at the log
	}
}

func (i *inbox) next(t *testing.T) string {
	t.Helper()
	select {
	case id := <-i.came:
		return id
	case <-time.After(time.Minute):
		t.Fatal("nothing came")
		return ""
	}
}

// waits returns when the server answers.
func (c *caller) waits(t *testing.T) {
	t.Helper()
	each := time.NewTicker(50 * time.Millisecond)
	defer each.Stop()
	for range 1200 {
		if resp, err := http.Get(c.w.Console + "/readyz"); err == nil {
			_ = resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return
			}
		}
		<-each.C
	}
	t.Fatal("it does not come back")
}

// in signs somebody in with a code of a while ahead.
func (c *caller) in(t *testing.T, name, secret string, ahead time.Duration) {
	t.Helper()
	var got struct{ Token string }
	login := map[string]any{"directory": "staff", "name": name, "password": "a few plain words"}
	if secret != "" {
		login["code"] = codeAt(t, secret, ahead)
	}
	c.json(t, "POST", c.w.Console+"/v1/login", login).is(t, name+" signs in", 200).reads(t, &got)
	c.head.Set("Authorization", "Bearer "+got.Token)
}

func codeAt(t *testing.T, secret string, ahead time.Duration) string {
	t.Helper()
	code, err := totp.GenerateCode(secret, time.Now().Add(ahead))
	if err != nil {
		t.Fatal(err)
	}
	return code
}
