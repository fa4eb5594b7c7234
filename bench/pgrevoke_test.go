package bench

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/house"
	"github.com/steadhq/stead/internal/house/housetest"
	"github.com/steadhq/stead/internal/store/pgtest"
)

const (
	revocations = 10_000
	atOnce      = 32 // mandates that live at a time
)

// BenchmarkPostgresRevocation revokes mandates on one node while three nodes do nothing but act under them. It tells how long
// after the acknowledgement the last yes was given that had been asked for before it, and how many were given that were
// asked for after it: there must be none.
func BenchmarkPostgresRevocation(b *testing.B) {
	for _, kind := range []string{"alone", "standby"} {
		b.Run(kind, func(b *testing.B) {
			r := newRush(b, servers(b, kind))
			b.ResetTimer()
			for range b.N {
				r.late = nil
				began := time.Now()
				r.all(b)
				r.report(b, kind, time.Since(began))
			}
		})
	}
}

// servers is one server alone, or one that acknowledges what a standby on the same disk has too.
func servers(b *testing.B, kind string) *pgtest.Server {
	b.Helper()
	primary := pgtest.Start(b)
	if kind == "standby" {
		primary.Standby(b, 0)
		primary.Synchronous(b, true)
	}
	return primary
}

// A rush is three nodes, and people who act through all of them.
type rush struct {
	nodes             []*housetest.House
	pairs             []rushed
	wrong, acted, yes atomic.Int64

	mu   sync.Mutex
	late []time.Duration
}

// rushed is one who acts, and for whom; like is the mandate that each of his is made like.
type rushed struct {
	actor, subject authority.By
	like           stead.Mandate
}

func newRush(b *testing.B, server *pgtest.Server) *rush {
	b.Helper()
	const ever = 100_000 * time.Hour
	h := housetest.New(b, func(o *house.Options) {
		o.DSN = server.Create(b)
		s := o.Settings
		s.Session, s.ArmFor, s.Terms.Fresh = authority.Ends{Idle: ever, Absolute: ever}, ever, ever
		s.Terms.Default, s.Terms.Max = ever, ever
	})
	var all []authority.NewPerson
	for n := range atOnce {
		for directory, group := range map[string]string{"staff": "support", "customers": "customers"} {
			all = append(all, authority.NewPerson{Directory: directory, Name: fmt.Sprint("p", n), Groups: []string{group},
				Password: housetest.Password, TOTP: housetest.Secret})
		}
	}
	made, err := h.Enroll(b.Context(), h.Login("staff/root", "stead.test"), all)
	if err != nil {
		b.Fatal(err)
	}
	for _, p := range made {
		h.People[p.Directory+"/"+p.Name] = p
	}
	r := &rush{nodes: []*housetest.House{h, h.Beside(), h.Beside()}}
	for n := range atOnce {
		h.Clock.Move(time.Minute) // past the throttle
		r.pairs = append(r.pairs, rushed{actor: h.Login(fmt.Sprint("staff/p", n), "stead.test"), subject: h.Login(fmt.Sprint("customers/p", n), "stead.test")})
	}
	for n := range r.pairs { // the clock stands from here on
		p := &r.pairs[n]
		if p.like, err = h.Act(p.actor, fmt.Sprint("staff/p", n), fmt.Sprint("customers/p", n), stead.ReadOnly); err == nil {
			_, err = h.Revoke(b.Context(), p.subject, p.like.ID, "the next is like it")
		}
		if err != nil {
			b.Fatal(err)
		}
	}
	return r
}

func (r *rush) all(b *testing.B) {
	var everybody sync.WaitGroup
	var next atomic.Int64
	for i := range r.pairs {
		everybody.Go(func() {
			for n := next.Add(1); n <= revocations && !b.Failed(); n = next.Add(1) {
				r.one(b, &r.pairs[i], int(n))
			}
		})
	}
	everybody.Wait()
}

// one mandate is started, used on every node, and revoked on one of them.
func (r *rush) one(b *testing.B, p *rushed, n int) {
	ctx := context.Background()
	m := p.like
	m.ID, m.Version = stead.MandateID(r.nodes[0].NewID(stead.PrefixMandate)), 1
	started := stead.Event{ID: stead.EventID(r.nodes[0].NewID(stead.PrefixEvent)), Kind: "mandate.started", At: r.nodes[0].Clock.Wall(),
		Outcome: stead.OK, Actor: m.Actor, Subject: m.Subject, Mandate: m.ID}
	if _, err := r.nodes[n%3].Store.Append(ctx, authority.Entry{Changes: []stead.Change{{Event: started, Records: []stead.Record{m}}}}); err != nil {
		b.Error(err)
		return
	}
	var acting sync.WaitGroup
	var over atomic.Pointer[time.Time]
	last := make([]time.Duration, len(r.nodes))
	for i, h := range r.nodes {
		acting.Go(func() { last[i] = r.act(b, h, p, m, &over) })
	}
	time.Sleep(10 * time.Millisecond)
	if _, err := r.nodes[(n+1)%3].Revoke(ctx, p.subject, m.ID, "bench"); err != nil {
		b.Error(err)
	}
	at := time.Now()
	over.Store(&at)
	acting.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.late = append(r.late, slices.Max(last))
}

// act acts on one node until it has asked once after the end, and tells how long after it the last yes came.
func (r *rush) act(b *testing.B, h *housetest.House, p *rushed, m stead.Mandate, over *atomic.Pointer[time.Time]) (last time.Duration) {
	for {
		end := over.Load()
		d, err := h.Decide(context.Background(), h.Question(p.actor, m, stead.ActionRead, "/orders/7"))
		back := time.Now()
		if err != nil {
			b.Error(err)
			return last
		}
		r.acted.Add(1)
		if d.Allow {
			r.yes.Add(1)
			if end != nil {
				r.wrong.Add(1)
			}
			if now := over.Load(); now != nil {
				last = max(last, back.Sub(*now))
			}
		}
		if end != nil {
			return last
		}
		if !d.Allow {
			time.Sleep(time.Millisecond) // known here before it is acknowledged
		}
	}
}

func (r *rush) report(b *testing.B, kind string, took time.Duration) {
	slices.Sort(r.late)
	at := func(share float64) float64 {
		return float64(r.late[int(share*float64(len(r.late)-1))].Microseconds()) / 1000
	}
	b.ReportMetric(at(0.5), "p50-ms")
	b.ReportMetric(at(0.99), "p99-ms")
	b.ReportMetric(at(1), "max-ms")
	b.ReportMetric(float64(r.wrong.Load()), "wrong")
	fmt.Printf("\n| PostgreSQL (%s), three nodes, %d revocations, %.0f decisions a second meanwhile (%.0f %% yes): from the acknowledgement to the last yes at every node, p50 / p99 / max; wrong yeses | ≤ 50 ms, 10 ms; 0 | %.1f / %.1f / %.1f ms; %d | |\n",
		kind, len(r.late), float64(r.acted.Load())/took.Seconds(), 100*float64(r.yes.Load())/float64(r.acted.Load()), at(0.5), at(0.99), at(1), r.wrong.Load())
	if r.wrong.Load() > 0 {
		b.Error("a yes began after the acknowledged revocation")
	}
}
