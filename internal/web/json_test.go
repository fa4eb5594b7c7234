package web_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/steadhq/stead/internal/web"
)

func TestCheckJSON(t *testing.T) {
	for text, ok := range map[string]bool{
		`{"a":{"b":1},"b":{"a":"a"},"c":["a","a",{"a":1},{"a":2}]}`: true,
		`"a"`: true, ` 1 `: true, `null`: true, `{"\"":1,"a\"":"b:"}`: true, `{"a":"a","b" : "b"}`: true, `["a:",":"]`: true,
		`{"a":1,"\u0061":2}`: false, `{"a" : 1,"A"	: 2}`: false, `{"x":{"a":1,"b":[],"a":2}}`: false, `{"":1,"":2}`: false,
		`{"\\":1,"\u005c":2}`: false, `{"a":1}x`: false, `1 2`: false, ``: false, `{"a":"` + "\xff" + `"}`: false, `{'a':1}`: false,
		`{"status":1,"ſtatus":2}`: false, `{"\u017fum":1,"SUM":2}`: false, `{"key":1,"\u212aey":2}`: false, `{"ς":1,"σ":2}`: false, // as Go's own reader folds them
		`{"a":1,"b":1,"c":1,"d":1,"e":1,"f":1,"g":1,"h":1,"i":1,"I":1}`: false, `{"a":1,"b":1,"c":1,"d":1,"e":1,"f":1,"g":1,"h":1,"i":1,"j":1,"A":1}`: false,
		`"\ud800"`: false, `{"\udc00":1}`: false, `"\ud83d\ude00"`: true, `"\ud83d\n\ude00"`: false, ` `: false, `[1`: false, `{"a":1e308}`: true, `{"a":1e999}`: false, `[-1e999]`: false, `{"a":12345678901234567890}`: true, `{"a"`: false, `{"a":}`: false,
		strings.Repeat("[", 32) + strings.Repeat("]", 32): true, strings.Repeat("[", 33) + strings.Repeat("]", 33): false,
	} {
		if err := web.CheckJSON([]byte(text)); (err == nil) != ok {
			t.Errorf("%.60s: %v", text, err)
		}
	}
}

// FuzzCheckJSON compares with encoding/json: what passes is read as it is there, and in a walk through its tokens no name is
// twice in one object.
func FuzzCheckJSON(f *testing.F) {
	for _, s := range []string{`{"a":1,"\u0061":2}`, `[{"a":"b:"},{"a":[]}]`, `{"\\":"\""}`, `{"a":{"a":1,"A":2}}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		if len(raw) > 1<<12 || web.CheckJSON(raw) != nil {
			return
		}
		var want any
		d := json.NewDecoder(bytes.NewReader(raw))
		d.UseNumber()
		if got, err := web.ParseJSON(raw); err != nil || d.Decode(&want) != nil || !cmp.Equal(want, got) {
			t.Fatalf("%q is read as %v: %v", raw, got, err)
		}
		d = json.NewDecoder(bytes.NewReader(raw))
		d.UseNumber()
		var open []map[string]bool // nil is an array
		name := false
		for {
			token, err := d.Token()
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				t.Fatalf("%q passed: %v", raw, err)
			}
			in := len(open) > 0 && open[len(open)-1] != nil
			switch s, isText := token.(string); {
			case token == json.Delim('{'):
				open, name = append(open, map[string]bool{}), true
				continue
			case token == json.Delim('['):
				open = append(open, nil)
				continue
			case token == json.Delim('}'), token == json.Delim(']'):
				open = open[:len(open)-1]
			case isText && in && name:
				if s = strings.ToLower(s); open[len(open)-1][s] {
					t.Fatalf("%q passed, and has %q twice", raw, s)
				}
				open[len(open)-1][s], name = true, false
				continue
			}
			name = len(open) > 0 && open[len(open)-1] != nil
		}
	})
}
