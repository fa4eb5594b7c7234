package agents

import (
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/steadhq/stead"
)

// A4: the server ends between the record of a login and the login itself. The mandate goes on, and its login can be asked for
// again once nobody can be about to make it any more.
func TestGrantCutOff(t *testing.T) {
	w, _, ahead := connected(t)
	by, m := w.working("k1")
	if _, err := w.Grant(t.Context(), by, m.ID); err != nil {
		t.Fatal(err)
	}
	if err := w.MayLease(m.ID); err != nil {
		t.Fatal(err)
	}
	_, err := w.Lease(t.Context(), by, m.ID)
	w.no(err, stead.ReasonUsed)
	settle := func() {
		t.Helper()
		if err := w.SettleSystems(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	settle()
	_, err = w.Lease(t.Context(), by, m.ID)
	w.no(err, stead.ReasonUsed) // somebody may be making it
	ahead.Add(int64(time.Minute))
	settle()
	w.no(w.MayLease(m.ID), stead.ReasonUsed) // who was slow makes none any more
	w.recorded(m.ID, "system.granted", "system.withdrawn")
	l, err := w.Lease(t.Context(), by, m.ID)
	if err != nil {
		t.Fatal(err)
	}
	if err := enters(t, l.URL); err != nil {
		t.Error(err)
	}
	ahead.Add(int64(2 * time.Minute))
	settle()
	ahead.Add(int64(2 * time.Minute))
	settle()
	if err := enters(t, l.URL); err != nil {
		t.Error("a login that is there was taken back:", err)
	}
}

// enters tells whether the database lets a login in.
func enters(t *testing.T, url string) error {
	t.Helper()
	c, err := pgx.Connect(t.Context(), url)
	if err != nil {
		return err
	}
	return c.Close(t.Context())
}
