package store

import (
	"context"
	"crypto/rand"
	"io"
	"time"

	"github.com/steadhq/stead"
)

// Options say where a store lives and what it works with. Dir, Now, Log and Sealer are needed.
type Options struct {
	Dir      string           // of SQLite's files; made with 0700, they are 0600
	DSN      string           // connection string of PostgreSQL; Dir is not needed then
	Node     string           // which of the nodes on that database this is; "" tells nobody that it runs
	Mirror   string           // file outside Dir that keeps the last signed head; "" keeps none
	Accept   bool             // open although the mirror is ahead or differs; Restored then tells so
	Patience time.Duration    // how long an Append may wait for the disk; 0 = 800 ms
	Now      func() time.Time // the wall clock
	Log      Log
	Sealer   Sealer
	Rand     io.Reader // ids of person keys; nil = crypto/rand
	VFS      string    // the SQLite VFS to open files through; "" = the machine's own
}

// A Log makes the events tamper-evident.
type Log interface {
	// Leaf hashes the stored bytes of one event.
	Leaf(event []byte) stead.Hash
	// Restore rebuilds the tree over the first size leaves.
	Restore(ctx context.Context, from Source, size uint64) (Tree, error)
	// Sign gives the signed checkpoint of a head, Open checks one and reads it.
	Sign(size uint64, root stead.Hash) []byte
	Open(note []byte) (stead.Head, error)
}

// A Tree is the Merkle tree at one size. It never changes: Grow gives another.
type Tree interface {
	Size() uint64
	Root() stead.Hash
	// Grow appends leaves and gives the tiles that became full.
	Grow(leaves []stead.Hash) ([]Tile, Tree)
}

// A Tile holds 256 hashes, one after the other.
type Tile struct {
	Level int
	Index uint64
	Data  []byte
}

// A Source is where leaves and full tiles are read; the store is one.
type Source interface {
	// Leaves gives the hashes of the leaves [from, from+n).
	Leaves(ctx context.Context, from uint64, n int) ([]stead.Hash, error)
	// Tile gives one full tile; one that is not there is kind missing.
	Tile(ctx context.Context, level int, index uint64) ([]byte, error)
}

// A Sealer encrypts under keys of people. It knows the master key; person keys come to it wrapped under that.
// It must be safe for concurrent use.
type Sealer interface {
	// NewKey makes a key for one person, wrapped.
	NewKey() (wrapped []byte, err error)
	// Seal appends plain to dst, sealed so that all of the keys are needed to open it.
	Seal(dst, plain []byte, wrapped ...[]byte) ([]byte, error)
	// Open appends what was sealed to dst.
	Open(dst, sealed []byte, wrapped ...[]byte) ([]byte, error)
}

const defaultPatience = 800 * time.Millisecond

func (o Options) check() (Options, error) {
	if (o.Dir == "") == (o.DSN == "") || o.Now == nil || o.Log == nil || o.Sealer == nil {
		return o, stead.E(stead.Invalid, stead.ReasonRequest, "a store needs a directory or a database, a clock, a log and a sealer")
	}
	if o.Patience == 0 {
		o.Patience = defaultPatience
	}
	if o.Rand == nil {
		o.Rand = rand.Reader
	}
	return o, nil
}
