package store

// The log and what it makes true. objects.live marks the latest version while it is live; the mark repeats the
// first byte of the body, which the event's digest covers.
const schema = `
CREATE TABLE IF NOT EXISTS log (
	idx   INTEGER PRIMARY KEY,
	event BLOB,
	leaf  BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS objects (
	seq     INTEGER PRIMARY KEY,
	kind    TEXT NOT NULL,
	id      TEXT NOT NULL,
	version INTEGER NOT NULL,
	idx     INTEGER NOT NULL,
	live    INTEGER NOT NULL,
	body    BLOB NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS objects_version ON objects (id, version, kind);
CREATE INDEX IF NOT EXISTS objects_idx ON objects (idx);
CREATE INDEX IF NOT EXISTS objects_live ON objects (seq) WHERE live = 1;
CREATE TABLE IF NOT EXISTS counters (
	key   TEXT PRIMARY KEY,
	n     INTEGER NOT NULL,
	until INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS tiles (
	level INTEGER NOT NULL,
	idx   INTEGER NOT NULL,
	body  BLOB NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS tiles_place ON tiles (level, idx);
CREATE TABLE IF NOT EXISTS head (
	one     INTEGER PRIMARY KEY CHECK (one = 1),
	size    INTEGER NOT NULL,
	moved   INTEGER NOT NULL,
	counted INTEGER NOT NULL,
	pruned  INTEGER NOT NULL,
	clock   INTEGER NOT NULL,
	root    BLOB NOT NULL,
	note    BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS leases (
	name   TEXT PRIMARY KEY,
	holder TEXT NOT NULL,
	until  INTEGER NOT NULL
) WITHOUT ROWID;
`

const keysSchema = `
CREATE TABLE IF NOT EXISTS keys (
	id      INTEGER PRIMARY KEY,
	person  TEXT NOT NULL UNIQUE,
	wrapped BLOB,
	erased  INTEGER NOT NULL DEFAULT 0
);
`

// The statements of the writer. A conflict ends the transaction, so that SQLite keeps no journal per statement.
const (
	insertEvent  = "INSERT OR ROLLBACK INTO log (idx, event, leaf) VALUES "
	insertObject = "INSERT OR ROLLBACK INTO objects (kind, id, version, idx, live, body) VALUES (?, ?, ?, ?, ?, ?)"
	retireObject = "UPDATE objects SET live = 0 WHERE id = ? AND version = ? AND kind = ?"
	insertTile   = "INSERT OR ROLLBACK INTO tiles (level, idx, body) VALUES (?, ?, ?)"
	putCounter   = "INSERT OR REPLACE INTO counters (key, n, until) VALUES (?, ?, ?)"
	dropCounter  = "DELETE FROM counters WHERE key = ?"
	forgetEvents = "UPDATE log SET event = NULL WHERE idx < ? AND event IS NOT NULL"
	takeLease    = `INSERT INTO leases (name, holder, until) VALUES (?1, ?2, ?3)
		ON CONFLICT (name) DO UPDATE SET holder = ?2, until = ?3 WHERE holder = ?2 OR until <= ?4`
	dropLease = "DELETE FROM leases WHERE name = ? AND holder = ?"
	putHead   = "INSERT OR REPLACE INTO head (one, size, moved, counted, pruned, clock, root, note) VALUES (1, ?, ?, ?, ?, ?, ?, ?)"
)
