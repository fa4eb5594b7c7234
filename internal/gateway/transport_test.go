package gateway_test

import (
	"bytes"
	"encoding/pem"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/steadhq/stead/internal/gateway"
)

// reached are rules for an application that is reached in another way.
func reached(upstream string, more ...string) func(host, up string) []byte {
	return func(host, _ string) []byte {
		text := string(echo(host, upstream))
		return []byte(strings.Replace(text, "    aware: true\n", "    aware: true\n    "+strings.Join(more, "\n    ")+"\n", 1))
	}
}

// An application is reached over TLS by who vouches for it and by its name, and over a unix socket; it is told the same
// there. One that others vouch for gets nothing.
func TestReach(t *testing.T) {
	app := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "%s at %s tls=%v", r.Header.Get("Remote-User"), r.Host, r.TLS != nil)
	})
	dir := t.TempDir()
	over := httptest.NewUnstartedServer(app)
	over.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	over.StartTLS()
	defer over.Close()
	ca := filepath.Join(dir, "ca.pem")
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: over.Certificate().Raw})
	if err := os.WriteFile(ca, block, 0o600); err != nil {
		t.Fatal(err)
	}
	socket := filepath.Join(dir, "app.sock")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	local := &http.Server{Handler: app}
	go func() { _ = local.Serve(l) }()
	defer func() { _ = local.Close() }()
	for name, tc := range map[string]struct {
		rules  func(host, up string) []byte
		status int
		tls    bool
	}{
		"TLS":                 {reached(over.URL, "upstream_ca_file: "+ca), http.StatusOK, true},
		"TLS by another name": {reached(over.URL, "upstream_ca_file: "+ca, "upstream_name: example.com"), http.StatusOK, true},
		"a wrong name":        {reached(over.URL, "upstream_ca_file: "+ca, "upstream_name: wrong.test"), http.StatusBadGateway, true},
		"nobody vouches":      {reached(over.URL), http.StatusBadGateway, true},
		"unix socket":         {reached("unix://" + socket), http.StatusOK, false},
		"no unix socket":      {reached("unix://" + socket + "x"), http.StatusBadGateway, false},
	} {
		t.Run(name, func(t *testing.T) {
			g := newGate(t, http.NotFoundHandler(), tc.rules)
			sam := g.acting()
			before := g.size()
			a := sam.get("/look/a")
			if want := fmt.Sprintf("dana at %s tls=%v", g.addr, tc.tls); a.StatusCode != tc.status || tc.status == http.StatusOK && a.body != want {
				t.Errorf("%s %q", a.Status, a.body)
			}
			if all := g.leaves(before, "request.allowed", "request.served"); all[1].Status != tc.status {
				t.Errorf("outcome %d", all[1].Status)
			}
		})
	}
}

// What is wrong with the way to an application is said when the rules are read, or when the gateway is opened.
func TestReachRefused(t *testing.T) {
	for _, tc := range []struct{ upstream, more, want string }{
		{"unix://app.sock", "", "unix:///path"},
		{"unix:///run/app.sock?x=1", "", "unix:///path"},
		{"unix:/run/app.sock", "", "unix:///path"},
		{"unix:///run/app.sock", "upstream_name: x", "are about TLS"},
		{"http://127.0.0.1:1", "upstream_ca_file: /x", "are about TLS"},
		{"http://127.0.0.1:1", "timeouts: { answer: -1s }", "none is below 0"},
		{"http://127.0.0.1:1", "timeouts: { dial: 1s }", "dial"},
	} {
		_, err := gateway.ParseRules(reached(tc.upstream, tc.more)("orders.test", ""))
		if err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s %s: %v", tc.upstream, tc.more, err)
		}
	}
	empty := filepath.Join(t.TempDir(), "empty.pem")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{empty, empty + "x"} {
		if _, err := (gateway.Reach{CAFile: file}).Transport(); err == nil || !strings.Contains(err.Error(), "upstream_ca_file") {
			t.Errorf("%s: %v", file, err)
		}
	}
}

// An application that is slow to answer is 504, one that is not there 502, one that stops in the middle is broken off:
// all recorded.
func TestTimeOuts(t *testing.T) {
	release := make(chan struct{})
	app := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/look/stalls" {
			_, _ = io.WriteString(w, "one")
			_ = http.NewResponseController(w).Flush()
		}
		<-release
	})
	silentApp := httptest.NewServer(app)
	defer silentApp.Close()
	defer close(release)
	gone, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := "http://" + gone.Addr().String()
	_ = gone.Close()
	for name, tc := range map[string]struct {
		upstream, path, text string
		status               int
	}{
		"slow":   {silentApp.URL, "/look/a", "did not answer in time", http.StatusGatewayTimeout},
		"dead":   {nobody, "/look/a", "did not answer", http.StatusBadGateway},
		"stalls": {silentApp.URL, "/look/stalls", "one [broken off]", 0},
	} {
		t.Run(name, func(t *testing.T) {
			g := newGate(t, app, reached(tc.upstream, "timeouts: { connect: 2s, answer: 50ms, idle: 50ms }"))
			sam := g.acting()
			before := g.size()
			a := sam.get(tc.path, "Accept: text/html")
			if !strings.Contains(a.body, tc.text) || tc.status != 0 && a.StatusCode != tc.status {
				t.Errorf("%s %q", a.Status, a.body)
			}
			all := g.leaves(before, "request.allowed", "request.served")
			if tc.status != 0 && all[1].Status != tc.status || tc.status == 0 && all[1].Outcome != "unknown" {
				t.Errorf("outcome %d %q", all[1].Status, all[1].Outcome)
			}
		})
	}
	g := newGate(t, app, reached(silentApp.URL, "timeouts: { answer: 50ms }"))
	if a := g.enter("staff/sam").get("/static/a.css"); a.StatusCode != http.StatusGatewayTimeout {
		t.Errorf("a public file: %s", a.Status)
	}
}

// Parts of a file pass; what is acted in is asked for whole where it becomes a page, and never by half of a condition.
func TestRanges(t *testing.T) {
	content := bytes.Repeat([]byte("0123456789"), 100)
	app := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Etag", `"v1"`)
		http.ServeContent(w, r, "a.bin", time.Time{}, bytes.NewReader(content))
	})
	g := newGate(t, app, echo)
	own, sam := g.enter("customers/dana"), g.acting()
	for _, tc := range []struct {
		name   string
		who    *visitor
		head   []string
		status int
		body   string
	}{
		{"own", own, []string{"Range: bytes=3-5"}, 206, "345"},
		{"own, the end", own, []string{"Range: bytes=-2"}, 206, "89"},
		{"own, beyond", own, []string{"Range: bytes=5000-"}, 416, ""},
		{"own, if it is the same", own, []string{"Range: bytes=3-5", `If-Range: "v1"`}, 206, "345"},
		{"own, if it is another", own, []string{"Range: bytes=3-5", `If-Range: "v0"`}, 200, string(content)},
		{"acting", sam, []string{"Range: bytes=3-5"}, 206, "345"},
		{"acting, by a condition that is not passed on", sam, []string{"Range: bytes=3-5", `If-Range: "v0"`}, 200, string(content)},
		{"acting, a page", sam, append([]string{"Range: bytes=3-5"}, browserHere...), 200, string(content)},
	} {
		a := tc.who.get("/look/a", tc.head...)
		if a.StatusCode != tc.status || tc.body != "" && a.body != tc.body {
			t.Errorf("%s: %s, %d bytes", tc.name, a.Status, len(a.body))
		}
	}
}

// browserHere asks for a page as a program may: without Sec-Fetch it acts at the application's own host.
var browserHere = []string{"Accept: text/html"}

// HEAD has the head of GET and no body.
func TestHead(t *testing.T) {
	app := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/pdf")
		w.Header().Set("Content-Length", "12345")
	})
	g := newGate(t, app, echo)
	for name, v := range map[string]*visitor{"own": g.enter("customers/dana"), "acting": g.acting()} {
		a := v.do("HEAD", "/look/a", "")
		if a.StatusCode != http.StatusOK || a.ContentLength != 12345 || a.body != "" || g.up.last(t).Method != "HEAD" {
			t.Errorf("%s: %s, %d long", name, a.Status, a.ContentLength)
		}
	}
}
