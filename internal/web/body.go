package web

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/steadhq/stead"
)

const (
	maxBody  = 1 << 20
	maxDepth = 32
	maxField = 4 << 10 // what is typed into a form is recorded, and read by people
)

// ReadJSON reads the body of r into v. A field that v has not, a name given twice in any case, a second value, more
// than 1 MiB or 32 levels are refused: nothing may be read in two ways, and nothing is set that was not offered (L2).
func ReadJSON(w http.ResponseWriter, r *http.Request, v any) error {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || (kind != "application/json" && !strings.HasSuffix(kind, "+json")) {
		return Status(http.StatusUnsupportedMediaType, bad("send application/json"))
	}
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		return readError(err)
	}
	if err := checkJSON(raw); err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return bad("the body does not fit: %s", strings.TrimPrefix(err.Error(), "json: "))
	}
	return nil
}

// ReadForm reads a form body, and no query: what is in the address was not typed into the form.
func ReadForm(w http.ResponseWriter, r *http.Request) error {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/x-www-form-urlencoded" {
		return Status(http.StatusUnsupportedMediaType, bad("send application/x-www-form-urlencoded"))
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	if err := r.ParseForm(); err != nil {
		return readError(err)
	}
	for name, values := range r.PostForm {
		switch {
		case len(values) > 1:
			return bad("the field %q is given twice", name)
		case len(values[0]) > maxField:
			return bad("the field %q is over %d bytes", name, maxField)
		case !utf8.ValidString(values[0]):
			return bad("the field %q is not UTF-8", name)
		}
	}
	return nil
}

// WriteJSON answers with v.
func WriteJSON(w http.ResponseWriter, status int, v any) error {
	raw, err := json.Marshal(v)
	if err != nil {
		return stead.Because(err, "writing the answer")
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, err = w.Write(append(raw, '\n'))
	return err
}

func readError(err error) error {
	var big *http.MaxBytesError
	if errors.As(err, &big) {
		return err
	}
	return bad("the body could not be read")
}

// checkJSON refuses what could be read in two ways: one value, no name twice in one object, not too deep.
func checkJSON(raw []byte) error {
	switch {
	case !utf8.Valid(raw):
		return bad("the body is not UTF-8")
	case !json.Valid(raw):
		return bad("the body is no JSON, or more than one value")
	}
	return onceNamed(string(raw))
}

// A member is one name in one of the objects of a text.
type member struct {
	object int
	name   string
}

// onceNamed walks a text that is JSON: in no object is there a name twice, in any case, and nothing is nested too deep.
func onceNamed(text string) error {
	seen := map[member]bool{}
	var open []int // the number of each object that is open, 0 for an array
	objects := 0
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '{', '[':
			if len(open) == maxDepth {
				return bad("the body is nested over %d levels", maxDepth)
			}
			number := 0
			if text[i] == '{' {
				objects++
				number = objects
			}
			open = append(open, number)
		case '}', ']':
			open = open[:len(open)-1]
		case '"':
			end := closing(text, i)
			if strings.HasPrefix(strings.TrimLeft(text[end+1:], " \t\r\n"), ":") {
				m := member{open[len(open)-1], strings.Map(folded, strings.ToLower(unquoted(text[i:end+1])))}
				if seen[m] {
					return bad("the name %q is given twice", m.name)
				}
				seen[m] = true
			}
			i = end
		}
	}
	return nil
}

// folded is one letter for all that a reader who minds no case takes for the same: the long s is an s to Go's own.
func folded(r rune) rune {
	least := r
	for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
		least = min(least, f)
	}
	return least
}

// closing is where the string that begins at from ends.
func closing(text string, from int) int {
	for i := from + 1; ; i++ {
		switch text[i] {
		case '\\':
			i++
		case '"':
			return i
		}
	}
}

// unquoted is what a JSON string says.
func unquoted(quoted string) (said string) {
	if !strings.Contains(quoted, `\`) {
		return quoted[1 : len(quoted)-1]
	}
	if err := json.Unmarshal([]byte(quoted), &said); err != nil {
		return quoted // no valid JSON has such a string
	}
	return said
}
