package authority

import (
	"context"
	"time"

	"github.com/steadhq/stead"
)

// A Counting is how events are counted.
type Counting struct {
	Bars   int           // at most so many spans of time; 0: no spans
	Offset time.Duration // of the days and hours of whoever looks, east of UTC
	Newer  uint64        // what has a greater number is counted apart too
	Within time.Duration // give up after this long; 0: count to the end
}

// Counts are the events that a query chooses, as numbers.
type Counts struct {
	Total   uint64
	Refused uint64
	Newer   uint64    // of them, with a greater number than was named
	First   uint64    // number of the first; 0: there is none
	Last    uint64    // of the last
	Since   time.Time // the earliest and the latest time
	Until   time.Time
	Width   time.Duration // of a span
	Bars    []Bar         // in order of time, without gaps
	Whole   bool          // false: it took too long, and there are more
	Looked  uint64        // where not: events with this number and greater ones were counted
}

// A Bar is the events of one span of time.
type Bar struct {
	From, To   time.Time // To is exclusive
	N, Refused uint64
}

// Counted counts what Events would read, whatever the limit, under the same rights. Errors: refused, broken.
func (a *Authority) Counted(ctx context.Context, by By, q EventQuery, c Counting) (Counts, error) {
	if err := a.readable(ctx, by, &q); err != nil {
		return Counts{}, err
	}
	return a.Store.Counted(ctx, q, c)
}

// Exporting is a file of events that somebody is about to get.
type Exporting struct {
	Query       string // as people read it
	Form        string // jsonl, csv
	Rows        uint64
	First, Last uint64 // numbers of the first and the last event
}

// Export records that events leave Stead in a file, before they do. Errors: refused, broken.
func (a *Authority) Export(ctx context.Context, by By, x Exporting) error {
	what := stead.Fields{"form": x.Form, "rows": number(int(x.Rows))}
	for k, v := range map[string]string{"query": x.Query, "first": number(int(x.First)), "last": number(int(x.Last))} {
		if v != "0" {
			what = with(what, k, v)
		}
	}
	return a.run(ctx, attempt{verb: "audit.export", by: by, what: what}, func(s *State, now time.Time) ([]stead.Change, error) {
		if err := a.may(s, by, now, Auditor); err != nil {
			return nil, err
		}
		return []stead.Change{{Event: stead.Event{Kind: "audit.exported"}}}, nil
	})
}
