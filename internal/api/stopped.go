package api

import (
	"context"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/web"
)

// Stopped is an act and everything that ended with it.
type Stopped struct {
	Event  uint64       `json:"event" doc:"number of the act in the log"`
	Kind   string       `json:"kind"`
	At     time.Time    `json:"at"`
	By     Who          `json:"by"`
	Reason stead.Reason `json:"reason,omitempty"`
	Open   int          `json:"open" doc:"how much is not refused yet; ask again until it is 0"`
	Stops  []Stop       `json:"stops"`
}

// A Stop is one thing that ended.
type Stop struct {
	What   string       `json:"what" enum:"session,agent,instance,mandate,tokens,login,connections,role"`
	ID     string       `json:"id,omitempty" doc:"of a login, its connections and its role the mandate's"`
	Of     Who          `json:"of"`
	System stead.AppID  `json:"system,omitempty"`
	Reason stead.Reason `json:"reason,omitempty"`
	Event  uint64       `json:"event,omitempty" doc:"number of the event that says it"`
	Took   float64      `json:"took_seconds" doc:"from the act until it was refused, at most; 0: with the act, in one transaction"`
	Open   bool         `json:"open,omitempty" doc:"not refused yet: it is tried again"`
	N      int          `json:"n,omitempty" doc:"how many tokens"`
}

type stoppedOut struct {
	Body Stopped
}

// Past is what became of an agent's requests.
type Past struct {
	Asked    int       `json:"asked"`
	Agreed   int       `json:"agreed" doc:"agreed to, or of those that need nobody's yes"`
	Refused  int       `json:"refused"`
	Whole    bool      `json:"whole" doc:"false: it asked more often; these are the newest"`
	Used     time.Time `json:"last_used,omitzero" doc:"when it last did anything by itself"`
	Mandates []Mandate `json:"mandates"`
}

type pastOut struct {
	Body Past
}

func (a *API) stops(d *door) {
	add(d, operation{method: "GET", path: "/v1/mandates/{id}/stopped", id: "mandate-stopped", tag: web.InSession, group: "mandates", says: "What ended with a mandate, and after what time each door refused"}, func(ctx context.Context, by authority.By, in *mandateIn) (*stoppedOut, error) {
		a.caughtUp(ctx)
		return a.stopped(a.Verbs.MandateStopped(ctx, by, in.ID))
	})
	add(d, operation{method: "GET", path: "/v1/people/{id}/stopped", id: "account-stopped", tag: web.InSession, group: "people", says: "What ended when an account was closed, or an agent suspended or retired, and after what time each door refused"}, func(ctx context.Context, by authority.By, in *PersonPath) (*stoppedOut, error) {
		a.caughtUp(ctx)
		return a.stopped(a.Verbs.AccountStopped(ctx, by, in.ID))
	})
	add(d, operation{method: "GET", path: "/v1/agents/{id}/past", id: "agent-past", tag: web.InSession, group: "agents", says: "What became of what an agent asked for, the newest first"}, a.past)
}

// caughtUp waits a while until what was just done can be read.
func (a *API) caughtUp(ctx context.Context) {
	ctx, stop := context.WithTimeout(ctx, 2*time.Second)
	defer stop()
	_ = a.Trail.Settled(ctx, a.Log.Size()) // late is not wrong: it is there the next time
}

func (a *API) stopped(s authority.Stopped, err error) (*stoppedOut, error) {
	if err != nil {
		return nil, err
	}
	out := &stoppedOut{Body: Stopped{Event: s.Act.Number(), Kind: string(s.Act.Kind), At: s.Act.At, By: a.show(s.Act.Actor), Reason: s.Act.Reason, Open: s.Open()}}
	out.Body.Stops = each(s.All, func(e authority.Stop) Stop {
		return Stop{What: e.What, ID: e.ID, Of: a.show(e.Of), System: e.System, Reason: e.Reason, Event: e.Number, Took: e.Took.Seconds(), Open: e.Open, N: e.N}
	})
	return out, nil
}

func (a *API) past(ctx context.Context, by authority.By, in *AgentPath) (*pastOut, error) {
	c, err := a.Verbs.Card(ctx, by, in.ID)
	if err != nil {
		return nil, err
	}
	p, err := a.Verbs.AgentPast(ctx, by, c.Principal)
	if err != nil {
		return nil, err
	}
	out := &pastOut{Body: Past{Asked: p.Asked, Agreed: p.Agreed, Refused: p.Refused, Whole: p.Whole, Mandates: each(p.Mandates, a.mandate)}}
	out.Body.Used, err = a.Verbs.AgentUsed(ctx, by, c.Principal)
	return out, err
}
