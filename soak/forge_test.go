package soak

import (
	"bytes"
	"database/sql"
	"fmt"
	"path/filepath"
	"slices"
	"testing"

	"github.com/steadhq/stead/internal/ledger"
)

// A forgery is one kind of tampering and the ways to do it, in memory and in the files.
type forgery struct {
	name  string
	forge []func(*trial, *record)
	sql   []forgedFile
}

func forgeries() []forgery {
	return []forgery{
		{"edits", []func(*trial, *record){editEvent, editLeaf, editBoth, editSigned, editTile, editObject, moveObject, editRow}, sqlEdits()},
		{"deletions", []func(*trial, *record){deleteEvent, deleteClosed, deleteSigned, deleteTile, deleteObject, deleteRow}, sqlDeletions()},
		{"insertions", []func(*trial, *record){insertEvent, insertOutside, insertSigned, insertTile, insertObject, insertRow}, sqlInsertions()},
		{"reorderings and roll-backs", []func(*trial, *record){swapEvents, swapSigned, swapTiles, swapObjects, swapRows, rollBack, rollBackSigned}, sqlReorderings()},
	}
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

func editEvent(tr *trial, r *record) {
	e := &r.events[pick(tr, r.events)]
	e.Stored = tr.flipped(e.Stored)
}

func editLeaf(tr *trial, r *record) {
	e := &r.events[pick(tr, r.events)]
	copy(e.Leaf[:], tr.flipped(e.Leaf[:]))
}

func editBoth(tr *trial, r *record) {
	e := &r.events[pick(tr, r.events)]
	e.Stored = tr.flipped(e.Stored)
	e.Leaf = ledger.LeafHash(e.Stored)
}

func editSigned(tr *trial, r *record) {
	editEvent(tr, r)
	r.resign(tr.signer)
}

func editTile(tr *trial, r *record) {
	t := &r.tiles[0][pick(tr, r.tiles[0])]
	t.Data = tr.flipped(t.Data)
}

func editObject(tr *trial, r *record) {
	o := &r.objects[pick(tr, r.objects)]
	o.Body = tr.flipped(o.Body)
}

func moveObject(tr *trial, r *record) {
	o := &r.objects[pick(tr, r.objects)]
	switch tr.random.IntN(4) {
	case 0:
		o.Version += 1 + uint64(tr.random.IntN(5))
	case 1:
		o.ID += "x"
	case 2:
		o.Index = (o.Index + 1 + uint64(tr.random.IntN(100))) % tr.head.Size
	case 3:
		o.Kind += "s"
	}
}

func editRow(tr *trial, r *record) {
	p := &r.rows[pick(tr, r.rows)]
	p.Row = tr.flipped(p.Row)
}

func deleteEvent(tr *trial, r *record) {
	i := pick(tr, r.events)
	r.events = slices.Delete(r.events, i, i+1)
}

// deleteClosed moves all that follows up.
func deleteClosed(tr *trial, r *record) {
	i := pick(tr, r.events[:len(r.events)-1])
	r.events = slices.Delete(r.events, i, i+1)
	for j := range r.events {
		r.events[j].Index = uint64(j)
	}
	r.st.Head.Size--
}

func deleteSigned(tr *trial, r *record) {
	deleteEvent(tr, r)
	r.resign(tr.signer)
}

func deleteTile(tr *trial, r *record) {
	i := pick(tr, r.tiles[0])
	r.tiles[0] = slices.Delete(r.tiles[0], i, i+1)
}

func deleteObject(tr *trial, r *record) {
	i := pick(tr, r.objects)
	r.objects = slices.Delete(r.objects, i, i+1)
}

func deleteRow(tr *trial, r *record) {
	i := pick(tr, r.rows)
	r.rows = slices.Delete(r.rows, i, i+1)
}

// insertEvent puts a copy in between and moves all that follows down.
func insertEvent(tr *trial, r *record) {
	r.events = slices.Insert(r.events, pick(tr, r.events), r.events[pick(tr, r.events)])
	for j := range r.events {
		r.events[j].Index = uint64(j)
	}
	if tr.random.IntN(2) == 0 {
		r.st.Head.Size++
	}
}

// insertOutside adds an event where nobody looks.
func insertOutside(tr *trial, r *record) {
	e := r.events[pick(tr, r.events)]
	e.Index = tr.head.Size + uint64(tr.random.IntN(1000))
	if tr.random.IntN(2) == 0 {
		e.Index = -uint64(1 + tr.random.IntN(1000))
	}
	r.events = append(r.events, e)
}

func insertSigned(tr *trial, r *record) {
	insertEvent(tr, r)
	r.resign(tr.signer)
}

func insertTile(tr *trial, r *record) {
	t := r.tiles[0][pick(tr, r.tiles[0])]
	t.Index += uint64(tr.random.IntN(20))
	r.tiles[0] = append(r.tiles[0], t)
}

func insertObject(tr *trial, r *record) {
	r.objects = append(r.objects, r.objects[pick(tr, r.objects)])
	moveObject(&trial{random: tr.random, head: tr.head}, &record{objects: r.objects[len(r.objects)-1:]})
}

func insertRow(tr *trial, r *record) {
	p := r.rows[pick(tr, r.rows)]
	p.Index = uint64(tr.random.IntN(2 * int(tr.head.Size)))
	r.rows = append(r.rows, p)
}

func swapEvents(tr *trial, r *record) {
	i, j := pick(tr, r.events[1:]), 0
	for j = i; j == i; j = pick(tr, r.events) {
	}
	r.events[i], r.events[j] = r.events[j], r.events[i]
	r.events[i].Index, r.events[j].Index = uint64(i), uint64(j)
}

func swapSigned(tr *trial, r *record) {
	swapEvents(tr, r)
	r.resign(tr.signer)
}

func swapTiles(tr *trial, r *record) {
	list := r.tiles[0]
	i, j := pair(tr, list, func(a, b ledger.Tile) bool { return a.Index == b.Index })
	list[i].Data, list[j].Data = list[j].Data, list[i].Data
}

func swapObjects(tr *trial, r *record) {
	list := r.objects
	i, j := pair(tr, list, func(a, b ledger.ObjectRow) bool { return bytes.Equal(a.Body, b.Body) })
	list[i].Body, list[j].Body = list[j].Body, list[i].Body
}

func swapRows(tr *trial, r *record) {
	list := r.rows
	i, j := pair(tr, list, func(a, b ledger.ProjectedRow) bool { return a.Index == b.Index })
	list[i].Row, list[j].Row = list[j].Row, list[i].Row
}

// rollBack cuts everything at an earlier event and leaves the head as it was, or says that it was shorter.
func rollBack(tr *trial, r *record) {
	n := uint64(1 + tr.random.IntN(int(tr.head.Size)-1))
	if tr.random.IntN(2) == 0 {
		r.st.Head.Size = n
	}
	r.cut(n)
}

// rollBackSigned is an older copy of the store, as its own key signed it then.
func rollBackSigned(tr *trial, r *record) {
	n := uint64(1 + tr.random.IntN(int(tr.head.Size)-1))
	r.cut(n)
	r.resign(tr.signer)
}

func (r *record) cut(n uint64) {
	r.events = r.events[:n]
	r.objects = slices.DeleteFunc(r.objects, func(o ledger.ObjectRow) bool { return o.Index >= n })
	r.rows = slices.DeleteFunc(r.rows, func(p ledger.ProjectedRow) bool { return p.Index >= n })
	r.tiles[0] = slices.DeleteFunc(r.tiles[0], func(t ledger.Tile) bool { return (t.Index+1)*256 > n })
	r.st.Projected = min(r.st.Projected, n)
}

// A forgedFile is a forgery in SQL; ?1 is the index of an event, ?2 that of another, ?3 the number of an object.
type forgedFile struct{ file, sql string }

// run does it at random places until something changed, and tells what.
func (f forgedFile) run(t *testing.T, dir string, tr *trial) string {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(dir, f.file))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for {
		i := pick(tr, tr.true.events)
		j := (i + 1 + pick(tr, tr.true.events[1:])) % len(tr.true.events)
		o := 1 + pick(tr, tr.true.objects)
		done, err := db.Exec(f.sql, sql.Named("i", i), sql.Named("j", j), sql.Named("o", o))
		if err != nil {
			t.Fatal(f.sql, err)
		}
		if n, err := done.RowsAffected(); err == nil && n > 0 {
			return fmt.Sprintf("%s with %d, %d, %d", f.sql, i, j, o)
		}
	}
}

func sqlEdits() []forgedFile {
	return []forgedFile{
		{"stead.db", "UPDATE log SET event = CAST(replace(event, '\"outcome\":\"ok\"', '\"outcome\":\"no\"') AS BLOB) WHERE idx = @i AND instr(event, '\"outcome\":\"ok\"')"},
		{"stead.db", "UPDATE log SET event = NULL WHERE idx = @i"},
		{"stead.db", "UPDATE log SET leaf = zeroblob(32) WHERE idx = @i"},
		{"stead.db", "UPDATE objects SET body = substr(body, 1, length(body) - 1) WHERE seq = @o"},
		{"stead.db", "UPDATE objects SET live = 1 - live WHERE seq = @o"},
		{"stead.db", "UPDATE tiles SET body = zeroblob(8192) WHERE idx = @i / 256"},
		{"stead.db", "UPDATE head SET root = zeroblob(32)"},
		{"events.db", "UPDATE events SET actor = 'prn_x' WHERE idx = @i"},
		{"events.db", "UPDATE events SET outcome = 'seen' WHERE idx = @i"},
		{"events.db", "UPDATE events SET at = '2026-03-04T11:00:00.000000Z' WHERE idx = @i"},
		{"events.db", "UPDATE words SET entries = CAST(substr(entries, 7) AS BLOB) WHERE place = @i % 64"},
		{"events.db", "UPDATE spans SET high = low"},
	}
}

func sqlDeletions() []forgedFile {
	return []forgedFile{
		{"stead.db", "DELETE FROM log WHERE idx = @i"},
		{"stead.db", "DELETE FROM log WHERE idx BETWEEN @i AND @i + 10"},
		{"stead.db", "DELETE FROM objects WHERE seq = @o"},
		{"stead.db", "DELETE FROM tiles WHERE idx = @i / 256"},
		{"events.db", "DELETE FROM events WHERE idx = @i"},
		{"events.db", "DELETE FROM words WHERE place = @i % 64"},
		{"events.db", "DELETE FROM spans"},
	}
}

func sqlInsertions() []forgedFile {
	const columns = "id, kind, at, actor, subject, mandate, session, decision, intent, outcome, reason, app, policy, status, size, who, what, k1, k2"
	return []forgedFile{
		{"stead.db", "INSERT INTO log SELECT -1 - @j, event, leaf FROM log WHERE idx = @i"},
		{"stead.db", "INSERT INTO log SELECT 100000 + @j, event, leaf FROM log WHERE idx = @i"},
		{"stead.db", "INSERT INTO objects (kind, id, version, idx, live, body) SELECT kind, 'x', 1, idx, live, body FROM objects WHERE seq = @o"},
		{"stead.db", "INSERT INTO objects (kind, id, version, idx, live, body) SELECT kind, id, version + 90, @j, live, body FROM objects WHERE seq = @o"},
		{"stead.db", "INSERT INTO tiles SELECT level, idx + 100, body FROM tiles WHERE idx = @i / 256"},
		{"stead.db", "INSERT INTO tiles SELECT 7, idx, body FROM tiles WHERE idx = @i / 256"},
		{"events.db", "INSERT INTO events SELECT 100000 + @j, " + columns + " FROM events WHERE idx = @i"},
		{"events.db", "INSERT INTO events SELECT -1 - @j, " + columns + " FROM events WHERE idx = @i"},
		{"events.db", "INSERT INTO words SELECT place + 6400, entries FROM words WHERE place = @i % 64"},
		{"events.db", "UPDATE words SET entries = CAST(entries || x'000000000000' AS BLOB) WHERE place = 0 AND @i > 0"},
	}
}

func sqlReorderings() []forgedFile {
	swap := func(columns ...string) string {
		text := "UPDATE log AS a SET "
		for n, c := range columns {
			if n > 0 {
				text += ", "
			}
			text += c + " = (SELECT b." + c + " FROM log b WHERE b.idx = @i + @j - a.idx)"
		}
		return text + " WHERE idx IN (@i, @j)"
	}
	return []forgedFile{
		{"stead.db", swap("event", "leaf")},
		{"stead.db", swap("event")},
		{"stead.db", swap("leaf")},
		{"stead.db", "UPDATE tiles SET body = (SELECT body FROM tiles b WHERE b.idx = (tiles.idx + 1) % 5 AND b.level = 0) WHERE level = 0 AND idx < 5 AND @i > 0"},
		{"stead.db", "UPDATE objects SET idx = @i WHERE seq = @o AND idx <> @i"},
		{"stead.db", "UPDATE head SET size = @i"},
		{"stead.db", "DELETE FROM log WHERE idx > @i"},
		{"events.db", "UPDATE events AS a SET decision = 'dec_x', mandate = (SELECT b.mandate FROM events b WHERE b.idx = @j) WHERE idx = @i"},
		{"events.db", "UPDATE place SET number = 100000 + @i"},
		{"events.db", "DELETE FROM events WHERE idx > @i"},
	}
}
