package housetest_test

import (
	"context"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/house"
	"github.com/steadhq/stead/internal/house/housetest"
	"github.com/steadhq/stead/internal/store/pgtest"
	"github.com/steadhq/stead/internal/web"
)

// apart opens two nodes, the second with a clock that is ahead of the first's, and of the database's, by that much.
func apart(t *testing.T, ahead time.Duration) (one, two *housetest.House) {
	t.Helper()
	server := pgtest.Start(t)
	one = housetest.New(t, func(o *house.Options) { o.DSN = server.Create(t) })
	clock := housetest.NewClock()
	clock.Jump(ahead)
	two = one.BesideAt(clock, func() time.Duration { return clock.Wall().Sub(one.Clock.Wall()) })
	return one, two
}

func latest(t *testing.T, h *housetest.House) {
	t.Helper()
	if err := h.Store.Latest(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// What one node has ended by the clock does not live again at one that is behind (S-I14, R42).
func TestClockBehind(t *testing.T) {
	one, two := apart(t, -50*time.Second)
	sam := one.Login("staff/sam", "stead.test")
	m, err := one.Act(sam, "staff/sam", "customers/dana", stead.ReadOnly)
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range []*housetest.House{one, two} {
		latest(t, h)
		if d, err := h.Decide(t.Context(), h.Question(sam, m, stead.ActionRead, "/orders/7")); err != nil || !d.Allow {
			t.Fatalf("%+v, %v", d, err)
		}
	}
	one.Clock.Move(10*time.Minute + time.Second)
	two.Clock.Move(10*time.Minute + time.Second) // by itself it would have 49 seconds left
	if d, err := one.Decide(t.Context(), one.Question(sam, m, stead.ActionRead, "/orders/7")); err != nil || d.Allow || d.Reason != stead.ReasonExpired {
		t.Fatalf("%+v, %v", d, err)
	}
	latest(t, two)
	if now := two.Now(); now.Before(one.Clock.Wall().Add(-time.Second)) {
		t.Errorf("it is %s at one, %s at the other, which has heard of it", one.Now(), now)
	}
	if d, err := two.Decide(t.Context(), two.Question(sam, m, stead.ActionRead, "/orders/7")); err != nil || d.Allow {
		t.Errorf("%+v, %v", d, err)
	}
	if !one.Authority.Clock.Trusted() || !two.Authority.Clock.Trusted() {
		t.Error("clocks that are less than a step apart are distrusted")
	}
}

// A node whose clock is wrong says so, refuses who acts for others, and tells its wrong time to nobody (R42).
func TestClockApart(t *testing.T) {
	for name, ahead := range map[string]time.Duration{"ahead": 2 * time.Hour, "behind": -2 * time.Hour} {
		t.Run(name, func(t *testing.T) {
			one, two := apart(t, ahead)
			sam := one.Login("staff/sam", "stead.test")
			m, err := one.Act(sam, "staff/sam", "customers/dana", stead.ReadOnly)
			if err != nil {
				t.Fatal(err)
			}
			latest(t, two)
			d, err := two.Decide(t.Context(), two.Question(sam, m, stead.ActionRead, "/orders/7"))
			if err != nil || d.Allow || d.Reason != stead.ReasonClock {
				t.Errorf("at the wrong one: %+v, %v", d, err)
			}
			two.Login("staff/tess", "stead.test") // an event by its time
			latest(t, one)
			if now := one.Now(); now.Sub(one.Clock.Wall()).Abs() > time.Minute || !one.Authority.Clock.Trusted() {
				t.Errorf("at the right one it is %s, trusted %v", now, one.Authority.Clock.Trusted())
			}
			if d, err = one.Decide(t.Context(), one.Question(sam, m, stead.ActionRead, "/orders/7")); err != nil || !d.Allow {
				t.Errorf("at the right one: %+v, %v", d, err)
			}
			if got := ready(t, two); !strings.Contains(got, "fail  clock: this machine's clock is") || !strings.Contains(got, "2h0m") {
				t.Errorf("readyz: %s", got)
			}
			root := two.Login("staff/root", "stead.test")
			if _, err := two.TrustClock(t.Context(), root); stead.ReasonOf(err) != stead.ReasonClock {
				t.Errorf("trusted as it is: %v", err)
			}
		})
	}
}

// ready is what a node says of itself.
func ready(t *testing.T, h *housetest.House) string {
	t.Helper()
	silent := slog.New(slog.DiscardHandler)
	if _, err := h.Doors(house.Site{Origin: "http://stead.test", Listen: "stead.test", Gateway: "orders.test", Log: silent}); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	watch, err := h.Watch(ctx, web.Door{Log: silent})
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	watch.ServeHTTP(w, httptest.NewRequest("GET", "/readyz?verbose", nil))
	return w.Body.String()
}
