package ledger

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/steadhq/stead"
)

// A Fault is one thing that is not as the log says.
type Fault struct {
	Index uint64 `json:"index"` // the first event that is, or may be, wrong
	To    uint64 `json:"to"`    // one past the last that may be; Index+1 where exactly one is
	What  string `json:"what"`  // event, leaf, tile, object, projection, edge, head, checkpoint, line, export; file, mark, counter, key, span
	Text  string `json:"text"`
}

func (f Fault) String() string {
	if f.What == "file" {
		return f.Text + ": which event it is of can not be told"
	}
	if f.What == "export" {
		return f.Text
	}
	if f.To > f.Index+1 {
		return fmt.Sprintf("event %d or one before %d: %s", f.Index, f.To, f.Text)
	}
	return fmt.Sprintf("event %d: %s", f.Index, f.Text)
}

// follows tells that no event itself was found wrong, but what one of them wrote.
func (f Fault) follows() bool { return f.What == "object" || f.What == "projection" }

// A Report tells what was read and what was wrong. No faults and a nil error is the only good outcome.
type Report struct {
	Origin    string     `json:"origin"`
	Size      uint64     `json:"size"` // of the log, by the checkpoint it carries
	Root      stead.Hash `json:"root"`
	Events    uint64     `json:"events"`
	Skipped   uint64     `json:"skipped,omitempty"` // events an export leaves out
	Pruned    uint64     `json:"pruned,omitempty"`  // the first this many are gone, only their hashes are left
	Objects   uint64     `json:"objects,omitempty"`
	Unchecked uint64     `json:"unchecked,omitempty"` // objects whose event is pruned
	Tiles     uint64     `json:"tiles,omitempty"`
	Projected uint64     `json:"projected,omitempty"`
	Outside   uint64     `json:"outside,omitempty"` // size of the checkpoint from elsewhere; 0: there was none
	Faults    []Fault    `json:"faults,omitempty"`  // by index
}

// Good tells whether nothing was wrong.
func (r Report) Good() bool { return len(r.Faults) == 0 }

// First is the fault with the lowest index; the zero Fault where there is none.
func (r Report) First() Fault {
	if r.Good() {
		return Fault{}
	}
	return r.Faults[0]
}

// maxFaults bounds a report: one that is that bad needs no more.
const maxFaults = 100

func (r *Report) fault(index uint64, what, format string, args ...any) {
	r.faultRange(index, index+1, what, format, args...)
}

func (r *Report) faultRange(index, to uint64, what, format string, args ...any) {
	r.Faults = append(r.Faults, Fault{Index: index, To: to, What: what, Text: fmt.Sprintf(format, args...)})
	slices.SortStableFunc(r.Faults, func(a, b Fault) int { return cmp.Compare(a.Index, b.Index) })
	r.Faults = r.Faults[:min(len(r.Faults), maxFaults)]
}

// An outside is a checkpoint from elsewhere and what was found to compare it with.
type outside struct {
	head *stead.Head
	seen bool
	root stead.Hash
}

// at takes note of the root where the log had the size of the checkpoint.
func (o *outside) at(s *span) {
	if o.head != nil && s.size == o.head.Size {
		o.seen, o.root = true, s.root()
	}
}

func (o *outside) report(r *Report) {
	if first := r.First(); o.head != nil && first.follows() && (o.head.Size > r.Size || o.seen && o.root != o.head.Root) {
		r.faultRange(0, min(first.Index+1, o.head.Size), "checkpoint", "the events are not those that a checkpoint from elsewhere has seen: this one, or one before, was rewritten")
	}
	if o.head == nil || (!r.Good() && (!o.seen || o.head.Size > r.First().Index)) {
		return // an exact fault says more than that the whole differs
	}
	switch {
	case o.head.Size > r.Size:
		r.fault(r.Size, "checkpoint", "the log ends here, but a checkpoint from elsewhere has seen %d events: it was cut or rolled back", o.head.Size)
	case !o.seen:
		r.fault(o.head.Size, "checkpoint", "the export leaves this place out and cannot be compared with a checkpoint of %d events: export it for that checkpoint", o.head.Size)
	case o.root != o.head.Root:
		r.faultRange(0, o.head.Size, "checkpoint", "the first %d events are not those that a checkpoint from elsewhere has seen: history was rewritten", o.head.Size)
	}
	r.Outside = o.head.Size
}
