// Package store keeps what Stead knows: objects in versions, counters and one ordered log of events, in SQLite.
//
// One goroutine writes. It takes what is waiting, runs every rule at the head of the log, seals, hashes, signs the
// new head and commits all of it in one transaction; then the view moves, then the callers hear.
//
// Invariants:
//   - a receipt means: event, leaf, records and head are on disk (S-I2, S-I39);
//   - numbers of events count from 1 in receipts, in the view and in cursors, so that 0 is the beginning;
//   - the first sync or write error ends writing for good, until the program starts again (K6);
//   - a disk that hangs delays an answer by Options.Patience at most (S-I3, K5);
//   - a store that is behind its mirrored head, or differs from it, does not open (S-I32, S-I40);
//   - what speaks of a person is stored sealed under the keys of keys.db; losing a key is erasing (R36).
//
// Files: stead.db (log, objects, counters, tiles, head, leases), events.db (projection, plain text, can be built
// again), keys.db (person keys, wrapped; not in backups), lock.
package store
