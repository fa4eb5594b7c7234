package house

import (
	"context"
	"io"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/api"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/ledger"
	"github.com/steadhq/stead/internal/store"
)

// A trail proves what happened: the store's log as the API asks for it.
type trail struct {
	store  *store.Store
	key    string
	origin string
	h      *House
}

// Checkpoint is the signed head.
func (t trail) Checkpoint(context.Context) ([]byte, error) { return t.store.Head().Note, nil }

// Key is the verifier key.
func (t trail) Key() string { return t.key }

// Size is how many events the signed head is over.
func (t trail) Size() uint64 { return t.store.Head().Size }

// Check reads on in the record, as the console's badge does.
func (t trail) Check(ctx context.Context, within time.Duration) (api.Checked, error) {
	k, err := record{t, &t.h.reading}.Check(ctx, within)
	return api.Checked{Upto: k.Upto, Head: k.Head, Of: k.Of, Pruned: k.Pruned, At: k.At, Wrong: k.Wrong, Together: k.Together}, err
}

// Prove gives a stored event and the proof that the log holds it.
func (t trail) Prove(ctx context.Context, index uint64) (event, proof []byte, err error) {
	edge, head := t.edge()
	in, err := ledger.ProveInclusion(ctx, t.store, edge, head, index)
	if err != nil {
		return nil, nil, err
	}
	event, err = t.store.Stored(ctx, index)
	return event, in.Text(), err
}

func (t trail) edge() (ledger.Edge, stead.Head) {
	grown, head := t.store.Tree()
	if g, ok := grown.(tree); ok {
		return g.Edge, head
	}
	return ledger.Edge{}, head
}

// Export writes what a query chooses so that it can be verified without Stead.
func (t trail) Export(ctx context.Context, w io.Writer, e api.Export) error {
	edge, head := t.edge()
	if err := t.store.Settled(ctx, head.Size); err != nil {
		return err
	}
	if e.Record != nil {
		if err := e.Record(head.Size); err != nil {
			return err
		}
	}
	x, err := ledger.NewExporter(w, ledger.ExportHeader{Origin: t.origin, Key: t.key, Query: e.Text, To: head.Size,
		Generator: "stead", By: e.By, At: t.h.Now()}, t.h.log.signer.State, t.store, edge, head, e.Splits...)
	if err != nil {
		return err
	}
	q := e.Query
	most := q.Limit
	q.Newest, q.Limit = false, 1000
	for n := 0; ; {
		page, err := t.store.Events(ctx, q)
		if err != nil {
			return err
		}
		for _, ev := range page {
			if ev.Index >= head.Size || most > 0 && n == most {
				return x.Close(ctx)
			}
			stored, err := t.store.Stored(ctx, ev.Index)
			if err != nil {
				return err
			}
			if err := x.Event(ctx, ev.Index, stored); err != nil {
				return err
			}
			n++
			q.After = ev.Number()
		}
		if len(page) < q.Limit {
			return x.Close(ctx)
		}
	}
}

// A register knows names, for doors that show them.
type register struct{ view *authority.View }

func (r register) Principal(id stead.PrincipalID) (found stead.Principal) {
	r.view.Read(func(s *authority.State) {
		if p := s.Principal(id); p != nil {
			found = *p
		}
	})
	return found
}

func (r register) Named(directory, name string) (id stead.PrincipalID) {
	r.view.Read(func(s *authority.State) {
		if p := s.Named(directory, name); p != nil {
			id = p.ID
		}
	})
	return id
}

// Bundle gives a policy bundle; the zero Bundle is none.
func (r register) Bundle(id string) (found stead.Bundle) {
	r.view.Read(func(s *authority.State) {
		if b := s.Bundle(id); b != nil {
			found = *b
		}
	})
	return found
}
