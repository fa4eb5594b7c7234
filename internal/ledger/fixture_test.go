package ledger

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"fmt"
	"testing"
	"time"

	"github.com/steadhq/stead"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// memory keeps a log in slices: a Source, a Trail and a Projection as a store is.
type memory struct {
	signer  *Signer
	key     note.Verifier
	edge    Edge
	events  []EventRow
	objects []ObjectRow
	rows    []ProjectedRow
	tiles   []Tile
	st      Standing
}

func newMemory(t testing.TB, n int) *memory {
	t.Helper()
	private := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, ed25519.SeedSize))
	signer, err := NewSigner("stead.test/log", private)
	if err != nil {
		t.Fatal(err)
	}
	text, err := VerifierKey("stead.test/log", private.Public().(ed25519.PublicKey))
	if err != nil {
		t.Fatal(err)
	}
	key, err := Verifier(text + "\n")
	if err != nil {
		t.Fatal(err)
	}
	m := &memory{signer: signer, key: key}
	m.grow(n)
	return m
}

// grow appends n events; every third writes an object version.
func (m *memory) grow(n int) {
	list := make([][]byte, n)
	for i := range list {
		list[i] = m.event(len(m.events) + i)
	}
	m.add(list...)
}

// add appends events as they are stored.
func (m *memory) add(list ...[]byte) {
	leaves := make([]stead.Hash, 0, len(list))
	for _, stored := range list {
		i := uint64(len(m.events))
		leaves = append(leaves, LeafHash(stored))
		m.events = append(m.events, EventRow{Index: i, Stored: stored, Leaf: leaves[len(leaves)-1]})
		m.rows = append(m.rows, ProjectedRow{Index: i, Row: m.project(stored)})
	}
	full, edge, root := Integrate(m.edge, leaves)
	m.edge, m.tiles = edge, append(m.tiles, full...)
	size := edge.Size()
	m.st = Standing{Head: stead.Head{Size: size, Root: root, Note: m.signer.Sign(size, root)}, Roots: edge.Roots(), Projected: size}
	m.recount()
}

func (m *memory) recount() {
	m.st.Events, m.st.Tiles = uint64(len(m.events)), uint64(len(m.tiles))
	m.st.Objects, m.st.Rows = uint64(len(m.objects)), uint64(len(m.rows))
}

func (m *memory) event(i int) []byte {
	e := stead.Event{ID: stead.EventID(fmt.Sprintf("evt_%024d", i)), Kind: "request.allowed", Actor: "prn_sam", Subject: "prn_dana",
		At: time.Unix(1_800_000_000+int64(i), 0), Outcome: stead.OK, Mandate: "man_aaaaaaaaaaaaaaaaaaaaaaaaaa", App: "orders"}
	if i%3 == 0 {
		o := ObjectRow{Kind: stead.KindMandate, ID: fmt.Sprintf("man_%d", i%9), Version: uint64(i/9 + 1), Index: uint64(i), Body: fmt.Append(nil, "body", i)}
		e.Records = []stead.RecordRef{{Kind: o.Kind, ID: o.ID, Version: o.Version, SHA256: sha256.Sum256(o.Body)}}
		m.objects = append(m.objects, o)
	}
	return stead.AppendEvent(nil, &e, bytes.Repeat([]byte{byte(i)}, 60), bytes.Repeat([]byte{byte(i >> 8)}, 90))
}

func (m *memory) project(stored []byte) []byte { return append([]byte("row of "), stored...) }

func (m *memory) Expect(_ uint64, stored []byte) ([]byte, error) { return m.project(stored), nil }

func (m *memory) Leaves(_ context.Context, from uint64, n int) ([]stead.Hash, error) {
	var hashes []stead.Hash
	for _, e := range m.events[from : from+uint64(n)] {
		hashes = append(hashes, e.Leaf)
	}
	return hashes, nil
}

func (m *memory) Tile(_ context.Context, level int, index uint64) ([]byte, error) {
	for _, t := range m.tiles {
		if t.Level == level && t.Index == index {
			return t.Data, nil
		}
	}
	return nil, stead.E(stead.Missing, stead.ReasonNone, "no tile %d/%d", level, index)
}

func (m *memory) Standing(context.Context) (Standing, error) { return m.st, nil }

func (m *memory) Events(_ context.Context, from, to uint64) ([]EventRow, error) {
	return between(m.events, from, to, func(r EventRow) uint64 { return r.Index }), nil
}

func (m *memory) Objects(_ context.Context, from, to uint64) ([]ObjectRow, error) {
	return between(m.objects, from, to, func(r ObjectRow) uint64 { return r.Index }), nil
}

func (m *memory) Rows(_ context.Context, from, to uint64) ([]ProjectedRow, error) {
	return between(m.rows, from, to, func(r ProjectedRow) uint64 { return r.Index }), nil
}

func (m *memory) Tiles(_ context.Context, level int, from, to uint64) ([]Tile, error) {
	var found []Tile
	for _, t := range m.tiles {
		if t.Level == level && from <= t.Index && t.Index < to {
			found = append(found, t)
		}
	}
	return found, nil
}

func between[R any](rows []R, from, to uint64, index func(R) uint64) []R {
	var found []R
	for _, r := range rows {
		if i := index(r); from <= i && i < to {
			found = append(found, r)
		}
	}
	return found
}

// oracle is tlog's own storage of the same leaves.
type oracle []tlog.Hash

func newOracle(t testing.TB, m *memory) oracle {
	t.Helper()
	var o oracle
	for _, e := range m.events {
		hashes, err := tlog.StoredHashes(int64(e.Index), e.Stored, o)
		if err != nil {
			t.Fatal(err)
		}
		o = append(o, hashes...)
	}
	return o
}

func (o oracle) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	hashes := make([]tlog.Hash, len(indexes))
	for i, at := range indexes {
		hashes[i] = o[at]
	}
	return hashes, nil
}

func (o oracle) root(t testing.TB, size uint64) stead.Hash {
	t.Helper()
	h, err := tlog.TreeHash(int64(size), o)
	if err != nil {
		t.Fatal(err)
	}
	return stead.Hash(h)
}
