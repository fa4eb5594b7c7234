package ledger

import (
	"context"
	"math"
	"slices"

	"github.com/steadhq/stead"
)

// block is how many events are compared at a time: whole tiles.
const block = 16 * tileWidth

// Verify reads everything that somebody with the database could edit, and compares: event bytes, leaf column,
// tiles, edge, root, signed head, the checkpoint from elsewhere; every object version with the digest its event
// carries; the projection with what the events say; and, where all of that is right, the rest. It stops behind the first
// block with a fault. What is wrong is in the report; an error is a store that could not be read.
func Verify(ctx context.Context, c Check) (Report, error) {
	if c.Key == nil {
		return Report{}, invalid("say by which verifier key the log is to be checked")
	}
	if c.Rest != nil {
		text, err := c.Rest.Whole(ctx)
		if text != "" || err != nil {
			r := Report{Origin: c.Key.Name()}
			r.faultRange(0, math.MaxInt64, "file", "%s", text)
			return r, stead.Because(err, "look at the files")
		}
	}
	st, err := c.Trail.Standing(ctx)
	if err != nil {
		return Report{}, stead.Because(err, "read the head of the log")
	}
	v := &verifier{ctx: ctx, Check: c, st: st, out: outside{head: c.Outside}, gone: c.Pruned}
	if signed, err := Open(st.Head.Note, c.Key); err == nil {
		v.own.head = &signed
	}
	v.report = Report{Origin: c.Key.Name(), Size: st.Head.Size, Root: st.Head.Root, Pruned: st.Pruned}
	if err := v.run(); err != nil {
		return v.report, err
	}
	v.out.report(&v.report)
	return v.report, nil
}

type verifier struct {
	Check
	ctx    context.Context
	st     Standing
	edge   Edge
	out    outside
	own    outside // the checkpoint of the head row; no head: it is not signed
	gone   uint64  // events that are gone as events say, or as is known
	report Report
}

func (v *verifier) run() error {
	v.out.at(&v.edge.span)
	v.own.at(&v.edge.span)
	for from, to := uint64(0), uint64(0); from < v.st.Head.Size; from = to {
		before := v.edge
		to = v.until(from)
		if err := v.compare(from, to); err != nil {
			return err
		}
		if !v.report.Good() {
			if err := v.openTiles(before); err != nil {
				return err
			}
			return v.onward(to)
		}
		if v.Progress != nil {
			v.Progress(to, v.st.Head.Size)
		}
	}
	v.counts()
	v.head()
	if err := v.rest(); err != nil {
		return err
	}
	return v.ctx.Err()
}

// onward reads on where only what follows from the events was found wrong: events before that may have been written
// anew with all that is hashed, which nothing but a checkpoint tells, and what the rest says may come before it.
func (v *verifier) onward(from uint64) error {
	first := v.report.First()
	if !first.follows() {
		return nil
	}
	for to := from; from < v.st.Head.Size && v.edge.size == from; from = to {
		to = v.until(from)
		b := &blockCheck{verifier: v, from: from, to: to}
		if err := b.events(); err != nil {
			return err
		}
		if !v.telling() {
			continue
		}
		if err := b.objects(); err != nil {
			return err
		}
	}
	if v.own.head != nil && v.edge.size == v.st.Head.Size && !(v.own.seen && v.own.root == v.own.head.Root) {
		v.report.faultRange(v.report.Pruned, first.Index+1, "checkpoint", "the events do not lead to what was signed: this one, or one before, was rewritten")
	}
	return v.rest()
}

// telling tells whether nothing but the projection was found wrong, so that the rest can be told of events and objects.
func (v *verifier) telling() bool {
	return v.Rest != nil && !slices.ContainsFunc(v.report.Faults, func(f Fault) bool { return f.What != "projection" })
}

// rest asks what else there is: where the log itself is wrong, what follows from it says nothing.
func (v *verifier) rest() error {
	if !v.telling() || v.edge.size != v.st.Head.Size {
		return nil
	}
	return stead.Because(v.Rest.Wrong(v.ctx, func(from, to uint64, what, text string) {
		v.report.faultRange(from, to, what, "%s", text)
	}), "look at what lies beside the log")
}

// until is the end of the block that begins at from: a block is pruned as a whole or not at all.
func (v *verifier) until(from uint64) uint64 {
	to := min(from+block, v.st.Head.Size)
	if from < v.st.Pruned {
		to = min(to, v.st.Pruned)
	}
	return to
}

// compare looks at one block from every side.
func (v *verifier) compare(from, to uint64) error {
	b := &blockCheck{verifier: v, from: from, to: to}
	for _, look := range []func() error{b.events, b.tiles, b.objects, b.projection} {
		if err := look(); err != nil {
			return err
		}
	}
	return nil
}

// openTiles compares what is known of the upper tiles that were not full before the block with a fault: an earlier
// fault may hide there.
func (v *verifier) openTiles(before Edge) error {
	for level := 1; level < len(before.open); level++ {
		index := before.size >> (tileHeight * (level + 1))
		if index >= fullTiles(v.st.Head.Size, level) || len(before.open[level]) == 0 {
			continue
		}
		if err := v.tile(Tile{Level: level, Index: index, Data: before.Partial(level)}); err != nil {
			return err
		}
	}
	return nil
}

// tile compares one stored tile with the hashes that were computed, which may be its beginning only.
func (v *verifier) tile(want Tile) error {
	rows, err := v.Trail.Tiles(v.ctx, want.Level, want.Index, want.Index+1)
	if err != nil {
		return stead.Because(err, "read the tiles")
	}
	first, width := want.Index<<(tileHeight*(want.Level+1)), uint64(1)<<(tileHeight*want.Level)
	if len(rows) != 1 || rows[0].Level != want.Level || rows[0].Index != want.Index || len(rows[0].Data) != TileSize {
		v.report.fault(first, "tile", "tile %d/%d is not there once and whole", want.Level, want.Index)
		return nil
	}
	for i := range len(want.Data) / len(stead.Hash{}) {
		if at(rows[0].Data, i) != at(want.Data, i) {
			v.report.fault(first+uint64(i)*width, "tile", "hash %d of tile %d/%d is not that of the events", i, want.Level, want.Index)
			break
		}
	}
	v.report.Tiles++
	return nil
}

// counts finds rows that stand outside the log.
func (v *verifier) counts() {
	size := v.st.Head.Size
	if v.st.Pruned > v.gone {
		v.report.faultRange(v.gone, v.st.Pruned, "event", "the first %d events are gone; events say that of %d", v.st.Pruned, v.gone)
	}
	v.extra("event", v.st.Events, v.report.Events, "event")
	v.extra("tile", v.st.Tiles, allTiles(size), "tile")
	v.extra("object", v.st.Objects, v.report.Objects+v.report.Unchecked, "object")
	if v.Projection != nil {
		v.extra("projection", v.st.Rows, v.report.Projected, "projected")
		if v.st.Projected > size {
			v.report.fault(size, "projection", "the projection says it has come to %d, the log to %d", v.st.Projected, size)
		}
	}
}

func (v *verifier) extra(what string, rows, known uint64, noun string) {
	if rows != known {
		v.report.fault(v.st.Head.Size, what, "there are %d %s rows, the log accounts for %d", rows, noun, known)
	}
}

// head compares the edge, the root and the signed checkpoint of the head row with what the events lead to.
func (v *verifier) head() {
	size, root, signed := v.st.Head.Size, v.edge.Root(), v.own.head
	switch {
	case signed == nil:
		v.report.fault(size, "checkpoint", "the head holds no checkpoint that %s has signed", v.Key.Name())
	case signed.Size < size && v.own.root != signed.Root:
		v.report.faultRange(v.report.Pruned, signed.Size, "checkpoint", "the events do not lead to the root that was signed, and there are more of them")
	case signed.Size != size:
		v.report.fault(min(size, signed.Size), "checkpoint", "the signed checkpoint is of %d events, the head of %d", signed.Size, size)
	case signed.Root == root && v.st.Head.Root != root:
		v.report.fault(size, "head", "the root in the head row is not the one that was signed")
	}
	switch {
	case v.st.Roots != nil && !slices.Equal(v.st.Roots, v.edge.roots):
		v.edgeFault(v.edge.roots)
	case signed != nil && signed.Root != root && signed.Size == size:
		v.report.faultRange(v.report.Pruned, size, "checkpoint", "the events do not lead to the root that was signed: events and their hashes were edited together")
	}
}

// edgeFault names the perfect subtree where the stored edge and the events part.
func (v *verifier) edgeFault(roots []stead.Hash) {
	from := uint64(0)
	for i, part := range cover(0, v.edge.size) {
		to := from + 1<<part.level
		if i >= len(v.st.Roots) || v.st.Roots[i] != roots[i] {
			v.report.faultRange(from, to, "edge", "the edge in the head row is not that of these events")
			return
		}
		from = to
	}
	v.report.fault(v.edge.size, "edge", "the edge in the head row has more hashes than the log needs")
}
