package authority

import (
	"slices"
	"sync"
	"time"

	"github.com/steadhq/stead"
)

// A Clock tells the time that decides: now = max(wall, highest seen), so that a clock set back revives nothing. A step
// of the wall clock against the boot-time clock makes it distrusted: time then goes on by the boot-time clock, and
// delegated requests are refused until two people have looked (R42). So does a wall clock that is a step away from that
// of the database which several nodes share: none of them may see a right as over that another sees live.
type Clock struct {
	wall func() time.Time
	boot func() time.Duration // runs on while the machine is suspended
	seen func() time.Time     // the latest time that any node wrote; nil where there is but one
	skew func() time.Duration // how far the wall clock is ahead of the database's

	mu      sync.Mutex
	highest time.Time
	since   time.Duration // boot time when highest was seen
	offset  time.Duration // wall − boot at the start
	trusted bool
	looked  []stead.Principal
	ahead   time.Duration // of the wall clock: moved by Advance, or because time does not go back
}

// Step is the largest difference between wall and boot-time clock that is believed.
const Step = 60 * time.Second

// NewClock starts a clock that has seen highest before. A wall clock more than Step behind that is distrusted from
// the start.
func NewClock(wall func() time.Time, boot func() time.Duration, highest time.Time) *Clock {
	c := &Clock{wall: wall, boot: boot, trusted: true}
	now := wall()
	c.since, c.offset = boot(), time.Duration(now.UnixNano())-boot()
	c.highest = now
	if highest.After(now) {
		c.highest = highest
		c.trusted = highest.Sub(now) <= Step
	}
	return c
}

// Among makes it the clock of one of several nodes, before it has told any time: of what others have seen it is told by
// seen, and by skew how far its wall clock is ahead of the one they all have before them. If that is too far it begins
// with the time there, so that no time of its own gets into the log.
func (c *Clock) Among(seen func() time.Time, skew func() time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.seen, c.skew = seen, skew
	if far(skew()) {
		c.trusted = false
		c.highest = c.wall().Add(-skew())
	}
	c.catchUp()
}

// catchUp takes over the latest time that another node has written. Two of them may be a step ahead of the database and
// a step behind it; more than that tells that one of them is wrong, and which is not known here.
func (c *Clock) catchUp() {
	if c.seen == nil {
		return
	}
	seen := c.seen()
	if !seen.After(c.highest) {
		return
	}
	if seen.Sub(c.highest) > 2*Step {
		c.trusted = false
	}
	c.highest, c.since = seen, c.boot()
}

func far(d time.Duration) bool { return d > Step || d < -Step }

// Now is the time that decides, in UTC and microseconds. It never goes back.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now().UTC().Truncate(time.Microsecond)
}

func (c *Clock) now() time.Time {
	wall, boot := c.wall().Add(c.ahead), c.boot()
	if far(time.Duration(wall.UnixNano())-c.ahead-boot-c.offset) || c.skew != nil && far(c.skew()) {
		c.trusted = false
	}
	if !c.trusted {
		wall = c.highest.Add(boot - c.since)
	}
	if wall.After(c.highest) {
		c.highest, c.since = wall, boot
	}
	c.catchUp()
	return c.highest
}

// Codes are the times at which a one-time code may be right: the wall clock's, which authenticators go by, and, in a
// demonstration whose clock was moved, that of the house.
func (c *Clock) Codes() []time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ahead == 0 {
		return []time.Time{c.wall()}
	}
	return []time.Time{c.wall(), c.now()}
}

// Trusted tells whether the time may be relied on for somebody else's rights.
func (c *Clock) Trusted() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now()
	return c.trusted
}

// Skew is how far the wall clock is ahead of the one that several nodes share, 0 where there is none.
func (c *Clock) Skew() time.Duration {
	if c.skew == nil {
		return 0
	}
	return c.skew()
}

// Look notes that a person has compared the clock with the world. After the second one, who is apart from the first by the
// groups that count, the wall clock is believed again. It gives how many are still needed.
func (c *Clock) Look(who stead.Principal, groups []string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.now(); c.trusted {
		return 0
	}
	if !slices.ContainsFunc(c.looked, func(q stead.Principal) bool { return stead.Apart(who, groups, q, groups) }) {
		c.looked = append(c.looked, who)
		return 1
	}
	c.looked, c.trusted = nil, true
	c.offset, c.since = time.Duration(c.wall().UnixNano())-c.boot(), c.boot()
	if behind := c.highest.Sub(c.wall().Add(c.ahead)); behind > 0 {
		c.ahead += behind // goes on from what was seen: a time that stands still would end no right
	}
	return 0
}

// first is who has looked before and is not apart from who looks now, although he calls himself another; nil where that is
// nobody, or somebody else has looked too.
func (c *Clock) first(who stead.Principal, groups []string) (first *stead.Principal) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, q := range c.looked {
		if stead.Apart(who, groups, q, groups) {
			return nil
		}
		if !who.SameHuman(q) {
			first = &q
		}
	}
	return first
}

// Advance moves the clock ahead. stead dev alone offers it.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ahead += d
}
