package web

import (
	"bytes"
	"encoding/json"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/steadhq/stead"
)

// CheckJSON refuses a text that two parsers could read differently: no JSON, more than one value, a name given twice
// in any case, nested too deep, half a character. It is what ReadJSON asks first, for doors that decode by other means.
func CheckJSON(raw []byte) error {
	_, err := jsonReader{jsonOf(raw), false}.all()
	return err
}

// ParseJSON is CheckJSON that gives what it has read: map[string]any, []any, string, bool, nil, and numbers as they are
// written (json.Number).
func ParseJSON(raw []byte) (any, error) { return jsonReader{jsonOf(raw), true}.all() }

// jsonOf minds names itself: to it those that differ in case alone are two.
func jsonOf(raw []byte) *jsontext.Decoder {
	return jsontext.NewDecoder(bytes.NewBuffer(raw), jsontext.AllowDuplicateNames(true))
}

type jsonReader struct {
	*jsontext.Decoder
	keep bool // what was read
}

func (r jsonReader) all() (any, error) {
	v, err := r.value()
	if err == nil {
		if _, err = r.ReadToken(); err == io.EOF { //nolint:errorlint // as the decoder gives it
			return v, nil
		}
	}
	if stead.KindOf(err) == stead.Invalid {
		return nil, err
	}
	return nil, bad("the body is no JSON in UTF-8, or more than one value")
}

func (r jsonReader) value() (any, error) {
	t, err := r.ReadToken()
	switch {
	case err != nil:
		return nil, err
	case r.StackDepth() > maxDepth:
		return nil, bad("the body is nested over %d levels", maxDepth)
	}
	switch k := t.Kind(); {
	case k == '{':
		return r.object()
	case k == '[':
		return r.list()
	case k == '0' && !finite(t.String()):
		return nil, bad("a number is larger than any that is the same everywhere (RFC 7493 2.2)")
	case !r.keep || k == 'n':
		return nil, nil
	case k == '"':
		return t.String(), nil
	case k == '0':
		return json.Number(t.String()), nil
	}
	return t.Bool(), nil
}

// finite tells whether a number is one that a float64 comes near to.
func finite(text string) bool {
	_, err := strconv.ParseFloat(text, 64)
	return err == nil
}

func (r jsonReader) object() (any, error) {
	var all map[string]any
	if r.keep {
		all = map[string]any{}
	}
	var seen names
	for r.PeekKind() != '}' {
		t, err := r.ReadToken()
		if err != nil {
			return nil, err
		}
		name := t.String()
		if seen.twice(name) {
			return nil, bad("the name %q is given twice", name)
		}
		v, err := r.value()
		if err != nil {
			return nil, err
		}
		if r.keep {
			all[name] = v
		}
	}
	_, err := r.ReadToken()
	return all, err
}

func (r jsonReader) list() (any, error) {
	all := []any{}
	for r.PeekKind() != ']' {
		v, err := r.value()
		if err != nil {
			return nil, err
		}
		if r.keep {
			all = append(all, v)
		}
	}
	_, err := r.ReadToken()
	return all, err
}

// Names are those of one object so far. Few are quicker looked through than looked up.
type names struct {
	few  [8]string
	n    int // of the few
	more map[string]bool
}

// twice notes a name, and tells whether it was there before, in any case.
func (n *names) twice(name string) bool {
	name = folded(name)
	switch {
	case slices.Contains(n.few[:n.n], name) || n.more[name]:
		return true
	case n.n < len(n.few):
		n.few[n.n] = name
		n.n++
		return false
	case n.more == nil:
		n.more = map[string]bool{}
	}
	n.more[name] = true
	return false
}

// folded is one name for all that a reader who minds no case takes for the same: the long s is an s to Go's own.
func folded(name string) string {
	name = strings.ToLower(name)
	if strings.IndexFunc(name, func(r rune) bool { return r >= utf8.RuneSelf }) < 0 {
		return name
	}
	return strings.Map(func(r rune) rune {
		least := r
		for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
			least = min(least, f)
		}
		return unicode.ToLower(least)
	}, name)
}
