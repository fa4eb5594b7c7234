package store_test

import (
	"testing"
	"time"

	"github.com/steadhq/stead/internal/store/pgtest"
)

// A store knows from its first moment how far its clock is from the database's (S-I14).
func TestSkew(t *testing.T) {
	dsn := pgtest.Start(t).Create(t)
	for _, ahead := range []time.Duration{0, 2 * time.Hour, -2 * time.Hour} {
		o := onPostgres(t, dsn)
		o.Now = func() time.Time { return time.Now().Add(ahead) }
		s := open(t, o)
		if got := s.Skew(); (got - ahead).Abs() > 2*time.Second {
			t.Errorf("%s ahead: %s", ahead, got)
		}
		shut(t, s)
	}
}
