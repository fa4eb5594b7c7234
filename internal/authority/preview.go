package authority

import (
	"context"
	"slices"
	"time"

	"github.com/steadhq/stead"
)

// A Preview is what a wish would come to if it was asked for now.
type Preview struct {
	stead.Mandate           // as it would be: how long, who must agree
	Code          bool      // the policy wants a fresh code of the second factor at the start
	Fresh         time.Time // until when the last one counts
}

// Preview tells what a wish would need, and asks for nothing. It is on record all the same: whoever tries whom he could
// act for leaves a trace. Errors: those of Ask.
func (a *Authority) Preview(ctx context.Context, by By, w Ask) (Preview, error) {
	w.Mode = or(w.Mode, stead.ReadOnly)
	t := attempt{verb: "mandate.preview", by: by, subject: w.Subject, app: w.App, what: stead.Fields{"mode": string(w.Mode)}}
	wish := stead.Wish{Purpose: w.Purpose, Mode: w.Mode, For: w.For, Target: w.Target, Scope: stead.Scope{Apps: []stead.AppID{w.App}}}
	var out Preview
	var err error
	for range tries {
		var c actCase
		ask := func(s *State) actCase {
			return a.actCase(s, by, w.Subject, w.App, w.Target, w.Purpose, w.Mode, w.For)
		}
		a.Store.View().Read(func(s *State) { c = ask(s) })
		v := a.judge(c.facts, c.Case)
		err = a.run(ctx, t, func(s *State, now time.Time) ([]stead.Change, error) {
			c := ask(s)
			m, err := stead.Ask(wish, c.facts, v, c.terms, now)
			if err == nil {
				err = a.room(s, by, w, c.terms)
			}
			if err != nil {
				return nil, err
			}
			e := *c.facts.Session
			out = Preview{m, slices.Contains(v.Obligations.Requires, "second-factor"), e.Proved.Add(c.terms.Fresh)}
			return []stead.Change{seen(stead.Change{Event: stead.Event{Kind: "mandate.previewed"}}, e, now)}, nil
		})
		if stead.ReasonOf(err) != stead.ReasonStale {
			break
		}
	}
	return done(&out, err)
}
