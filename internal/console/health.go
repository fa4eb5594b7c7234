package console

import (
	"context"
	"net/http"
	"slices"
	"strconv"
)

// Look tells how the house is, in the order of what matters most.
type Look func(context.Context) []Finding

// A Finding is one thing that must be right.
type Finding struct {
	Area   string // "This server", "Applications"
	Name   string
	Result string // "ok", "warn" or "fail"
	Says   string // what is the case
	Next   string // what to do; empty where there is nothing to
}

// Word says the result so that colour need not.
func (f Finding) Word() string {
	switch f.Result {
	case "ok":
		return "Good"
	case "warn":
		return "Careful"
	}
	return "Wrong"
}

// A healthView is what doctor would say from inside.
type healthView struct {
	frame
	Wrong, Careful int
	Areas          []area
}

// An area is findings that belong together.
type area struct {
	Name string
	All  []Finding
}

// eachMinute is how often, in seconds, the page asks again by itself.
const eachMinute = 60

func (c *Console) health(v *visit) error {
	p := healthView{frame: v.frame("Health", "What stead doctor would say, seen from inside.")}
	var all []Finding
	if c.Look != nil {
		all = c.Look(v.r.Context())
	}
	for _, f := range all {
		switch f.Result {
		case "ok":
		case "warn":
			p.Careful++
		default:
			p.Wrong++
		}
		at := slices.IndexFunc(p.Areas, func(a area) bool { return a.Name == f.Area })
		if at < 0 {
			p.Areas, at = append(p.Areas, area{Name: f.Area}), len(p.Areas)
		}
		p.Areas[at].All = append(p.Areas[at].All, f)
	}
	v.w.Header().Set("Refresh", strconv.Itoa(eachMinute))
	return v.show(http.StatusOK, healthPage(p))
}
