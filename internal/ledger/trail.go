package ledger

import (
	"context"

	"github.com/steadhq/stead"
	"golang.org/x/mod/sumdb/note"
)

// A Trail is everything a store keeps of the log, as it lies on disk, read at one moment. Ranges are half open over
// indexes of events and rows come in their order; from 0 means from the very first row, even one below 0 that
// should not be there, which is an error.
type Trail interface {
	Standing(ctx context.Context) (Standing, error)
	// Events gives the event rows [from, to).
	Events(ctx context.Context, from, to uint64) ([]EventRow, error)
	// Tiles gives the full tiles [from, to) of a level.
	Tiles(ctx context.Context, level int, from, to uint64) ([]Tile, error)
	// Objects gives the object rows that events [from, to) are said to have written.
	Objects(ctx context.Context, from, to uint64) ([]ObjectRow, error)
}

// A Projection is the queryable copy of the events: a row per event, written in a form of the store's choosing.
type Projection interface {
	// Rows gives the rows of the events [from, to).
	Rows(ctx context.Context, from, to uint64) ([]ProjectedRow, error)
	// Expect tells how the row of that event must be; nil: there must be none, or none can be told (its key is lost).
	Expect(index uint64, event []byte) ([]byte, error)
}

// A Rest is what lies beside the log and follows from it: the form of the files, marks, counters, keys of people, the
// columns of the head. It is told every event and every object that is as the log says, in their order.
type Rest interface {
	// Whole comes first and tells what is wrong with the files themselves; "": their rows can be relied on.
	Whole(ctx context.Context) (string, error)
	Event(index uint64, stored []byte)
	Object(index uint64, kind stead.RecordKind, body []byte)
	// Wrong comes last and says what does not follow from one of the events [from, to).
	Wrong(ctx context.Context, say func(from, to uint64, what, text string)) error
}

// Standing is the head row and how many rows the tables have.
type Standing struct {
	Head      stead.Head
	Roots     []stead.Hash // of the edge, where the head row keeps them; nil: it does not
	Pruned    uint64       // the events below are gone, their tiles are not; a multiple of 256
	Events    uint64       // rows in each table
	Tiles     uint64
	Objects   uint64
	Projected uint64 // the projection has come to here; it may be behind the head
	Rows      uint64 // rows of the projection
}

// An EventRow is a row of the log.
type EventRow struct {
	Index  uint64
	Stored []byte
	Leaf   stead.Hash
}

// An ObjectRow is one version of one object, as it lies there.
type ObjectRow struct {
	Kind    stead.RecordKind
	ID      string
	Version uint64
	Index   uint64 // of the event that wrote it
	Body    []byte
}

// A ProjectedRow is a row of the projection.
type ProjectedRow struct {
	Index uint64
	Row   []byte
}

// A Check is how a store is verified. Key and Outside come from elsewhere, never from the store.
type Check struct {
	Trail      Trail
	Projection Projection // nil: it is not looked at
	Rest       Rest       // nil: it is not looked at
	Key        note.Verifier
	Outside    *stead.Head // nil: a store that was rolled back or rewritten with its own key is not found
	Pruned     uint64      // how many events are known to be gone, if no event in the log says it; that more are is a fault
	Progress   func(done, total uint64)
}
