package pgtest

import (
	"fmt"
	"strings"
	"testing"
)

// Copy makes a database like one that nobody is connected to, and gives its DSN.
func (s *Server) Copy(tb testing.TB, dsn string) string {
	tb.Helper()
	name := fmt.Sprintf("t%d", s.made.Add(1))
	s.Do(tb, "postgres", "CREATE DATABASE "+name+" TEMPLATE "+s.database(dsn))
	return s.DSN(name)
}

// Drop takes a database away, whoever is connected.
func (s *Server) Drop(tb testing.TB, dsn string) {
	tb.Helper()
	s.Do(tb, "postgres", "DROP DATABASE "+s.database(dsn)+" WITH (FORCE)")
}

// Edit runs SQL as the owner of a database, and understands what SQLite does (Dialect).
func (s *Server) Edit(tb testing.TB, dsn, text string) {
	tb.Helper()
	s.Do(tb, s.database(dsn), "SET search_path = stead, stead_keys, sqlite; "+text)
}

func (s *Server) database(dsn string) string {
	name, _, _ := strings.Cut(dsn[strings.LastIndex(dsn, "/")+1:], "?")
	return name
}

// Dialect are the words of SQLite's that tests use to tamper with a store, so that one text does it on both engines.
const Dialect = `
CREATE SCHEMA sqlite;
CREATE DOMAIN sqlite.blob AS bytea;
CREATE FUNCTION sqlite.zeroblob(n int) RETURNS bytea LANGUAGE sql AS $$ SELECT decode(repeat('00', n), 'hex') $$;
CREATE FUNCTION sqlite.randomblob(n int) RETURNS bytea LANGUAGE sql AS $$
	SELECT string_agg(set_byte('\x00'::bytea, 0, floor(random() * 256)::int), '\x'::bytea) FROM generate_series(1, n) $$;
CREATE FUNCTION sqlite.replace(b bytea, old text, new text) RETURNS bytea LANGUAGE sql AS $$
	SELECT convert_to(replace(convert_from(b, 'UTF8'), old, new), 'UTF8') $$;
CREATE FUNCTION sqlite.instr(b bytea, part text) RETURNS int LANGUAGE sql AS $$ SELECT position(part IN convert_from(b, 'UTF8')) $$;
`
