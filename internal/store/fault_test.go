package store_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/store"
	"github.com/steadhq/stead/internal/store/faultdisk"
	"github.com/steadhq/stead/internal/store/storetest"
)

// faulty opens a store on a disk that can be made to fail. track is for Crash.
func faulty(t *testing.T, track bool) (*store.Store, *faultdisk.Disk, store.Options) {
	t.Helper()
	d, err := faultdisk.New(fmt.Sprintf("disk-%p", t)+t.Name(), track)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	o := options(t, t.TempDir())
	o.VFS = d.Name()
	return open(t, o), d, o
}

func enrol(n int) authority.Entry {
	return authority.Entry{Changes: []stead.Change{{
		Event: storetest.Event("person.enrolled", n, n), Records: []stead.Record{storetest.Person(n, 1)},
		Counts: []stead.Count{{Key: "enrolled", Op: stead.CountAdd, N: 1}},
	}}}
}

// bulk fills the write-ahead log until a checkpoint is due.
func bulk(n int) authority.Entry {
	e := storetest.Event("page.seen", 1, n)
	e.What["text"] = strings.Repeat("x", 40_000)
	return authority.Entry{Changes: []stead.Change{{Event: e}}}
}

// wantBroken makes sure that the store refuses, for good, and says why.
func wantBroken(t *testing.T, s *store.Store) {
	t.Helper()
	for n := range 20 {
		if _, err := s.Append(t.Context(), enrol(1000+n)); stead.KindOf(err) != stead.Broken || stead.ReasonOf(err) != stead.ReasonRecord {
			t.Fatalf("the store takes more: %v", err)
		}
	}
	if s.Broken() == nil {
		t.Error("the store does not say that it is broken")
	}
	if err := s.Erase(t.Context(), storetest.Key(0)); stead.KindOf(err) != stead.Broken {
		t.Errorf("the store erases: %v", err)
	}
	if err := s.Lease(t.Context(), "a", "b", time.Minute); stead.KindOf(err) != stead.Broken {
		t.Errorf("the store gives leases: %v", err)
	}
}

// One error, then a disk that is well again: the store writes nothing more until it is opened anew, and then all
// that was acknowledged is there. // K5, K6, S-I3, S-I39
func TestFirstErrorIsTheLast(t *testing.T) {
	t.Parallel()
	faults := map[string]faultdisk.Fault{
		"keys do not sync":              {Name: "keys.db", File: faultdisk.Main, Op: faultdisk.Sync, Times: 1, Errno: syscall.EIO},
		"write-ahead log does not sync": {Name: "stead.db", File: faultdisk.WAL, Op: faultdisk.Sync, Times: 1, Errno: syscall.EIO},
		"database does not sync":        {Name: "stead.db", File: faultdisk.Main, Op: faultdisk.Sync, Times: 1, Errno: syscall.EIO},
		"disk is full":                  {Name: "stead.db", File: faultdisk.WAL, Op: faultdisk.Write, Times: 1, Errno: syscall.ENOSPC},
		"disk fails":                    {Name: "stead.db", File: faultdisk.WAL, Op: faultdisk.Write, Times: 1, Errno: syscall.EIO},
		"disk is read-only":             {Name: "stead.db", File: faultdisk.WAL, Op: faultdisk.Write, Times: 1, Errno: syscall.EROFS},
		"database can not be written":   {Name: "stead.db", File: faultdisk.Main, Op: faultdisk.Write, Times: 1, Errno: syscall.ENOSPC},
	}
	for name, f := range faults {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, d, o := faulty(t, false)
			for n := range 3 {
				if _, err := s.Append(t.Context(), enrol(n)); err != nil {
					t.Fatal(err)
				}
			}
			f.Skip = d.Count(f.Op, f.File) % 3
			d.Inject(f)
			acknowledged := fill(t, s)
			d.Clear()
			wantBroken(t, s)
			shut(t, s)
			s = open(t, o)
			defer shut(t, s)
			if got := s.Head().Size; got < uint64(3+acknowledged) {
				t.Errorf("%d events were acknowledged, %d are there", 3+acknowledged, got)
			}
			if _, err := s.Append(t.Context(), enrol(500)); err != nil {
				t.Errorf("the store does not work after the start: %v", err)
			}
		})
	}
}

// fill writes until the store refuses, at most so much that a checkpoint must have come by.
func fill(t *testing.T, s *store.Store) (acknowledged int) {
	t.Helper()
	for n := range 400 {
		if _, err := s.Append(t.Context(), bulk(n)); err != nil {
			return n
		}
	}
	t.Fatal("the fault was never noticed")
	return 0
}

// A disk that hangs delays the answer by the patience, and the store says so; when it answers, work goes on. // K5, S-I3
func TestHang(t *testing.T) {
	s, d, o := faulty(t, false)
	shut(t, s)
	o.Patience = 30 * time.Millisecond
	s = open(t, o)
	reached, release := d.Hang("stead.db", faultdisk.WAL)
	defer release()
	ever, cancel := context.WithTimeout(t.Context(), time.Minute) // for what is to come, however busy the machine is
	defer cancel()
	began := time.Now()
	_, err := s.Append(t.Context(), enrol(0))
	if stead.ReasonOf(err) != stead.ReasonDoubt {
		t.Errorf("the append ended with %v", err)
	}
	select {
	case <-reached:
	case <-ever.Done():
		t.Fatal("the append never came to the disk")
	}
	for s.Broken() == nil {
		if time.Since(began) > time.Second {
			t.Fatal("the store does not say that the disk hangs")
		}
	}
	if _, err = s.Append(t.Context(), enrol(1)); stead.ReasonOf(err) != stead.ReasonRecord {
		t.Errorf("an append while the disk hangs ended with %v", err)
	}
	if took := time.Since(began); took > time.Second {
		t.Errorf("the refusals took %s", took)
	}
	release()
	for n := 2; err != nil; n++ {
		for s.Broken() != nil && ever.Err() == nil { // a busy machine is slow too
			runtime.Gosched()
		}
		if n == 200 || ever.Err() != nil {
			t.Fatalf("the disk answers again, the store does not: %v, %v", err, s.Broken())
		}
		_, err = s.Append(t.Context(), enrol(n))
	}
	shut(t, s)
}

// What could not begin in time is taken back, so that who hears that nothing was done can believe it; what has begun, what ends
// something and what has been is written when the disk answers, and who asked hears that it is not known. // K5, S-I3
func TestLate(t *testing.T) {
	s, d, o := faulty(t, false)
	shut(t, s)
	o.Patience = 300 * time.Millisecond
	s = open(t, o)
	reached, release := d.Hang("stead.db", faultdisk.WAL)
	defer release()
	decides := func(n int, urgent bool) authority.Entry {
		return authority.Entry{Urgent: urgent, Decide: func(*authority.State) ([]stead.Change, error) { return enrol(n).Changes, nil }}
	}
	first := s.Submit(t.Context(), decides(0, false))
	<-reached
	type late struct {
		authority.Ticket
		want stead.Reason
	}
	waiting := []late{{first, stead.ReasonDoubt}}
	for _, e := range []struct {
		authority.Entry
		want stead.Reason
	}{{decides(1, false), stead.ReasonRecord}, {decides(2, true), stead.ReasonDoubt}, {enrol(3), stead.ReasonDoubt}} {
		waiting = append(waiting, late{s.Submit(t.Context(), e.Entry), e.want})
	}
	for i, w := range waiting {
		if _, err := w.Wait(); stead.KindOf(err) != stead.Broken || stead.ReasonOf(err) != w.want {
			t.Errorf("%d: %v (%s), want %s", i, err, stead.ReasonOf(err), w.want)
		}
	}
	release()
	shut(t, s)
	o.Patience = 0
	s = open(t, o)
	defer shut(t, s)
	s.View().Read(func(v *authority.State) {
		for n, want := range []bool{true, false, true, true} {
			if there := v.Principal(storetest.Person(n, 1).ID) != nil; there != want {
				t.Errorf("%d is there: %t", n, there)
			}
		}
	})
}

// The projection's disk is no part of a record: the store goes on, says that it lags, and catches up.
func TestProjectionFails(t *testing.T) {
	t.Parallel()
	s, d, _ := faulty(t, false)
	d.Inject(faultdisk.Fault{Name: "events.db", Op: faultdisk.Write, Times: 2, Errno: syscall.ENOSPC})
	enrolAll(t, s, 0, 5)
	if err := s.Settled(t.Context(), 5); err != nil {
		t.Error(err)
	}
	if n, err := s.Lag(); n != 0 || err != nil || s.Broken() != nil {
		t.Errorf("%d behind, %v, %v", n, err, s.Broken())
	}
	shut(t, s)
}

// Cancelling gives the caller back at once, even from a disk that hangs.
func TestCancelledWhileHanging(t *testing.T) {
	s, d, _ := faulty(t, false)
	reached, release := d.Hang("stead.db", faultdisk.WAL)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() {
		_, err := s.Append(ctx, enrol(0))
		done <- err
	}()
	<-reached
	cancel()
	if err := <-done; stead.ReasonOf(err) != stead.ReasonDoubt {
		t.Errorf("the append ended with %v", err)
	}
	release()
	shut(t, s)
}

// A power cut at any moment leaves a committed prefix: every acknowledged event once, nothing half. // S-I39, S-I40, K7
func TestPowerCut(t *testing.T) {
	t.Parallel()
	s, d, o := faulty(t, true)
	shut(t, s)
	o.Patience = time.Minute // the disk waits while its image is taken
	s = open(t, o)
	defer shut(t, s)
	var mu sync.Mutex
	acknowledged := map[stead.PrincipalID]bool{}
	for round := range 20 {
		var all sync.WaitGroup
		for w := range 8 {
			all.Go(func() {
				n := round*8 + w
				if _, err := s.Append(t.Context(), enrol(n)); err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				acknowledged[storetest.Person(n, 1).ID] = true
				mu.Unlock()
				if w == 3 {
					if _, err := s.Append(t.Context(), bulk(n)); err != nil {
						t.Error(err)
					}
				}
			})
		}
		if round%2 == 0 {
			all.Wait()
		}
		mu.Lock()
		known := len(acknowledged)
		after := t.TempDir()
		if err := d.Crash(o.Dir, after, uint64(round)); err != nil {
			t.Fatal(err)
		}
		want := make([]stead.PrincipalID, 0, known)
		for id := range acknowledged {
			want = append(want, id)
		}
		mu.Unlock()
		survived(t, after, want)
		all.Wait()
	}
}

// survived opens what a crash left and looks for what was acknowledged.
func survived(t *testing.T, dir string, want []stead.PrincipalID) {
	t.Helper()
	s := open(t, options(t, dir))
	defer shut(t, s)
	s.View().Read(func(v *authority.State) {
		for _, id := range want {
			if v.Principal(id) == nil {
				t.Errorf("%s was acknowledged and is lost", id)
			}
		}
		people := 0
		v.Principals(func(*stead.Principal) { people++ })
		if int64(people) != v.Count("enrolled") {
			t.Errorf("%d people, but %d were counted", people, v.Count("enrolled"))
		}
	})
	seen := map[stead.EventID]bool{}
	for i := range s.Head().Size {
		e, err := s.Event(t.Context(), i)
		if err != nil || seen[e.ID] {
			t.Fatalf("event %d is there twice or not at all: %v, %v", i, e.ID, err)
		}
		seen[e.ID] = true
	}
}

// Nobody but the owner may look into the store.
func TestPrivate(t *testing.T) {
	t.Parallel()
	o := options(t, filepath.Join(t.TempDir(), "data"))
	s := open(t, o)
	defer shut(t, s)
	if _, err := s.Append(t.Context(), enrol(1)); err != nil {
		t.Fatal(err)
	}
	dir, err := os.Stat(o.Dir)
	if err != nil || dir.Mode().Perm() != 0o700 {
		t.Errorf("the directory has mode %v, %v", dir.Mode(), err)
	}
	files, err := os.ReadDir(o.Dir)
	if err != nil || len(files) < 6 {
		t.Fatal(len(files), err)
	}
	for _, f := range files {
		if info, err := f.Info(); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v, %v", f.Name(), info.Mode(), err)
		}
	}
}

// What is said of people stands nowhere in plain text but in the projection. // K10
func TestSealed(t *testing.T) {
	t.Parallel()
	o := options(t, t.TempDir())
	s := open(t, o)
	e := storetest.Event("page.seen", 1, 2)
	e.What["page"] = "canary-4711"
	if _, err := s.Append(t.Context(), authority.Entry{Changes: []stead.Change{{Event: e}}}); err != nil {
		t.Fatal(err)
	}
	if err := s.Settled(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	wantCanary(t, o.Dir, map[string]bool{"events.db-wal": true})
	if err := s.Erase(t.Context(), storetest.Key(2)); err != nil {
		t.Fatal(err)
	}
	wantCanary(t, o.Dir, nil)
	shut(t, s)
	wantCanary(t, o.Dir, nil)
}

func wantCanary(t *testing.T, dir string, want map[string]bool) {
	t.Helper()
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		b, err := os.ReadFile(filepath.Join(dir, f.Name()))
		if err != nil {
			t.Fatal(err)
		}
		if found := bytes.Contains(b, []byte("canary-4711")); found != want[f.Name()] {
			t.Errorf("in %s the text is found: %v", f.Name(), found)
		}
	}
}
