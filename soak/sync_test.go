package soak

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/store"
	"github.com/steadhq/stead/internal/store/faultdisk"
)

// TestEverySync lets the Nth sync of a store fail once, on a disk that is well again afterwards: it is noticed at once,
// nothing is written after it, and nothing acknowledged is lost. N is each of 1 to 500, and in the short form each up
// to 20 and every 50th of the rest. // K6, S-I3, S-I39
func TestEverySync(t *testing.T) {
	began := time.Now()
	var places []int
	for n := 1; n <= 500; n++ {
		if os.Getenv("STEAD_SOAK") != "" || n <= 20 || n%50 == 0 {
			places = append(places, n)
		}
	}
	t.Run("at once", func(t *testing.T) {
		workers := runtime.GOMAXPROCS(0)
		for w := range workers {
			t.Run(fmt.Sprint(w), func(t *testing.T) {
				t.Parallel()
				for i := w; i < len(places); i += workers {
					if err := failSync(t, places[i]); err != nil {
						t.Errorf("sync %d fails: %v", places[i], err)
					}
				}
			})
		}
	})
	row("a sync fails once, at each of the first 500 places", len(places), began, "noticed at once, nothing written after it, nothing acknowledged lost")
}

func failSync(t *testing.T, n int) error {
	disk, err := faultdisk.New(fmt.Sprintf("sync-%d", n), false)
	if err != nil {
		return err
	}
	dir := t.TempDir()
	s, err := openStore(dir, disk.Name())
	if err != nil {
		return err
	}
	disk.Inject(faultdisk.Fault{Name: "stead.db", Op: faultdisk.Sync, Skip: n - 1, Times: 1, Errno: syscall.EIO})
	said := map[string]bool{}
	for next := 0; s.Broken() == nil && next < n+20; next++ {
		entry := life(fmt.Sprint("man_", next)).step("mandate.started", 1, stead.Active)
		if _, err := s.Append(t.Context(), entry); err == nil {
			said[string(entry.Changes[0].Event.ID)] = true
		}
	}
	if s.Broken() == nil {
		return errors.New("it was not noticed")
	}
	err = errors.Join(refusesAll(t, s, filepath.Join(dir, "data")), s.Close())
	if s, openErr := openStore(dir, disk.Name()); openErr != nil {
		err = errors.Join(err, openErr)
	} else {
		if size := wantSaid(t, s, said); size > uint64(len(said))+1 {
			err = errors.Join(err, fmt.Errorf("%d events were acknowledged, %d are there", len(said), size))
		}
		err = errors.Join(err, s.Close())
	}
	return errors.Join(err, disk.Close())
}

// refusesAll asks a store that has failed for more: it refuses, and its files stay as they are.
func refusesAll(t *testing.T, s *store.Store, dir string) error {
	before, err := written(dir)
	for more := range 5 {
		_, refused := s.Append(t.Context(), life(fmt.Sprint("man_more_", more)).step("mandate.started", 1, stead.Active))
		if stead.KindOf(refused) != stead.Broken || stead.ReasonOf(refused) != stead.ReasonRecord {
			err = errors.Join(err, fmt.Errorf("the store takes more: %v", refused))
		}
	}
	after, readErr := written(dir)
	if !bytes.Equal(before, after) {
		err = errors.Join(err, errors.New("something was written after it"))
	}
	return errors.Join(err, readErr)
}

func written(dir string) ([]byte, error) {
	db, err := os.ReadFile(filepath.Join(dir, "stead.db"))
	wal, walErr := os.ReadFile(filepath.Join(dir, "stead.db-wal"))
	return append(db, wal...), errors.Join(err, walErr)
}
