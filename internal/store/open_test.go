package store_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/store"
	"github.com/steadhq/stead/internal/store/storetest"
)

func enrolAll(t *testing.T, s *store.Store, from, to int) {
	t.Helper()
	var all []stead.Change
	for n := from; n < to; n++ {
		all = append(all, enrol(n).Changes...)
	}
	if _, err := s.Append(t.Context(), authority.Entry{Changes: all}); err != nil {
		t.Fatal(err)
	}
}

func copyDir(t *testing.T, from, to string) {
	t.Helper()
	if err := os.RemoveAll(to); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
}

// A second process is told so; when the first has ended it may.
func TestOneAtATime(t *testing.T) {
	t.Parallel()
	o := options(t, t.TempDir())
	s := open(t, o)
	_, err := store.Open(t.Context(), o)
	if stead.KindOf(err) != stead.Conflict {
		t.Errorf("a second store opens: %v", err)
	}
	shut(t, s)
	shut(t, open(t, o))
}

// What was live, counted and known is so after a start.
func TestReopen(t *testing.T) {
	t.Parallel()
	o := options(t, t.TempDir())
	s := open(t, o)
	enrolAll(t, s, 0, 300)
	gone := storetest.Person(7, 2)
	gone.Deleted = true
	last := authority.Entry{Changes: []stead.Change{{
		Event:   storetest.Event("person.changed", 7, 7),
		Records: []stead.Record{gone, storetest.Person(8, 2)},
		Counts:  []stead.Count{{Key: "code", Op: stead.CountPass, N: 9}, {Key: "seen", Op: stead.CountRaise, N: noon.UnixMicro()}},
	}}}
	last.Changes[0].Event.At = noon.Add(time.Hour)
	if _, err := s.Append(t.Context(), last); err != nil {
		t.Fatal(err)
	}
	before := s.Head()
	shut(t, s)
	s = open(t, o)
	defer shut(t, s)
	if s.Head().Root != before.Root || !s.HighWater().Equal(noon.Add(time.Hour)) {
		t.Errorf("the head is %v, the clock %v", s.Head(), s.HighWater())
	}
	s.View().Read(func(v *authority.State) {
		if v.Index() != 301 || v.Moved() != 301 || v.Principal("prn_7") != nil || v.Principal("prn_8").Version != 2 {
			t.Error("the view is not what it was")
		}
		if v.Count("enrolled") != 300 || v.Count("code") != 9 || v.Count("seen") != noon.UnixMicro() {
			t.Errorf("the counters are %d, %d, %d", v.Count("enrolled"), v.Count("code"), v.Count("seen"))
		}
	})
	if _, err := s.Append(t.Context(), last); stead.KindOf(err) != stead.Conflict {
		t.Errorf("a code can be used again after a start: %v", err)
	}
}

// A single-use mark whose time is over, by the events themselves, is forgotten; others stay.
func TestCountersEnd(t *testing.T) {
	t.Parallel()
	now := noon
	o := options(t, t.TempDir())
	o.Now = func() time.Time { return now }
	s := open(t, o)
	mark := func(key string, until time.Time) {
		e := enrol(0)
		e.Changes[0].Records, e.Changes[0].Event.At = nil, now
		e.Changes[0].Counts = []stead.Count{{Key: key, Op: stead.CountPass, N: 1, Until: until}}
		if _, err := s.Append(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
	mark("short", noon.Add(time.Minute))
	mark("long", noon.Add(time.Hour))
	mark("ever", time.Time{})
	shut(t, s)
	now = noon.Add(10 * time.Minute)
	s = open(t, o)
	mark("later", time.Time{})
	shut(t, s)
	s = open(t, o)
	defer shut(t, s)
	mark("short", now.Add(time.Minute))
	s.View().Read(func(v *authority.State) {
		if v.Count("long") != 1 || v.Count("ever") != 1 {
			t.Error("a mark was forgotten before its time")
		}
	})
}

// A store that is older than its mirrored head does not open, unless that is accepted. // K2, K14, S-I32, S-I40
func TestRolledBack(t *testing.T) {
	t.Parallel()
	o := options(t, filepath.Join(t.TempDir(), "data"))
	o.Mirror = filepath.Join(t.TempDir(), "head")
	s := open(t, o)
	enrolAll(t, s, 0, 10)
	shut(t, s)
	old := filepath.Join(t.TempDir(), "old")
	copyDir(t, o.Dir, old)
	s = open(t, o)
	if s.Restored() {
		t.Error("a store that was closed counts as restored")
	}
	enrolAll(t, s, 10, 15)
	shut(t, s)
	copyDir(t, old, o.Dir)
	_, err := store.Open(t.Context(), o)
	if stead.ReasonOf(err) != stead.ReasonStale || !strings.Contains(err.Error(), "10 events") || !strings.Contains(err.Error(), "says 15") {
		t.Fatalf("a store that was rolled back opens: %v", err)
	}
	o.Accept = true
	s = open(t, o)
	if !s.Restored() {
		t.Error("the store does not say that it was restored")
	}
	enrolAll(t, s, 20, 21)
	shut(t, s)
	o.Accept = false
	if _, err := store.Open(t.Context(), o); stead.ReasonOf(err) != stead.ReasonStale {
		t.Errorf("a restored store opens although its rights were not ended: %v", err)
	}
	o.Accept = true
	s = open(t, o)
	if err := s.Reconciled(); err != nil {
		t.Error(err)
	}
	shut(t, s)
	o.Accept = false
	shut(t, open(t, o))
}

// A store whose keys were lost does not open as if everybody had been erased.
func TestKeysLost(t *testing.T) {
	t.Parallel()
	o := options(t, t.TempDir())
	s := open(t, o)
	enrolAll(t, s, 0, 3)
	shut(t, s)
	if err := os.Remove(filepath.Join(o.Dir, "keys.db")); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Open(t.Context(), o); err == nil || !strings.Contains(err.Error(), "keys.db") {
		t.Errorf("the store opens without its keys: %v", err)
	}
}

// A crash between losing a key and purging the projection is made good at the next start.
func TestEraseGoesOn(t *testing.T) {
	t.Parallel()
	o := options(t, t.TempDir())
	s := open(t, o)
	enrolAll(t, s, 0, 3)
	if err := s.Settled(t.Context(), 3); err != nil {
		t.Fatal(err)
	}
	shut(t, s)
	edit(t, o, "keys.db", "UPDATE keys SET wrapped = NULL, erased = 1 WHERE person = ?", string(storetest.Key(1)))
	s = open(t, o)
	defer shut(t, s)
	found, err := s.Events(t.Context(), authority.EventQuery{Text: "page 1 of 1"})
	if err != nil || len(found) != 0 {
		t.Errorf("the projection still says it: %v, %v", found, err)
	}
}

// A store that is longer than its mirrored head but tells another story does not open either. // K2, S-I31
func TestForked(t *testing.T) {
	t.Parallel()
	o := options(t, filepath.Join(t.TempDir(), "data"))
	s := open(t, o)
	enrolAll(t, s, 0, 300)
	shut(t, s)
	fork := options(t, filepath.Join(t.TempDir(), "fork"))
	copyDir(t, o.Dir, fork.Dir)
	o.Mirror = filepath.Join(t.TempDir(), "head")
	s = open(t, o)
	enrolAll(t, s, 300, 310)
	shut(t, s)
	fork.Mirror = o.Mirror
	s = open(t, options(t, fork.Dir))
	enrolAll(t, s, 400, 700)
	shut(t, s)
	_, err := store.Open(t.Context(), fork)
	if stead.ReasonOf(err) != stead.ReasonStale || !strings.Contains(err.Error(), "600 events") || !strings.Contains(err.Error(), "310") {
		t.Fatalf("a fork opens: %v", err)
	}
	if err := os.WriteFile(o.Mirror, []byte("something else"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Open(t.Context(), o); stead.ReasonOf(err) != stead.ReasonStale {
		t.Errorf("a mirror that is no head is taken: %v", err)
	}
}

// A mirror that can not be written ends writing: without it a roll-back would not be found.
func TestMirrorLost(t *testing.T) {
	t.Parallel()
	o := options(t, filepath.Join(t.TempDir(), "data"))
	place := filepath.Join(t.TempDir(), "elsewhere")
	if err := os.Mkdir(place, 0o700); err != nil {
		t.Fatal(err)
	}
	o.Mirror = filepath.Join(place, "head")
	s := open(t, o)
	enrolAll(t, s, 0, 1)
	if err := os.RemoveAll(place); err != nil {
		t.Fatal(err)
	}
	var err error
	for n := 1; err == nil; n++ {
		_, err = s.Append(t.Context(), enrol(n))
	}
	if stead.ReasonOf(err) != stead.ReasonRecord || s.Broken() == nil {
		t.Errorf("the error is %v", err)
	}
	shut(t, s)
}

// A backup taken while the store writes holds a signed beginning of it, and no keys. // K14
func TestBackup(t *testing.T) {
	t.Parallel()
	o := options(t, t.TempDir())
	s := open(t, o)
	enrolAll(t, s, 0, 300)
	done := make(chan error)
	go func() {
		var err error
		for n := 300; n < 500 && err == nil; n++ {
			_, err = s.Append(t.Context(), enrol(n))
		}
		done <- err
	}()
	dir := filepath.Join(t.TempDir(), "backup")
	head, err := s.Backup(t.Context(), dir)
	if err != nil || head.Size < 300 {
		t.Fatalf("the backup has the head %v, %v", head, err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if _, err := s.Backup(t.Context(), dir); stead.KindOf(err) != stead.Conflict {
		t.Errorf("a backup was overwritten: %v", err)
	}
	shut(t, s)
	if _, err := os.Stat(filepath.Join(dir, "keys.db")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the backup holds the keys: %v", err)
	}
	keys, err := os.ReadFile(filepath.Join(o.Dir, "keys.db"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "keys.db"), keys, 0o600); err != nil {
		t.Fatal(err)
	}
	s = open(t, options(t, dir))
	defer shut(t, s)
	if err := s.Settled(t.Context(), head.Size); err != nil {
		t.Error(err)
	}
	s.View().Read(func(v *authority.State) {
		if s.Head().Root != head.Root || v.Count("enrolled") != int64(head.Size) {
			t.Errorf("the backup opens at %d with %d people", s.Head().Size, v.Count("enrolled"))
		}
	})
}

// The projection is built again from the log when it is lost or belongs to another.
func TestProjectionAnew(t *testing.T) {
	t.Parallel()
	o := options(t, filepath.Join(t.TempDir(), "data"))
	s := open(t, o)
	enrolAll(t, s, 0, 20)
	shut(t, s)
	other := options(t, filepath.Join(t.TempDir(), "other"))
	s = open(t, other)
	enrolAll(t, s, 50, 90)
	if err := s.Settled(t.Context(), 40); err != nil {
		t.Fatal(err)
	}
	shut(t, s)
	foreign, err := os.ReadFile(filepath.Join(other.Dir, "events.db"))
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{"foreign": foreign, "garbage": []byte("garbage garbage garbage"), "empty": nil} {
		if err := os.WriteFile(filepath.Join(o.Dir, "events.db"), content, 0o600); err != nil {
			t.Fatal(err)
		}
		s := open(t, o)
		if err := s.Settled(t.Context(), 20); err != nil {
			t.Fatal(err)
		}
		found, err := s.Events(t.Context(), authority.EventQuery{Text: "page"})
		if err != nil || len(found) != 20 || found[19].Actor != "prn_19" {
			t.Errorf("%s: %d events found, %v", name, len(found), err)
		}
		shut(t, s)
	}
}
