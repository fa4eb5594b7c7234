package bench

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// A load is so many requests over so many connections, one after another on each.
type load struct {
	Addr        string
	Head        string // of one request, whole
	Conns, Each int
}

// A peer is a process of its own that is both the application and the clients, so that the CPU time of this process
// is that of the proxy alone.
type peer struct {
	app string // address of the application
	in  *json.Encoder
	out *bufio.Reader
}

const peerMark = "STEAD_BENCH_PEER"

func TestMain(m *testing.M) {
	if os.Getenv(peerMark) != "" {
		bePeer()
		return
	}
	os.Exit(m.Run())
}

func newPeer(b *testing.B) *peer {
	b.Helper()
	c := exec.Command(os.Args[0])
	c.Env, c.Stderr = append(os.Environ(), peerMark+"=1"), os.Stderr
	in, err := c.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	out, err := c.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := c.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = in.Close()
		_ = c.Wait()
	})
	p := &peer{in: json.NewEncoder(in), out: bufio.NewReader(out)}
	p.app = p.line(b)
	return p
}

func (p *peer) line(b *testing.B) string {
	b.Helper()
	text, err := p.out.ReadString('\n')
	if err != nil {
		b.Fatal(err)
	}
	return strings.TrimSpace(text)
}

// run waits until every request is answered.
func (p *peer) run(b *testing.B, l load) {
	b.Helper()
	if err := p.in.Encode(l); err != nil {
		b.Fatal(err)
	}
	if said := p.line(b); said != "ok" {
		b.Fatal(said)
	}
}

// cpu is what this process has used so far.
func cpu(b *testing.B) time.Duration {
	b.Helper()
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func bePeer() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	go func() { _ = http.Serve(l, application()) }()
	fmt.Println(l.Addr())
	for in := json.NewDecoder(os.Stdin); ; {
		var job load
		if in.Decode(&job) != nil {
			return
		}
		if err := job.send(); err != nil {
			fmt.Println(err)
			continue
		}
		fmt.Println("ok")
	}
}

// application serves 1 KiB, and a page of 100 KiB.
func application() http.Handler {
	small := strings.Repeat("x", 1<<10)
	large := "<!doctype html><head><title>Orders</title></head><body>" + strings.Repeat("<p>hello", 12<<10)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		kind, text := "text/plain", small
		if strings.HasSuffix(r.URL.Path, "/page") {
			kind, text = "text/html", large
		}
		w.Header().Set("Content-Type", kind)
		_, _ = io.WriteString(w, text)
	})
}

func (l load) send() error {
	var wg sync.WaitGroup
	var failed atomic.Pointer[error]
	for range l.Conns {
		wg.Go(func() {
			if err := l.sendOn(); err != nil {
				failed.Store(&err)
			}
		})
	}
	wg.Wait()
	if err := failed.Load(); err != nil {
		return *err
	}
	return nil
}

// sendOn is one connection.
func (l load) sendOn() error {
	c, err := net.Dial("tcp", l.Addr)
	if err != nil {
		return err
	}
	defer func() { _ = c.Close() }()
	r := bufio.NewReaderSize(c, 32<<10)
	for range l.Each {
		if _, err := io.WriteString(c, l.Head); err != nil {
			return err
		}
		res, err := http.ReadResponse(r, nil)
		if err != nil {
			return err
		}
		if _, err := io.Copy(io.Discard, res.Body); err != nil {
			return err
		}
		if res.StatusCode != http.StatusOK {
			return fmt.Errorf("%s", res.Status)
		}
	}
	return nil
}
