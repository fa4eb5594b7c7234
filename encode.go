package stead

import (
	"encoding/base64"
	"encoding/hex"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"
)

// TimeForm is how times stand in events and digests: UTC, microseconds.
const TimeForm = "2006-01-02T15:04:05.000000Z"

// AppendTime writes t in TimeForm.
func AppendTime(b []byte, t time.Time) []byte {
	b = t.UTC().AppendFormat(b, time.RFC3339) // a form that the standard library is quick at; it ends in Z
	b[len(b)-1] = '.'
	for micro, unit := t.Nanosecond()/1000, 100_000; unit > 0; unit /= 10 {
		b = append(b, '0'+byte(micro/unit%10))
	}
	return append(b, 'Z')
}

// AppendEvent writes e as it is stored and hashed: RFC 8785 order, who and what being the sealed parts. Empty
// members are left out. The index is not written: the place in the log is the index.
func AppendEvent(b []byte, e *Event, who, what []byte) []byte {
	o := object{b: append(b, '{')}
	o.text("actor", string(e.Actor))
	o.text("app", string(e.App))
	o.time("at", e.At)
	o.counts(e.Counts)
	o.text("decision", string(e.Decision))
	o.text("id", string(e.ID))
	o.text("kind", string(e.Kind))
	o.text("mandate", string(e.Mandate))
	o.text("of", string(e.Of))
	o.text("outcome", string(e.Outcome))
	o.text("policy", e.Policy)
	o.text("reason", string(e.Reason))
	o.records(e.Records)
	o.text("session", string(e.Session))
	o.number("size", e.Size)
	o.number("status", int64(e.Status))
	o.text("subject", string(e.Subject))
	o.number("v", 1)
	o.bytes("what", what)
	o.bytes("who", who)
	return append(o.b, '}')
}

// AppendFields writes f in the order of its names: the plain text of a sealed part.
func AppendFields(b []byte, f Fields) []byte {
	var room [24]field
	all := room[:0]
	for k, v := range f {
		all = append(all, field{k, v})
	}
	slices.SortFunc(all, func(x, y field) int { return compareUTF16(x.name, y.name) })
	o := object{b: append(b, '{')}
	for _, f := range all {
		o.text(f.name, f.value)
	}
	return append(o.b, '}')
}

type field struct{ name, value string }

// An object writes the members of one JSON object. Members must come in RFC 8785 order; numbers are integers
// that I-JSON holds exactly.
type object struct {
	b    []byte
	more bool
}

func (o *object) name(k string) {
	if o.more {
		o.b = append(o.b, ',')
	}
	o.more = true
	o.b = AppendString(o.b, k)
	o.b = append(o.b, ':')
}

func (o *object) text(k, v string) {
	if v != "" {
		o.name(k)
		o.b = AppendString(o.b, v)
	}
}

func (o *object) number(k string, v int64) {
	if v != 0 {
		o.name(k)
		o.b = strconv.AppendInt(o.b, v, 10)
	}
}

func (o *object) bytes(k string, v []byte) {
	if len(v) > 0 {
		o.name(k)
		o.b = append(o.b, '"')
		o.b = base64.RawURLEncoding.AppendEncode(o.b, v)
		o.b = append(o.b, '"')
	}
}

func (o *object) time(k string, t time.Time) {
	o.name(k)
	o.b = append(AppendTime(append(o.b, '"'), t), '"')
}

func (o *object) counts(cs []Count) {
	if len(cs) == 0 {
		return
	}
	o.name("counts")
	o.b = append(o.b, '[')
	for i, c := range cs {
		if i > 0 {
			o.b = append(o.b, ',')
		}
		in := object{b: append(o.b, '{')}
		in.text("key", c.Key)
		in.number("max", c.Max)
		in.number("n", c.N)
		in.text("op", string(c.Op))
		if !c.Until.IsZero() {
			in.time("until", c.Until)
		}
		o.b = append(in.b, '}')
	}
	o.b = append(o.b, ']')
}

func (o *object) records(rs []RecordRef) {
	if len(rs) == 0 {
		return
	}
	o.name("records")
	o.b = append(o.b, '[')
	for i, r := range rs {
		if i > 0 {
			o.b = append(o.b, ',')
		}
		in := object{b: append(o.b, '{')}
		in.text("id", r.ID)
		in.text("kind", string(r.Kind))
		in.name("sha256")
		in.b = append(in.b, '"')
		in.b = hex.AppendEncode(in.b, r.SHA256[:])
		in.b = append(in.b, '"')
		in.number("version", int64(r.Version))
		o.b = append(in.b, '}')
	}
	o.b = append(o.b, ']')
}

// AppendString writes s as an RFC 8785 string: the shortest escapes, no others; what is no UTF-8 becomes U+FFFD.
func AppendString(b []byte, s string) []byte {
	const digits = "0123456789abcdef"
	b = append(b, '"')
	for i := 0; i < len(s); {
		n := plain(s[i:])
		b = append(b, s[i:i+n]...)
		if i += n; i == len(s) {
			break
		}
		c := s[i]
		if c >= utf8.RuneSelf {
			r, n := utf8.DecodeRuneInString(s[i:])
			b = utf8.AppendRune(b, r)
			i += n
			continue
		}
		switch i++; {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c == '\b':
			b = append(b, '\\', 'b')
		case c == '\t':
			b = append(b, '\\', 't')
		case c == '\n':
			b = append(b, '\\', 'n')
		case c == '\f':
			b = append(b, '\\', 'f')
		case c == '\r':
			b = append(b, '\\', 'r')
		default:
			b = append(b, '\\', 'u', '0', '0', digits[c>>4], digits[c&15])
		}
	}
	return append(b, '"')
}

// plain is how many bytes at the beginning of s stand for themselves: nearly always all.
func plain(s string) int {
	for i := range len(s) {
		if c := s[i]; c < 0x20 || c >= utf8.RuneSelf || c == '"' || c == '\\' {
			return i
		}
	}
	return len(s)
}

// compareUTF16 orders strings by their UTF-16 code units, as RFC 8785 3.2.3 asks.
func compareUTF16(a, b string) int {
	for a != "" && b != "" && a[0] == b[0] && a[0] < utf8.RuneSelf {
		a, b = a[1:], b[1:]
	}
	for a != "" && b != "" {
		ra, na := utf8.DecodeRuneInString(a)
		rb, nb := utf8.DecodeRuneInString(b)
		if ra != rb {
			return int(utf16Rank(ra)) - int(utf16Rank(rb))
		}
		a, b = a[na:], b[nb:]
	}
	return len(a) - len(b)
}

// utf16Rank moves the characters beyond the basic plane to where their surrogates sort: before U+E000.
func utf16Rank(r rune) int64 {
	switch {
	case r >= 0x10000:
		return 0xD800<<8 + int64(r-0x10000)
	case r >= 0xE000:
		return int64(r)<<8 + 0x100000<<8
	}
	return int64(r) << 8
}
