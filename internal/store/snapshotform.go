package store

import (
	"context"
	"fmt"
	"slices"

	"github.com/steadhq/stead"
)

// differs tells in what a file is of another form than the schema says: who can write a file can also give it
// triggers that undo what is written, or views and indexes that hide rows.
func differs(ctx context.Context, is queryer, schema string) (string, error) {
	fresh, err := pool("file::memory:", 1)
	if err != nil {
		return "", err
	}
	defer fresh.Close()
	if _, err := fresh.ExecContext(ctx, schema); err != nil {
		return "", err
	}
	const q = "SELECT type || ' ' || name || ' of ' || tbl_name || ': ' || ifnull(sql, '') FROM sqlite_schema ORDER BY 1"
	want, err := texts(ctx, fresh, q)
	if err != nil {
		return "", err
	}
	got, err := texts(ctx, is, q)
	if err != nil {
		return "its form can not be read: " + err.Error(), nil
	}
	return unlike(want, got), nil
}

// unlike tells of the first line that one form has and the other has not.
func unlike(want, got []string) string {
	for _, one := range got {
		if !slices.Contains(want, one) {
			return fmt.Sprintf("it has a %.100q that Stead did not make", one)
		}
	}
	for _, one := range want {
		if !slices.Contains(got, one) {
			return fmt.Sprintf("it has no %.100q", one)
		}
	}
	return ""
}

// torn tells what SQLite itself finds wrong with a file: pages that do not fit, indexes that are not of their table.
func torn(ctx context.Context, is queryer) string {
	found, err := texts(ctx, is, "PRAGMA integrity_check(1)")
	switch {
	case err != nil:
		return err.Error()
	case len(found) != 1 || found[0] != "ok":
		return fmt.Sprint(found)
	}
	return ""
}

// texts reads one column.
func texts(ctx context.Context, from queryer, q string, args ...any) ([]string, error) {
	rows, err := from.QueryContext(ctx, q, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []string
	for rows.Next() {
		var one string
		if err := rows.Scan(&one); err != nil {
			return nil, err
		}
		list = append(list, one)
	}
	return list, rows.Err()
}

// Whole tells what is wrong with the files or the tables themselves, and "" when they can be read as Stead wrote them.
func (r *Rest) Whole(ctx context.Context) (string, error) {
	whole := r.s.wholeFiles
	if r.s.o.DSN != "" {
		whole = r.s.wholeDatabase
	}
	if text, err := whole(ctx); text != "" || err != nil {
		return text, err
	}
	return "", r.begin(ctx)
}

func (s *Snapshot) wholeFiles(ctx context.Context) (string, error) {
	for _, f := range []struct {
		name, schema string
		in           tables
	}{{mainFile, schema, s.log}, {eventsFile, eventsSchema, s.copy}} {
		if f.in.queryer == nil {
			continue
		}
		if text, err := unfit(ctx, f.in, f.name, f.schema); text != "" || err != nil {
			return text, err
		}
	}
	if s.keys == nil {
		return "", nil
	}
	db, err := pool(s.o.dsn(keysFile, "query_only(1)"), 1)
	if err != nil {
		return "", err
	}
	defer db.Close()
	return unfit(ctx, db, keysFile, keysSchema)
}

func unfit(ctx context.Context, in queryer, name, schema string) (string, error) {
	text, err := differs(ctx, in, schema)
	if text == "" && err == nil {
		text = torn(ctx, in)
	}
	if text != "" {
		text = name + " was changed: " + text
	}
	return text, stead.Because(err, "look at "+name)
}
