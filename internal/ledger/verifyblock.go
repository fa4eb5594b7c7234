package ledger

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"

	"github.com/steadhq/stead"
)

// A blockCheck compares the events [from, to). A fault in one table does not keep it from looking at the others,
// so that the lowest index is found.
type blockCheck struct {
	*verifier
	from, to uint64
	rows     []EventRow // those at their place
	full     []Tile
}

// events reads the rows and grows the tree by the hashes of the stored bytes.
func (b *blockCheck) events() error {
	if b.from < b.st.Pruned {
		return b.pruned()
	}
	rows, err := b.Trail.Events(b.ctx, b.from, b.to)
	if err != nil {
		return stead.Because(err, "read the events")
	}
	b.rows = b.inPlace(rows)
	leaves := make([]stead.Hash, len(b.rows))
	for i, row := range b.rows {
		leaves[i] = LeafHash(row.Stored)
		if leaves[i] != row.Leaf {
			b.report.fault(row.Index, "event", "the stored event and its leaf hash differ: one of them was edited")
		}
		b.gone = max(b.gone, prunedBy(row.Stored))
		if b.telling() {
			b.Rest.Event(row.Index, row.Stored)
		}
	}
	b.report.Events += uint64(len(b.rows))
	b.grow(leaves)
	return nil
}

// prunedBy tells how many events are gone as an event says: it counts them, in plain.
func prunedBy(stored []byte) (gone uint64) {
	if !bytes.Contains(stored, []byte(`"kind":"log.pruned"`)) { // within a text the quotes would be escaped
		return 0
	}
	var e struct {
		Kind   stead.EventKind
		Counts []stead.Count
	}
	if json.Unmarshal(stored, &e) != nil || e.Kind != "log.pruned" {
		return 0
	}
	for _, c := range e.Counts {
		if c.Key == "log/pruned" {
			gone = max(gone, uint64(max(c.N, 0)))
		}
	}
	return gone
}

// pruned takes the leaf hashes of a block from the tiles, because the events are gone. What is left of their rows
// must agree with these.
func (b *blockCheck) pruned() error {
	tiles, err := b.Trail.Tiles(b.ctx, 0, b.from/tileWidth, b.to/tileWidth)
	if err != nil {
		return stead.Because(err, "read the tiles")
	}
	for i := range (b.to - b.from + tileWidth - 1) / tileWidth {
		first := b.from + i*tileWidth
		if i >= uint64(len(tiles)) || tiles[i].Index != first/tileWidth || len(tiles[i].Data) != TileSize {
			b.report.fault(first, "tile", "these events are pruned, but their tile is not there")
			return nil
		}
		b.grow(unpack(tiles[i].Data))
	}
	rows, err := b.Trail.Events(b.ctx, b.from, b.to)
	if err != nil {
		return stead.Because(err, "read the events")
	}
	for _, row := range rows {
		i := row.Index - b.from
		leaf := at(tiles[i/tileWidth].Data, int(i%tileWidth))
		if row.Leaf != leaf || (len(row.Stored) > 0 && LeafHash(row.Stored) != leaf) {
			b.report.fault(row.Index, "leaf", "this event is pruned, and its leaf hash is not that of its tile")
		}
	}
	return nil
}

// inPlace gives the rows up to the first that is missing or does not belong.
func (b *blockCheck) inPlace(rows []EventRow) []EventRow {
	for i, row := range rows {
		want := b.from + uint64(i)
		switch {
		case row.Index > want:
			b.report.fault(want, "event", "this event is missing: event %d comes next", row.Index)
			return rows[:i]
		case row.Index < want:
			b.report.fault(row.Index, "event", "this event is there twice or out of its order")
			return rows[:i]
		}
	}
	if got := b.from + uint64(len(rows)); got < b.to {
		b.report.fault(got, "event", "this event is missing")
	}
	return rows
}

// grow integrates leaves one checkpoint at a time: the root is needed where each of them stands.
func (b *blockCheck) grow(leaves []stead.Hash) {
	for _, o := range []*stead.Head{b.out.head, b.own.head} {
		if o != nil && o.Size > b.edge.size && o.Size < b.edge.size+uint64(len(leaves)) {
			cut := o.Size - b.edge.size
			b.grow(leaves[:cut])
			leaves = leaves[cut:]
		}
	}
	full, edge, _ := Integrate(b.edge, leaves)
	b.full, b.edge = append(b.full, full...), edge
	b.out.at(&b.edge.span)
	b.own.at(&b.edge.span)
}

func (b *blockCheck) tiles() error {
	for _, t := range b.full {
		if err := b.tile(t); err != nil {
			return err
		}
	}
	return nil
}

// An announced record is what one event says of one object version.
type announced struct {
	index  uint64
	sha    stead.Hash
	stored bool
}

// objects makes sure that every record an event announces is stored once, as it was, and that no other is there.
func (b *blockCheck) objects() error {
	rows, err := b.Trail.Objects(b.ctx, b.from, b.to)
	if err != nil {
		return stead.Because(err, "read the objects")
	}
	if b.from < b.st.Pruned {
		b.report.Unchecked += uint64(len(rows))
		return nil
	}
	due, order := b.announced()
	for _, row := range rows {
		key := stead.RecordRef{Kind: row.Kind, ID: row.ID, Version: row.Version}
		a := due[key]
		switch {
		case a == nil || a.index != row.Index:
			b.report.fault(row.Index, "object", "%s %s version %d is stored, but this event did not write it", row.Kind, row.ID, row.Version)
		case a.stored:
			b.report.fault(row.Index, "object", "%s %s version %d is stored twice", row.Kind, row.ID, row.Version)
		case a.sha != stead.Hash(sha256.Sum256(row.Body)):
			b.report.fault(row.Index, "object", "%s %s version %d is not as this event wrote it", row.Kind, row.ID, row.Version)
		}
		if a != nil && a.index == row.Index {
			a.stored = true
		}
		if b.telling() {
			b.Rest.Object(row.Index, row.Kind, row.Body)
		}
		b.report.Objects++
	}
	for _, key := range order {
		if a := due[key]; !a.stored {
			b.report.fault(a.index, "object", "this event wrote %s %s version %d, which is not stored", key.Kind, key.ID, key.Version)
		}
	}
	return nil
}

// announced collects the records of the block's events.
func (b *blockCheck) announced() (map[stead.RecordRef]*announced, []stead.RecordRef) {
	due := make(map[stead.RecordRef]*announced)
	var order []stead.RecordRef
	for _, row := range b.rows {
		refs, err := Records(row.Stored)
		if err != nil {
			b.report.fault(row.Index, "event", "this event can not be read")
		}
		for _, ref := range refs {
			key := stead.RecordRef{Kind: ref.Kind, ID: ref.ID, Version: ref.Version}
			if due[key] != nil {
				b.report.fault(row.Index, "object", "%s %s version %d was written twice", ref.Kind, ref.ID, ref.Version)
				continue
			}
			due[key] = &announced{index: row.Index, sha: ref.SHA256}
			order = append(order, key)
		}
	}
	return due, order
}

// Records reads from the stored bytes of an event which object versions it wrote.
func Records(stored []byte) ([]stead.RecordRef, error) {
	// In stored JSON a quote inside a text is escaped: this can only be the member itself.
	if !bytes.Contains(stored, []byte(`"records":[`)) {
		return nil, nil
	}
	var e struct {
		Records []stead.RecordRef `json:"records"`
	}
	if err := json.Unmarshal(stored, &e); err != nil {
		return nil, stead.Because(err, "read an event")
	}
	return e.Records, nil
}

// projection compares the rows of the projection, as far as it has come.
func (b *blockCheck) projection() error {
	if b.Projection == nil || b.from < b.st.Pruned {
		return nil
	}
	to := min(b.to, b.st.Projected)
	if to <= b.from {
		return nil
	}
	rows, err := b.Projection.Rows(b.ctx, b.from, to)
	if err != nil {
		return stead.Because(err, "read the projection")
	}
	b.report.Projected += uint64(len(rows))
	for _, e := range b.rows {
		if e.Index >= to {
			break
		}
		if rows, err = b.projected(e, rows); err != nil {
			return err
		}
	}
	for _, row := range rows {
		b.report.fault(row.Index, "projection", "the projection has a row that no event accounts for")
	}
	return nil
}

// projected compares the row of one event and gives the rows that follow it.
func (b *blockCheck) projected(e EventRow, rows []ProjectedRow) ([]ProjectedRow, error) {
	want, err := b.Projection.Expect(e.Index, e.Stored)
	if err != nil {
		b.report.fault(e.Index, "projection", "this event can not be projected: %v", err)
		return rows, nil
	}
	for len(rows) > 0 && rows[0].Index < e.Index {
		b.report.fault(rows[0].Index, "projection", "the projection has a row that no event accounts for")
		rows = rows[1:]
	}
	there := len(rows) > 0 && rows[0].Index == e.Index
	switch {
	case want == nil && there:
		b.report.fault(e.Index, "projection", "the projection has a row of this event and should have none")
	case want != nil && !there:
		b.report.fault(e.Index, "projection", "the projection has no row of this event")
	case want != nil && !bytes.Equal(rows[0].Row, want):
		b.report.fault(e.Index, "projection", "the projection does not say what this event says")
	}
	if there {
		rows = rows[1:]
	}
	return rows, nil
}
