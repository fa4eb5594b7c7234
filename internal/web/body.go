package web

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"reflect"
	"strings"
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
	if err := CheckJSON(raw); err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	var misfit *json.UnmarshalTypeError
	switch err := d.Decode(v); {
	case errors.As(err, &misfit):
		return bad("the body does not fit: %s is of the type %s, and %s is wanted", cmp.Or(misfit.Field, "it"), misfit.Value, wanted(misfit.Type))
	case err != nil:
		return bad("the body does not fit: %s", strings.TrimPrefix(err.Error(), "json: "))
	}
	return nil
}

// wanted is what of JSON a field takes.
func wanted(t reflect.Type) string {
	switch t.Kind() {
	case reflect.String:
		return "a string"
	case reflect.Bool:
		return "true or false"
	case reflect.Slice, reflect.Array:
		return "an array"
	case reflect.Struct, reflect.Map, reflect.Pointer, reflect.Interface:
		return "an object"
	}
	return "a number"
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
