package authority

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"slices"
	"time"

	"github.com/steadhq/stead"
)

// A GrantUse is one entitlement of a registration, when it was last made use of, and how much of it.
type GrantUse struct {
	stead.Use
	Fresh   bool     // it was granted since, so that it says nothing that it was not used
	Known   bool     // the record was read to its end, and nothing was done out of its sight by a login
	Times   int      // requests it let through
	Columns []string // those that they named; none where one named none
	All     bool     // one named no columns: it saw all of them
	AllRows bool     // one asked for all of its rows
	Wider   int      // refusals of more than it, while the agent learned
}

// Spare are the columns that it grants by name and no request named, where that is known.
func (u GrantUse) Spare() []string {
	if !u.Known || u.All || len(u.Columns) == 0 {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(u.Grant.Columns), func(c string) bool { return slices.Contains(u.Columns, c) })
}

// Part tells whether all columns or all rows are granted, and every request that is known was for some of them.
func (u GrantUse) Part() bool {
	columns := len(u.Grant.Columns) == 0 && !u.All && len(u.Columns) > 0
	return u.Known && u.Times > 0 && (columns || u.Grant.Rows == "" && !u.AllRows)
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

// entered is a change with the use of all that a login is given for: what is done with it is seen by the system alone.
func (s *State) entered(c stead.Change, m stead.Mandate, now time.Time) stead.Change {
	r := s.Agent(m.Actor)
	if r == nil || r.Task(m.Task) == nil {
		return c
	}
	var f stead.Facts
	for _, e := range r.Task(m.Task).Grants {
		if slices.ContainsFunc(m.Scope.Grants, func(g stead.Entitlement) bool { return e.Covers(g) }) {
			f.Uses = append(f.Uses, usedKey(r.Principal, m.Task, e))
		}
	}
	return used(c, f, now)
}

// lastUse is when an agent last made use of an entitlement.
func (s *State) lastUse(agent stead.PrincipalID, task string, e stead.Entitlement) stead.Use {
	u := stead.Use{Task: task, Grant: e}
	if n := s.Count(usedKey(agent, task, e)); n > 0 {
		u.Last = time.UnixMicro(n).UTC()
	}
	return u
}

// Usage tells when each entitlement of an agent was last made use of, how much of it, and how often more than all of them
// was asked for: over-privilege is what never was. At most so many events are read. For whoever may see the agent. Errors: refused, missing, broken.
func (a *Authority) Usage(ctx context.Context, by By, agent string, since time.Time, most int) ([]GrantUse, error) {
	_, in, err := a.evidence(ctx, by, agent, since, most)
	if err != nil {
		return nil, err
	}
	var all []GrantUse
	for _, u := range in.Used {
		all = append(all, seenOf(in, GrantUse{Use: u}))
	}
	return all, nil
}

// seenOf fills in what the record says of an entitlement.
func seenOf(in stead.Evidence, u GrantUse) GrantUse {
	u.Known, u.Fresh = in.Whole && !in.Leased[u.Grant.System], in.Fresh(u.Use)
	for _, s := range in.Seen {
		switch e := s.Entitlement(); {
		case !s.Allowed && s.System == u.Grant.System && s.Action == u.Grant.Action && s.Resource == u.Grant.Resource:
			u.Wider++
		case !s.Allowed || s.Task != u.Task || !u.Grant.Covers(e) && u.Grant.Rows == "":
		case s.System != u.Grant.System || s.Action != u.Grant.Action || s.Resource != u.Grant.Resource:
		default:
			u.Times++
			u.All = u.All || len(s.Columns) == 0
			u.AllRows = u.AllRows || !s.Part
			u.Columns = append(u.Columns, s.Columns...)
		}
	}
	u.Columns = slices.Compact(slices.Sorted(slices.Values(u.Columns)))
	if u.All {
		u.Columns = nil
	}
	return u
}
