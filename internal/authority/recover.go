package authority

import (
	"context"

	"github.com/steadhq/stead"
)

// Recover closes what a run of this node that ended without a word left open: of every request that was allowed under a
// mandate and whose end was never seen it records that, with the outcome unknown (S-I2). It is asked once, before Open.
func (a *Authority) Recover(ctx context.Context) error {
	run, err := a.lastRun(ctx)
	if err != nil || run.Kind != "server.started" {
		return stead.Because(err, "look for the end of the last run")
	}
	open := map[stead.DecisionID]StoredEvent{}
	q := EventQuery{Kinds: []string{"request.allowed", "request.served"}, After: run.Number(), Limit: 1000}
	for {
		page, err := a.Store.Events(ctx, q)
		if err != nil {
			return stead.Because(err, "look for what the last run left open")
		}
		for _, e := range page {
			q.After = e.Number()
			switch {
			case e.Kind == "request.served":
				delete(open, e.Decision)
			case e.Mandate != "" && e.What["node"] == a.Node:
				open[e.Decision] = e
			}
		}
		if len(page) < q.Limit {
			break
		}
	}
	var unseen []stead.Change
	for _, e := range open {
		unseen = append(unseen, a.stamp(By{}, stead.Change{Event: stead.Event{
			Kind: "request.served", Actor: e.Actor, Subject: e.Subject, Mandate: e.Mandate, Session: e.Session, Decision: e.Decision,
			App: e.App, Outcome: stead.Unknown, Who: stead.Fields{"by": stead.Server}, What: stead.Fields{"path": e.What["path"]},
		}}))
	}
	if len(unseen) == 0 {
		return nil
	}
	_, err = a.Store.Append(ctx, Entry{Changes: unseen})
	return stead.Because(err, "record what the last run left open")
}

// lastRun finds the beginning or the end of the last run of this node; others on the same store may run on.
func (a *Authority) lastRun(ctx context.Context) (StoredEvent, error) {
	q := EventQuery{Kinds: []string{"server."}, Newest: true, Limit: 100}
	for {
		page, err := a.Store.Events(ctx, q)
		if err != nil {
			return StoredEvent{}, err
		}
		for _, e := range page {
			if e.What["node"] == a.Node {
				return e, nil
			}
			q.Before = e.Number()
		}
		if len(page) < q.Limit {
			return StoredEvent{}, nil
		}
	}
}
