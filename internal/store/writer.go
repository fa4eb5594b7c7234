package store

import (
	"runtime"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
)

// maxBatch bounds how many entries share one commit.
const maxBatch = 512

// A batch is what one commit writes. Its slices are used again.
type batch struct {
	waiters  []*waiter
	answers  []answer
	accepted []prepared
	leaves   []stead.Hash
	stage    *authority.State
	number   uint64 // of the last event so far
	moved    uint64
	clock    int64 // latest time of an event, µs
}

// write is the one writer. It ends when quit is closed and nothing waits any more.
func (s *Store) write() {
	defer close(s.over)
	var b batch
	for s.gather(&b) {
		if len(b.waiters) > 0 {
			s.answer(&b, s.turn(&b))
		}
		s.tidy()
	}
	s.finish()
}

// turn takes the head of the log, decides what stands there, and writes it.
func (s *Store) turn(b *batch) error {
	defer s.latch.watch(s.o.Patience)()
	b.answers = b.answers[:0]
	if err := s.take(); err != nil {
		return err
	}
	s.decide(b)
	return s.record(b)
}

// finish spares the next start from reading counters out of the log.
func (s *Store) finish() {
	if s.latch.tripped() != nil || s.Head().Size == s.counts.upto || s.take() != nil {
		return
	}
	_ = s.through(func(p *page) error { s.settle(p); return nil }) // the latch keeps what goes wrong
}

// company is how long what is patient waits for something that is not.
const company = 5 * time.Millisecond

// gather waits for an entry and takes all that wait beside it, the urgent ones first. What nobody waits for rides with
// what somebody does, or goes alone when its time is over.
func (s *Store) gather(b *batch) bool {
	b.waiters = b.waiters[:0]
	var early, idle *waiter // came first, but what is urgent, and what is not patient, overtakes it
	patient, over := s.patient, (<-chan time.Time)(nil)
	for again := true; again; {
		again = false
		select {
		case w := <-s.urgent:
			b.waiters = append(b.waiters, w)
		case early = <-s.ordinary:
		case idle = <-patient:
			patient, over, again = nil, time.After(company), true
		case <-over:
		case e := <-s.errands:
			s.attend(e)
		case <-s.wake:
			s.look()
		case <-s.quit:
			if idle == nil && s.Waiting() == 0 {
				return false
			}
		}
	}
	runtime.Gosched() // who is about to come can come along
	b.take(nil, s.urgent)
	b.take(idle, s.patient) // few, and not to be overtaken for ever
	b.take(early, s.ordinary)
	return true
}

// take takes who came first, and who waits in a lane.
func (b *batch) take(first *waiter, lane chan *waiter) {
	if first != nil {
		b.waiters = append(b.waiters, first)
	}
	for len(b.waiters) < maxBatch {
		select {
		case w := <-lane:
			b.waiters = append(b.waiters, w)
		default:
			return
		}
	}
}

// decide runs every entry in order over a stage of the view, so that each sees those before it.
func (s *Store) decide(b *batch) {
	b.accepted, b.leaves = b.accepted[:0], b.leaves[:0]
	b.stage = s.view.Stage()
	b.number, b.moved, b.clock = b.stage.Index(), b.stage.Moved(), s.place().clock
	for _, w := range b.waiters {
		var err error
		if w.begin() { // else nobody waits for it any more
			err = s.admit(b, w)
		}
		b.answers = append(b.answers, answer{receipt: stead.Receipt{Index: b.number, State: b.moved}, err: err})
	}
}

// admit lets one entry into the batch whole, or leaves the batch as it was.
func (s *Store) admit(b *batch, w *waiter) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = stead.E(stead.Broken, stead.ReasonBroken, "a rule failed: %v", p)
		}
	}()
	ready := w.ready
	if w.entry.Decide != nil {
		changes, err := w.entry.Decide(b.stage)
		if err != nil {
			return err
		}
		if ready, err = s.encodeAll(changes); err != nil {
			return err
		}
	}
	return b.add(ready)
}

func (b *batch) add(ready []prepared) error {
	number, moved, clock := b.number, b.moved, b.clock
	own := b.stage
	if changes(ready) {
		own = b.stage.Stage()
	}
	for i := range ready {
		number++
		if err := own.Put(ready[i].change, number); err != nil {
			return err
		}
		if len(ready[i].records) > 0 {
			moved = number
		}
		clock = max(clock, ready[i].change.Event.At.UnixMicro())
	}
	if own != b.stage {
		b.stage.Merge(own)
	}
	b.number, b.moved, b.clock = number, moved, clock
	for i := range ready {
		b.accepted, b.leaves = append(b.accepted, ready[i]), append(b.leaves, ready[i].leaf)
	}
	return nil
}

// changes tells whether anything but the log moves: what only appends needs no stage of its own.
func changes(ready []prepared) bool {
	for i := range ready {
		if len(ready[i].records) > 0 || len(ready[i].change.Counts) > 0 {
			return true
		}
	}
	return false
}

// tidy does what the callers need not wait for.
func (s *Store) tidy() {
	if s.latch.tripped() != nil {
		return
	}
	if err := s.desk.tidy(); err != nil {
		s.latch.trip(err, "move the write-ahead log into the store")
	}
}

// answer tells everybody how it went.
func (s *Store) answer(b *batch, err error) {
	for i, w := range b.waiters {
		a := answer{err: err}
		if i < len(b.answers) && (err == nil || b.answers[i].err != nil) {
			a = b.answers[i]
		}
		w.done <- a
		b.waiters[i] = nil
	}
}
