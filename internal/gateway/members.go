package gateway

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/steadhq/stead/internal/web"
)

// readMembers reads the members of a JSON object as parameters: strings, whole numbers and booleans as their text. It
// is not ok when two parsers could differ over any of it.
func readMembers(raw []byte) (list []param, ok bool) {
	if !utf8.Valid(raw) || !json.Valid(raw) || bytes.Contains(raw, []byte(`\u0000`)) {
		return nil, false
	}
	ok = web.CheckJSON(raw) == nil
	d := json.NewDecoder(bytes.NewReader(raw))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, false
	}
	for d.More() { // what is not ok is read on: a rule may close it by a name
		if len(list) >= maxParams {
			return list, false
		}
		name, err := d.Token()
		var value json.RawMessage
		if err != nil || d.Decode(&value) != nil {
			return list, false
		}
		p := member(name.(string), value)
		ok = ok && !strings.ContainsRune(p.name+p.value, utf8.RuneError) // half of a surrogate pair
		list = append(list, p)
	}
	return list, ok
}

// member is opaque when its value is none that a form could hold, or a number that can be written in two ways.
func member(name string, value json.RawMessage) param {
	p := param{name: name, value: string(value)}
	switch c := value[0]; {
	case c == '"':
		p.opaque = json.Unmarshal(value, &p.value) != nil
	case c == '-' || '0' <= c && c <= '9':
		p.opaque = !wholeNumber.MatchString(p.value)
	default:
		p.opaque = c != 't' && c != 'f'
	}
	return p
}

// wholeNumber is what every parser takes for the same number: beyond 2^53 they differ.
var wholeNumber = regexp.MustCompile(`\A(0|-?[1-9][0-9]{0,14})\z`)
