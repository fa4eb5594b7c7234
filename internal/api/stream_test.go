package api

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// A line is one connection, of which is told when the server closes it.
type line struct {
	net.Conn
	once sync.Once
	over chan struct{}
}

func (l *line) Close() error {
	l.once.Do(func() { close(l.over) })
	return l.Conn.Close()
}

// A booth is a listener for one connection.
type booth struct {
	calls chan net.Conn
	shut  chan struct{}
}

func (b *booth) Accept() (net.Conn, error) {
	select {
	case c := <-b.calls:
		return c, nil
	case <-b.shut:
		return nil, net.ErrClosed
	}
}
func (b *booth) Close() error   { close(b.shut); return nil }
func (b *booth) Addr() net.Addr { return &net.TCPAddr{} }

// follow opens a stream over a connection that holds nothing back, and reads its headers. It is for synctest: the server
// and its clock are in the bubble.
func follow(t *testing.T, r *rig, headers ...string) (*bufio.Reader, *line) {
	t.Helper()
	here, there := net.Pipe()
	l := &line{Conn: there, over: make(chan struct{})}
	b := &booth{make(chan net.Conn, 1), make(chan struct{})}
	b.calls <- l
	s := &http.Server{Handler: r.mux}
	go func() { _ = s.Serve(b) }()
	t.Cleanup(func() { _ = here.Close(); _ = s.Close() })
	_, err := fmt.Fprintf(here, "GET /v1/events HTTP/1.1\r\nHost: stead.test\r\nAuthorization: Bearer stp_aud\r\nAccept: text/event-stream\r\n%s\r\n", strings.Join(headers, ""))
	if err != nil {
		t.Fatal(err)
	}
	in := bufio.NewReader(here)
	resp, err := http.ReadResponse(in, nil)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%+v %v", resp, err)
	}
	return bufio.NewReader(resp.Body), l
}

// says reads lines until one is there, and gives the time that this took.
func says(t *testing.T, in *bufio.Reader, want string) time.Duration {
	t.Helper()
	began := time.Now()
	for {
		got, err := in.ReadString('\n')
		if err != nil {
			t.Fatalf("it ended before %q: %v", want, err)
		}
		if strings.TrimSpace(got) == want {
			return time.Since(began)
		}
	}
}

// A quiet stream shows every 15 seconds that it lives, for as long as it is read.
func TestHeartbeat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.desk.trail = trail(3)
		in, l := follow(t, r)
		says(t, in, ": open")
		for range 5 {
			if took := says(t, in, ": still here"); took != beat {
				t.Errorf("after %s", took)
			}
		}
		select {
		case <-l.over:
			t.Error("a reader who reads is cut off")
		default:
		}
	})
}

// Who takes nothing for 20 seconds is cut off then, and not before: nothing is held for him.
func TestSlowReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.desk.trail = trail(3)
		in, l := follow(t, r, "Last-Event-ID: 1\r\n")
		says(t, in, "id: 2")
		began := time.Now()
		synctest.Wait()
		time.Sleep(slow - time.Second)
		select {
		case <-l.over:
			t.Fatalf("cut off after %s", time.Since(began))
		default:
		}
		<-l.over
		if took := time.Since(began); took < slow || took > slow+beat+time.Second {
			t.Errorf("cut off after %s", took)
		}
		if rest, err := io.ReadAll(in); err == nil && strings.Contains(string(rest), "still here") {
			t.Errorf("it went on: %s", rest)
		}
	})
}

// A reader who comes back goes on behind what he had: told what is not kept any more, and with what comes where the
// record, restored from a backup, ends before that.
func TestGoesOn(t *testing.T) {
	for name, c := range map[string]struct {
		last, first string
		says        []string
		more        int // events that come then
	}{
		"all is kept":          {"11", "id: 12", nil, 0},
		"the first is next":    {"10", "id: 11", nil, 0},
		"some are gone":        {"4", "id: 11", []string{": events 5 to 10 are not kept any more"}, 0},
		"nothing was had":      {"0", "id: 11", []string{": events 1 to 10 are not kept any more"}, 0},
		"beyond what there is": {"40", "id: 14", nil, 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t)
				r.desk.trail = trail(14)[10:13]
				in, _ := follow(t, r, "Last-Event-ID: "+c.last+"\r\n")
				for _, s := range append([]string{": open"}, c.says...) {
					says(t, in, s)
				}
				if c.more > 0 {
					synctest.Wait()
					r.desk.mu.Lock()
					r.desk.trail = trail(14)[10:14]
					r.desk.mu.Unlock()
				}
				for {
					got, err := in.ReadString('\n')
					if err != nil {
						t.Fatal(err)
					}
					if strings.HasPrefix(got, "id: ") {
						if got = strings.TrimSpace(got); got != c.first {
							t.Errorf("%s, want %s", got, c.first)
						}
						return
					}
					if strings.Contains(got, "not kept") {
						t.Errorf("it says %s", got)
					}
				}
			})
		})
	}
}
