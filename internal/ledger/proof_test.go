package ledger

import (
	"bytes"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/steadhq/stead"
	"golang.org/x/mod/sumdb/tlog"
	"pgregory.net/rapid"
)

// headAt is the head as it was signed at a size.
func (m *memory) headAt(size uint64) stead.Head {
	_, e, root := Integrate(Edge{}, hashesOf(m.events[:size]))
	return stead.Head{Size: e.Size(), Root: root, Note: m.signer.Sign(size, root)}
}

// TestInclusion holds proofs at random sizes against tlog's, through the text form and back.
func TestInclusion(t *testing.T) {
	m := newMemory(t, 2000)
	o := newOracle(t, m)
	ctx := t.Context()
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.Uint64Range(1, 2000).Draw(t, "size")
		index := rapid.Uint64Range(0, size-1).Draw(t, "index")
		p, err := ProveInclusion(ctx, m, m.edge, m.headAt(size), index)
		if err != nil {
			t.Fatal(err)
		}
		want, err := tlog.ProveRecord(int64(size), int64(index), o)
		if err != nil || !slices.Equal(toTlog(p.Path), want) {
			t.Fatalf("proof of %d in %d differs from tlog's", index, size)
		}
		back, err := ParseInclusion(p.Text())
		if err != nil || !bytes.Equal(back.Text(), p.Text()) {
			t.Fatalf("the text does not come back: %v", err)
		}
		if head, err := back.Check(m.events[index].Stored, m.key); err != nil || head.Size != size {
			t.Fatalf("refused: %v", err)
		}
		if _, err := back.Check(append(m.events[index].Stored, ' '), m.key); stead.KindOf(err) != stead.Invalid {
			t.Fatal("another event was taken")
		}
		back.Index++
		if _, err := back.Check(m.events[index].Stored, m.key); stead.KindOf(err) != stead.Invalid {
			t.Fatal("another index was taken")
		}
	})
}

func TestConsistency(t *testing.T) {
	m := newMemory(t, 2000)
	o := newOracle(t, m)
	ctx := t.Context()
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.Uint64Range(0, 2000).Draw(t, "size")
		from := rapid.Uint64Range(0, size).Draw(t, "from")
		old := m.headAt(from)
		c, err := ProveConsistency(ctx, m, m.edge, m.headAt(size), from)
		if err != nil {
			t.Fatal(err)
		}
		if from > 0 {
			want, err := tlog.ProveTree(int64(size), int64(from), o)
			if err != nil || !slices.Equal(tlog.TreeProof(toTlog(c.Path)), want) {
				t.Fatalf("proof from %d to %d differs from tlog's", from, size)
			}
		}
		back, err := ParseConsistency(c.Text())
		if err != nil || !bytes.Equal(back.Text(), c.Text()) {
			t.Fatalf("the text does not come back: %v", err)
		}
		if head, err := back.Check(old, m.key); err != nil || head.Size != size {
			t.Fatalf("refused: %v", err)
		}
		old.Root[3]++
		if _, err := back.Check(old, m.key); stead.KindOf(err) != stead.Invalid {
			t.Fatal("a fork was taken")
		}
	})
}

// TestProofsOfLargeLog reaches the second level of tiles.
func TestProofsOfLargeLog(t *testing.T) {
	m := newMemory(t, 70_001)
	for _, index := range []uint64{0, 255, 256, 40_000, 65_535, 65_536, 69_999, 70_000} {
		p, err := ProveInclusion(t.Context(), m, m.edge, m.st.Head, index)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.Check(m.events[index].Stored, m.key); err != nil {
			t.Errorf("event %d: %v", index, err)
		}
		old := m.headAt(index + 1)
		c, err := ProveConsistency(t.Context(), m, m.edge, m.st.Head, index+1)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Check(old, m.key); err != nil {
			t.Errorf("from %d: %v", index+1, err)
		}
	}
}

func TestProofsRefused(t *testing.T) {
	m := newMemory(t, 300)
	if _, err := ProveInclusion(t.Context(), m, m.edge, m.st.Head, 300); stead.KindOf(err) != stead.Missing {
		t.Errorf("beyond the end: %v", err)
	}
	if _, err := ProveConsistency(t.Context(), m, m.edge, m.st.Head, 301); stead.KindOf(err) != stead.Missing {
		t.Errorf("from beyond the end: %v", err)
	}
	c, err := ProveConsistency(t.Context(), m, m.edge, m.st.Head, 10)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Check(m.headAt(11), m.key); stead.KindOf(err) != stead.Invalid {
		t.Errorf("another size: %v", err)
	}
	m.tiles = nil
	if _, err := ProveInclusion(t.Context(), m, m.edge, m.st.Head, 3); stead.KindOf(err) != stead.Missing {
		t.Errorf("no tile: %v", err)
	}
	for _, text := range []string{"", "index 1\n\n", proofHeader + "\nindex 01\n\nx", proofHeader + "\nindex 1\nAAAA\n\nx", proofHeader + "\nindex 1\n", "old \n\n", "old 1\n" + string(bytes.Repeat([]byte("A\n"), 70)) + "\n"} {
		if _, err := ParseInclusion([]byte(text)); stead.KindOf(err) != stead.Invalid {
			t.Errorf("inclusion %q: %v", text, err)
		}
		if _, err := ParseConsistency([]byte(text)); stead.KindOf(err) != stead.Invalid {
			t.Errorf("consistency %q: %v", text, err)
		}
	}
}

func FuzzParseInclusion(f *testing.F) {
	m := newMemory(f, 300)
	p, err := ProveInclusion(f.Context(), m, m.edge, m.st.Head, 77)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(p.Text())
	f.Fuzz(func(t *testing.T, text []byte) {
		got, err := ParseInclusion(text)
		if err != nil {
			return
		}
		if !bytes.Equal(got.Text(), text) {
			t.Fatal("one proof has two texts")
		}
		if _, err := got.Check(m.events[77].Stored, m.key); err == nil && (got.Index != 77 || !cmp.Equal(got.Path, p.Path)) {
			t.Fatal("a forged proof was taken")
		}
	})
}

func FuzzParseConsistency(f *testing.F) {
	m := newMemory(f, 300)
	c, err := ProveConsistency(f.Context(), m, m.edge, m.st.Head, 77)
	if err != nil {
		f.Fatal(err)
	}
	old := m.headAt(77)
	f.Add(c.Text())
	f.Fuzz(func(t *testing.T, text []byte) {
		got, err := ParseConsistency(text)
		if err != nil {
			return
		}
		if !bytes.Equal(got.Text(), text) {
			t.Fatal("one proof has two texts")
		}
		if _, err := got.Check(old, m.key); err == nil && !cmp.Equal(got.Path, c.Path) {
			t.Fatal("a forged proof was taken")
		}
	})
}

// BenchmarkProve is an inclusion proof in a log of 70,000 with its tiles at hand.
func BenchmarkProve(b *testing.B) {
	m := newMemory(b, 70_001)
	for b.Loop() {
		if _, err := ProveInclusion(b.Context(), m, m.edge, m.st.Head, 40_000); err != nil {
			b.Fatal(err)
		}
	}
}
