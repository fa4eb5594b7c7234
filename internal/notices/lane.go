package notices

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
)

// A lane is one channel at work: a queue for each recipient.
type lane struct {
	o      *Outbox
	c      *Channel
	flight sync.WaitGroup

	mu     sync.Mutex
	begun  bool
	read   uint64 // number of the event up to which all was planned
	done   map[string]bool
	queues map[stead.PrincipalID]*queue
	err    string
	dead   int
}

// A queue is what waits for one recipient, in order.
type queue struct {
	list  []Message
	tries int
	next  time.Time
	busy  bool
}

// atOnce is how many recipients of a channel are sent to at the same time.
const atOnce = 8

// forget leaves the channel to another node. What is on its way may arrive twice.
func (l *lane) forget() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.begun, l.queues, l.done = false, nil, nil
}

func (l *lane) tick(ctx context.Context) error {
	err := l.fill(ctx)
	l.mu.Lock()
	defer l.mu.Unlock()
	now, free := l.o.Now(), atOnce
	for _, q := range l.queues {
		if q.busy {
			free--
		}
	}
	for _, to := range slices.Sorted(maps.Keys(l.queues)) {
		q := l.queues[to]
		if free > 0 && !q.busy && len(q.list) > 0 && !now.Before(q.next) {
			free--
			q.busy = true
			l.flight.Go(func() { l.empty(ctx, q) })
		}
	}
	return err
}

// fill reads on in the log as long as there is room.
func (l *lane) fill(ctx context.Context) error {
	l.mu.Lock()
	begun, read := l.begun, l.read
	l.mu.Unlock()
	if !begun {
		var err error
		var done map[string]bool
		if read, err = l.o.Clerk.NoticesFrom(ctx, l.c.ID); err == nil {
			done, err = l.o.settled(ctx, l.c, read)
		}
		if err != nil {
			return err
		}
		l.mu.Lock()
		l.begun, l.read, l.done, l.queues = true, read, done, map[stead.PrincipalID]*queue{}
		l.mu.Unlock()
	}
	for whole := false; !whole && l.waits() < waiting; {
		var more []Message
		var err error
		if more, read, whole, err = l.o.after(ctx, l.c, read); err != nil {
			return err
		}
		l.take(more, read)
	}
	return nil
}

func (l *lane) waits() (n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, q := range l.queues {
		n += len(q.list)
	}
	return n
}

func (l *lane) take(more []Message, read uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.read = read
	for _, m := range more {
		if l.done[mark(m.Of, m.To)] {
			continue
		}
		if l.queues[m.To] == nil {
			l.queues[m.To] = &queue{}
		}
		l.queues[m.To].list = append(l.queues[m.To].list, m)
	}
}

// empty sends what waits for one recipient until it fails.
func (l *lane) empty(ctx context.Context, q *queue) {
	for ctx.Err() == nil {
		l.mu.Lock()
		if len(q.list) == 0 {
			q.busy = false
			l.mu.Unlock()
			return
		}
		m := q.list[0]
		q.tries++
		tries := q.tries
		l.mu.Unlock()
		err := l.try(ctx, m)
		if ctx.Err() != nil {
			break
		}
		over := !l.o.Now().Before(m.At.Add(l.o.GiveUp))
		if err != nil && !over && !final(err) {
			l.put(q, tries, err)
			return
		}
		if no := l.settle(ctx, m, tries, err); no != nil {
			l.put(q, tries, no)
			return
		}
	}
	l.mu.Lock()
	q.busy = false
	l.mu.Unlock()
}

// try sends once. What is too old to be of use is not sent any more: a channel that was away for months tells no tales.
func (l *lane) try(ctx context.Context, m Message) error {
	if !l.o.Now().Before(m.At.Add(l.o.GiveUp)) {
		return never{fmt.Errorf("it was older than %s", l.o.GiveUp)}
	}
	ctx, stop := context.WithTimeout(ctx, sendFor)
	defer stop()
	return l.c.Send(ctx, m)
}

// put lays a message back, until it is tried again.
func (l *lane) put(q *queue, tries int, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.err = line(err.Error())
	q.next, q.busy = l.o.Now().Add(later(tries, l.o.Chance())), false
}

// settle records what became of a message and takes it off its queue.
func (l *lane) settle(ctx context.Context, m Message, tries int, no error) error {
	n := authority.Noticed{Channel: l.c.ID, Of: m.Of, To: m.To, Kind: string(m.Kind), Mandate: m.Mandate, Actor: m.Actor, Subject: m.Subject,
		Tries: tries, Upto: l.low(m)}
	if no != nil {
		n.Failed = line(no.Error())
		l.o.Alarm("a notice was given up: " + l.c.ID + ": " + n.Failed)
	}
	if err := l.o.Clerk.Noticed(context.WithoutCancel(ctx), n); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if q := l.queues[m.To]; q != nil && len(q.list) > 0 && q.list[0].ID == m.ID {
		q.list, q.tries, q.next = q.list[1:], 0, time.Time{}
	}
	if no == nil {
		l.err = ""
	} else {
		l.dead++
	}
	return nil
}

// low is the number up to which all will be settled once m is.
func (l *lane) low(m Message) uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	low := l.read
	for _, q := range l.queues {
		for _, w := range q.list {
			if w.ID != m.ID {
				low = min(low, w.Number-1)
				break
			}
		}
	}
	return low
}
