package store

import (
	"context"
	"database/sql"
	"encoding/binary"
	"io"
	"path/filepath"
	"slices"
	"strconv"
	"sync"

	"github.com/steadhq/stead"
)

// A personKey is the wrapped key of one human; nil once he is erased.
type personKey struct {
	id      int64
	wrapped []byte
}

// persons is keys.db and all of it in memory. A new key is on disk before anything sealed under it.
type persons struct {
	db     *sql.DB
	shared *register // where several nodes have the keys together; nil on SQLite
	sealer Sealer
	rand   io.Reader

	mu      sync.RWMutex
	byName  map[stead.PersonKey]personKey
	byID    map[int64][]byte // nil: erased
	pending []stead.PersonKey

	flushing sync.Mutex // so that who finds nothing pending knows it on disk
}

func openPersons(ctx context.Context, o Options) (*persons, error) {
	if err := private(filepath.Join(o.Dir, keysFile)); err != nil {
		return nil, err
	}
	db, err := pool(o.dsn(keysFile, "journal_mode(delete)", "synchronous(full)", "secure_delete(on)"), 1)
	if err != nil {
		return nil, err
	}
	k := newPersons(o, db)
	if _, err := db.ExecContext(ctx, keysSchema); err != nil {
		return nil, closeAfter(db, err)
	}
	if err := k.load(ctx); err != nil {
		return nil, closeAfter(db, err)
	}
	return k, nil
}

func newPersons(o Options, db *sql.DB) *persons {
	return &persons{db: db, sealer: o.Sealer, rand: o.Rand, byName: map[stead.PersonKey]personKey{}, byID: map[int64][]byte{}}
}

func closeAfter(db *sql.DB, err error) error {
	db.Close()
	return err
}

func (k *persons) load(ctx context.Context) error { return k.loadFrom(ctx, k.db) }

func (k *persons) loadFrom(ctx context.Context, from queryer) error {
	rows, err := from.QueryContext(ctx, "SELECT id, person, wrapped FROM keys")
	if err != nil {
		return err
	}
	return eachKey(rows, func(p stead.PersonKey, key personKey) { k.byName[p], k.byID[key.id] = key, key.wrapped })
}

func eachKey(rows *sql.Rows, f func(stead.PersonKey, personKey)) error {
	defer rows.Close()
	for rows.Next() {
		var p stead.PersonKey
		var key personKey
		if err := rows.Scan(&key.id, &p, &key.wrapped); err != nil {
			return err
		}
		f(p, key)
	}
	return rows.Err()
}

// ensure gives the key of a person, a new one where there is none. Kind missing: he was erased.
func (k *persons) ensure(p stead.PersonKey) (personKey, error) {
	key, ok := k.has(p)
	if !ok {
		if err := k.make([]stead.PersonKey{p}); err != nil {
			return key, err
		}
		key, _ = k.has(p)
	}
	if key.wrapped == nil {
		return key, stead.E(stead.Missing, stead.ReasonUnknown, "this person was erased")
	}
	return key, nil
}

func (k *persons) has(p stead.PersonKey) (key personKey, ok bool) {
	k.mu.RLock()
	defer k.mu.RUnlock()
	key, ok = k.byName[p]
	return key, ok
}

// ready makes the keys of all who have none at once, which costs a database little more than one.
func (k *persons) ready(all []stead.PersonKey) error {
	lacking := slices.DeleteFunc(all, func(p stead.PersonKey) bool {
		_, known := k.has(p)
		return known || p == ""
	})
	if len(lacking) == 0 {
		return nil
	}
	slices.Sort(lacking) // every node in the same order: none waits for another that waits for it
	return k.make(slices.Compact(lacking))
}

func (k *persons) make(names []stead.PersonKey) error {
	fresh := make([]personKey, len(names))
	for i := range fresh {
		wrapped, err := k.sealer.NewKey()
		if err != nil {
			return stead.Because(err, "make a person key")
		}
		var b [8]byte
		if _, err := io.ReadFull(k.rand, b[:]); err != nil {
			return stead.Because(err, "make a person key")
		}
		fresh[i] = personKey{id: int64(binary.BigEndian.Uint64(b[:]) >> 1), wrapped: wrapped}
	}
	if k.shared != nil {
		return k.shared.insert(names, fresh, k.know)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	for i, p := range names {
		if _, ok := k.byName[p]; !ok { // somebody else may have made one meanwhile
			k.byName[p], k.byID[fresh[i].id] = fresh[i], fresh[i].wrapped
			k.pending = append(k.pending, p)
		}
	}
	return nil
}

// wrapped gives the key of an id; nil: it was erased, or was never there, as known tells.
func (k *persons) wrapped(id int64) (key []byte, known bool, err error) {
	k.mu.RLock()
	key, known = k.byID[id]
	k.mu.RUnlock()
	if known || k.shared == nil {
		return key, known, nil
	}
	p, other, err := k.shared.fetch(id)
	if err != nil || p == "" {
		return nil, false, err
	}
	k.know(p, other)
	return other.wrapped, true, nil
}

// know takes over a key that another node has made.
func (k *persons) know(p stead.PersonKey, key personKey) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if old, ok := k.byID[key.id]; ok && old == nil {
		return // erased: that is the last word
	}
	k.byName[p], k.byID[key.id] = key, key.wrapped
}

// lose forgets a key that is erased.
func (k *persons) lose(p stead.PersonKey, id int64) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if f, ok := k.sealer.(forgetter); ok && k.byID[id] != nil {
		f.Forget(k.byID[id])
	}
	k.byName[p], k.byID[id] = personKey{id: id}, nil
}

// refresh learns what other nodes have erased.
func (k *persons) refresh(ctx context.Context) error {
	if k.shared == nil {
		return nil
	}
	return k.shared.refresh(ctx, k.lose)
}

// flush writes the keys that were made since.
func (k *persons) flush() error {
	k.flushing.Lock()
	defer k.flushing.Unlock()
	k.mu.Lock()
	names := k.pending
	keys := make([]personKey, len(names))
	for i, p := range names {
		keys[i] = k.byName[p]
	}
	k.pending = nil
	k.mu.Unlock()
	if len(names) == 0 {
		return nil
	}
	tx, err := k.db.Begin()
	if err != nil {
		return err
	}
	defer tx.Rollback()
	for i, p := range names {
		if _, err := tx.Exec("INSERT INTO keys (id, person, wrapped) VALUES (?, ?, ?)", keys[i].id, p, keys[i].wrapped); err != nil {
			return err
		}
	}
	return tx.Commit()
}

// forget drops the key of a person for good; that he had one stays known, by lose.
func (k *persons) forget(ctx context.Context, p stead.PersonKey) (personKey, error) {
	if k.shared != nil {
		return k.shared.forget(ctx, p)
	}
	if err := k.flush(); err != nil {
		return personKey{}, err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	key, ok := k.byName[p]
	if !ok || key.wrapped == nil {
		return key, stead.E(stead.Missing, stead.ReasonUnknown, "this person has no key")
	}
	if _, err := k.db.ExecContext(ctx, "UPDATE keys SET wrapped = NULL, erased = 1 WHERE id = ?", key.id); err != nil {
		return key, err
	}
	return key, nil
}

// purged notes that what the projection said under an erased key is overwritten.
func (k *persons) purged(id int64) error {
	_, err := k.db.Exec("UPDATE keys SET erased = 2 WHERE id = " + strconv.FormatInt(id, 10))
	return err
}

// unpurged lists the erased keys whose traces in the projection may still be there.
func (k *persons) unpurged(ctx context.Context) (ids []int64, err error) {
	rows, err := k.db.QueryContext(ctx, "SELECT id FROM keys WHERE erased = 1")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var id int64
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, rows.Err()
}

// there tells whether the key of that id is there; no key is.
func (k *persons) there(id int64) bool {
	key, _, err := k.wrapped(id)
	return id == 0 || (err == nil && key != nil)
}
