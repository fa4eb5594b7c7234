package store

import "github.com/steadhq/stead"

// A desk is where the one writer of a store writes, in one transaction after the other. Nobody else uses it.
type desk interface {
	// start tells where the log is when the store has been loaded.
	start(place)
	// take begins a transaction at the end of the log, keeps every other writer away from it, and tells where that is:
	// others may have written since.
	take() (place, error)
	// write puts a page down and commits it. After an error nobody knows what is on disk.
	write(*page) error
	// leave ends the transaction without a trace.
	leave()

	// lease gives a lease to holder until then, if nobody else has it now (µs).
	lease(name, holder string, until, now int64) (bool, error)
	release(name, holder string) error
	// forget drops the bytes of all events below index.
	forget(index uint64) error

	// tidy does what the callers need not wait for.
	tidy() error
	close() error
}

// A place is how far a log has come, as its head row has it.
type place struct {
	stead.Head
	moved   uint64 // number of the last event that changed an object
	counted uint64 // number of the event the table of counters has come to
	pruned  uint64 // events whose bytes are gone
	clock   int64  // latest time of an event, µs
}

// A page is what one transaction writes.
type page struct {
	place    // after it
	first    uint64
	events   []prepared
	tiles    []Tile
	counters []counter
	dropped  []string // keys of counters that are over
}

// A counter is one row of the table of counters.
type counter struct {
	key   string
	n     int64
	until int64 // µs; 0 = for ever
}
