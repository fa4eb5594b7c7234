package store

// A migration brings the schema of a database one version further. It only adds: a program of the version before goes
// on reading and writing.
type migration struct {
	version int
	serves  int // the oldest version of the program that works with the schema after it
	says    string
	text    string
}

// migrations are all there are, in order. What was released is never changed.
func migrations() []migration {
	return []migration{
		{1, 1, "the log, its objects, counters, tiles, head and leases; person keys; the projection; secrets", pgFirst},
		{2, 1, "what is counted of the projection, by blocks of 512 events", pgBlocks},
	}
}

// The log as on SQLite; the projection unlogged, so that plain text is in no write-ahead log, replica or base backup.
const pgFirst = `
CREATE SCHEMA IF NOT EXISTS stead;
CREATE SCHEMA IF NOT EXISTS stead_keys;
CREATE TABLE stead.log (
	idx   BIGINT PRIMARY KEY,
	event BYTEA,
	leaf  BYTEA NOT NULL
);
ALTER TABLE stead.log ALTER COLUMN event SET STORAGE EXTERNAL;
CREATE TABLE stead.objects (
	kind    TEXT COLLATE "C" NOT NULL,
	id      TEXT COLLATE "C" NOT NULL,
	version BIGINT NOT NULL,
	idx     BIGINT NOT NULL,
	live    SMALLINT NOT NULL,
	body    BYTEA NOT NULL,
	PRIMARY KEY (id, version, kind)
);
CREATE INDEX objects_idx ON stead.objects (idx);
CREATE INDEX objects_live ON stead.objects (id) WHERE live = 1;
CREATE TABLE stead.counters (
	key   TEXT COLLATE "C" PRIMARY KEY,
	n     BIGINT NOT NULL,
	until BIGINT NOT NULL
);
CREATE TABLE stead.tiles (
	level INTEGER NOT NULL,
	idx   BIGINT NOT NULL,
	body  BYTEA NOT NULL,
	PRIMARY KEY (level, idx)
);
CREATE TABLE stead.head (
	one     INTEGER PRIMARY KEY DEFAULT 1 CHECK (one = 1),
	size    BIGINT NOT NULL,
	moved   BIGINT NOT NULL,
	counted BIGINT NOT NULL,
	pruned  BIGINT NOT NULL,
	clock   BIGINT NOT NULL,
	root    BYTEA NOT NULL,
	note    BYTEA NOT NULL
) WITH (fillfactor = 10);
INSERT INTO stead.head (size, moved, counted, pruned, clock, root, note) VALUES (0, 0, 0, 0, 0, '', '');
CREATE TABLE stead.leases (
	name   TEXT COLLATE "C" PRIMARY KEY,
	holder TEXT NOT NULL,
	until  BIGINT NOT NULL
);
CREATE TABLE stead_keys.keys (
	id      BIGINT PRIMARY KEY,
	person  TEXT COLLATE "C" NOT NULL UNIQUE,
	wrapped BYTEA,
	erased  INTEGER NOT NULL DEFAULT 0,
	erasure BIGINT
);
CREATE INDEX keys_erasure ON stead_keys.keys (erasure) WHERE erasure IS NOT NULL;
CREATE TABLE stead_keys.erasures (
	one INTEGER PRIMARY KEY DEFAULT 1 CHECK (one = 1),
	n   BIGINT NOT NULL
);
INSERT INTO stead_keys.erasures (n) VALUES (0);
CREATE TABLE stead_keys.secrets (
	name   TEXT COLLATE "C" PRIMARY KEY,
	sealed BYTEA NOT NULL
);
CREATE UNLOGGED TABLE stead.events (
	idx      BIGINT PRIMARY KEY,
	id       TEXT COLLATE "C" NOT NULL, kind    TEXT COLLATE "C" NOT NULL, at       TEXT COLLATE "C" NOT NULL,
	actor    TEXT COLLATE "C" NOT NULL, subject TEXT COLLATE "C" NOT NULL, mandate  TEXT COLLATE "C" NOT NULL,
	session  TEXT COLLATE "C" NOT NULL, decision TEXT COLLATE "C" NOT NULL, intent  TEXT COLLATE "C" NOT NULL,
	outcome  TEXT COLLATE "C" NOT NULL, reason  TEXT COLLATE "C" NOT NULL, app      TEXT COLLATE "C" NOT NULL,
	policy   TEXT COLLATE "C" NOT NULL, status  BIGINT NOT NULL, size  BIGINT NOT NULL,
	who      TEXT, what TEXT,
	k1       BIGINT NOT NULL, k2 BIGINT NOT NULL
);
CREATE INDEX events_actor ON stead.events (actor, idx);
CREATE INDEX events_subject ON stead.events (subject, idx);
CREATE INDEX events_mandate ON stead.events (mandate, idx) WHERE mandate <> '';
CREATE INDEX events_session ON stead.events (session, idx) WHERE session <> '';
CREATE INDEX events_decision ON stead.events (decision, idx) WHERE decision <> '';
CREATE INDEX events_kind ON stead.events (kind, idx);
CREATE INDEX events_at ON stead.events (at, idx);
CREATE INDEX events_k1 ON stead.events (k1);
CREATE INDEX events_k2 ON stead.events (k2);
CREATE UNLOGGED TABLE stead.place (
	one    INTEGER PRIMARY KEY DEFAULT 1 CHECK (one = 1),
	number BIGINT NOT NULL,
	leaf   BYTEA NOT NULL
);
`

// Blocks as on SQLite. A program of the version before writes the projection without them: place tells how far they are, and
// where that is not as far as the rows the next program that knows them begins anew, as it does with the rows that there are.
const pgBlocks = `
CREATE UNLOGGED TABLE stead.blocks (
	block    BIGINT PRIMARY KEY,
	low      BIGINT NOT NULL,
	high     BIGINT NOT NULL,
	sums     BYTEA NOT NULL,
	whats    BYTEA NOT NULL,
	times    BYTEA NOT NULL,
	actors   BYTEA NOT NULL,
	subjects BYTEA NOT NULL
);
ALTER TABLE stead.blocks ALTER COLUMN whats SET STORAGE EXTERNAL, ALTER COLUMN times SET STORAGE EXTERNAL,
	ALTER COLUMN actors SET STORAGE EXTERNAL, ALTER COLUMN subjects SET STORAGE EXTERNAL;
CREATE UNLOGGED TABLE stead.marks (
	block BIGINT PRIMARY KEY,
	marks BYTEA NOT NULL
);
ALTER TABLE stead.marks ALTER COLUMN marks SET STORAGE EXTERNAL;
CREATE UNLOGGED TABLE stead.labels (
	n       BIGINT PRIMARY KEY,
	kind    TEXT COLLATE "C" NOT NULL,
	app     TEXT COLLATE "C" NOT NULL,
	outcome TEXT COLLATE "C" NOT NULL
);
ALTER TABLE stead.place ADD COLUMN blocks BIGINT NOT NULL DEFAULT 0;
`
