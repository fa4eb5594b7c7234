package store

import (
	"context"
	"database/sql"
	_ "embed"
	"fmt"
	"strings"

	"github.com/steadhq/stead"
)

// takeDatabase reads everything in one transaction, the keys too. Its locks keep nobody from writing, but everybody from
// putting another table, or a view, in the place of one.
func (s *Snapshot) takeDatabase(ctx context.Context) error {
	config, err := pgConfig(s.o.DSN)
	if err != nil {
		return err
	}
	for name, value := range map[string]string{"search_path": "stead,stead_keys", "statement_timeout": "0", "idle_in_transaction_session_timeout": "0"} {
		config.RuntimeParams[name] = value // reading takes its time
	}
	s.dbs = append(s.dbs, pgPool(config, 2))
	if err := s.knows(ctx); err != nil {
		return err
	}
	for range erasedWithin {
		var erasing bool
		if erasing, err = s.hold(ctx); err != nil || !erasing || !pause(ctx, tryAgain) {
			break
		}
	}
	return err
}

// erasedWithin is how often a moment is sought at which nobody is just being erased.
const erasedWithin = 40

// knows refuses a database whose schema is another version's than this program's.
func (s *Snapshot) knows(ctx context.Context) error {
	var store, versions bool
	err := s.dbs[0].QueryRowContext(ctx, "SELECT to_regnamespace('stead') IS NOT NULL, to_regclass('public.stead_schema') IS NOT NULL").Scan(&store, &versions)
	if err != nil {
		return away(err)
	}
	if !versions && !store {
		return stead.E(stead.Missing, stead.ReasonNone, "there is no store in this database")
	}
	var at int
	if versions {
		err = s.dbs[0].QueryRowContext(ctx, "SELECT coalesce(max(version), 0) FROM public.stead_schema").Scan(&at)
	}
	if known := len(migrations()); err == nil && at != known && at != 0 {
		return stead.E(stead.Refused, stead.ReasonStale, "the database has schema %d, and this program verifies schema %d: use the program of its version", at, known)
	}
	return err
}

// hold locks what is read, fixes the moment and reads the keys. Erasing: there is a person whose key is gone, and what
// was said under it may not be yet.
func (s *Snapshot) hold(ctx context.Context) (erasing bool, err error) {
	for _, old := range s.txs {
		_ = old.Rollback() // it only read
	}
	s.txs = nil
	tx, err := s.begin(ctx, s.dbs[0], sql.LevelRepeatableRead)
	if err != nil {
		return false, away(err)
	}
	if err := s.lock(ctx, tx); err != nil {
		return false, err
	}
	var standby bool
	if err := tx.QueryRowContext(ctx, "SELECT pg_is_in_recovery()").Scan(&standby); err != nil {
		return false, err
	}
	s.log = tables{queryer: tx, numbered: true}
	s.copy.numbered = true
	if s.o.Sealer != nil && !standby { // which has nothing in unlogged tables
		s.copy = s.log
	}
	if s.keys, err = s.personsFrom(ctx, s.log, pgDiffers); err != nil || len(s.keys.byID) == 0 {
		return false, err
	}
	err = tx.QueryRowContext(ctx, "SELECT EXISTS (SELECT FROM keys WHERE erased = 1)").Scan(&erasing)
	return erasing, err
}

// lock keeps the tables that there are what they are.
func (s *Snapshot) lock(ctx context.Context, tx *sql.Tx) error {
	names, err := texts(ctx, s.dbs[0], `SELECT format('%I.%I', nspname, relname) FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
		WHERE nspname IN ('stead', 'stead_keys') AND relkind = 'r' AND has_table_privilege(c.oid, 'SELECT') ORDER BY 1`)
	if err != nil || len(names) == 0 {
		return err
	}
	_, err = tx.ExecContext(ctx, "LOCK TABLE "+strings.Join(names, ", ")+" IN ACCESS SHARE MODE")
	return err
}

// pgLines are the form of a database, a line for everything that decides what reading its tables gives: tables and
// what is inherited, columns, indexes, constraints; and what should not be: rules, policies, triggers, functions and
// operators, relations that hide others, and what somebody has added to the server's own.
//
//go:embed pglines.sql
var pgLines string

// pgForm are these lines of a database that Stead has made and nobody has changed.
//
//go:embed pgform.txt
var pgForm string

// pgDiffers tells in what the tables are of another form than Stead gives them: their owner can also give them rules and
// policies that hide rows, or put views in their places.
func pgDiffers(ctx context.Context, is queryer) (string, error) {
	got, err := texts(ctx, is, pgLines)
	if err != nil {
		return "", err
	}
	return unlike(strings.Split(strings.TrimSpace(pgForm), "\n"), got), nil
}

func (s *Snapshot) wholeDatabase(ctx context.Context) (string, error) {
	text, err := pgDiffers(ctx, s.log)
	if text == "" && err == nil {
		text, err = s.hidden(ctx)
	}
	if text != "" {
		text = "the database was changed: " + text
	}
	return text, stead.Because(err, "look at the database")
}

// hidden tells whether the index by which a start reads what is live lacks rows that the table has.
func (s *Snapshot) hidden(ctx context.Context) (string, error) {
	var live [2]int64
	for i, way := range []string{"seqscan", "indexscan"} { // named in the text, or the second would go the way of the first
		const other = "SELECT set_config('enable_seqscan', ?, true), set_config('enable_indexscan', ?, true), set_config('enable_bitmapscan', 'off', true)"
		var off [3]string
		if err := s.log.QueryRowContext(ctx, other, onOff(way == "seqscan"), onOff(way == "indexscan")).Scan(&off[0], &off[1], &off[2]); err != nil {
			return "", err
		}
		if err := s.log.QueryRowContext(ctx, "SELECT count(*) FROM objects WHERE live = 1 -- "+way).Scan(&live[i]); err != nil {
			return "", err
		}
	}
	if _, err := s.txs[0].ExecContext(ctx, "RESET enable_seqscan; RESET enable_indexscan; RESET enable_bitmapscan"); err != nil {
		return "", err
	}
	if live[0] != live[1] {
		return fmt.Sprintf("its index has %d objects that are live, the table %d", live[1], live[0]), nil
	}
	return "", nil
}

func onOff(on bool) string {
	if on {
		return "on"
	}
	return "off"
}
