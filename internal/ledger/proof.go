package ledger

import (
	"context"

	"github.com/steadhq/stead"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// An Inclusion proves that one leaf is in the log that a checkpoint describes.
type Inclusion struct {
	Index uint64
	Path  []stead.Hash
	Note  []byte // the checkpoint it proves into
}

// A Consistency proves that a log of From leaves is the beginning of the log that a checkpoint describes.
type Consistency struct {
	From uint64
	Path []stead.Hash
	Note []byte
}

// ProveInclusion proves the leaf at index into head. The edge must be that of head or of a later one.
func ProveInclusion(ctx context.Context, src Source, edge Edge, head stead.Head, index uint64) (Inclusion, error) {
	if head.Size > edge.size || index >= head.Size {
		return Inclusion{}, stead.E(stead.Missing, stead.ReasonNone, "the log has %d events: there is no event %d", head.Size, index)
	}
	path, err := tlog.ProveRecord(int64(head.Size), int64(index), newReader(ctx, src, edge))
	if err != nil {
		return Inclusion{}, stead.Because(err, "prove an event")
	}
	return Inclusion{Index: index, Path: fromTlog(path), Note: head.Note}, nil
}

// ProveConsistency proves that the first from leaves are the beginning of head.
func ProveConsistency(ctx context.Context, src Source, edge Edge, head stead.Head, from uint64) (Consistency, error) {
	if head.Size > edge.size || from > head.Size {
		return Consistency{}, stead.E(stead.Missing, stead.ReasonNone, "the log has %d events, fewer than %d", head.Size, from)
	}
	c := Consistency{From: from, Note: head.Note}
	if from == 0 {
		return c, nil // everything begins with nothing
	}
	path, err := tlog.ProveTree(int64(head.Size), int64(from), newReader(ctx, src, edge))
	if err != nil {
		return Consistency{}, stead.Because(err, "prove a checkpoint")
	}
	c.Path = fromTlog(path)
	return c, nil
}

// Check tells whether event is what the log of v holds at p.Index, and gives the head it was proved into.
func (p Inclusion) Check(event []byte, v note.Verifier) (stead.Head, error) {
	head, err := Open(p.Note, v)
	if err != nil {
		return stead.Head{}, err
	}
	if p.Index >= head.Size {
		return stead.Head{}, invalid("the proof is of event %d, the checkpoint of a log of %d", p.Index, head.Size)
	}
	err = tlog.CheckRecord(toTlog(p.Path), int64(head.Size), tlog.Hash(head.Root), int64(p.Index), tlog.RecordHash(event))
	if err != nil {
		return stead.Head{}, invalid("the proof does not lead from this event to the checkpoint")
	}
	return head, nil
}

// Check tells whether old is the beginning of the log c speaks of, and gives the newer head. Who calls has old
// from a source he trusts.
func (c Consistency) Check(old stead.Head, v note.Verifier) (stead.Head, error) {
	head, err := Open(c.Note, v)
	if err != nil {
		return stead.Head{}, err
	}
	if c.From != old.Size || old.Size > head.Size {
		return stead.Head{}, invalid("the proof is from %d to %d, the checkpoint you hold is of %d", c.From, head.Size, old.Size)
	}
	if old.Size == 0 {
		if len(c.Path) != 0 || old.Root != (&span{}).root() {
			return stead.Head{}, invalid("the proof does not lead from your checkpoint to the newer one")
		}
		return head, nil
	}
	err = tlog.CheckTree(tlog.TreeProof(toTlog(c.Path)), int64(head.Size), tlog.Hash(head.Root), int64(old.Size), tlog.Hash(old.Root))
	if err != nil {
		return stead.Head{}, invalid("the proof does not lead from your checkpoint to the newer one")
	}
	return head, nil
}

func fromTlog(path []tlog.Hash) []stead.Hash {
	hashes := make([]stead.Hash, len(path))
	for i, h := range path {
		hashes[i] = stead.Hash(h)
	}
	return hashes
}

func toTlog(path []stead.Hash) tlog.RecordProof {
	hashes := make(tlog.RecordProof, len(path))
	for i, h := range path {
		hashes[i] = tlog.Hash(h)
	}
	return hashes
}
