package bench

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/store"
)

// shown is an event of a log of three months: pages mostly, some refused, a mandate's life now and then, and rare things.
func shown(n uint64, at time.Time) stead.Event {
	e := allowed(n, at.Add(time.Duration(n)*8*time.Second))
	e.What["title"] = fmt.Sprintf("Order %d · Acme Orders", n)
	switch {
	case n%100_000 == 77:
		e.Kind, e.App, e.What = "policy.applied", "", stead.Fields{"reason": "after the review of spring"}
	case n%2000 == 999:
		e.Kind, e.What = "mandate.started", stead.Fields{"reason": "she cannot see her last order", "ticket": fmt.Sprintf("SUP-%d", n)}
	case n%50 == 7:
		e.Kind, e.Outcome, e.Reason = "request.denied", stead.No, stead.ReasonReadOnly
	case n%3 == 1:
		e.Kind, e.Status, e.Size = "request.served", 200, 18432
	}
	switch {
	case n%250_000 == 11:
		e.Actor, e.Mandate = "prn_rare", "man_rare"
	case n%300_000 == 12:
		e.App = "payroll"
	case n%400_000 == 13:
		e.Outcome = stead.Unknown
	}
	return e
}

// BenchmarkExplorer asks what the pages of the console ask, of a log of a million events: the rows of a page and the counts
// of its histogram. Beside the median stands the worst of every question, and the processor time of both together.
func BenchmarkExplorer(b *testing.B) {
	s := openStore(b, b.TempDir())
	defer s.Close()
	began := time.Date(2026, 8, 20, 9, 0, 0, 0, time.UTC)
	for n := 0; n < rows(); {
		var some []stead.Change
		for ; len(some) < 1000 && n < rows(); n++ {
			some = append(some, stead.Change{Event: shown(uint64(n), began)})
		}
		if _, err := s.Append(context.Background(), authority.Entry{Changes: some}); err != nil {
			b.Fatal(err)
		}
	}
	if err := s.Settled(context.Background(), s.Head().Size); err != nil {
		b.Fatal(err)
	}
	person := func(n int) stead.PrincipalID { return stead.PrincipalID(fmt.Sprintf("prn_%026x", n)) }
	for _, c := range []struct {
		name string
		q    authority.EventQuery
	}{
		{"everything", authority.EventQuery{}},
		{"deep page", authority.EventQuery{Before: uint64(rows()) / 9}},
		{"one of 97 actors", authority.EventQuery{Actor: person(13)}},
		{"either", authority.EventQuery{Either: person(13)}},
		{"rare actor", authority.EventQuery{Actor: "prn_rare"}},
		{"actor and refused", authority.EventQuery{Actor: person(13), Outcome: stead.No}},
		{"mandate", authority.EventQuery{Mandate: stead.MandateID(fmt.Sprintf("man_%026x", 17))}},
		{"refused", authority.EventQuery{Outcome: stead.No}},
		{"rare outcome", authority.EventQuery{Outcome: stead.Unknown}},
		{"kind", authority.EventQuery{Kinds: []string{"request."}}},
		{"rare kind", authority.EventQuery{Kinds: []string{"policy."}}},
		{"rare application", authority.EventQuery{App: "payroll"}},
		{"a week", authority.EventQuery{From: began.AddDate(0, 0, 30), To: began.AddDate(0, 0, 37)}},
		{"rare text", authority.EventQuery{Text: "review of spring"}},
		{"number in text", authority.EventQuery{Text: "SUP-4999"}},
		{"no such text", authority.EventQuery{Text: "nowhere at all"}},
		{"common text", authority.EventQuery{Text: "acme orders"}},
		{"text and actor", authority.EventQuery{Text: "/orders/9", Actor: person(13)}},
		{"all at once", authority.EventQuery{Actor: person(13), Outcome: stead.No, App: "orders", Kinds: []string{"request.d"}, Text: "order", From: began.AddDate(0, 0, 10)}},
	} {
		b.Run(c.name, func(b *testing.B) { explore(b, s, c.q) })
	}
}

func explore(b *testing.B, s *store.Store, q authority.EventQuery) {
	b.Helper()
	var counting, reading []time.Duration
	var n authority.Counts
	used := processor()
	for b.Loop() {
		began := time.Now()
		var err error
		counted := q
		counted.Before = 0
		if n, err = s.Counted(context.Background(), counted, authority.Counting{Bars: 60, Newer: q.Before, Within: 60 * time.Millisecond}); err != nil {
			b.Fatal(err)
		}
		counting = append(counting, time.Since(began))
		began = time.Now()
		page := q
		page.Newest, page.Limit = true, 50
		if _, err := s.Events(context.Background(), page); err != nil {
			b.Fatal(err)
		}
		reading = append(reading, time.Since(began))
	}
	b.ReportMetric((processor()-used).Seconds()*1000/float64(b.N), "cpu-ms")
	slices.Sort(counting)
	slices.Sort(reading)
	ms := func(l []time.Duration, i int) float64 { return l[i].Seconds() * 1000 }
	b.ReportMetric(ms(counting, len(counting)/2), "ms-count")
	b.ReportMetric(ms(counting, len(counting)-1), "worst-count")
	b.ReportMetric(ms(reading, len(reading)/2), "ms-rows")
	b.ReportMetric(ms(reading, len(reading)-1), "worst-rows")
	b.ReportMetric(float64(n.Total), "counted")
}
