package api

import (
	"context"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/web"
)

// How a node is.
const (
	NodeRuns  = "runs"
	NodeEnded = "ended"
	NodeLost  = "lost"
)

// A Node is one server on the store.
type Node struct {
	ID     string    `json:"id,omitempty" doc:"missing of one that is alone"`
	State  string    `json:"state" enum:"runs,ended,lost" doc:"lost: it never said that it ends, and is not heard any more"`
	Since  time.Time `json:"since" doc:"when it started, ended, or was heard last; of one that was never heard when it started"`
	This   bool      `json:"this,omitempty" doc:"the one that answers"`
	Before time.Time `json:"crashed_before,omitzero" doc:"its run before this one ended without a word, after this last sign"`
}

// A Finding is one thing that must be right.
type Finding struct {
	Area   string `json:"area" doc:"This server, Servers, Applications"`
	Name   string `json:"name"`
	Result string `json:"result" enum:"ok,warn,fail"`
	Says   string `json:"says" doc:"what is the case"`
	Next   string `json:"next,omitempty" doc:"what to do"`
}

// A Look is how the house is, as people and programs read it.
type Look struct {
	Result   string    `json:"result" enum:"ok,warn,fail" doc:"the worst of the findings"`
	At       time.Time `json:"at"`
	Version  string    `json:"version"`
	Findings []Finding `json:"findings"`
	Nodes    []Node    `json:"nodes"`
	Figures  Figures   `json:"figures"`
}

// Figures are what is counted, of this moment.
type Figures struct {
	Events     uint64    `json:"events" doc:"in the log"`
	Checkpoint time.Time `json:"checkpoint_at,omitzero" doc:"when its newest head was signed"`
	Waiting    uint64    `json:"waiting" doc:"events that cannot be searched yet"`
	Sessions   int       `json:"sessions"`
	Acting     int       `json:"acting" doc:"mandates in force"`
	Asked      int       `json:"asked" doc:"requests that wait for approvals"`
	Store      bool      `json:"store_up" doc:"it takes events"`
	Clock      bool      `json:"clock_trusted"`
	Policy     string    `json:"policy,omitempty" doc:"digest of the policy in force"`
}

type lookOut struct{ Body Look }

func (a *API) health(d *door) {
	add(d, operation{method: "GET", path: "/v1/health", id: "get-health", tag: web.Auditor, roles: authority.Onlookers(), group: "server", says: "How this server, its store, its nodes and its applications are"}, a.getHealth)
}

func (a *API) getHealth(ctx context.Context, _ authority.By, _ *nothing) (*lookOut, error) {
	if a.Look == nil {
		return nil, stead.E(stead.Missing, stead.ReasonState, "this house tells nothing of its health: ask stead doctor on its machine")
	}
	return &lookOut{Body: a.Look(ctx).sum()}, nil
}

// sum is the look with the worst of its findings above it.
func (l Look) sum() Look {
	l.Result = "ok"
	for _, f := range l.Findings {
		if f.Result == "fail" || f.Result == "warn" && l.Result == "ok" {
			l.Result = f.Result
		}
	}
	l.Findings, l.Nodes = append([]Finding{}, l.Findings...), append([]Node{}, l.Nodes...)
	return l
}
