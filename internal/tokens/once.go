package tokens

import (
	"maps"
	"sync"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
)

// A Once remembers what was used until it cannot count any more. It forgets nothing before that: where it is full, nothing
// new counts. It is safe for concurrent use; Max and Now are set before.
type Once struct {
	Max int // 0: 100,000
	Now func() time.Time

	mu   sync.Mutex
	used map[string]time.Time
}

// Use uses up what counts once. Errors: conflict used; refused too-many where there is no room.
func (o *Once) Use(u authority.Once) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	now := o.Now()
	if end, found := o.used[u.Key]; found && now.Before(end) {
		return stead.E(stead.Conflict, stead.ReasonUsed, "this was used before: make another")
	}
	if o.used == nil {
		o.used = map[string]time.Time{}
	}
	limit := o.Max
	if limit == 0 {
		limit = 100_000
	}
	if len(o.used) >= limit {
		maps.DeleteFunc(o.used, func(_ string, end time.Time) bool { return !now.Before(end) })
	}
	if len(o.used) >= limit {
		return stead.E(stead.Refused, stead.ReasonTooMany, "too many proofs are remembered: try again in a minute")
	}
	o.used[u.Key] = u.Until
	return nil
}
