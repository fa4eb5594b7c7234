package soak

import (
	"database/sql"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/steadhq/stead"
)

// learn reads from the true log what forgeries beside it must be named by.
func (tr *trial) learn(t *testing.T) {
	t.Helper()
	tr.counted, tr.sealed, tr.spoken = map[string]uint64{}, map[int64]uint64{}, map[int64]uint64{}
	until := map[string]int64{}
	var now int64
	for _, stored := range tr.true.events {
		var e struct {
			At     string
			Counts []stead.Count
		}
		if err := json.Unmarshal(stored.Stored, &e); err != nil {
			t.Fatal(err)
		}
		for _, c := range e.Counts {
			tr.counted[c.Key], until[c.Key] = stored.Index, c.Until.UnixMicro()
			if c.Until.IsZero() {
				until[c.Key] = 1 << 62
			}
		}
		for _, part := range sealedParts(t, stored.Stored) {
			named(tr.sealed, part, stored.Index)
		}
		at, err := time.Parse(stead.TimeForm, e.At)
		if err != nil {
			t.Fatal(err)
		}
		now = max(now, at.UnixMicro())
	}
	for _, o := range tr.true.objects {
		named(tr.spoken, o.Body[1:], o.Index)
		named(tr.sealed, o.Body[1:], o.Index)
	}
	for key := range tr.counted {
		if until[key] > now {
			tr.counters = append(tr.counters, key)
		}
	}
	slices.Sort(tr.counters)
	tr.learnFiles(t)
	if len(tr.counters) < 3 || len(tr.keys) < 3 || tr.gone == 0 {
		t.Fatalf("%d counters, %d keys, erased %d: too little to forge", len(tr.counters), len(tr.keys), tr.gone)
	}
}

func sealedParts(t *testing.T, stored []byte) [][]byte {
	t.Helper()
	var e struct{ Who, What string }
	if err := json.Unmarshal(stored, &e); err != nil {
		t.Fatal(err)
	}
	var parts [][]byte
	for _, text := range []string{e.Who, e.What} {
		raw, err := base64.RawURLEncoding.DecodeString(text)
		if err != nil {
			t.Fatal(err)
		}
		parts = append(parts, raw)
	}
	return parts
}

// named takes down which keys something sealed names.
func named(first map[int64]uint64, sealed []byte, index uint64) {
	for i := 0; len(sealed) > 0 && i < int(sealed[0]); i++ {
		id := int64(binary.BigEndian.Uint64(sealed[1+8*i:]))
		if old, some := first[id]; !some || index < old {
			first[id] = index
		}
	}
}

func (tr *trial) learnFiles(t *testing.T) {
	t.Helper()
	each := func(file, q string, scan func(*sql.Rows) error) {
		db := tr.database(t, tr.options, file)
		defer db.Close()
		rows, err := db.Query(q)
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		for rows.Next() {
			if err := scan(rows); err != nil {
				t.Fatal(err)
			}
		}
	}
	each("keys.db", "SELECT id, wrapped IS NULL FROM keys ORDER BY id", func(rows *sql.Rows) error {
		var id int64
		var gone bool
		err := rows.Scan(&id, &gone)
		if _, some := tr.spoken[id]; gone {
			tr.gone = id
		} else if some {
			tr.keys = append(tr.keys, id)
		}
		return err
	})
	if tr.server != nil {
		return
	}
	each("events.db", "SELECT place, entries FROM words WHERE place < 64", func(rows *sql.Rows) error {
		var place int
		var entries []byte
		err := rows.Scan(&place, &entries)
		tr.filed[place] = uint64(binary.BigEndian.Uint16(entries[4:]))
		return err
	})
}
