package house

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/steadhq/stead"
)

// A report is made once for whoever asks for it again, goes on while he looks, and is given up when he has gone.
func TestMakings(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var runs, given atomic.Int64
		s := &makings{}
		work := func(m *making, ctx context.Context) {
			runs.Add(1)
			select {
			case <-ctx.Done():
				given.Add(1)
				m.err = ctx.Err()
			case <-time.After(time.Minute):
			}
		}
		first, err := s.join("a", time.Now(), work)
		if err != nil {
			t.Fatal(err)
		}
		for range 7 { // who looks every ten seconds has it after a minute
			time.Sleep(10 * time.Second)
			if m, err := s.join("a", time.Now(), work); m != first || err != nil {
				t.Fatalf("another making: %v", err)
			}
		}
		<-first.done
		if runs.Load() != 1 || given.Load() != 0 || first.err != nil {
			t.Errorf("made %d times, given up %d times: %v", runs.Load(), given.Load(), first.err)
		}
		s.forget("a", first)
		for _, key := range []string{"a", "b", "c", "d"} {
			if _, err := s.join(key, time.Now(), work); err != nil {
				t.Error(err)
			}
		}
		if _, err := s.join("e", time.Now(), work); stead.ReasonOf(err) != stead.ReasonTooMany {
			t.Errorf("a fifth at once: %v", err)
		}
		time.Sleep(abandoned + time.Second)
		synctest.Wait()
		if given.Load() != 4 || len(s.all) != 0 {
			t.Errorf("%d given up, %d are kept", given.Load(), len(s.all))
		}
		s.forget("a", first) // which is another's by now, or nobody's
	})
}
