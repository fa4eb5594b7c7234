package store

import (
	"encoding/binary"
	"slices"
)

// The projection finds events by words: hashes of what a search can name. They are filed by segments of the log, so
// that filing costs the same however long the log is and however random the ids are; an index of the database costs
// ten times the row it points to. A hash finds too much at worst: what is found is compared with what was asked.
const (
	segmentSize = 4096
	buckets     = 64 // of each segment, by hash
	entrySize   = 6  // hash, place in the segment
)

// A word is the hash of one thing that an event can be found by.
type word uint32

const (
	byActor    = 'a'
	bySubject  = 's'
	byMandate  = 'm'
	bySession  = 'e'
	byDecision = 'd'
)

// wordOf is FNV-1a.
func wordOf(by byte, text string) word {
	h := (uint32(2166136261) ^ uint32(by)) * 16777619
	for i := range len(text) {
		h = (h ^ uint32(text[i])) * 16777619
	}
	return word(h)
}

// A filing is what of a row is filed.
type filing struct{ actor, subject, mandate, session, decision string }

func (f *filing) words(dst []word) []word {
	for _, w := range [...]struct {
		by   byte
		text string
	}{{byActor, f.actor}, {bySubject, f.subject}, {byMandate, f.mandate}, {bySession, f.session}, {byDecision, f.decision}} {
		if w.text != "" {
			dst = append(dst, wordOf(w.by, w.text))
		}
	}
	return dst
}

// A drawer collects what is to be filed of one segment.
type drawer struct {
	segment   uint64
	some      bool
	filed     [buckets][]byte
	low, high string // times
	room      []word
}

func (d *drawer) file(index uint64, at string, f *filing) {
	if !d.some || at < d.low {
		d.low = at
	}
	if !d.some || at > d.high {
		d.high = at
	}
	d.some = true
	d.room = f.words(d.room[:0])
	for _, w := range d.room {
		b := &d.filed[w%buckets]
		*b = binary.BigEndian.AppendUint32(*b, uint32(w))
		*b = binary.BigEndian.AppendUint16(*b, uint16(index%segmentSize))
	}
}

const (
	fileWords = `INSERT INTO words VALUES (?1, ?2)
		ON CONFLICT (place) DO UPDATE SET entries = CAST(entries || excluded.entries AS BLOB)`
	fileSpan = `INSERT INTO spans VALUES (?1, ?2, ?3)
		ON CONFLICT (segment) DO UPDATE SET low = min(low, excluded.low), high = max(high, excluded.high)`
)

// shut writes what was collected and leaves the drawer empty.
func (d *drawer) shut(words, span *statement) error {
	if !d.some {
		return nil
	}
	d.some = false
	for i, entries := range d.filed {
		if len(entries) == 0 {
			continue
		}
		d.filed[i] = entries[:0]
		if err := words.exec(int64(d.segment*buckets)+int64(i), entries); err != nil {
			return err
		}
	}
	return span.exec(int64(d.segment), d.low, d.high)
}

// placesOf gives the indexes of events that a bucket has a word for.
func placesOf(dst []uint64, place uint64, entries []byte, w word) []uint64 {
	for ; len(entries) >= entrySize; entries = entries[entrySize:] {
		if binary.BigEndian.Uint32(entries) == uint32(w) {
			dst = append(dst, place/buckets*segmentSize+uint64(binary.BigEndian.Uint16(entries[4:])))
		}
	}
	return dst
}

// inOrder sorts indexes and drops what is there twice.
func inOrder(list []uint64, newest bool) []uint64 {
	slices.Sort(list)
	list = slices.Compact(list)
	if newest {
		slices.Reverse(list)
	}
	return list
}
