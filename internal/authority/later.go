package authority

import (
	"context"
	"fmt"
	"sync"

	"github.com/steadhq/stead"
)

// later writes what nobody waits for: outcomes, and ordinary requests where the setting allows. It keeps the order,
// and takes what has gathered in one entry.
type later struct {
	store Store
	alarm func(string)
	in    chan note
	done  sync.WaitGroup
}

// A note is a change to be written, or who waits until all before it are.
type note struct {
	change stead.Change
	wait   chan struct{}
}

// waiting is how many changes may wait to be written before whoever comes next waits too; gathered is how many go into
// one entry.
const (
	waiting  = 8192
	gathered = 256
)

func newLater(s Store, alarm func(string)) *later {
	l := &later{store: s, alarm: alarm, in: make(chan note, waiting)}
	l.done.Go(l.write)
	return l
}

func (l *later) add(c stead.Change) { l.in <- note{change: c} }

// offer is add for what an answer must not wait for, whatever else waits: when there is no room it is left out.
func (l *later) offer(c stead.Change) bool {
	select {
	case l.in <- note{change: c}:
		return true
	default:
		return false
	}
}

func (l *later) flush() {
	n := note{wait: make(chan struct{})}
	l.in <- n
	<-n.wait
}

func (l *later) close() {
	close(l.in)
	l.done.Wait()
}

func (l *later) write() {
	for n := range l.in {
		batch := make([]stead.Change, 0, min(gathered, 1+len(l.in)))
		var waits []chan struct{}
		for {
			if n.wait != nil {
				waits = append(waits, n.wait)
			} else {
				batch = append(batch, n.change)
			}
			if len(batch) == gathered || len(l.in) == 0 {
				break
			}
			n = <-l.in
		}
		l.put(batch, len(waits) == 0 && len(batch) < gathered)
		for _, w := range waits {
			close(w)
		}
	}
}

func (l *later) put(batch []stead.Change, patient bool) {
	if len(batch) == 0 {
		return
	}
	if _, err := l.store.Append(context.Background(), Entry{Changes: batch, Patient: patient}); err != nil {
		l.alarm(fmt.Sprintf("%d records were not written: %v", len(batch), err))
	}
}
