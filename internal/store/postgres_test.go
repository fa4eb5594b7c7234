package store_test

import (
	"testing"

	"github.com/steadhq/stead/internal/store"
	"github.com/steadhq/stead/internal/store/pgtest"
	"github.com/steadhq/stead/internal/store/storetest"
)

func onPostgres(tb testing.TB, dsn string) store.Options {
	tb.Helper()
	o := options(tb, "")
	o.DSN = dsn
	return o
}

// Two nodes on one database are two stores.
func TestContractOnPostgres(t *testing.T) {
	server := pgtest.Start(t)
	storetest.Run(t, func(t *testing.T) (a, b storetest.Store) {
		o := onPostgres(t, server.Create(t))
		one, two := open(t, o), open(t, o)
		t.Cleanup(func() { shut(t, one); shut(t, two) })
		return one, two
	})
}
