package soak

import (
	"bytes"
	"slices"

	"github.com/steadhq/stead/internal/ledger"
)

// A forgery is one kind of tampering and the ways to do it, in memory and in the files. Each way tells the index that
// must be named.
type forgery struct {
	name  string
	forge []func(*trial, *record) want
	sql   []forgedFile
}

// A want is the first event that is not as it was, or whose trace is not.
type want struct {
	index uint64
	// vague: hashes were made to fit, so that no single event can be named, but a range that holds it; in the last tile
	// of the log, which is not full, also one behind it.
	vague bool
	// unseen: signed with the log's own key behind the checkpoint from elsewhere; nothing tells it from a log that grew.
	unseen bool
}

func at(i uint64) want { return want{index: i} }

func forgeries() []forgery {
	return []forgery{
		{"edits", []func(*trial, *record) want{editEvent, editLeaf, editBoth, editSigned, editTile, editObject, moveObject, editRow}, sqlEdits()},
		{"deletions", []func(*trial, *record) want{deleteEvent, deleteClosed, deleteSigned, deleteTile, deleteObject, deleteRow}, sqlDeletions()},
		{"insertions", []func(*trial, *record) want{insertEvent, insertOutside, insertSigned, insertTile, insertObject, insertRow}, sqlInsertions()},
		{"reorderings and roll-backs", []func(*trial, *record) want{swapEvents, swapSigned, swapTiles, swapObjects, swapRows, rollBack, rollBackSigned}, sqlReorderings()},
		{"counters, keys, head, form", nil, sqlBeside()},
	}
}

// size is that of the true log; the checkpoint from elsewhere may be of less.
func (tr *trial) size() uint64 { return tr.true.st.Head.Size }

// first gives the first event that is another than before.
func (tr *trial) first(r *record) uint64 {
	for i, e := range tr.true.events {
		if i >= len(r.events) || !bytes.Equal(e.Stored, r.events[i].Stored) {
			return uint64(i)
		}
	}
	return tr.size()
}

// closed is for a log whose leaf hashes fit its events: what a full tile holds can be told, what comes after can not.
func (tr *trial) closed(r *record) want {
	i := tr.first(r)
	return want{index: i, vague: i >= min(tr.size(), r.st.Head.Size)/256*256}
}

// tail is where the last tile begins, which is not full.
func (tr *trial) tail() uint64 { return tr.size() / 256 * 256 }

// signed makes everything fit the events, with the log's own key.
func (tr *trial) signed(r *record) want {
	i := tr.first(r)
	r.resign(tr.signer)
	return want{index: i, vague: true, unseen: i >= tr.head.Size}
}

// flipped is b with one bit turned.
func (tr *trial) flipped(b []byte) []byte {
	b = bytes.Clone(b)
	b[tr.random.IntN(len(b))] ^= 1 << tr.random.IntN(8)
	return b
}

// any gives the place of one of a list.
func pick[R any](tr *trial, list []R) int { return tr.random.IntN(len(list)) }

// pair gives the places of two that differ in what is said of them.
func pair[R any](tr *trial, list []R, same func(a, b R) bool) (int, int) {
	for {
		if i, j := pick(tr, list), pick(tr, list); !same(list[i], list[j]) {
			return i, j
		}
	}
}

func editEvent(tr *trial, r *record) want {
	i := pick(tr, r.events)
	r.events[i].Stored = tr.flipped(r.events[i].Stored)
	return at(uint64(i))
}

func editLeaf(tr *trial, r *record) want {
	i := pick(tr, r.events)
	copy(r.events[i].Leaf[:], tr.flipped(r.events[i].Leaf[:]))
	return at(uint64(i))
}

func editBoth(tr *trial, r *record) want {
	i := pick(tr, r.events)
	r.events[i].Stored = tr.flipped(r.events[i].Stored)
	r.events[i].Leaf = ledger.LeafHash(r.events[i].Stored)
	return tr.closed(r)
}

func editSigned(tr *trial, r *record) want {
	editEvent(tr, r)
	return tr.signed(r)
}

func editTile(tr *trial, r *record) want {
	t := &r.tiles[0][pick(tr, r.tiles[0])]
	old := t.Data
	t.Data = tr.flipped(old)
	for i := range old {
		if old[i] != t.Data[i] {
			return at(t.Index*256 + uint64(i/32))
		}
	}
	return want{}
}

func editObject(tr *trial, r *record) want {
	o := &r.objects[pick(tr, r.objects)]
	o.Body = tr.flipped(o.Body)
	return at(o.Index)
}

func moveObject(tr *trial, r *record) want {
	return tr.move(&r.objects[pick(tr, r.objects)])
}

func (tr *trial) move(o *ledger.ObjectRow) want {
	was := o.Index
	switch tr.random.IntN(4) {
	case 0:
		o.Version += 1 + uint64(tr.random.IntN(5))
	case 1:
		o.ID += "x"
	case 2:
		o.Index = (o.Index + 1 + uint64(tr.random.IntN(100))) % tr.size()
	case 3:
		o.Kind += "s"
	}
	return at(min(was, o.Index))
}

func editRow(tr *trial, r *record) want {
	p := &r.rows[pick(tr, r.rows)]
	p.Row = tr.flipped(p.Row)
	return at(p.Index)
}

func deleteEvent(tr *trial, r *record) want {
	i := pick(tr, r.events)
	r.events = slices.Delete(r.events, i, i+1)
	return at(uint64(i))
}

// deleteClosed moves all that follows up.
func deleteClosed(tr *trial, r *record) want {
	i := pick(tr, r.events[:len(r.events)-1])
	r.events = slices.Delete(r.events, i, i+1)
	for j := range r.events {
		r.events[j].Index = uint64(j)
	}
	r.st.Head.Size--
	return tr.closed(r)
}

func deleteSigned(tr *trial, r *record) want {
	deleteEvent(tr, r)
	return tr.signed(r)
}

func deleteTile(tr *trial, r *record) want {
	i := pick(tr, r.tiles[0])
	first := r.tiles[0][i].Index * 256
	r.tiles[0] = slices.Delete(r.tiles[0], i, i+1)
	return at(first)
}

func deleteObject(tr *trial, r *record) want {
	i := pick(tr, r.objects)
	index := r.objects[i].Index
	r.objects = slices.Delete(r.objects, i, i+1)
	return at(index)
}

func deleteRow(tr *trial, r *record) want {
	i := pick(tr, r.rows)
	index := r.rows[i].Index
	r.rows = slices.Delete(r.rows, i, i+1)
	return at(index)
}

// insertEvent puts a copy in between and moves all that follows down.
func insertEvent(tr *trial, r *record) want {
	r.events = slices.Insert(r.events, pick(tr, r.events), r.events[pick(tr, r.events)])
	for j := range r.events {
		r.events[j].Index = uint64(j)
	}
	if tr.random.IntN(2) == 0 {
		r.st.Head.Size++
	}
	return tr.closed(r)
}

// insertOutside adds an event where nobody looks.
func insertOutside(tr *trial, r *record) want {
	e := r.events[pick(tr, r.events)]
	e.Index = tr.size() + uint64(tr.random.IntN(1000))
	named := tr.size()
	if tr.random.IntN(2) == 0 {
		e.Index, named = -uint64(1+tr.random.IntN(1000)), 0
	}
	r.events = append(r.events, e)
	return at(named)
}

func insertSigned(tr *trial, r *record) want {
	insertEvent(tr, r)
	return tr.signed(r)
}

func insertTile(tr *trial, r *record) want {
	t := r.tiles[0][pick(tr, r.tiles[0])]
	t.Index += uint64(tr.random.IntN(20))
	r.tiles[0] = append(r.tiles[0], t)
	if t.Index*256 >= tr.tail() {
		return at(tr.size()) // no event accounts for it
	}
	return at(t.Index * 256)
}

func insertObject(tr *trial, r *record) want {
	o := r.objects[pick(tr, r.objects)]
	tr.move(&o)
	r.objects = append(r.objects, o)
	return at(o.Index)
}

func insertRow(tr *trial, r *record) want {
	p := r.rows[pick(tr, r.rows)]
	p.Index = uint64(tr.random.IntN(2 * int(tr.size())))
	r.rows = append(r.rows, p)
	return at(min(p.Index, tr.size()))
}

func swapEvents(tr *trial, r *record) want {
	i, j := pick(tr, r.events[1:]), 0
	for j = i; j == i; j = pick(tr, r.events) {
	}
	r.events[i], r.events[j] = r.events[j], r.events[i]
	r.events[i].Index, r.events[j].Index = uint64(i), uint64(j)
	return tr.closed(r)
}

func swapSigned(tr *trial, r *record) want {
	swapEvents(tr, r)
	return tr.signed(r)
}

func swapTiles(tr *trial, r *record) want {
	list := r.tiles[0]
	i, j := pair(tr, list, func(a, b ledger.Tile) bool { return a.Index == b.Index })
	list[i].Data, list[j].Data = list[j].Data, list[i].Data
	return at(min(list[i].Index, list[j].Index) * 256)
}

func swapObjects(tr *trial, r *record) want {
	list := r.objects
	i, j := pair(tr, list, func(a, b ledger.ObjectRow) bool { return bytes.Equal(a.Body, b.Body) })
	list[i].Body, list[j].Body = list[j].Body, list[i].Body
	return at(min(list[i].Index, list[j].Index))
}

func swapRows(tr *trial, r *record) want {
	list := r.rows
	i, j := pair(tr, list, func(a, b ledger.ProjectedRow) bool { return a.Index == b.Index })
	list[i].Row, list[j].Row = list[j].Row, list[i].Row
	return at(min(list[i].Index, list[j].Index))
}

// rollBack cuts everything at an earlier event and leaves the head as it was, or says that it was shorter.
func rollBack(tr *trial, r *record) want {
	n := uint64(1 + tr.random.IntN(int(tr.size())-1))
	if tr.random.IntN(2) == 0 {
		r.st.Head.Size = n
	}
	r.cut(n)
	return at(n)
}

// rollBackSigned is an older copy of the store, as its own key signed it then.
func rollBackSigned(tr *trial, r *record) want {
	n := uint64(1 + tr.random.IntN(int(tr.size())-1))
	r.cut(n)
	r.resign(tr.signer)
	return want{index: n, unseen: n >= tr.head.Size}
}

func (r *record) cut(n uint64) {
	r.events = r.events[:n]
	r.objects = slices.DeleteFunc(r.objects, func(o ledger.ObjectRow) bool { return o.Index >= n })
	r.rows = slices.DeleteFunc(r.rows, func(p ledger.ProjectedRow) bool { return p.Index >= n })
	r.tiles[0] = slices.DeleteFunc(r.tiles[0], func(t ledger.Tile) bool { return (t.Index+1)*256 > n })
	r.st.Projected = min(r.st.Projected, n)
}
