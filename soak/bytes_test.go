package soak

import (
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/steadhq/stead/internal/ledger"
	"github.com/steadhq/stead/internal/store"
)

// TestBytes turns single bits of the files, where no SQL reaches: free pages, indexes, the shape of pages. A file can not
// be read any more, or it is found, or not a row has changed. // K1, S-I31
func TestBytes(t *testing.T) {
	t.Parallel()
	tr := newTrial(t, nil)
	times, began := 20, time.Now()
	if os.Getenv("STEAD_SOAK") != "" {
		times = 1000
	}
	rows, found, unread, same := contents(t, tr.options.Dir), 0, 0, 0
	for range times {
		o := tr.options
		o.Dir = t.TempDir()
		if err := os.CopyFS(o.Dir, os.DirFS(tr.options.Dir)); err != nil {
			t.Fatal(err)
		}
		where := tr.turn(t, o.Dir)
		good, err := tr.sound(t, o)
		switch {
		case err != nil:
			unread++
		case !good:
			found++
		case contents(t, o.Dir) == rows:
			same++
		default:
			t.Errorf("not found: %s", where)
		}
		os.RemoveAll(o.Dir)
	}
	row("tampering: one bit of a file", times, began, fmt.Sprintf("%d found, %d could not be read, %d changed no row", found, unread, same))
}

// turn turns one bit somewhere.
func (tr *trial) turn(t *testing.T, dir string) string {
	t.Helper()
	name := filepath.Join(dir, []string{"stead.db", "stead.db", "events.db", "keys.db"}[tr.random.IntN(4)])
	raw, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	i, bit := tr.random.IntN(len(raw)), tr.random.IntN(8)
	raw[i] ^= 1 << bit
	if err := os.WriteFile(name, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("bit %d of byte %d of %s", bit, i, filepath.Base(name))
}

func (tr *trial) sound(t *testing.T, o store.Options) (bool, error) {
	t.Helper()
	snap, err := store.TakeSnapshot(t.Context(), o)
	if err != nil {
		return false, err
	}
	defer snap.Close()
	r, err := ledger.Verify(t.Context(), ledger.Check{Trail: trail{snap}, Projection: trail{snap}, Rest: snap.Rest(), Key: tr.key, Outside: &tr.head})
	return r.Good(), err
}

// contents are all rows that mean something: who holds a lease means nothing while one process alone may open a store.
func contents(t *testing.T, dir string) string {
	t.Helper()
	text := ""
	for _, f := range []struct {
		file   string
		tables []string
	}{{"stead.db", []string{"log", "objects", "counters", "tiles", "head"}}, {"events.db", []string{"events", "words", "spans", "place"}}, {"keys.db", []string{"keys"}}} {
		db, err := sql.Open("sqlite", "file:"+filepath.Join(dir, f.file))
		if err != nil {
			t.Fatal(err)
		}
		for _, table := range f.tables {
			text += table + contentOf(t, db, table)
		}
		db.Close()
	}
	return text
}

func contentOf(t *testing.T, db *sql.DB, table string) string {
	t.Helper()
	rows, err := db.Query("SELECT * FROM " + table)
	if err != nil {
		return err.Error()
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	values, to := make([]any, len(columns)), make([]any, len(columns))
	for i := range values {
		to[i] = &values[i]
	}
	text := []byte{}
	for rows.Next() {
		if err := rows.Scan(to...); err != nil {
			return err.Error()
		}
		text = fmt.Append(text, values)
	}
	if rows.Err() != nil {
		return rows.Err().Error()
	}
	return string(text)
}
