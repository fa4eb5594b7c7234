package cedar

import (
	"net/netip"
	"strings"
	"time"

	"github.com/cedar-policy/cedar-go/types"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
)

// A seen holds those attributes that rules can read: what they cannot, they do not miss.
type seen struct {
	n names
	m types.RecordMap
}

func (s *seen) put(name types.String, v types.Value) {
	if !s.n.has(name) {
		return
	}
	if s.m == nil {
		s.m = types.RecordMap{}
	}
	s.m[name] = v
}

func (s *seen) record() types.Record {
	if s.m == nil {
		return types.Record{}
	}
	return types.NewRecord(s.m)
}

// newContext holds what both kinds of question supply; validation keeps a rule from what its action does not declare.
func newContext(c *authority.Case, n names) types.Record {
	m := seen{n: n}
	if n.has("amr") {
		var amr []types.Value
		for _, a := range c.AMR {
			amr = append(amr, types.String(a))
		}
		m.put("amr", types.NewSet(amr...))
	}
	m.put("mode", types.String(modeOf(c)))
	m.put("level", types.Long(c.Level))
	if c.Purpose.Reason != "" {
		m.put("reason", types.String(c.Purpose.Reason))
	}
	if c.Purpose.Ticket != "" {
		m.put("ticket", types.String(c.Purpose.Ticket))
	}
	if n.has("address") {
		if a, ok := addressOf(c.Address); ok {
			m.put("address", a)
		}
	}
	if n.time() {
		m.putTime(c)
	}
	if c.Action == stead.ActionAct {
		m.put("app", types.String(c.App.ID))
		m.put("minutes", types.Long((c.Length+time.Minute-1)/time.Minute))
		if c.Task != "" {
			m.put("task", types.String(c.Task))
			m.put("sender_bound", types.Boolean(!c.Unbound))
		}
		if c.Realm != nil {
			m.put("realm", types.String(c.Realm.ID))
		}
		return m.record()
	}
	m.put("capacity", types.String(c.Capacity))
	m.put("path", types.String(c.Path))
	if c.Subject != nil && c.Subject.Kind == stead.Person {
		m.put("subject", uidOf(c.Subject))
	}
	return m.record()
}

func (s *seen) putTime(c *authority.Case) {
	zone := c.Zone
	if zone == nil {
		zone = time.UTC
	}
	local := c.Now.In(zone)
	s.put("now", types.NewDatetime(c.Now))
	s.put("hour", types.Long(local.Hour()))
	s.put("weekday", types.String(strings.ToLower(local.Weekday().String())))
	s.put("date", types.String(local.Format(time.DateOnly)))
}

func modeOf(c *authority.Case) stead.Mode {
	if c.Mode == "" {
		return stead.ReadOnly
	}
	return c.Mode
}

func addressOf(text string) (types.IPAddr, bool) {
	addr, err := netip.ParseAddr(text)
	if err != nil {
		port, err := netip.ParseAddrPort(text)
		if err != nil {
			return types.IPAddr{}, false
		}
		addr = port.Addr()
	}
	addr = addr.WithZone("").Unmap()
	return types.IPAddr(netip.PrefixFrom(addr, addr.BitLen())), true
}
