package store

// checkpointFrom is how many bytes of events make a checkpoint worth its two syncs. Little is better than much: a
// write-ahead log that is used again from its beginning syncs several times faster than one that grows.
const checkpointFrom = 4 << 20

// checkpoint moves what is committed from the write-ahead log into the database file. SQLite's own checkpoints do
// the same at the same moment, but swallow the errors they meet (K6).
func (s *Store) checkpoint() error {
	if s.unmoved < checkpointFrom {
		return nil
	}
	s.unmoved = 0
	return s.pen.move.run()
}
