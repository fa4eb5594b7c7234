package cedar

import (
	"encoding/binary"
	"maps"
	"slices"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
)

// A keyed tells what of a case stands in the key of the cache: what the rules of one action can read, and what the
// index goes by.
type keyed struct {
	disabled, privileged                     bool
	subject, mode, level, amr, address, path bool
	reason, ticket, minutes, realm, task     bool
	bound                                    bool
	custom                                   []string
}

func newKeyed(n names, s *shape, ticketForms int) keyed {
	k := keyed{
		disabled: n.has("disabled"), privileged: n.has("privileged"),
		subject: n.has("subject"), mode: n.has("mode"), level: n.has("level"), amr: n.has("amr"),
		address: n.has("address"), path: n.has("path"), reason: n.has("reason"),
		ticket: n.has("ticket") || ticketForms > 1, minutes: n.has("minutes"), realm: n.has("realm"), task: n.has("task"),
		bound: n.has("sender_bound"),
	}
	custom := map[string]bool{}
	for _, attrs := range s.custom {
		for name := range attrs {
			if n.has(name) {
				custom[string(name)] = true
			}
		}
	}
	k.custom = slices.Sorted(maps.Keys(custom))
	return k
}

// append writes the key of c. It is injective: every text is preceded by its length, every list by its count, every
// number has one width, and what is optional says whether it is there (R32, G1).
func (k *keyed) append(b []byte, c *authority.Case) []byte {
	b = text(b, string(c.Action))
	b = text(b, string(c.Capacity))
	b = k.account(b, c, c.Principal)
	if c.Action == stead.ActionAct || k.subject {
		b = k.account(b, c, c.Subject)
	}
	b = text(b, string(c.App.ID))
	b = yes(b, c.App.Aware)
	b = k.place(b, c)
	if k.mode {
		b = text(b, string(modeOf(c)))
	}
	if k.level {
		b = number(b, int64(c.Level))
	}
	if k.minutes {
		b = number(b, int64(c.Length))
	}
	if k.task {
		b = text(b, c.Task)
	}
	if k.bound {
		b = yes(yes(b, c.Unbound), c.Task != "")
	}
	if k.path {
		b = text(b, c.Path)
	}
	if k.reason {
		b = text(b, c.Purpose.Reason)
	}
	if k.ticket {
		b = text(b, c.Purpose.Ticket)
	}
	if k.address {
		b = text(b, c.Address)
	}
	if k.amr {
		b = texts(b, c.AMR)
	}
	return b
}

func (k *keyed) place(b []byte, c *authority.Case) []byte {
	if c.Action == stead.ActionAct && !k.realm {
		return b
	}
	b = yes(b, c.Realm != nil)
	if c.Realm == nil {
		return b
	}
	b = text(b, string(c.Realm.ID))
	b = text(b, string(c.Realm.Kind))
	b = number(b, int64(c.Realm.Level))
	return yes(b, c.Realm.Acting)
}

func (k *keyed) account(b []byte, c *authority.Case, p *stead.Principal) []byte {
	b = yes(b, p != nil)
	if p == nil {
		return b
	}
	b = text(b, string(p.Kind))
	b = text(b, p.Directory)
	b = text(b, p.Name)
	b = texts(b, p.Groups)
	if k.disabled {
		b = yes(b, p.Active())
	}
	if k.privileged {
		b = yes(b, len(p.Marks(c.App.Privileged)) > 0)
	}
	for _, name := range k.custom {
		v, there := p.Attributes[name]
		b = yes(b, there)
		b = text(b, v)
	}
	return b
}

func text(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

func texts(b []byte, list []string) []byte {
	b = binary.AppendUvarint(b, uint64(len(list)))
	for _, s := range list {
		b = text(b, s)
	}
	return b
}

func number(b []byte, n int64) []byte { return binary.BigEndian.AppendUint64(b, uint64(n)) }

func yes(b []byte, is bool) []byte {
	if is {
		return append(b, 1)
	}
	return append(b, 0)
}
