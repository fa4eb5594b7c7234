package storetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
)

// What is counted is what is found: by spans of time as narrow as there are places for, refusals and newer ones apart.
func counts(t *testing.T, a, b Store) {
	var all []stead.Change
	for n := range 700 {
		e := Event("request.allowed", n%7, n)
		e.At, e.App, e.What = Noon().Add(time.Duration(n)*time.Minute), "orders", stead.Fields{"path": fmt.Sprintf("/orders/%d", n)}
		if n%10 == 3 {
			e.Kind, e.Outcome, e.App = "request.denied", stead.No, "shop"
		}
		all = append(all, stead.Change{Event: e})
	}
	must(t, a, put(all[:650]...))
	must(t, b, put(all[650:]...))
	settled(t, a, b)
	hour := authority.EventQuery{From: Noon().Add(time.Hour), To: Noon().Add(2 * time.Hour)}
	for _, c := range []struct {
		name                  string
		q                     authority.EventQuery
		c                     authority.Counting
		total, refused, newer uint64
		first, last           uint64
		bars                  int
		width                 time.Duration
	}{
		{"all", authority.EventQuery{}, authority.Counting{Bars: 24, Newer: 600}, 700, 70, 100, 1, 700, 12, time.Hour},
		{"without spans", authority.EventQuery{}, authority.Counting{}, 700, 70, 700, 1, 700, 0, 0},
		{"the limit is of pages", authority.EventQuery{Limit: 3, Newest: true}, authority.Counting{Newer: 700}, 700, 70, 0, 1, 700, 0, 0},
		{"an hour", hour, authority.Counting{Bars: 60, Newer: 700}, 60, 6, 0, 61, 120, 60, time.Minute},
		{"refused", authority.EventQuery{Outcome: stead.No}, authority.Counting{Bars: 100, Newer: 700}, 70, 70, 0, 4, 694, 47, 15 * time.Minute},
		{"nothing", authority.EventQuery{Actor: "prn_none"}, authority.Counting{Bars: 9}, 0, 0, 0, 0, 0, 0, 0},
		{"application", authority.EventQuery{App: "shop"}, authority.Counting{Newer: 650}, 70, 70, 5, 4, 694, 0, 0},
		{"no application", authority.EventQuery{App: "sho"}, authority.Counting{}, 0, 0, 0, 0, 0, 0, 0},
		{"actor and kind", authority.EventQuery{Actor: "prn_3", Kinds: []string{"request.d"}}, authority.Counting{Newer: 700}, 10, 10, 0, 4, 634, 0, 0},
		{"text", authority.EventQuery{Text: "/ORDERS/69"}, authority.Counting{Newer: 700}, 11, 1, 0, 70, 700, 0, 0},
		{"up to a number", authority.EventQuery{Before: 51}, authority.Counting{Newer: 40}, 50, 5, 10, 1, 50, 0, 0},
		{"after a number", authority.EventQuery{After: 690, Text: "orders"}, authority.Counting{Newer: 695}, 10, 1, 5, 691, 700, 0, 0},
	} {
		for _, s := range []Store{a, b} {
			n, err := s.Counted(t.Context(), c.q, c.c)
			if err != nil || !n.Whole || n.Total != c.total || n.Refused != c.refused || n.Newer != c.newer || n.First != c.first || n.Last != c.last ||
				len(n.Bars) != c.bars || n.Width != c.width {
				t.Errorf("%s: counted %+v, %v", c.name, n, err)
			}
			var sum uint64
			for i, bar := range n.Bars {
				sum += bar.N
				if i > 0 && !bar.From.Equal(n.Bars[i-1].To) {
					t.Errorf("%s: a gap before %s", c.name, bar.From)
				}
			}
			if c.bars > 0 && sum != c.total {
				t.Errorf("%s: %d stand in the spans", c.name, sum)
			}
		}
	}
	india, err := a.Counted(t.Context(), authority.EventQuery{}, authority.Counting{Bars: 2, Offset: 5*time.Hour + 30*time.Minute})
	if err != nil || len(india.Bars) != 2 || india.Bars[1].From.Format("15:04") != "18:30" {
		t.Errorf("days begin at midnight of whoever looks: %+v, %v", india.Bars, err)
	}
}
