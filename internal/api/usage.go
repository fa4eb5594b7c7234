package api

import (
	"context"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/web"
)

// A GrantUse is one entitlement of an agent, and when it was last made use of.
type GrantUse struct {
	Task   string            `json:"task"`
	Grant  stead.Entitlement `json:"grant"`
	Last   time.Time         `json:"last_used,omitzero" doc:"to the hour; not there: never in the last 400 days"`
	Unused bool              `json:"unused" doc:"not in the days asked about, all of which the agent had it: it could be taken away"`

	Requests int      `json:"requests" doc:"that it let through in these days, as the record has them"`
	Columns  []string `json:"columns,omitempty" doc:"those that its requests named, where each of them named some"`
	Spare    []string `json:"spare,omitempty" doc:"columns that it grants and no request named; told only where that is known"`
	Part     bool     `json:"part,omitempty" doc:"it grants all columns, or all rows, and every request was for some of them"`
	Wider    int      `json:"wider" doc:"refusals of more than this, while the agent learned"`
}

type usageIn struct {
	AgentPath
	Days int `query:"days" default:"30" minimum:"1" maximum:"365" doc:"what was not used for so many days is unused"`
	Most int `query:"most" default:"1000" minimum:"1" maximum:"20000" doc:"how many of its newest events are read: a busy agent has more than a moment is enough for"`
}

type usageOut struct {
	Body struct {
		Days   int        `json:"days"`
		Since  time.Time  `json:"registered" doc:"when the agent was: of a younger one nothing is called unused"`
		Unused int        `json:"unused" doc:"how many could be taken away"`
		Grants []GrantUse `json:"grants"`
	}
}

func (a *API) usage(d *door) {
	add(d, operation{method: "GET", path: "/v1/agents/{id}/usage", id: "get-agent-usage", tag: web.InSession, group: "agents", says: "Tell when each entitlement of an agent was last made use of, and which never were"}, func(ctx context.Context, by authority.By, in *usageIn) (*usageOut, error) {
		all, err := a.Verbs.Usage(ctx, by, in.ID, a.Now().Add(-time.Duration(in.Days)*stead.Day), in.Most)
		if err != nil {
			return nil, err
		}
		card, err := a.Verbs.Card(ctx, by.Untied(), in.ID)
		if err != nil {
			return nil, err
		}
		out := &usageOut{}
		out.Body.Since = card.Since
		since := a.Now().Add(-time.Duration(in.Days) * stead.Day)
		out.Body.Days = in.Days
		out.Body.Grants = each(all, func(u authority.GrantUse) GrantUse {
			v := GrantUse{Task: u.Task, Grant: u.Grant, Last: u.Last, Unused: u.Last.Before(since) && card.Since.Before(since) && !u.Fresh, Requests: u.Times, Columns: u.Columns, Spare: u.Spare(),
				Part: u.Part(), Wider: u.Wider}
			if v.Unused {
				out.Body.Unused++
			}
			return v
		})
		return out, nil
	})
}
