package store_test

import (
	"testing"

	"github.com/steadhq/stead/internal/store/storetest"
)

// SQLite has one process and one store on a database: it is both.
func TestContract(t *testing.T) {
	storetest.Run(t, func(t *testing.T) (a, b storetest.Store) {
		s := open(t, options(t, t.TempDir()))
		t.Cleanup(func() { shut(t, s) })
		return s, s
	})
}
