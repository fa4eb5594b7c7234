package bench

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authzen"
	"github.com/steadhq/stead/internal/house"
	"github.com/steadhq/stead/internal/house/housetest"
	"github.com/steadhq/stead/internal/login"
)

// BenchmarkAuthZEN asks over HTTP: one question, a hundred in one request, and one whose record is on disk before the
// answer; beside them a bare handler of net/http that reads the body and says yes, and OPA and OpenFGA, each a process of its
// own, which record nothing. What counts is decisions/s, and cpu-µs/decision of the server alone.
func BenchmarkAuthZEN(b *testing.B) {
	ours := newEvaluations(b)
	for _, conns := range []int{32, 256} {
		for _, r := range []struct {
			name string
			each int
			make func(*testing.B) engine
		}{
			{"bare", 1, bare}, {"opa", 1, opa}, {"openfga", 1, openfga},
			{"single", 1, ours.one("own")}, {"batch=100", 100, ours.hundred("own")},
			{"recorded", 1, ours.one("acting")}, {"recorded,batch=100", 100, ours.hundred("acting")},
		} {
			b.Run(fmt.Sprintf("conns=%d/%s", conns, r.name), func(b *testing.B) { r.make(b).measure(b, conns, r.each) })
		}
	}
}

// measure asks the same question again and again over so many connections.
func (e engine) measure(b *testing.B, conns, each int) {
	said := told(b, "http://"+e.addr+e.path, e.body, nil)
	if !strings.Contains(said, ":true") || strings.Contains(said, ":false") {
		b.Fatalf("this is no yes: %.300s", said)
	}
	p := newPeer(b)
	l := load{Addr: e.addr, Conns: conns, Each: 4}
	l.Head = fmt.Sprintf("POST %s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nAuthorization: Bearer %s\r\nContent-Length: %d\r\n\r\n%s",
		e.path, e.addr, asker, len(e.body), e.body)
	p.run(b, l) // connections stand
	l.Each = max(1, b.N/conns)
	before := e.used()
	b.ResetTimer()
	p.run(b, l)
	b.StopTimer()
	n := float64(l.Each * conns * each)
	b.ReportMetric(float64((e.used()-before).Nanoseconds())/1000/n, "cpu-µs/decision")
	b.ReportMetric(n/b.Elapsed().Seconds(), "decisions/s")
}

const asker = "the secret of the service that asks"

// own is a question about oneself.
const own = `{"subject":{"type":"user","id":"staff/tess"},"action":{"name":"read"},"resource":{"type":"path","id":"orders/orders/7"}}`

func bare(b *testing.B) engine {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var v map[string]any
		if json.NewDecoder(r.Body).Decode(&v) != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"decision":true}`)
	}))
	b.Cleanup(s.Close)
	return engine{s.Listener.Addr().String(), "/", own, func() time.Duration { return cpu(b) }}
}

// Evaluations are a house that answers services.
type evaluations struct {
	addr   string
	bodies map[string]string
}

func newEvaluations(b *testing.B) evaluations {
	ballast := house.Ballast()
	b.Cleanup(func() { runtime.KeepAlive(ballast) })
	h := housetest.New(b, func(o *house.Options) {
		o.Settings.Evaluators = []stead.Evaluator{{ID: "service:desk", Apps: []stead.AppID{"orders"}, Level: 1}}
	})
	sam := h.Login("staff/sam", "stead.test")
	m, err := h.Act(sam, "staff/sam", "customers/dana", stead.ReadOnly)
	if err != nil {
		b.Fatal(err)
	}
	server := httptest.NewUnstartedServer(nil)
	host := server.Listener.Addr().String()
	doors, err := h.Doors(house.Site{Origin: "http://" + host, Listen: host, Gateway: "orders.test", Log: slog.New(slog.DiscardHandler),
		Directories: []login.Directory{{ID: "staff"}}, Callers: []authzen.Caller{{ID: "service:desk", Sum: sha256.Sum256([]byte(asker))}}})
	if err != nil {
		b.Fatal(err)
	}
	server.Config.Handler = doors.Own
	server.Start()
	b.Cleanup(server.Close)
	acting := fmt.Sprintf(`{"subject":{"type":"user","id":"customers/dana"},"action":{"name":"read"},"resource":{"type":"path","id":"orders/orders/7"},"context":{"mandate":%q,"act":{"sub":"staff/sam"}}}`, m.ID)
	return evaluations{host, map[string]string{"own": own, "acting": acting}}
}

func (e evaluations) one(whose string) func(*testing.B) engine {
	return func(b *testing.B) engine {
		return engine{e.addr, "/access/v1/evaluation", e.bodies[whose], func() time.Duration { return cpu(b) }}
	}
}

func (e evaluations) hundred(whose string) func(*testing.B) engine {
	return func(b *testing.B) engine {
		body := `{"evaluations":[` + e.bodies[whose] + strings.Repeat(","+e.bodies[whose], 99) + `]}`
		return engine{e.addr, "/access/v1/evaluations", body, func() time.Duration { return cpu(b) }}
	}
}
