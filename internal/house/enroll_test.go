package house_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/house"
	"github.com/steadhq/stead/internal/house/housetest"
	"github.com/steadhq/stead/internal/store/pgtest"
)

// A whole company comes in one sheet, on a database too, whose head nobody else has meanwhile; more than that does not.
func TestEnrollMany(t *testing.T) {
	for _, where := range []string{"sqlite", "postgres"} {
		t.Run(where, func(t *testing.T) {
			h := housetest.New(t, func(o *house.Options) {
				if where == "postgres" {
					o.DSN, o.Dir = pgtest.Start(t).Create(t), ""
					o.Skew = func() time.Duration { return 0 }
				}
			})
			root := h.Login("staff/root", "console.test")
			all := make([]authority.NewPerson, authority.MostEnrolled+1)
			for i := range all {
				all[i] = authority.NewPerson{Directory: "customers", Name: fmt.Sprintf("u%d", i)}
			}
			if _, err := h.Enroll(t.Context(), root, all); stead.KindOf(err) != stead.Invalid {
				t.Errorf("one too many: %v", err)
			}
			before := h.Store.Head().Size
			made, err := h.Enroll(t.Context(), root, all[1:])
			for tries := 1; tries < 5 && stead.KindOf(err) == stead.Broken && len(made) == 0; tries++ { // a machine that is too busy: none of them came
				before = h.Store.Head().Size
				made, err = h.Enroll(t.Context(), root, all[1:])
			}
			if err != nil || len(made) != len(all)-1 || h.Store.Head().Size != before+uint64(len(all)-1) {
				t.Errorf("%d of them, %d events: %v", len(made), h.Store.Head().Size-before, err)
			}
		})
	}
}
