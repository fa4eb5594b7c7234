package store

import (
	"github.com/jackc/pgx/v5"
	"github.com/steadhq/stead"
)

// queue puts the statements of a page into a batch: each table gets its rows in one.
func (p *page) queue(b *pgx.Batch) {
	p.queueEvents(b)
	p.queueObjects(b)
	p.queueTiles(b)
	if len(p.dropped) > 0 {
		b.Queue("DELETE FROM counters WHERE key = ANY($1)", p.dropped)
	}
	p.queueCounters(b)
	b.Queue("UPDATE head SET size = $1, moved = $2, counted = $3, pruned = $4, clock = $5, root = $6, note = $7",
		int64(p.Size), int64(p.moved), int64(p.counted), int64(p.pruned), p.clock, p.Root[:], p.note())
}

// note is never NULL: an empty log has an empty one.
func (p *page) note() []byte {
	if p.Note == nil {
		return []byte{}
	}
	return p.Note
}

func (p *page) queueEvents(b *pgx.Batch) {
	if len(p.events) == 0 {
		return
	}
	events, leaves := make([][]byte, len(p.events)), make([][]byte, len(p.events))
	for i := range p.events {
		events[i], leaves[i] = p.events[i].event, p.events[i].leaf[:]
	}
	b.Queue(`INSERT INTO log (idx, event, leaf)
		SELECT $1 + n - 1, event, leaf FROM unnest($2::bytea[], $3::bytea[]) WITH ORDINALITY AS t (event, leaf, n)`,
		int64(p.first), events, leaves)
}

// queueObjects writes the new versions, of which the last of each object alone may be live, and takes the mark from
// those that were.
func (p *page) queueObjects(b *pgx.Batch) {
	type object struct {
		kind stead.RecordKind
		id   string
	}
	var kinds, ids []string
	var versions, indexes []int64
	var bodies [][]byte
	var live []int16
	last := map[object]int{}
	var oldKinds, oldIDs []string
	var oldVersions []int64
	for i := range p.events {
		for _, r := range p.events[i].records {
			o := object{r.ref.Kind, r.ref.ID}
			if before, twice := last[o]; twice {
				live[before] = 0
			} else if r.ref.Version > 1 {
				oldKinds, oldIDs, oldVersions = append(oldKinds, string(o.kind)), append(oldIDs, o.id), append(oldVersions, int64(r.ref.Version-1))
			}
			last[o] = len(ids)
			kinds, ids, versions = append(kinds, string(o.kind)), append(ids, o.id), append(versions, int64(r.ref.Version))
			indexes, bodies, live = append(indexes, int64(p.first)+int64(i)), append(bodies, r.body), append(live, int16(mark(r.live)))
		}
	}
	if len(ids) == 0 {
		return
	}
	if len(oldIDs) > 0 {
		b.Queue(`UPDATE objects o SET live = 0 FROM unnest($1::text[], $2::text[], $3::bigint[]) AS t (kind, id, version)
			WHERE o.id = t.id AND o.version = t.version AND o.kind = t.kind`, oldKinds, oldIDs, oldVersions)
	}
	b.Queue(`INSERT INTO objects (kind, id, version, idx, live, body)
		SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::smallint[], $6::bytea[])`,
		kinds, ids, versions, indexes, live, bodies)
}

func (p *page) queueTiles(b *pgx.Batch) {
	if len(p.tiles) == 0 {
		return
	}
	levels, indexes, bodies := make([]int32, len(p.tiles)), make([]int64, len(p.tiles)), make([][]byte, len(p.tiles))
	for i, t := range p.tiles {
		levels[i], indexes[i], bodies[i] = int32(t.Level), int64(t.Index), t.Data
	}
	b.Queue("INSERT INTO tiles (level, idx, body) SELECT * FROM unnest($1::integer[], $2::bigint[], $3::bytea[])", levels, indexes, bodies)
}

func (p *page) queueCounters(b *pgx.Batch) {
	if len(p.counters) == 0 {
		return
	}
	keys, values, untils := make([]string, len(p.counters)), make([]int64, len(p.counters)), make([]int64, len(p.counters))
	for i, c := range p.counters {
		keys[i], values[i], untils[i] = c.key, c.n, c.until
	}
	b.Queue(`INSERT INTO counters (key, n, until) SELECT * FROM unnest($1::text[], $2::bigint[], $3::bigint[])
		ON CONFLICT (key) DO UPDATE SET n = excluded.n, until = excluded.until`, keys, values, untils)
}
