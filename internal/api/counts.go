package api

import (
	"context"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/web"
)

type countIn struct {
	Filter
	Bars   int    `query:"bars" minimum:"0" maximum:"500" doc:"at most so many spans of time"`
	Wait   int    `query:"wait" minimum:"0" maximum:"2" doc:"seconds that you wait for all of it; 0: what a moment is enough for"`
	Offset string `query:"utc_offset" maxLength:"16" doc:"of your days and hours, east of UTC: 1h, -3h30m"`
}

// Counts are the events that a filter chooses, as numbers.
type Counts struct {
	Total   uint64    `json:"total"`
	Refused uint64    `json:"refused"`
	First   uint64    `json:"first_number,omitempty" doc:"number of the first, from 1"`
	Last    uint64    `json:"last_number,omitempty"`
	Since   time.Time `json:"since,omitzero"`
	Until   time.Time `json:"until,omitzero"`
	Width   string    `json:"width,omitempty" doc:"of a span"`
	Bars    []Bar     `json:"bars" doc:"in order of time, without gaps"`
	Whole   bool      `json:"whole" doc:"false: it would have taken too long, and there are more"`
	Looked  uint64    `json:"counted_from_number,omitempty" doc:"where not whole: this event and later ones were counted"`
}

// A Bar is the events of one span of time.
type Bar struct {
	From    time.Time `json:"from"`
	To      time.Time `json:"to" doc:"exclusive"`
	N       uint64    `json:"n"`
	Refused uint64    `json:"refused"`
}

type countOut struct{ Body Counts }

func (a *API) counts(d *door) {
	add(d, operation{method: "GET", path: "/v1/events/counts", id: "count-events", tag: web.InSession, group: "audit", says: "Count what a filter chooses, by spans of time"}, a.count)
}

func (a *API) count(ctx context.Context, by authority.By, in *countIn) (*countOut, error) {
	q, _, err := a.query(by, in.Filter)
	if err != nil {
		return nil, err
	}
	c := authority.Counting{Bars: in.Bars, Within: max(lookWithin, time.Duration(in.Wait)*time.Second)}
	if in.Offset != "" {
		if c.Offset, err = time.ParseDuration(in.Offset); err != nil || c.Offset.Abs() > 15*time.Hour {
			return nil, stead.E(stead.Invalid, stead.ReasonRequest, "%q is no offset to UTC: write 1h or -3h30m", in.Offset)
		}
	}
	n, err := a.Verbs.Counted(ctx, by, q, c)
	if err != nil {
		return nil, err
	}
	return &countOut{Counts{Total: n.Total, Refused: n.Refused, First: n.First, Last: n.Last, Since: n.Since, Until: n.Until, Width: span(n.Width),
		Bars: each(n.Bars, func(b authority.Bar) Bar { return Bar(b) }), Whole: n.Whole, Looked: n.Looked}}, nil
}
