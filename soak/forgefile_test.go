package soak

import (
	"database/sql"
	"fmt"
	"strings"
	"testing"
)

// A forgedFile is a forgery in SQL: @i is the index of an event, @j that of another, @o one object, @c the key of a
// counter, @k and @l the ids of two keys. file is SQLite's; names tells the index that must be named.
type forgedFile struct {
	file, sql string
	names     func(*trial, target) uint64
}

// A target is where a forgery is tried.
type target struct {
	i, j, o int
	c       string
	k, l    int64
}

func (tr *trial) target() target {
	x := target{i: pick(tr, tr.true.events), o: pick(tr, tr.true.objects), c: tr.counters[pick(tr, tr.counters)]}
	x.j = (x.i + 1 + pick(tr, tr.true.events[1:])) % len(tr.true.events)
	k := pick(tr, tr.keys)
	x.k, x.l = tr.keys[k], tr.keys[(k+1+pick(tr, tr.keys[1:]))%len(tr.keys)]
	return x
}

// text puts a target into the SQL.
func (f forgedFile) text(tr *trial, x target) string {
	o := &tr.true.objects[x.o]
	return strings.NewReplacer("@i", fmt.Sprint(x.i), "@j", fmt.Sprint(x.j), "@c", "'"+x.c+"'", "@k", fmt.Sprint(x.k), "@l", fmt.Sprint(x.l),
		"@o", fmt.Sprintf("(kind, id, version) = ('%s', '%s', %d)", o.Kind, o.ID, o.Version)).Replace(f.sql)
}

// run does it at random places until something changed, and tells what.
func (f forgedFile) run(t *testing.T, db *sql.DB, tr *trial) (string, want) {
	t.Helper()
	for {
		x := tr.target()
		if lower(tr, x) >= tr.tail() {
			continue // what is swapped within the last tile can be named by a range alone
		}
		text := f.text(tr, x)
		done, err := db.Exec(text)
		if err != nil {
			t.Fatal(text, err)
		}
		n, err := done.RowsAffected()
		if err != nil {
			t.Fatal(err)
		}
		if verb, _, _ := strings.Cut(text, " "); n > 0 || verb != "UPDATE" && verb != "DELETE" && verb != "INSERT" {
			return text, at(f.names(tr, x))
		}
	}
}

// What must be named, by kind of tampering.
func event(_ *trial, x target) uint64       { return uint64(x.i) }
func other(_ *trial, x target) uint64       { return uint64(x.j) }
func lower(_ *trial, x target) uint64       { return uint64(min(x.i, x.j)) }
func next(_ *trial, x target) uint64        { return uint64(x.i) + 1 }
func nothing(*trial, target) uint64         { return 0 } // before the first; of a whole segment; of the files themselves
func end(tr *trial, _ target) uint64        { return tr.size() }
func unsearched(tr *trial, _ target) uint64 { return min(tr.size(), tr.true.st.Projected) }
func wrote(tr *trial, x target) uint64      { return tr.true.objects[x.o].Index }
func moved(tr *trial, x target) uint64      { return min(wrote(tr, x), uint64(x.i)) }
func firstOfTile(_ *trial, x target) uint64 { return uint64(x.i / 256 * 256) }
func firstFiled(tr *trial, x target) uint64 { return tr.filed[x.i%64] }
func counted(tr *trial, x target) uint64    { return tr.counted[x.c] }
func sealed(tr *trial, x target) uint64     { return tr.sealed[x.k] }
func sealedTwo(tr *trial, x target) uint64  { return min(tr.sealed[x.k], tr.sealed[x.l]) }
func spoken(tr *trial, x target) uint64     { return tr.spoken[x.k] }
func sealedGone(tr *trial, _ target) uint64 { return tr.sealed[tr.gone] }
func sealedAny(tr *trial, _ target) uint64 {
	first := tr.size()
	for _, i := range tr.sealed {
		first = min(first, i)
	}
	return first
}

func sqlEdits() []forgedFile {
	return []forgedFile{
		{"stead.db", "UPDATE log SET event = CAST(replace(event, '\"outcome\":\"ok\"', '\"outcome\":\"no\"') AS BLOB) WHERE idx = @i AND instr(event, '\"outcome\":\"ok\"') > 0", event},
		{"stead.db", "UPDATE log SET event = NULL WHERE idx = @i", event},
		{"stead.db", "UPDATE log SET leaf = zeroblob(32) WHERE idx = @i", event},
		{"stead.db", "UPDATE objects SET body = substr(body, 1, length(body) - 1) WHERE @o", wrote},
		{"stead.db", "UPDATE objects SET live = 1 - live WHERE @o", wrote},
		{"stead.db", "UPDATE tiles SET body = zeroblob(8192) WHERE idx = @i / 256", firstOfTile},
		{"stead.db", "UPDATE head SET root = zeroblob(32)", end},
		{"events.db", "UPDATE events SET actor = 'prn_x' WHERE idx = @i", event},
		{"events.db", "UPDATE events SET outcome = 'seen' WHERE idx = @i", event},
		{"events.db", "UPDATE events SET at = '2026-03-04T11:00:00.000000Z' WHERE idx = @i", event},
	}
}

func sqlDeletions() []forgedFile {
	return []forgedFile{
		{"stead.db", "DELETE FROM log WHERE idx = @i", event},
		{"stead.db", "DELETE FROM log WHERE idx BETWEEN @i AND @i + 10", event},
		{"stead.db", "DELETE FROM objects WHERE @o", wrote},
		{"stead.db", "DELETE FROM tiles WHERE idx = @i / 256", firstOfTile},
		{"events.db", "DELETE FROM events WHERE idx = @i", event},
	}
}

func sqlInsertions() []forgedFile {
	const columns = "id, kind, at, actor, subject, mandate, session, decision, intent, outcome, reason, app, policy, status, size, who, what, k1, k2"
	return []forgedFile{
		{"stead.db", "INSERT INTO log SELECT -1 - @j, event, leaf FROM log WHERE idx = @i", nothing},
		{"stead.db", "INSERT INTO log SELECT 100000 + @j, event, leaf FROM log WHERE idx = @i", end},
		{"stead.db", "INSERT INTO objects (kind, id, version, idx, live, body) SELECT kind, 'x', 1, idx, live, body FROM objects WHERE @o", wrote},
		{"stead.db", "INSERT INTO objects (kind, id, version, idx, live, body) SELECT kind, id, version + 90, @j, live, body FROM objects WHERE @o", other},
		{"stead.db", "INSERT INTO tiles SELECT level, idx + 100, body FROM tiles WHERE idx = @i / 256", end},
		{"stead.db", "INSERT INTO tiles SELECT 7, idx, body FROM tiles WHERE idx = @i / 256", end},
		{"events.db", "INSERT INTO events SELECT 100000 + @j, " + columns + " FROM events WHERE idx = @i", end},
		{"events.db", "INSERT INTO events SELECT -1 - @j, " + columns + " FROM events WHERE idx = @i", nothing},
	}
}

func sqlReorderings() []forgedFile {
	swap := func(columns string) string {
		return "UPDATE log AS a SET " + columns + " FROM log AS b WHERE a.idx IN (@i, @j) AND b.idx = @i + @j - a.idx"
	}
	return []forgedFile{
		{"stead.db", swap("event = b.event, leaf = b.leaf"), lower},
		{"stead.db", swap("event = b.event"), lower},
		{"stead.db", swap("leaf = b.leaf"), lower},
		{"stead.db", "UPDATE tiles SET body = (SELECT body FROM tiles b WHERE b.idx = (tiles.idx + 1) % 5 AND b.level = 0) WHERE level = 0 AND idx < 5 AND @i > 0", nothing},
		{"stead.db", "UPDATE objects SET idx = @i WHERE @o AND idx <> @i", moved},
		{"stead.db", "UPDATE head SET size = @i", event},
		{"stead.db", "DELETE FROM log WHERE idx > @i", next},
		{"events.db", "UPDATE events AS a SET decision = 'dec_x', mandate = (SELECT b.mandate FROM events b WHERE b.idx = @j) WHERE idx = @i", event},
		{"events.db", "UPDATE place SET number = 100000 + @i", unsearched},
		{"events.db", "DELETE FROM events WHERE idx > @i", next},
	}
}

// sqlBeside changes what lies beside the log: counters (a used code that is free again), keys of people (an erasure
// that nobody ordered, or one undone), the columns of the head, the form of the files.
func sqlBeside() []forgedFile {
	return []forgedFile{
		{"stead.db", "DELETE FROM counters WHERE key = @c", counted},
		{"stead.db", "UPDATE counters SET n = n - 1 WHERE key = @c", counted},
		{"stead.db", "UPDATE counters SET n = n + 1 + @i WHERE key = @c", counted},
		{"stead.db", "UPDATE counters SET until = until + 1 WHERE key = @c", counted},
		{"stead.db", "UPDATE counters SET until = 1 WHERE key = @c", counted},
		{"stead.db", "INSERT INTO counters VALUES ('code/' || @i, 1, 0)", end},
		{"stead.db", "UPDATE head SET counted = counted + 1 + @i", end},
		{"stead.db", "UPDATE head SET clock = clock - 1 - @i", end},
		{"stead.db", "UPDATE head SET clock = clock + 1 + @i", end},
		{"stead.db", "UPDATE head SET moved = moved - 1 - @i", end},
		{"keys.db", "DELETE FROM keys WHERE id = @k", sealed},
		{"keys.db", "DELETE FROM keys", sealedAny},
		{"keys.db", "UPDATE keys SET wrapped = NULL, erased = 1 + @i % 2 WHERE id = @k", sealed},
		{"keys.db", "UPDATE keys SET wrapped = randomblob(length(wrapped)) WHERE id = @k", sealed},
		{"keys.db", "UPDATE keys SET wrapped = (SELECT wrapped FROM keys WHERE id = @l) WHERE id = @k", sealed},
		{"keys.db", "UPDATE keys AS a SET wrapped = b.wrapped FROM keys AS b WHERE a.id IN (@k, @l) AND b.id IN (@k, @l) AND a.id <> b.id", sealedTwo},
		{"keys.db", "UPDATE keys SET person = 'per_x' WHERE id = @k", spoken},
		{"keys.db", "UPDATE keys SET wrapped = (SELECT wrapped FROM keys WHERE id = @l), erased = 0 WHERE erased > 0", sealedGone},
		{"keys.db", "INSERT INTO keys SELECT 1 + @i, 'per_x', wrapped, 0 FROM keys WHERE id = @k", end},
		{"stead.db", "DROP TABLE leases", nothing},
		{"stead.db", "DROP INDEX objects_live", nothing},
	}
}

// sqlOfSQLite are those that SQLite alone allows, by kind: it files words and times, and columns take every type.
func sqlOfSQLite(kind string) []forgedFile {
	return map[string][]forgedFile{
		"edits": {
			{"events.db", "UPDATE words SET entries = CAST(substr(entries, 7) AS BLOB) WHERE place = @i % 64", firstFiled},
			{"events.db", "UPDATE spans SET high = low", nothing},
		},
		"deletions": {
			{"events.db", "DELETE FROM words WHERE place = @i % 64", firstFiled},
			{"events.db", "DELETE FROM spans", nothing},
		},
		"insertions": {
			{"events.db", "INSERT INTO words SELECT place + 6400, entries FROM words WHERE place = @i % 64", end},
			{"events.db", "UPDATE words SET entries = CAST(entries || x'000000000000' AS BLOB) WHERE place = 0 AND @i > 0", nothing},
		},
		"counters, keys, head, form": {
			{"stead.db", "UPDATE counters SET n = 'x' WHERE key = @c", counted},
			{"keys.db", "CREATE TRIGGER x AFTER UPDATE ON keys BEGIN DELETE FROM keys WHERE id = NEW.id; END", nothing},
			{"stead.db", "CREATE TRIGGER x AFTER INSERT ON counters BEGIN DELETE FROM counters WHERE key = NEW.key; END", nothing},
		},
	}[kind]
}

// sqlOfPostgres are those that PostgreSQL alone allows, or needs.
func sqlOfPostgres(kind string) []forgedFile {
	const nothingDone = "CREATE FUNCTION sqlite.nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'; "
	return map[string][]forgedFile{
		"edits": {{"", "ALTER TABLE log RENAME TO old; CREATE VIEW stead.log AS SELECT * FROM stead.old WHERE idx <> @i", nothing}},
		"deletions": {
			{"", "CREATE POLICY p ON log USING (idx <> @i); ALTER TABLE log ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY", nothing},
			{"", "TRUNCATE stead.tiles", nothing},
		},
		"insertions": {{"", "CREATE TABLE sqlite.more () INHERITS (stead.log)", nothing}},
		"counters, keys, head, form": {
			{"", nothingDone + "CREATE TRIGGER x BEFORE UPDATE ON stead_keys.keys FOR EACH ROW EXECUTE FUNCTION sqlite.nothing()", nothing},
			{"", nothingDone + "CREATE TRIGGER x BEFORE INSERT ON counters FOR EACH ROW EXECUTE FUNCTION sqlite.nothing()", nothing},
			{"", "CREATE RULE x AS ON INSERT TO counters DO INSTEAD NOTHING", nothing},
			{"", "UPDATE erasures SET n = n - 1", end},
			{"", "UPDATE keys SET erasure = NULL WHERE erasure > 0", end},
		},
	}[kind]
}
