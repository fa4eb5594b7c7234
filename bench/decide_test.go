package bench

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/house/housetest"
)

// BenchmarkDecide is a decision in process: facts at one index, policy, laws; nothing recorded. It must be flat in the
// number of live mandates.
func BenchmarkDecide(b *testing.B) {
	for _, n := range []int{10, 10_000, 1_000_000} {
		b.Run(fmt.Sprintf("mandates=%d", n), func(b *testing.B) {
			h := housetest.New(b)
			sam := h.Login("staff/sam", "stead.test")
			m, err := h.Act(sam, "staff/sam", "customers/dana", stead.ReadOnly)
			if err != nil {
				b.Fatal(err)
			}
			before := heap()
			crowd(h, n, m)
			perMandate := (heap() - before) / float64(n)
			q := h.Question(sam, m, stead.ActionRead, "/orders/7")
			if d := h.Consider(q); !d.Allow {
				b.Fatal(d.Text)
			}
			b.ReportAllocs()
			for b.Loop() {
				if d := h.Consider(q); !d.Allow {
					b.Fatal(d.Text)
				}
			}
			b.ReportMetric(perMandate, "B/mandate")
		})
	}
}

// BenchmarkDecideRecorded is the same with its record on disk before it returns, by many callers at once.
func BenchmarkDecideRecorded(b *testing.B) {
	for _, callers := range []int{1, 32, 256} {
		b.Run(fmt.Sprintf("callers=%d", callers), func(b *testing.B) {
			h := housetest.New(b)
			sam := h.Login("staff/sam", "stead.test")
			m, err := h.Act(sam, "staff/sam", "customers/dana", stead.ReadOnly)
			if err != nil {
				b.Fatal(err)
			}
			q := h.Question(sam, m, stead.ActionRead, "/orders/7")
			b.SetParallelism(max(1, callers/runtime.GOMAXPROCS(0)))
			b.ReportAllocs()
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if d, err := h.Decide(b.Context(), q); err != nil || !d.Allow {
						b.Errorf("%+v, %v", d, err)
						return
					}
				}
			})
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "decisions/s")
		})
	}
}

// crowd puts n more live mandates into the view, each with an actor, a subject and a session of its own.
func crowd(h *housetest.House, n int, like stead.Mandate) {
	stage := h.Store.View().Stage()
	for i := range n {
		id := fmt.Sprintf("%026d", i)
		m := like
		m.ID, m.Actor, m.Subject = stead.MandateID(stead.PrefixMandate+id), stead.PrincipalID("prn_a"+id), stead.PrincipalID("prn_s"+id)
		m.Session = stead.SessionID(stead.PrefixSession + id)
		m.Digest = fmt.Sprintf("%064d", i)
		m.Purpose.Reason = fmt.Sprintf("SUP-%d wrong total on the invoice", i)
		m.People = []stead.PersonKey{stead.PersonKey("per_a" + id), stead.PersonKey("per_s" + id)}
		m.Until = m.Until.Add(time.Duration(i))
		stage.Load(m)
	}
	h.Store.View().Apply(stage)
}
