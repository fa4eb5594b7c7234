package store

import (
	"testing"
	"testing/synctest"
	"time"
)

// A commit that is over in the moment its time is up leaves no word that the disk hangs: nobody would ever take it
// back, because a store that says so begins no further commit. // K5
func TestLateTimer(t *testing.T) {
	for range 200 {
		synctest.Test(t, func(t *testing.T) {
			var l latch
			done := l.watch(time.Millisecond)
			time.Sleep(time.Millisecond) // the timer fires now: before what follows, or after it
			done()
			synctest.Wait()
			if err := l.err(); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// While it lasts, a commit that takes too long is told of.
func TestSlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l latch
		done := l.watch(time.Millisecond)
		time.Sleep(2 * time.Millisecond)
		if l.err() == nil {
			t.Error("nobody is told")
		}
		done()
		if err := l.err(); err != nil {
			t.Error(err)
		}
	})
}
