package api

import (
	"context"
	"time"

	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/web"
)

// checkFor is how far one call reads on in the log.
const checkFor = 2 * time.Second

// Checked is how far the log was hashed again and compared since this server has started.
type Checked struct {
	Upto     uint64    `json:"upto" doc:"the events 1 to this one hash to what the log says"`
	Head     uint64    `json:"checkpoint_size,omitempty" doc:"number of events of the signed checkpoint that they led to"`
	Of       uint64    `json:"of" doc:"events there are"`
	Pruned   uint64    `json:"pruned,omitempty" doc:"of these only the hashes are left"`
	At       time.Time `json:"at,omitzero"`
	Wrong    string    `json:"wrong,omitempty" doc:"what is not as it was signed"`
	Together bool      `json:"together,omitempty" doc:"somebody else checks at this moment"`
	Whole    bool      `json:"whole" doc:"all of it was compared, and nothing is wrong"`
}

type checkedOut struct{ Body Checked }

func (a *API) checks(d *door) {
	add(d, operation{method: "POST", path: "/v1/audit/check", id: "check-audit", tag: web.Auditor, group: "audit", says: "Read on in the log for two seconds, and compare it with what was signed: call it until it is whole"}, a.check)
}

func (a *API) check(ctx context.Context, _ authority.By, _ *nothing) (*checkedOut, error) {
	k, err := a.Log.Check(ctx, checkFor)
	if err != nil {
		return nil, err
	}
	k.Whole = k.Wrong == "" && k.Head > 0 && k.Head >= k.Upto && k.Upto >= k.Of
	return &checkedOut{k}, nil
}
