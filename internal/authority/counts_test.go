package authority

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/steadhq/stead"
)

// What a page says of the terms is what counts, whatever the timers are.
func TestCountingIsWhatCounts(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	d := func() time.Duration { return time.Duration(r.IntN(3)) * time.Minute }
	terms := func() stead.Terms {
		return stead.Terms{Default: d(), Max: d(), Extensions: r.IntN(3), Total: d(), Idle: d(), StartWindow: d(), AskWindow: d(), Fresh: d(), PerActor: r.IntN(2)}
	}
	pick := func(some ...string) string { return some[r.IntN(len(some))] }
	for range 500 {
		s := &Settings{Terms: terms()}
		var timers []Timer
		for range r.IntN(6) {
			timers = append(timers, Timer{App: stead.AppID(pick("", "orders", "wiki")), Realm: stead.RealmID(pick("", "keys", "shop")),
				Group: pick("", "staff/testers", "staff/others"), Terms: terms()})
		}
		actor := &stead.Principal{Directory: "staff", Groups: []string{"testers"}}
		rows := s.Counting(timers, "orders", "keys", actor)
		want := Rows(s.For(timers, "orders", "keys", actor))
		for i := range rows {
			rows[i].From = ""
		}
		if diff := cmp.Diff(want, rows); diff != "" {
			t.Fatalf("%+v: %s", timers, diff)
		}
	}
	s := &Settings{Terms: stead.Terms{Default: time.Minute, Max: time.Hour}}
	got := s.Counting([]Timer{{App: "orders", Terms: stead.Terms{Max: time.Minute}}, {Group: "staff/testers", Terms: stead.Terms{Max: time.Second, PerActor: 2}}},
		"orders", "", &stead.Principal{Directory: "staff", Groups: []string{"testers"}})
	for i, want := range map[int]TermRow{0: {"default_duration", "1m0s", ""}, 1: {"max_duration", "1m0s", "orders"}, 8: {"per_actor", "2", "staff/testers"}} {
		if got[i] != want {
			t.Errorf("%+v, want %+v", got[i], want)
		}
	}
}
