package store_test

import (
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/store/storetest"
)

// Who is erased leaves no mark of a text either: the marks are those of a projection that never knew it (R36).
func TestErasedIsNotMarked(t *testing.T) {
	t.Parallel()
	o := options(t, t.TempDir())
	s := open(t, o)
	enrolAll(t, s, 0, 3)
	var all []stead.Change
	for n := range 1300 {
		e := storetest.Event("page.seen", n%2, 2)
		if n%400 == 399 {
			e = storetest.Event("page.seen", 2, 2)
			e.What = stead.Fields{"title": fmt.Sprintf("zanzibar quetzal %d", n)}
		}
		all = append(all, stead.Change{Event: e})
	}
	if _, err := s.Append(t.Context(), authority.Entry{Changes: all}); err != nil {
		t.Fatal(err)
	}
	settle(t, s)
	if n, err := s.Counted(t.Context(), authority.EventQuery{Words: []string{"ZANZIBAR", "quetzal"}}, authority.Counting{}); err != nil || n.Total != 3 {
		t.Fatalf("before: %+v %v", n, err)
	}
	before := marks(t, o.Dir)
	if err := s.Erase(t.Context(), storetest.Key(2)); err != nil {
		t.Fatal(err)
	}
	if n, err := s.Counted(t.Context(), authority.EventQuery{Text: "zanzibar"}, authority.Counting{}); err != nil || n.Total != 0 {
		t.Fatalf("after: %+v %v", n, err)
	}
	after := marks(t, o.Dir)
	shut(t, s)
	for _, end := range []string{"", "-wal", "-shm"} {
		_ = os.Remove(filepath.Join(o.Dir, "events.db"+end))
	}
	s = open(t, o)
	defer shut(t, s)
	settle(t, s)
	if anew := marks(t, o.Dir); after != anew || before == after {
		t.Error("the marks still say what was erased")
	}
}

func marks(t *testing.T, dir string) (all string) {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(dir, "events.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.QueryRow("SELECT group_concat(hex(marks)) FROM (SELECT marks FROM marks ORDER BY block)").Scan(&all); err != nil {
		t.Fatal(err)
	}
	return all
}
