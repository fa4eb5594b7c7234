package authority

import (
	"strconv"
	"sync"
	"time"
)

// brakes keep refusing from becoming a weapon: who asks too much at once is refused before that costs a commit, and
// how often is counted, to be told with his next refusal.
type brakes struct {
	mu      sync.Mutex
	callers map[string]*caller
	now     func() time.Time
}

type caller struct {
	tokens float64
	at     time.Time
	held   int
}

// A caller may ask burst times at once, and perSecond times a second for good; at most remembered callers are told
// apart.
const (
	burst      = 200
	perSecond  = 50
	remembered = 10_000
)

func newBrakes(now func() time.Time) *brakes {
	return &brakes{callers: map[string]*caller{}, now: now}
}

// allow tells whether who asks may. What is urgent ends something: whatever else he asks for does not hold that up.
func (b *brakes) allow(by By, urgent bool) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	c, now := b.caller(by, urgent), b.now()
	c.tokens = min(burst, c.tokens+now.Sub(c.at).Seconds()*perSecond)
	c.at = now
	if c.tokens < 1 {
		c.held++
		return false
	}
	c.tokens--
	return true
}

// suppressed tells how many were held back since it was last asked.
func (b *brakes) suppressed(by By, urgent bool) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	c := b.caller(by, urgent)
	n := c.held
	c.held = 0
	return n
}

func (b *brakes) caller(by By, urgent bool) *caller {
	key := "p:" + string(by.Principal)
	switch {
	case by.Instance != "":
		key = "i:" + string(by.Instance) // the runs of one agent do not hold each other up
	case by.Principal == "":
		key = "a:" + by.Address
	}
	if urgent {
		key = "!" + key
	}
	c := b.callers[key]
	if c == nil {
		if len(b.callers) >= remembered {
			b.forget()
		}
		c = &caller{tokens: burst, at: b.now()}
		b.callers[key] = c
	}
	return c
}

// forget drops the callers that have their full allowance again, and if that is nobody, everybody.
func (b *brakes) forget() {
	for k, c := range b.callers {
		if b.now().Sub(c.at).Seconds()*perSecond >= burst {
			delete(b.callers, k)
		}
	}
	if len(b.callers) >= remembered {
		clear(b.callers)
	}
}

func number(n int) string { return strconv.Itoa(n) }
