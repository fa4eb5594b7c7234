package house_test

import (
	"sync"
	"sync/atomic"
	"testing"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/house"
	"github.com/steadhq/stead/internal/keys"
	"github.com/steadhq/stead/internal/store"
	"github.com/steadhq/stead/internal/store/pgtest"
)

// A secret takes the place of the one it was made from, and of no other: in files and in the database.
func TestPutSecret(t *testing.T) {
	shared, err := store.OpenSecrets(t.Context(), pgtest.Start(t).Create(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := shared.Close(); err != nil {
		t.Fatal(err)
	}
	for where, kept := range map[string]keys.Secrets{"files": house.Cabinet(t.TempDir()), "database": shared} {
		put := func(name, was, sealed string) stead.Kind {
			var before []byte
			if was != "" {
				before = []byte(was)
			}
			return stead.KindOf(kept.PutSecret(t.Context(), name, before, []byte(sealed)))
		}
		for _, c := range []struct {
			name, was, sealed string
			want              stead.Kind
		}{
			{"x/y", "a", "b", stead.Conflict}, {"x/y", "", "a", ""}, {"x/y", "", "b", stead.Conflict}, {"x/y", "a", "b", ""},
			{"x/y", "a", "c", stead.Conflict}, {"x/z", "b", "c", stead.Conflict}, {"x/z", "", "c", ""},
		} {
			if kind := put(c.name, c.was, c.sealed); kind != c.want {
				t.Errorf("%s: %q after %q under %s: %q", where, c.sealed, c.was, c.name, kind)
			}
		}
		var won atomic.Int64
		var all sync.WaitGroup
		for _, mine := range []string{"1", "2", "3", "4", "5", "6", "7", "8"} {
			all.Go(func() {
				if put("x/y", "b", mine) == "" {
					won.Add(1)
				}
			})
		}
		if all.Wait(); won.Load() != 1 {
			t.Errorf("%s: %d of 8 took the same place", where, won.Load())
		}
	}
}
