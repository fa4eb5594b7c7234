package authority

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"time"

	"github.com/steadhq/stead"
)

// A GrantUse is one entitlement of a registration, and when it was last made use of.
type GrantUse struct {
	Task  string
	Grant stead.Entitlement
	Last  time.Time // to the hour; zero: never, as far as is known
}

// usedFor is how long it is known that something was used.
const usedFor = 400 * stead.Day

// usedKey names the counter that says when an agent last made use of an entitlement.
func usedKey(agent stead.PrincipalID, task string, e stead.Entitlement) string {
	sum := sha256.Sum256([]byte(task + "\x00" + e.String()))
	return "used/" + string(agent) + "/" + base64.RawURLEncoding.EncodeToString(sum[:16])
}

// uses adds to the facts the entitlements that a question would be the first use of in this hour.
func (s *State) uses(f *stead.Facts, q stead.Question, now time.Time) {
	if f.Agent == nil || f.Mandate == nil || f.Agent.Task(f.Mandate.Task) == nil {
		return
	}
	wants, hour := q.Wants(), now.Truncate(time.Hour).UnixMicro()
	for _, e := range f.Agent.Task(f.Mandate.Task).Grants {
		if !e.Covers(wants) {
			continue
		}
		if key := usedKey(f.Agent.Principal, f.Mandate.Task, e); s.Count(key) < hour {
			f.Uses = append(f.Uses, key)
		}
	}
}

// used is a change with what an allowed request makes use of.
func used(c stead.Change, f stead.Facts, at time.Time) stead.Change {
	for _, key := range f.Uses {
		c.Counts = append(c.Counts, stead.Count{Key: key, Op: stead.CountRaise, N: at.Truncate(time.Hour).UnixMicro(), Until: at.Add(usedFor)})
	}
	return c
}

// Usage tells when each entitlement of an agent was last made use of: over-privilege is what never was. For whoever may see
// the agent. Errors: refused, missing.
func (a *Authority) Usage(ctx context.Context, by By, agent string) ([]GrantUse, error) {
	c, err := a.Card(ctx, by, agent)
	if err != nil {
		return nil, err
	}
	var all []GrantUse
	a.Store.View().Read(func(s *State) {
		for _, t := range c.Tasks {
			for _, e := range t.Grants {
				u := GrantUse{Task: t.ID, Grant: e}
				if n := s.Count(usedKey(c.Principal, t.ID, e)); n > 0 {
					u.Last = time.UnixMicro(n).UTC()
				}
				all = append(all, u)
			}
		}
	})
	return all, nil
}
