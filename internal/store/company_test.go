package store_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/store"
)

// timed runs a test on a store whose time stands still while anybody works.
func timed(t *testing.T, test func(*testing.T, *store.Store)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := open(t, options(t, t.TempDir()))
		test(t, s)
	})
}

func patiently(n int) authority.Entry {
	e := enrol(n)
	e.Patient = true
	return e
}

// What nobody waits for waits for company, a moment and no longer.
func TestPatientAlone(t *testing.T) {
	timed(t, func(t *testing.T, s *store.Store) {
		began := time.Now()
		ticket := s.Submit(t.Context(), patiently(1))
		synctest.Wait()
		if n := s.Head().Size; n != 0 {
			t.Errorf("%d events are written at once", n)
		}
		if r, err := ticket.Wait(); err != nil || r.Index != 1 {
			t.Errorf("%+v, %v", r, err)
		}
		if d := time.Since(began); d != 5*time.Millisecond {
			t.Errorf("it was written after %s", d)
		}
		shut(t, s)
	})
}

// It shares the commit of what somebody waits for, and delays neither that nor the end of the store.
func TestPatientInCompany(t *testing.T) {
	timed(t, func(t *testing.T, s *store.Store) {
		began := time.Now()
		first := s.Submit(t.Context(), patiently(1))
		synctest.Wait()
		urgent := enrol(2)
		urgent.Urgent = true
		if r, err := s.Append(t.Context(), urgent); err != nil || r.Index != 1 {
			t.Errorf("what is urgent: %+v, %v", r, err)
		}
		if r, err := first.Wait(); err != nil || r.Index != 2 {
			t.Errorf("what waited: %+v, %v", r, err)
		}
		last := s.Submit(t.Context(), patiently(3))
		synctest.Wait()
		shut(t, s)
		if r, err := last.Wait(); err != nil || r.Index != 3 {
			t.Errorf("what waited for company at the end: %+v, %v", r, err)
		}
		if d := time.Since(began); d != 0 {
			t.Errorf("somebody waited for %s", d)
		}
	})
}

// A ticket has one answer, however late and however often it is asked for, whoever has its waiter by then.
func TestTicket(t *testing.T) {
	timed(t, func(t *testing.T, s *store.Store) {
		ticket := s.Submit(t.Context(), enrol(1))
		time.Sleep(time.Hour)
		first, err := ticket.Wait()
		if err != nil || first.Index != 1 {
			t.Fatalf("%+v, %v", first, err)
		}
		for n := range 8 {
			other := s.Submit(t.Context(), enrol(2+n))
			synctest.Wait()
			if again, err := ticket.Wait(); err != nil || again != first {
				t.Fatalf("the second time it is %+v, %v", again, err)
			}
			if r, err := other.Wait(); err != nil || r.Index != uint64(2+n) {
				t.Fatalf("another ticket says %+v, %v", r, err)
			}
		}
		shut(t, s)
	})
}
