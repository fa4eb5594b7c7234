package web

import (
	"container/list"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// A Limiter slows each key by itself, in bounded memory, and counts what it refused so that the count can be
// recorded. When it is full of busy keys, new ones share one bucket: a flood of names can neither grow it nor make
// it forget the ones it watches.
type Limiter struct {
	Every time.Duration // one token comes back after this
	Burst int
	Max   int // keys remembered
	Now   func() time.Time

	mu    sync.Mutex
	keys  map[string]*list.Element
	used  list.List         // of *bucket, latest first
	rest  *bucket           // for keys that found no place
	quiet map[string]uint64 // refused and not told
}

// A Verdict of a Limiter.
type Verdict struct {
	OK         bool
	Left       int           // how many more go at once
	Wait       time.Duration // when it is worth trying again
	Suppressed uint64        // how many of this key were refused since that was last told; an OK tells it
}

type bucket struct {
	key string
	lim *rate.Limiter
}

// Take asks for one go for key.
func (l *Limiter) Take(key string) Verdict {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.Now()
	b := l.bucket(key, now)
	res := b.lim.ReserveN(now, 1)
	if wait := res.DelayFrom(now); !res.OK() || wait > 0 {
		res.CancelAt(now)
		return Verdict{Wait: wait, Suppressed: l.count(b.key)}
	}
	v := Verdict{OK: true, Left: int(b.lim.TokensAt(now)), Suppressed: l.quiet[b.key]}
	delete(l.quiet, b.key)
	return v
}

// Suppressed gives how many were refused by key since that was last told, and forgets it. Keys that shared a bucket
// are counted under "".
func (l *Limiter) Suppressed() map[string]uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	q := l.quiet
	l.quiet = nil
	return q
}

// Len is how many keys are remembered.
func (l *Limiter) Len() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.keys)
}

func (l *Limiter) count(key string) uint64 {
	if l.quiet == nil {
		l.quiet = map[string]uint64{}
	}
	if _, known := l.quiet[key]; !known && len(l.quiet) >= l.Max {
		key = ""
	}
	l.quiet[key]++
	return l.quiet[key]
}

func (l *Limiter) bucket(key string, now time.Time) *bucket {
	if l.keys == nil {
		l.keys, l.rest = map[string]*list.Element{}, l.fresh("")
	}
	if e, ok := l.keys[key]; ok {
		l.used.MoveToFront(e)
		return e.Value.(*bucket)
	}
	if len(l.keys) >= l.Max && !l.forgetOldest(now) {
		return l.rest
	}
	b := l.fresh(key)
	l.keys[key] = l.used.PushFront(b)
	return b
}

// forgetOldest makes room by the key that was longest quiet, if forgetting it changes nothing for it.
func (l *Limiter) forgetOldest(now time.Time) bool {
	e := l.used.Back()
	if e == nil || e.Value.(*bucket).lim.TokensAt(now) < float64(l.Burst) {
		return false
	}
	delete(l.keys, e.Value.(*bucket).key)
	l.used.Remove(e)
	return true
}

func (l *Limiter) fresh(key string) *bucket {
	return &bucket{key: key, lim: rate.NewLimiter(rate.Every(l.Every), l.Burst)}
}
