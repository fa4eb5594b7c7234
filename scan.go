package stead

import (
	"bytes"
	"slices"
	"unicode/utf8"
)

// A scanner reads JSON as encoding/json writes it: members in the order of the fields, nothing between the tokens. It
// gives up on all else, escapes and numbers that are no plain integers too; then what it has read means nothing.
type scanner struct {
	b    []byte
	i    int
	bad  bool
	kept *Decoder
}

// done tells whether everything was read and understood.
func (c *scanner) done() bool { return !c.bad && c.i == len(c.b) }

func (c *scanner) check(err error) {
	if err != nil {
		c.bad = true
	}
}

// next takes one byte if it is this one.
func (c *scanner) next(b byte) bool {
	if c.i < len(c.b) && c.b[c.i] == b {
		c.i++
		return true
	}
	return false
}

func (c *scanner) open(b byte) { c.bad = c.bad || !c.next(b) }
func (c *scanner) shut(b byte) { c.bad = c.bad || !c.next(b) }

// member takes a name if it is the next one.
func (c *scanner) member(name string) bool {
	i := c.i
	if c.bad || i == 0 {
		return false
	}
	if c.b[i-1] != '{' {
		if i >= len(c.b) || c.b[i] != ',' {
			return false
		}
		i++
	}
	end := i + len(name) + 3
	if end > len(c.b) || c.b[i] != '"' || string(c.b[i+1:end-2]) != name || c.b[end-2] != '"' || c.b[end-1] != ':' {
		return false
	}
	c.i = end
	return true
}

// null takes a null.
func (c *scanner) null() bool {
	if bytes.HasPrefix(c.b[c.i:], []byte("null")) {
		c.i += 4
		return true
	}
	return false
}

// string takes a text without escapes and gives what is between the quotes.
func (c *scanner) string() []byte {
	c.open('"')
	from, plain := c.i, true
	for ; c.i < len(c.b) && c.b[c.i] != '"'; c.i++ {
		switch b := c.b[c.i]; {
		case b < 0x20 || b == '\\':
			c.bad = true
		case b >= utf8.RuneSelf:
			plain = false
		}
	}
	s := c.b[from:c.i]
	c.shut('"')
	if !plain && !utf8.Valid(s) {
		c.bad = true
	}
	return s
}

// integer takes a number without fraction and exponent, of at most 18 digits.
func (c *scanner) integer() (n int64) {
	minus := c.next('-')
	from := c.i
	for ; c.i < len(c.b) && '0' <= c.b[c.i] && c.b[c.i] <= '9'; c.i++ {
		n = n*10 + int64(c.b[c.i]-'0')
	}
	if digits := c.i - from; digits == 0 || digits > 18 || digits > 1 && c.b[from] == '0' || minus && n == 0 {
		c.bad = true
	}
	if minus {
		return -n
	}
	return n
}

func text[T ~string](c *scanner, name string, to *T) {
	if c.member(name) {
		*to = T(c.string())
	}
}

// shared reads a text that other records say too.
func shared[T ~string](c *scanner, name string, to *T) {
	if c.member(name) {
		*to = one[T](c)
	}
}

func one[T ~string](c *scanner) T {
	b := c.string()
	if c.bad || c.kept.texts == nil {
		return T(b)
	}
	s, ok := c.kept.texts[string(b)]
	if !ok {
		if s = string(b); len(c.kept.texts) < mostTexts {
			c.kept.texts[s] = s
		}
	}
	return T(s)
}

func number[T int | int64 | uint64](c *scanner, name string, to *T) {
	if c.member(name) {
		n := c.integer()
		if *to = T(n); n < 0 && *to > 0 {
			c.bad = true
		}
	}
}

func truth(c *scanner, name string, to *bool) {
	if !c.member(name) {
		return
	}
	switch {
	case bytes.HasPrefix(c.b[c.i:], []byte("true")):
		*to, c.i = true, c.i+4
	case bytes.HasPrefix(c.b[c.i:], []byte("false")):
		*to, c.i = false, c.i+5
	default:
		c.bad = true
	}
}

// list reads a member that is a list; an empty one is not nil.
func list[T any](c *scanner, name string, to *[]T, item func(*scanner) T) {
	if !c.member(name) {
		return
	}
	if kept, ok := known[T](c); ok {
		*to = kept
		return
	}
	from := c.i
	*to = slices.Clip(items(c, item))
	if lists := c.kept.lists; lists != nil && !c.bad && len(lists) < mostLists {
		lists[string(c.b[from:c.i])] = *to
	}
}

// known takes a list that was read before. It ends with the first bracket: one that goes on after that is not known.
func known[T any](c *scanner) ([]T, bool) {
	end := bytes.IndexByte(c.b[c.i:], ']') + 1
	kept, ok := c.kept.lists[string(c.b[c.i:c.i+end])].([]T)
	if ok {
		c.i += end
	}
	return kept, ok
}

func items[T any](c *scanner, item func(*scanner) T) []T {
	if c.null() {
		return nil
	}
	all := []T{}
	c.open('[')
	for n := 0; !c.bad && !c.next(']'); n++ {
		if n > 0 {
			c.open(',')
		}
		all = append(all, item(c))
	}
	return all
}

// table reads a member whose names are data.
func table[T any](c *scanner, name string, to *map[string]T, item func(*scanner) T) {
	if !c.member(name) || c.null() {
		return
	}
	*to = map[string]T{}
	c.open('{')
	for n := 0; !c.bad && !c.next('}'); n++ {
		if n > 0 {
			c.open(',')
		}
		k := string(c.string())
		c.open(':')
		(*to)[k] = item(c)
	}
}
