package store

import (
	"context"

	"github.com/steadhq/stead/internal/authority"
)

// A searchable is what the log says in plain text, in tables that are made for searching. It follows the log, and can be
// thrown away and built again.
type searchable interface {
	// follow brings it up to the log until ctx ends.
	follow(ctx context.Context)
	// finish leaves it as far along as it can be had at once.
	finish()
	// search gives the indexes of the events that a query asks for; at: it was given up, and goes on from there.
	search(ctx context.Context, q authority.EventQuery) (found []uint64, at uint64, err error)
	// count counts them, the newest first; whole: all of them.
	count(ctx context.Context, q authority.EventQuery, t *graph) (whole bool, err error)
	// settled waits until it has reached number.
	settled(ctx context.Context, number uint64) error
	// reached tells the number it has come to, and the error that keeps it there.
	reached() (uint64, error)
	// purge overwrites what was sealed under a key, prune drops what is below an index.
	purge(key int64) error
	prune(index uint64) error
	close() error
}
