package authority

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/steadhq/stead"
)

func TestNewClock(t *testing.T) {
	noon := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	boot := func() time.Duration { return time.Hour }
	for name, c := range map[string]struct {
		highest, want time.Time
		trusted       bool
	}{
		"nothing seen":       {time.Time{}, noon, true},
		"seen earlier":       {noon.Add(-time.Hour), noon, true},
		"a little ahead":     {noon.Add(Step), noon.Add(Step), true},
		"too far ahead":      {noon.Add(Step + time.Second), noon.Add(Step + time.Second), false},
		"back from far away": {noon.AddDate(10, 0, 0), noon.AddDate(10, 0, 0), false},
	} {
		clock := NewClock(func() time.Time { return noon }, boot, c.highest)
		if got := clock.Now(); !got.Equal(c.want) || clock.Trusted() != c.trusted {
			t.Errorf("%s: %s, trusted %v", name, got, clock.Trusted())
		}
	}
}

// looks is somebody who looks at the clock.
func looks(c *Clock, id stead.PrincipalID) int {
	return c.Look(stead.Principal{ID: id, Directory: "staff", Groups: []string{"admins"}}, []string{"staff/admins"})
}

// Whatever the wall clock does, the time that decides never goes back, never runs from the boot-time clock by more
// than the step that is believed, and a jump is noticed (R42).
func TestClockNeverGoesBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var boot, skew, looked time.Duration
		start := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
		c := NewClock(func() time.Time { return start.Add(boot + skew) }, func() time.Duration { return boot }, time.Time{})
		last, since, believed := c.Now(), boot, time.Duration(0)
		t.Repeat(map[string]func(*rapid.T){
			"run": func(t *rapid.T) { boot += time.Duration(rapid.IntRange(0, 900).Draw(t, "s")) * time.Second },
			"slew": func(t *rapid.T) {
				skew = believed + time.Duration(rapid.IntRange(-60, 60).Draw(t, "s"))*time.Second
			},
			"jump": func(t *rapid.T) { skew += time.Duration(rapid.IntRange(-1e6, 1e6).Draw(t, "s")) * time.Second },
			"look": func(*rapid.T) {
				if c.Trusted() {
					return
				}
				if looks(c, "a") == 1 && looks(c, "b") == 0 {
					believed, looked = skew, boot
					last, since = c.Now(), boot
				}
			},
			"": func(t *rapid.T) {
				drift := skew - believed
				if far := drift > Step || drift < -Step; far && c.Trusted() {
					t.Fatalf("a drift of %s is believed", drift)
				}
				now := c.Now()
				if now.Before(last) {
					t.Fatalf("back by %s", last.Sub(now))
				}
				if ran := now.Sub(last) - (boot - since); ran > 2*Step {
					t.Fatalf("ahead of the boot-time clock by %s, looked at %s", ran, looked)
				}
				last, since = now, boot
			},
		})
	})
}

// Of several nodes' clocks one that is a step from the database's is distrusted and tells the time there, from its first
// word on; one that others are ahead of tells what they have seen (R42, S-I14).
func TestClockAmong(t *testing.T) {
	noon := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		skew, seen, want time.Duration // want and seen from noon on
		trusted          bool
	}{
		"alike":                   {0, -time.Hour, 0, true},
		"a little ahead":          {Step, -time.Hour, 0, true},
		"a little behind":         {-Step, -time.Hour, 0, true},
		"ahead":                   {Step + 1, -time.Hour, -Step - 1, false},
		"far ahead":               {time.Hour, -time.Hour, -time.Hour, false},
		"far behind":              {-time.Hour, -time.Hour, time.Hour, false},
		"others are ahead":        {0, 2 * Step, 2 * Step, true},
		"others are far ahead":    {0, 2*Step + 1, 2*Step + 1, false},
		"behind, and others more": {-time.Hour, 2 * time.Hour, 2 * time.Hour, false},
	} {
		clock := NewClock(func() time.Time { return noon }, func() time.Duration { return time.Hour }, time.Time{})
		clock.Among(func() time.Time { return noon.Add(c.seen) }, func() time.Duration { return c.skew })
		if got, want := clock.Now(), noon.Add(c.want).Truncate(time.Microsecond); got.Sub(want) > time.Microsecond || want.Sub(got) > time.Microsecond || clock.Trusted() != c.trusted {
			t.Errorf("%s: %s, want %s; trusted %v", name, got, want, clock.Trusted())
		}
	}
}

// A clock that drifts away from the database's while it runs is distrusted from then on, and tells its time to nobody.
func TestClockDrifts(t *testing.T) {
	noon := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	var ran, skew time.Duration
	clock := NewClock(func() time.Time { return noon.Add(ran) }, func() time.Duration { return ran }, time.Time{})
	clock.Among(func() time.Time { return time.Time{} }, func() time.Duration { return skew })
	for _, c := range []struct {
		ran, skew time.Duration
		trusted   bool
	}{{time.Hour, Step, true}, {2 * time.Hour, -Step, true}, {3 * time.Hour, Step + 1, false}, {4 * time.Hour, 0, false}} {
		ran, skew = c.ran, c.skew
		if got := clock.Now(); clock.Trusted() != c.trusted || !got.Equal(noon.Add(ran)) {
			t.Errorf("after %s, %s away: %s, trusted %v", ran, skew, got, clock.Trusted())
		}
	}
	if looks(clock, "a"); looks(clock, "b") != 0 || !clock.Trusted() {
		t.Error("two people have looked, and it is right again")
	}
}

func TestAdvance(t *testing.T) {
	noon := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	c := NewClock(func() time.Time { return noon }, func() time.Duration { return 0 }, time.Time{})
	if c.Advance(24 * time.Hour); !c.Now().Equal(noon.Add(24*time.Hour)) || !c.Trusted() {
		t.Errorf("%s, trusted %v", c.Now(), c.Trusted())
	}
	if n := looks(c, "a"); n != 0 {
		t.Errorf("%d must look at a clock that is trusted", n)
	}
}
