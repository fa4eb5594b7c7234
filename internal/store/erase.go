package store

import (
	"context"

	"github.com/steadhq/stead"
)

// A forgetter keeps ciphers ready that must go with their key.
type forgetter interface{ Forget(wrapped []byte) }

// Erase loses the key of a person: what the log and the objects say of him becomes unreadable for ever, here and in
// every backup, and every hash stays valid. The projection's plain text is overwritten before Erase returns.
// Errors: missing, broken.
func (s *Store) Erase(ctx context.Context, person stead.PersonKey) error {
	if err := s.latch.err(); err != nil {
		return err
	}
	key, err := s.keys.forget(ctx, person)
	if err != nil {
		return stead.Because(err, "erase a person")
	}
	s.keys.lose(person, key.id)
	return stead.Because(s.purge(key.id), "erase a person from the projection")
}

func (s *Store) purge(key int64) error {
	if err := s.events.purge(key); err != nil {
		return err
	}
	return s.keys.purged(key)
}

// purgeRest goes on where a crash came between losing a key and overwriting the plain text.
func (s *Store) purgeRest(ctx context.Context) error {
	ids, err := s.keys.unpurged(ctx)
	for _, id := range ids {
		if err == nil {
			err = s.purge(id)
		}
	}
	return err
}

// purge overwrites what was sealed under a key, in the file and in its write-ahead log.
func (p *projection) purge(key int64) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	const wipe = "UPDATE events SET who = CASE WHEN k1 = ?1 THEN NULL ELSE who END, what = NULL WHERE k1 = ?1 OR k2 = ?1"
	st, err := p.conn.prepare(wipe, 1)
	if err != nil {
		return err
	}
	defer st.close()
	if err := st.exec(key); err != nil {
		return err
	}
	if err := remark(context.Background(), p.read, key, func(block int64, marks []byte) error { return p.marks.exec(block, marks) }); err != nil {
		return err
	}
	return p.conn.exec("PRAGMA wal_checkpoint(TRUNCATE)")
}
