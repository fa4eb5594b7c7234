package authority

import (
	"context"
	"encoding/json"
	"time"

	"github.com/steadhq/stead"
)

// How many of an agent's newest events are read for what it was seen to need: where nobody wants to wait, and at most.
const (
	FewSeen  = 1000
	MostSeen = 20_000
)

// Proposal proposes the entitlements of an agent from what it asked for since then, as the record has it, and what of them
// it used. At most so many events are read, the newest first: where there are more it is said. Misfit tells what no catalogue
// has. For whoever may see the agent. Errors: refused, missing, broken.
func (a *Authority) Proposal(ctx context.Context, by By, agent string, since time.Time, most int, misfit func(stead.Entitlement) string) (Card, stead.Proposal, error) {
	c, in, err := a.evidence(ctx, by, agent, since, most)
	if err != nil {
		return c, stead.Proposal{}, err
	}
	in.Misfit = misfit
	return c, stead.Propose(c.Registration, in), nil
}

// evidence is what the record says of an agent since then, or since it was registered.
func (a *Authority) evidence(ctx context.Context, by By, agent string, since time.Time, most int) (Card, stead.Evidence, error) {
	c, err := a.Card(ctx, by, agent)
	if err != nil {
		return c, stead.Evidence{}, err
	}
	if since.Before(c.Since) {
		since = c.Since
	}
	in := stead.Evidence{Since: since, Leased: map[stead.AppID]bool{}, Whole: true}
	a.Store.View().Read(func(s *State) {
		for _, t := range c.Tasks {
			for _, e := range t.Grants {
				in.Used = append(in.Used, s.lastUse(c.Principal, t.ID, e))
			}
		}
	})
	a.settled(ctx) // late is not wrong: what comes later is seen the next time
	if in.Before, err = a.tasksAt(ctx, c.Principal, since); err != nil {
		return c, in, err
	}
	return c, in, a.look(ctx, &in, c.Principal, most)
}

// tasksAt are those of an agent as they were then; none where that is not known any more.
func (a *Authority) tasksAt(ctx context.Context, agent stead.PrincipalID, at time.Time) ([]stead.Task, error) {
	found, err := a.Store.Events(ctx, EventQuery{To: at.Add(time.Microsecond), Newest: true, Limit: 1})
	if err != nil || len(found) == 0 {
		return nil, err
	}
	past, err := a.Store.At(ctx, stead.KindAgent, string(agent), found[0].Number())
	if stead.KindOf(err) == stead.Missing {
		return nil, nil
	}
	was, _ := past.(stead.Registration)
	return was.Tasks, err
}

// seekIn is how long an event that is to be read is looked for.
const seekIn = 15 * time.Microsecond

// look reads the record into the evidence. Where there is too much what is newest is enough, and it is said.
func (a *Authority) look(ctx context.Context, in *stead.Evidence, agent stead.PrincipalID, most int) error {
	q := EventQuery{Actor: agent, From: in.Since, Newest: true, Within: time.Duration(most) * seekIn,
		Kinds: []string{"request.allowed", "request.denied", "mandate.ask.refused", "mandate.narrow.refused", "token.issue.refused", "system.granted"}}
	tasks := map[stead.MandateID]string{}
	for read := 0; ; {
		if q.Limit = min(FewSeen, most-read); q.Limit <= 0 {
			in.Whole = false
			return nil
		}
		found, err := a.Store.Events(ctx, q)
		at, err := Shorted(err)
		if err != nil {
			return err
		}
		for _, e := range found {
			if err := a.sighted(ctx, in, e, tasks); err != nil {
				return err
			}
		}
		if in.Whole = at == 0; at != 0 || len(found) < q.Limit {
			return nil
		}
		read, q.Before = read+len(found), found[len(found)-1].Number()
	}
}

// sighted adds what an event says that the agent asked for.
func (a *Authority) sighted(ctx context.Context, in *stead.Evidence, e StoredEvent, tasks map[stead.MandateID]string) error {
	task, err := a.taskOf(ctx, e, tasks)
	if err != nil {
		return err
	}
	var wants []stead.Want
	raw, named := e.What["wants"]
	switch {
	case e.Kind == "system.granted":
		in.Leased[e.App] = true
	case named:
		if err := json.Unmarshal([]byte(raw), &wants); err != nil {
			return stead.Because(err, "read what an event says was wanted")
		}
	case e.Outcome == stead.OK:
		q := stead.Question{Action: stead.Action(e.What["action"]), Resource: stead.Resource{App: e.App, Name: e.What["name"], Type: e.What["type"]}}
		if w, ok := stead.WantOf(q.Wants()); ok {
			wants = append(wants, w)
		}
	}
	for _, w := range wants {
		in.Seen = append(in.Seen, stead.Sighting{Want: w, Task: task, Allowed: e.Outcome == stead.OK, At: e.At, Event: e.ID})
	}
	return nil
}

// taskOf is the task that an event is about: of its mandate, or as it was asked for.
func (a *Authority) taskOf(ctx context.Context, e StoredEvent, known map[stead.MandateID]string) (string, error) {
	if e.What["task"] != "" || e.Mandate == "" {
		return e.What["task"], nil
	}
	if task, ok := known[e.Mandate]; ok {
		return task, nil
	}
	r, err := a.Store.Get(ctx, stead.KindMandate, string(e.Mandate), 0)
	if err != nil && stead.KindOf(err) != stead.Missing {
		return "", err
	}
	m, _ := r.(stead.Mandate) // of one that was never made: none
	known[e.Mandate] = m.Task
	return m.Task, nil
}
