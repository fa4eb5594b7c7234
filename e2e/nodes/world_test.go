package nodes

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/steadhq/stead/e2e/stage"
	"github.com/steadhq/stead/internal/store/pgtest"
	"github.com/steadhq/stead/internal/web/vacant"
)

var program string

func TestMain(m *testing.M) { stage.Main(m, &program) }

// A world is two nodes on one database, an application, and the balancer before them.
type world struct {
	own, gate string // the balancer's origins
	nodes     [2]*node
	turns     turns
	app       *app
	server    *pgtest.Server
	database  string
	dir       string
}

// A node is one stead serve.
type node struct {
	own, gate, metrics string // addresses
	dir, file          string
	id                 string
	cmd                *exec.Cmd
	said               stage.Tape
}

// open starts everything; link is where the first administrator is made.
func open(t *testing.T) (w *world, link string) {
	t.Helper()
	w = &world{app: newApp(t), server: pgtest.Start(t), dir: t.TempDir()}
	dsn := w.server.Create(t)
	w.database = dsn[strings.LastIndex(dsn, "/")+1 : strings.Index(dsn, "?")]
	if err := os.WriteFile(filepath.Join(w.dir, "dsn"), []byte(dsn+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	w.own, w.gate = w.balance(t, func(n *node) string { return n.own }), w.balance(t, func(n *node) string { return n.gate })
	w.app.trust(w.own, w.gate)
	for i, name := range []string{"one", "two"} {
		n := &node{own: vacant.Address(t), gate: vacant.Address(t), metrics: vacant.Address(t), dir: filepath.Join(w.dir, name)}
		n.file = w.configure(t, n, name, "master.key")
		w.nodes[i] = n
		if err := n.start(t); err != nil {
			t.Fatal(err)
		}
	}
	stage.Until(t, "no link", func() bool { link = setup.FindString(w.nodes[0].said.String()); return link != "" })
	return w, link
}

var setup = regexp.MustCompile(`http\S+/setup\?token=\S+`)

var yaml = regexp.MustCompile("(?s)```yaml\n(.*?)```")

// configure writes the configuration of the guide with the addresses and folders of this node.
func (w *world) configure(t *testing.T, n *node, name, master string) string {
	t.Helper()
	guide, err := os.ReadFile("../../docs/guide/nodes.md")
	if err != nil {
		t.Fatal(err)
	}
	text := string(yaml.FindSubmatch(guide)[1])
	for _, x := range [][2]string{{"127.0.0.1:8430", n.own}, {"127.0.0.1:8431", n.gate}, {"127.0.0.1:9464", n.metrics},
		{"http://127.0.0.1:8420", w.own}, {"127.0.0.1:8421", strings.TrimPrefix(w.gate, "http://")}, {"http://127.0.0.1:9000", w.app.URL},
		{"/etc/stead/dsn", filepath.Join(w.dir, "dsn")}, {"/etc/stead/master.key", filepath.Join(w.dir, master)},
		{"/var/lib/stead/one", n.dir}, {"/var/lib/stead-head/one", filepath.Join(w.dir, name+".head")}} {
		if !strings.Contains(text, x[0]) {
			t.Fatalf("the guide does not say %s", x[0])
		}
		text = strings.ReplaceAll(text, x[0], x[1])
	}
	file := filepath.Join(w.dir, name+".yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

var served = regexp.MustCompile(`"msg":"stead serves".*"node":"(nod_[a-z2-7]{26})"`)

// start starts a node and waits until it serves.
func (n *node) start(t *testing.T) error {
	t.Helper()
	n.cmd = exec.Command(program, "serve", "--config", n.file)
	pipe, err := n.cmd.StderrPipe()
	if err != nil {
		return err
	}
	if err := n.cmd.Start(); err != nil {
		return err
	}
	cmd, ready, gone := n.cmd, make(chan struct{}), make(chan struct{})
	go func() {
		defer close(gone)
		lines := bufio.NewScanner(pipe)
		for lines.Scan() {
			n.said.Add(lines.Text())
			if m := served.FindStringSubmatch(lines.Text()); m != nil {
				n.id = m[1]
				close(ready)
			}
		}
	}()
	t.Cleanup(func() { n.end(cmd, syscall.SIGTERM, gone) })
	select {
	case <-ready:
	case <-gone:
		return fmt.Errorf("stead serve: %w\n%s", n.cmd.Wait(), n.said.String())
	}
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if res, err := http.Get("http://" + n.own + "/readyz"); err == nil {
			res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return nil
			}
		}
	}
	return fmt.Errorf("the node does not get ready:\n%s", n.said.String())
}

func (n *node) end(cmd *exec.Cmd, by syscall.Signal, gone <-chan struct{}) {
	if cmd.ProcessState == nil && cmd.Process.Signal(by) == nil {
		<-gone
		_ = cmd.Wait() // how it ended is not what is asked
	}
}

// kill ends a node as a power cut does.
func (n *node) kill(t *testing.T) {
	t.Helper()
	if err := n.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = n.cmd.Wait() // it says that it was killed
}

// turns gives every request to the node whose turn it is, at both listeners; one that does not stage.Answer is passed over.
type turns struct {
	mu sync.Mutex
	n  int
}

func (s *turns) next() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.n++
	return s.n % 2
}

// to lets a node have the next turn.
func (s *turns) to(node int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.n = node + 1
}

type balancer struct {
	w  *world
	of func(*node) string
	to *http.Transport
}

func (b balancer) RoundTrip(r *http.Request) (res *http.Response, err error) {
	first := b.w.turns.next()
	for _, i := range []int{first, 1 - first} {
		r.URL.Host = b.of(b.w.nodes[i])
		if res, err = b.to.RoundTrip(r); err == nil {
			res.Header.Set("Served-By", fmt.Sprint(i))
			return res, nil
		}
		var at *net.OpError
		if !errors.As(err, &at) || at.Op != "dial" {
			break // it may have been done
		}
	}
	return nil, err
}

// balance starts one listener of the balancer and gives its origin.
func (w *world) balance(t *testing.T, of func(*node) string) string {
	t.Helper()
	to := &http.Transport{DisableKeepAlives: true}
	proxy := &httputil.ReverseProxy{Transport: balancer{w, of, to}, ErrorLog: log.New(io.Discard, "", 0), Rewrite: func(r *httputil.ProxyRequest) { r.Out.URL.Scheme = "http" }}
	s := httptest.NewServer(proxy)
	t.Cleanup(s.Close)
	return s.URL
}
