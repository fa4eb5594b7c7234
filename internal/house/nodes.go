package house

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/steadhq/stead/internal/api"
	"github.com/steadhq/stead/internal/authority"
)

// spokenOf is how long a node that has ended, or was lost, is still listed.
const spokenOf = 7 * 24 * time.Hour

// nodes are the servers on this store. Their starts and ends stand in the record; whether one that has not ended still
// runs is told by when it was heard last, for a process that was killed says nothing more.
func (h *House) nodes(ctx context.Context) ([]api.Node, error) {
	events, err := h.Store.Events(ctx, authority.EventQuery{Kinds: []string{"server."}, Newest: true, Limit: 200})
	if err != nil {
		return nil, err
	}
	heard, err := h.heard(ctx)
	if err != nil {
		return nil, err
	}
	runs := map[string][]authority.StoredEvent{}
	for _, e := range events {
		runs[e.What["node"]] = append(runs[e.What["node"]], e)
	}
	var all []api.Node
	for id, said := range runs {
		n := api.Node{ID: id, This: id == h.Node, State: api.NodeRuns, Since: said[0].At}
		silent, known := heard[id]
		switch {
		case said[0].Kind == "server.stopped":
			n.State = api.NodeEnded
		case n.This:
			n.Before, err = h.crashed(ctx, said)
		case !known:
			n.State = api.NodeLost
		case !silent.IsZero():
			n.State, n.Since = api.NodeLost, silent
		}
		if err != nil {
			return nil, err
		}
		if n.State == api.NodeRuns || h.Now().Sub(n.Since) < spokenOf {
			all = append(all, n)
		}
	}
	slices.SortFunc(all, func(a, b api.Node) int { return cmp.Compare(a.ID, b.ID) })
	return all, nil
}

// heard tells of every node when it fell silent: zero while it has not.
func (h *House) heard(ctx context.Context) (map[string]time.Time, error) {
	found, err := h.Store.Nodes(ctx)
	all := map[string]time.Time{}
	for _, n := range found {
		all[n.Node] = time.Time{}
		if n.Lost() {
			all[n.Node] = h.Now().Add(-n.Ago)
		}
	}
	return all, err
}

// crashed tells when the run of this node before the one that runs wrote its last, if that ended without a word.
func (h *House) crashed(ctx context.Context, said []authority.StoredEvent) (time.Time, error) {
	if len(said) < 2 || said[1].Kind != "server.started" {
		return time.Time{}, nil
	}
	last, err := h.Store.Events(ctx, authority.EventQuery{Before: said[0].Number(), Newest: true, Limit: 1})
	if err != nil || len(last) == 0 {
		return time.Time{}, err
	}
	return last[0].At, nil
}
