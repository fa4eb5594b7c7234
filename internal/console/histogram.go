package console

import (
	"strconv"
	"time"

	"github.com/steadhq/stead/internal/authority"
)

const (
	mostBars   = 48
	graphWide  = 960
	graphHigh  = 96
	leastShown = 2 // of a bar with anything in it
)

// A histogram is the counts of a filter by time, drawn and as a table.
type histogram struct {
	Bars    []bar
	Label   string // what a bar is: "by the hour"
	Begins  string
	Ends    string
	Top     string // the most in one bar
	Total   string
	Refused string
}

// A bar is one span of time, in the units of the drawing.
type bar struct {
	X, Wide               string
	Y, High               string // of all
	RefusedY, RefusedHigh string
	Href, Says            string
	From, N, Refused      string
	Some                  bool
}

func (c *Console) histogram(w wish, n authority.Counts) *histogram {
	if len(n.Bars) == 0 {
		return nil
	}
	h := &histogram{Label: "each bar is " + widthWord(n.Width), Total: number(n.Total), Refused: number(n.Refused),
		Begins: c.at(n.Bars[0].From), Ends: c.at(n.Bars[len(n.Bars)-1].To)}
	var top uint64
	for _, b := range n.Bars {
		top = max(top, b.N)
	}
	h.Top = number(top)
	step := float64(graphWide) / float64(max(len(n.Bars), 12))
	for i, b := range n.Bars {
		h.Bars = append(h.Bars, c.bar(w, b, float64(i)*step, step, top))
	}
	return h
}

func (c *Console) bar(w wish, b authority.Bar, x, step float64, top uint64) bar {
	high, refused := tall(b.N, top), tall(b.Refused, top)
	one := bar{X: unit(x + step*0.06), Wide: unit(step * 0.88), Y: unit(graphHigh - high), High: unit(high),
		RefusedY: unit(graphHigh - refused), RefusedHigh: unit(refused), Some: b.N > 0, From: c.at(b.From), N: number(b.N), Refused: number(b.Refused)}
	one.Says = one.From + ": " + count(int(b.N), "event", "events")
	if b.Refused > 0 {
		one.Says += ", " + number(b.Refused) + " refused"
	}
	f := w.Filter.Without("from", "to")
	for _, t := range []struct {
		name string
		at   time.Time
	}{{"from", b.From}, {"to", b.To}} {
		more, err := f.Add(t.name, t.at.UTC().Format(time.RFC3339Nano))
		if err != nil {
			return one // the filter is as long as can be: it stays as it is
		}
		f = more
	}
	one.Href = address(f, w.Size, 0)
	return one
}

func tall(n, top uint64) float64 {
	if n == 0 {
		return 0
	}
	return max(leastShown, float64(n)/float64(top)*(graphHigh-4))
}

func unit(f float64) string { return strconv.FormatFloat(f, 'f', 2, 64) }

// widthWord says how long a bar is.
func widthWord(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d == time.Second:
		return "a second"
	case d == time.Minute:
		return "a minute"
	case d == time.Hour:
		return "an hour"
	case d == day:
		return "a day"
	case d == 7*day:
		return "a week"
	case d > day:
		return strconv.Itoa(int(d/day)) + " days"
	}
	return span(d)
}
