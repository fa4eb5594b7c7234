package store

import (
	"encoding/binary"
	"maps"
	"math"
	"slices"

	"github.com/steadhq/stead"
)

// A block is what is counted of 512 events that stand one after the other in the log, in columns of a fixed width: so
// that a question about a million events reads some megabytes, and not their rows. Kinds, applications and outcomes
// have small numbers, people the hash of their id.
const (
	blockSize = 512
	groupSize = 64  // events whose texts are marked together
	markSize  = 512 // bytes of marks of a group
	groups    = blockSize / groupSize

	whatSize = 4
	sumSize  = 6 // of a label in a block: its number, how many events have it
)

// A block is as long as its last row; a row that is not there has no number.
type block struct {
	number    uint64
	low, high int64 // µs
	whats     []byte
	times     []byte
	actors    []byte
	subjects  []byte
	marks     []byte
}

// A label is what of an event has a number.
type label struct{ kind, app, outcome string }

// labels are the numbers of a projection's labels, from 1.
type labels map[label]uint32

// newBlock is one without rows.
func newBlock(number uint64) *block {
	return &block{number: number, low: math.MaxInt64, high: math.MinInt64, marks: make([]byte, groups*markSize)}
}

// put counts an event with what its row says.
func (b *block) put(index uint64, e *stead.Event, what uint32, texts ...string) {
	slot := int(index % blockSize)
	for len(b.times) < 8*(slot+1) {
		b.whats = append(b.whats, make([]byte, whatSize)...)
		b.times, b.actors, b.subjects = append(b.times, make([]byte, 8)...), append(b.actors, make([]byte, 8)...), append(b.subjects, make([]byte, 8)...)
	}
	binary.LittleEndian.PutUint32(b.whats[slot*whatSize:], what)
	at := e.At.UnixMicro()
	b.low, b.high = min(b.low, at), max(b.high, at)
	binary.LittleEndian.PutUint64(b.times[8*slot:], uint64(at))
	binary.LittleEndian.PutUint64(b.actors[8*slot:], hashOf(string(e.Actor)))
	binary.LittleEndian.PutUint64(b.subjects[8*slot:], hashOf(string(e.Subject)))
	marks := b.marks[slot/groupSize*markSize:][:markSize]
	for _, t := range texts {
		setMarks(marks, t)
	}
}

// sums tell how many events have which label, in the order of their numbers: a question that names neither people nor texts
// is answered by them where a whole block is meant, and what no event is labelled so is not looked into.
func (b *block) sums() []byte {
	n := map[uint32]uint16{}
	for whats := b.whats; len(whats) >= whatSize; whats = whats[whatSize:] {
		if what := binary.LittleEndian.Uint32(whats); what != 0 {
			n[what]++
		}
	}
	out := make([]byte, 0, sumSize*len(n))
	for _, what := range slices.Sorted(maps.Keys(n)) {
		out = binary.LittleEndian.AppendUint32(out, what)
		out = binary.LittleEndian.AppendUint16(out, n[what])
	}
	return out
}

// hashOf is FNV-1a, 64 bits; nobody has none.
func hashOf(id string) uint64 {
	if id == "" {
		return 0
	}
	h := uint64(14695981039346656037)
	for i := range len(id) {
		h = (h ^ uint64(id[i])) * 1099511628211
	}
	return h
}

// setMarks sets a bit for every three letters that follow each other in a text, whatever their case. Of what is not ASCII
// nothing is marked: how it is compared is the database's to say.
func setMarks(marks []byte, text string) {
	for i := range len(text) - 2 {
		if bit, ok := three(text[i:]); ok {
			marks[bit/8] |= 1 << (bit % 8)
		}
	}
}

func three(t string) (bit uint32, ok bool) {
	a, b, c := fold(t[0]), fold(t[1]), fold(t[2])
	if (a|b|c)&0x80 != 0 {
		return 0, false
	}
	h := (uint32(a)<<16 | uint32(b)<<8 | uint32(c)) * 2654435761
	return h >> 20, true // of 4,096
}

func fold(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

// bitsOf are the marks that a text which holds t has.
func bitsOf(t string) []uint32 {
	var bits []uint32
	for i := range len(t) - 2 {
		if bit, ok := three(t[i:]); ok {
			bits = append(bits, bit)
		}
	}
	return bits
}

// holding tells which groups of a block may have a text with these marks, a bit for each.
func holding(marks []byte, bits []uint32) (held uint) {
	for group := 0; len(marks) >= markSize; group, marks = group+1, marks[markSize:] {
		all := uint(1)
		for _, bit := range bits {
			if marks[bit/8]&(1<<(bit%8)) == 0 {
				all = 0
				break
			}
		}
		held |= all << group
	}
	return held
}
