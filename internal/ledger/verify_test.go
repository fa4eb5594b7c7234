package ledger

import (
	"bytes"
	"math/bits"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/steadhq/stead"
)

func verify(t testing.TB, m *memory, outside *stead.Head) Report {
	t.Helper()
	m.recount()
	r, err := Verify(t.Context(), Check{Trail: m, Projection: m, Key: m.key, Outside: outside})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// fork copies a log, so that it can be tampered with.
func (m *memory) fork() *memory {
	c := *m
	c.events, c.objects = slices.Clone(m.events), slices.Clone(m.objects)
	c.rows, c.tiles = slices.Clone(m.rows), slices.Clone(m.tiles)
	return &c
}

func TestVerifyGood(t *testing.T) {
	for _, n := range []int{0, 1, 256, 300, 5000, 70_001} {
		m := newMemory(t, n)
		for _, size := range []uint64{0, uint64(n) / 3, uint64(n)} {
			head := m.headAt(size)
			var done uint64
			r, err := Verify(t.Context(), Check{Trail: m, Projection: m, Key: m.key, Outside: &head, Progress: func(d, _ uint64) { done = d }})
			if err != nil || !r.Good() || r.Events != uint64(n) || r.Objects != uint64(len(m.objects)) || r.Outside != size || done != uint64(n) {
				t.Errorf("%d events, checkpoint of %d: %+v %v", n, size, r, err)
			}
		}
		m.st.Projected, m.rows = m.st.Projected/2, m.rows[:n/2] // the projection may lag
		if r := verify(t, m, nil); !r.Good() {
			t.Errorf("lagging: %v", r.First())
		}
	}
	if r := (Report{}); r.First() != (Fault{}) {
		t.Error("no fault has a first")
	}
}

// rehash makes leaf column, tiles, edge and root fit the events again, as who holds the database can; what he can not
// do is sign.
func (m *memory) rehash() {
	for i := range m.events {
		m.events[i].Leaf = LeafHash(m.events[i].Stored)
	}
	full, edge, root := Integrate(Edge{}, hashesOf(m.events))
	m.tiles, m.edge, m.st.Roots = full, edge, edge.Roots()
	m.st.Head.Size, m.st.Head.Root = edge.Size(), root
}

// TestTamper edits, deletes, inserts and reorders random rows of every table: K1, S-I31. Each must be found, and at
// the first index it touches.
func TestTamper(t *testing.T) {
	small, large := newMemory(t, 1500), newMemory(t, 9000)
	rng := rand.New(rand.NewPCG(1, 2))
	for name, edit := range tamperings {
		t.Run(name, func(t *testing.T) {
			for i := range 31 {
				m := small.fork()
				if i >= 30 {
					m = large.fork()
				}
				head := m.headAt(m.seen())
				want, exact := edit(m, rng)
				r := verify(t, m, &head)
				got := r.First()
				switch {
				case r.Good():
					t.Fatalf("not found (at %d)", want)
				case exact && (got.Index != want || got.To != want+1):
					t.Fatalf("named %v, want event %d", got, want)
				case !exact && (want < got.Index || want >= got.To):
					t.Fatalf("named %v, which leaves out event %d", got, want)
				}
			}
		})
	}
}

// seen is the size of the checkpoint from elsewhere, tiled where the open tile begins.
func (m *memory) seen() uint64  { return m.edge.Size() - 200 }
func (m *memory) tiled() uint64 { return m.edge.Size() &^ (tileWidth - 1) }

// tamperings give the index they touch and whether it can be told exactly.
var tamperings = map[string]func(*memory, *rand.Rand) (uint64, bool){
	"edit an event": func(m *memory, r *rand.Rand) (uint64, bool) {
		i := r.IntN(len(m.events))
		m.events[i].Stored = flip(m.events[i].Stored, r)
		return uint64(i), true
	},
	"edit an event and its leaf": func(m *memory, r *rand.Rand) (uint64, bool) {
		i := r.Uint64N(m.tiled()) // in the open tile there is nothing to compare with but the root
		m.events[i].Stored = bytes.Replace(m.events[i].Stored, []byte("prn_dana"), []byte("prn_eve_"), 1)
		m.events[i].Leaf = LeafHash(m.events[i].Stored)
		m.rows[i].Row = m.project(m.events[i].Stored)
		return i, true
	},
	"edit a leaf": func(m *memory, r *rand.Rand) (uint64, bool) {
		i := r.IntN(len(m.events))
		m.events[i].Leaf[r.IntN(32)] ^= 1
		return uint64(i), true
	},
	"rewrite all hashes, without the key": func(m *memory, r *rand.Rand) (uint64, bool) {
		i := r.IntN(len(m.events))
		m.events[i].Stored = bytes.Replace(m.events[i].Stored, []byte("prn_dana"), []byte("prn_eve_"), 1)
		m.rows[i].Row = m.project(m.events[i].Stored)
		m.rehash()
		return uint64(i), false
	},
	"rewrite all hashes, with the key": func(m *memory, r *rand.Rand) (uint64, bool) {
		i := r.Uint64N(m.seen())
		m.events[i].Stored = bytes.Replace(m.events[i].Stored, []byte("prn_dana"), []byte("prn_eve_"), 1)
		m.rows[i].Row = m.project(m.events[i].Stored)
		m.rehash()
		m.st.Head.Note = m.signer.Sign(m.st.Head.Size, m.st.Head.Root)
		return i, false
	},
	"delete an event": func(m *memory, r *rand.Rand) (uint64, bool) {
		i := r.IntN(len(m.events))
		m.events = slices.Delete(m.events, i, i+1)
		return uint64(i), true
	},
	"insert an event": func(m *memory, r *rand.Rand) (uint64, bool) {
		i := r.IntN(len(m.events))
		row := m.events[i]
		row.Stored = flip(row.Stored, r)
		m.events = slices.Insert(m.events, i, row)
		return uint64(i), true
	},
	"append an event": func(m *memory, r *rand.Rand) (uint64, bool) {
		m.events = append(m.events, EventRow{Index: m.edge.Size() + r.Uint64N(5), Stored: []byte("{}")})
		return m.edge.Size(), true
	},
	"reorder two events": func(m *memory, r *rand.Rand) (uint64, bool) {
		i := r.IntN(len(m.events) - 1)
		j := i + 1 + r.IntN(len(m.events)-i-1)
		m.events[i].Stored, m.events[j].Stored = m.events[j].Stored, m.events[i].Stored
		m.events[i].Leaf, m.events[j].Leaf = m.events[j].Leaf, m.events[i].Leaf
		return uint64(i), uint64(i) < m.tiled()
	},
	"edit a tile": func(m *memory, r *rand.Rand) (uint64, bool) {
		i := r.IntN(len(m.tiles))
		tile, at := m.tiles[i], r.IntN(TileSize)
		m.tiles[i].Data = bytes.Clone(tile.Data)
		m.tiles[i].Data[at] ^= 1
		return (tile.Index*tileWidth + uint64(at/32)) << (tileHeight * tile.Level), true
	},
	"delete a tile": func(m *memory, r *rand.Rand) (uint64, bool) {
		i := r.IntN(len(m.tiles))
		first := m.tiles[i].Index << (tileHeight * (m.tiles[i].Level + 1))
		m.tiles = slices.Delete(m.tiles, i, i+1)
		return first, true
	},
	"insert a tile": func(m *memory, r *rand.Rand) (uint64, bool) {
		m.tiles = append(m.tiles, Tile{Level: r.IntN(9), Index: 35 + r.Uint64N(100), Data: make([]byte, TileSize)})
		return m.edge.Size(), true
	},
	"edit an object": func(m *memory, r *rand.Rand) (uint64, bool) {
		i := r.IntN(len(m.objects))
		m.objects[i].Body = flip(m.objects[i].Body, r)
		return m.objects[i].Index, true
	},
	"delete an object": func(m *memory, r *rand.Rand) (uint64, bool) {
		i := r.IntN(len(m.objects))
		index := m.objects[i].Index
		m.objects = slices.Delete(m.objects, i, i+1)
		return index, true
	},
	"insert an object": func(m *memory, r *rand.Rand) (uint64, bool) {
		row := m.objects[r.IntN(len(m.objects))]
		row.Version += 100_000
		m.objects = append(m.objects, row)
		return row.Index, true
	},
	"double an object": func(m *memory, r *rand.Rand) (uint64, bool) {
		row := m.objects[r.IntN(len(m.objects))]
		m.objects = append(m.objects, row)
		return row.Index, true
	},
	"swap two objects": func(m *memory, r *rand.Rand) (uint64, bool) {
		i := r.IntN(len(m.objects) - 1)
		m.objects[i].Index, m.objects[i+1].Index = m.objects[i+1].Index, m.objects[i].Index
		return m.objects[i+1].Index, true
	},
	"object beyond the log": func(m *memory, r *rand.Rand) (uint64, bool) {
		row := m.objects[r.IntN(len(m.objects))]
		row.Index += 1 << 40
		m.objects = append(m.objects, row)
		return m.edge.Size(), true
	},
	"edit the projection": func(m *memory, r *rand.Rand) (uint64, bool) {
		i := r.IntN(len(m.rows))
		m.rows[i].Row = flip(m.rows[i].Row, r)
		return uint64(i), true
	},
	"delete from the projection": func(m *memory, r *rand.Rand) (uint64, bool) {
		i := r.IntN(len(m.rows))
		m.rows = slices.Delete(m.rows, i, i+1)
		return uint64(i), true
	},
	"insert into the projection": func(m *memory, r *rand.Rand) (uint64, bool) {
		i := r.IntN(len(m.rows))
		m.rows = slices.Insert(m.rows, i, m.rows[i])
		return uint64(i), true
	},
	"append to the projection": func(m *memory, r *rand.Rand) (uint64, bool) {
		m.rows = append(m.rows, ProjectedRow{Index: m.edge.Size() + 1})
		return m.edge.Size(), true
	},
	"projection ahead of the log": func(m *memory, r *rand.Rand) (uint64, bool) {
		m.st.Projected++
		return m.edge.Size(), true
	},
	"edit the edge": func(m *memory, r *rand.Rand) (uint64, bool) {
		m.st.Roots = slices.Clone(m.st.Roots)
		m.st.Roots[0][3] ^= 1
		return r.Uint64N(1 << (bits.Len64(m.edge.Size()) - 1)), false
	},
	"lengthen the edge": func(m *memory, r *rand.Rand) (uint64, bool) {
		m.st.Roots = append(slices.Clone(m.st.Roots), stead.Hash{byte(r.IntN(256))})
		return m.edge.Size(), true
	},
	"edit the root": func(m *memory, r *rand.Rand) (uint64, bool) {
		m.st.Head.Root[r.IntN(32)] ^= 1
		return m.edge.Size(), true
	},
	"edit the checkpoint": func(m *memory, r *rand.Rand) (uint64, bool) {
		m.st.Head.Note = flip(m.st.Head.Note[20:], r)
		return m.edge.Size(), true
	},
	"an older checkpoint": func(m *memory, r *rand.Rand) (uint64, bool) {
		size := r.Uint64N(m.edge.Size())
		m.st.Head.Note = m.headAt(size).Note
		return size, true
	},
	"a smaller head": func(m *memory, r *rand.Rand) (uint64, bool) {
		n := r.IntN(len(m.events))
		small := newMemory(noTest{}, n)
		m.st.Head, m.st.Roots, m.st.Projected = small.st.Head, small.st.Roots, uint64(n)
		return uint64(n), true
	},
	// K2: a snapshot is put back, whole and truly signed
	"roll back": func(m *memory, r *rand.Rand) (uint64, bool) {
		n := r.IntN(int(m.seen()))
		*m = *newMemory(noTest{}, n)
		return uint64(n), true
	},
}

// noTest lets a tampering build a log; its calls can not fail.
type noTest struct{ testing.TB }

func (noTest) Helper() {}

func flip(b []byte, r *rand.Rand) []byte {
	c := bytes.Clone(b)
	c[r.IntN(len(c))] ^= byte(1 << r.IntN(8))
	return c
}

// TestFirstFault: of two faults the lower index is named, whichever table it is in and whenever it can be seen.
func TestFirstFault(t *testing.T) {
	m := newMemory(t, 70_001)
	for i := range m.tiles {
		if m.tiles[i].Level == 1 {
			m.tiles[i].Data = bytes.Clone(m.tiles[i].Data)
			m.tiles[i].Data[3*32] ^= 1 // event 768, seen only when 65,536 are read
		}
	}
	m.events[50_000].Leaf[0] ^= 1
	m.objects[11_000].Body = nil // event 33,000
	r := verify(t, m, nil)
	if r.First().Index != 768 {
		t.Errorf("first fault %v", r.First())
	}
	if len(r.Faults) < 2 || r.Faults[1].Index != 33_000 {
		t.Errorf("second fault %v", r.Faults)
	}
}

func TestVerifyPruned(t *testing.T) {
	m := newMemory(t, 9000)
	m.st.Pruned, m.events, m.rows = 4608, m.events[4608:], m.rows[4608:]
	head := m.headAtEnd()
	m.st.Head = head
	m.recount()
	if r := verify(t, m, &head); r.First().Index != 0 || r.First().To != 4608 {
		t.Errorf("pruned, and nobody knows: %v", r.First())
	}
	r, err := Verify(t.Context(), Check{Trail: m, Projection: m, Key: m.key, Outside: &head, Pruned: 4608})
	if err != nil || !r.Good() || r.Events != 9000-4608 || r.Unchecked != 1536 {
		t.Fatalf("%+v %v", r, err)
	}
	for _, at := range []uint64{3, 15, 17} {
		bad := m.fork()
		bad.tiles = slices.DeleteFunc(bad.tiles, func(t Tile) bool { return t.Level == 0 && t.Index == at })
		if r := verify(t, bad, &head); r.First().Index != at*tileWidth {
			t.Errorf("a tile of pruned events: %v", r.First())
		}
	}
	for i, row := range []EventRow{{Index: 77, Leaf: stead.Hash{1}}, {Index: 4607, Stored: []byte("{}"), Leaf: newMemory(t, 4608).events[4607].Leaf}} {
		bad := m.fork()
		bad.events = append([]EventRow{row}, bad.events...)
		if r := verify(t, bad, &head); r.First().Index != row.Index {
			t.Errorf("row %d that is left of pruned events: %v", i, r.First())
		}
	}
}

// What an event says of pruning is enough, and no more than it says.
func TestVerifyPrunedAsSaid(t *testing.T) {
	const counts = `"counts":[{"key":"log/pruned","op":"raise","n":512}]`
	for _, said := range []struct {
		event string
		gone  uint64
	}{
		{`{"kind":"log.pruned",` + counts + `}`, 512},
		{`{"kind":"log.pruned","counts":[{"key":"log/pruned","op":"raise","n":256}]}`, 256},
		{`{"kind":"log.pruned","counts":[{"key":"pages","op":"raise","n":512}]}`, 0},
		{`{"kind":"page.seen",` + counts + `}`, 0},
		{`{"kind":"page.seen","a":[{"kind":"log.pruned"}],` + counts + `}`, 0},
	} {
		m := newMemory(t, 600)
		m.add([]byte(said.event))
		m.st.Pruned, m.events, m.rows = 512, m.events[512:], m.rows[512:]
		r := verify(t, m, nil)
		if r.Good() != (said.gone == 512) || !r.Good() && (r.First().Index != said.gone || r.First().To != 512) {
			t.Errorf("%s: %+v", said.event, r.First())
		}
	}
}

func (m *memory) headAtEnd() stead.Head {
	return stead.Head{Size: m.edge.Size(), Root: m.edge.Root(), Note: m.signer.Sign(m.edge.Size(), m.edge.Root())}
}

func TestVerifyRefuses(t *testing.T) {
	m := newMemory(t, 10)
	if _, err := Verify(t.Context(), Check{Trail: m}); stead.KindOf(err) != stead.Invalid {
		t.Errorf("no key: %v", err)
	}
	other := newMemory(t, 10)
	other.events[4].Stored = []byte(`{"records":[oops]}`)
	other.rehash()
	if r := verify(t, other, nil); r.First().Index != 4 || !strings.Contains(r.First().String(), "event 4") {
		t.Errorf("an event that can not be read: %v", r.First())
	}
	if text := (Fault{Index: 1, To: 9}).String(); !strings.Contains(text, "before 9") {
		t.Errorf("a range is written %q", text)
	}
}

// Who has the log's own key makes all hashes fit what he left out; what tells it, an object that is no event's any more,
// may come later than what is gone. The first fault holds that too. // K1, S-I31
func TestRewrittenBefore(t *testing.T) {
	for _, c := range []struct {
		name    string
		n, gone int
		signed  bool
		outside uint64
	}{
		{"signed", 600, 100, true, 600}, {"signed, and the checkpoint is far behind", 9000, 100, true, 9000},
		{"signed, and there is more now", 9000, 100, true, 5000}, {"not signed, in the last tile", 600, 590, false, 0},
	} {
		m := newMemory(t, c.n)
		head := m.headAt(c.outside)
		m.events = slices.Delete(m.events, c.gone, c.gone+1)
		m.rows = m.rows[:0]
		for i := range m.events {
			m.events[i].Index = uint64(i)
			m.rows = append(m.rows, ProjectedRow{Index: uint64(i), Row: m.project(m.events[i].Stored)})
		}
		m.rehash()
		m.st.Projected = m.st.Head.Size
		if c.signed {
			m.st.Head.Note = m.signer.Sign(m.st.Head.Size, m.st.Head.Root)
		}
		if f := verify(t, m, &head).First(); f.To == 0 || f.Index > uint64(c.gone) || f.To <= uint64(c.gone) {
			t.Errorf("%s: event %d is gone, the first fault is %+v", c.name, c.gone, f)
		}
	}
}

// An event put in where no tile is full yet, without the key: the events that were signed are not these any more.
func TestPutInAtTheEnd(t *testing.T) {
	m := newMemory(t, 600)
	m.events = slices.Insert(m.events, 598, m.events[598])
	m.rows = slices.Insert(m.rows, 598, m.rows[598])
	for i := range m.events {
		m.events[i].Index, m.rows[i].Index = uint64(i), uint64(i)
	}
	head := m.headAt(100)
	note := m.st.Head.Note
	m.rehash()
	m.st.Head.Note, m.st.Projected = note, m.st.Head.Size
	if f := verify(t, m, &head).First(); f.To == 0 || f.Index > 599 || f.To <= 599 {
		t.Errorf("the first fault is %+v", f)
	}
}
