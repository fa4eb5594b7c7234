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
	"slices"
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

// run waits until every request is answered, and gives the median of how long each took, in µs.
func (p *peer) run(b *testing.B, l load) (p50 float64) {
	b.Helper()
	if err := p.in.Encode(l); err != nil {
		b.Fatal(err)
	}
	said := p.line(b)
	if _, err := fmt.Sscanf(said, "ok %f", &p50); err != nil {
		b.Fatal(said)
	}
	return p50
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
		took, err := job.send()
		if err != nil {
			fmt.Println(err)
			continue
		}
		slices.Sort(took)
		fmt.Printf("ok %f\n", float64(took[len(took)/2].Nanoseconds())/1000)
	}
}

// application serves 1 KiB, at once or after a millisecond, and a page of 100 KiB; and says yes to who asks.
func application() http.Handler {
	small := strings.Repeat("x", 1<<10)
	large := "<!doctype html><head><title>Orders</title></head><body>" + strings.Repeat("<p>hello", 12<<10)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		kind, text := "text/plain", small
		switch {
		case r.URL.Path == "/asks":
			w.Header().Set("Remote-User", "dana")
			return
		case r.URL.Path == "/look/slow":
			time.Sleep(time.Millisecond)
		}
		if strings.HasSuffix(r.URL.Path, "/page") {
			kind, text = "text/html", large
		}
		w.Header().Set("Content-Type", kind)
		_, _ = io.WriteString(w, text)
	})
}

func (l load) send() ([]time.Duration, error) {
	var wg sync.WaitGroup
	var failed atomic.Pointer[error]
	took := make([]time.Duration, l.Conns*l.Each)
	for i := range l.Conns {
		wg.Go(func() {
			if err := l.sendOn(took[i*l.Each : (i+1)*l.Each]); err != nil {
				failed.Store(&err)
			}
		})
	}
	wg.Wait()
	if err := failed.Load(); err != nil {
		return nil, *err
	}
	return took, nil
}

// sendOn is one connection; it notes how long each answer took.
func (l load) sendOn(took []time.Duration) error {
	c, err := net.Dial("tcp", l.Addr)
	if err != nil {
		return err
	}
	defer func() { _ = c.Close() }()
	r := bufio.NewReaderSize(c, 32<<10)
	for i := range took {
		begun := time.Now()
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
		took[i] = time.Since(begun)
	}
	return nil
}
