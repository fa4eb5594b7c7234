package web

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/a-h/templ"
	"github.com/steadhq/stead"
)

// StaticPath is where our own stylesheet and pictures are, on every host.
const StaticPath = "/.stead/static/"

//go:embed static
var files embed.FS

// Static serves our own files. They hold nothing of anybody's, so caches may keep them while they ask.
func Static(w http.ResponseWriter, r *http.Request) error {
	name := path.Base(r.URL.Path)
	raw, err := fs.ReadFile(files, "static/"+name)
	if err != nil || r.URL.Path != StaticPath+name {
		return stead.E(stead.Missing, stead.ReasonNoRoute, "there is no such file")
	}
	sum := sha256.Sum256(raw)
	tag := `"` + hex.EncodeToString(sum[:8]) + `"`
	h := w.Header()
	h.Set("Cache-Control", "no-cache")
	h.Set("Etag", tag)
	h.Set("Content-Type", mime.TypeByExtension(path.Ext(name)))
	if r.Header.Get("If-None-Match") == tag {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	_, err = w.Write(raw)
	return err
}

// attributes are those of an input that depend on what is known of the field.
func (f FieldSpec) attributes() templ.Attributes {
	a := templ.Attributes{"required": f.Required, "autofocus": f.Autofocus}
	for name, value := range map[string]string{
		"autocomplete": f.Autocomplete, "inputmode": f.Inputmode, "pattern": f.Pattern, "aria-describedby": f.describedBy(),
	} {
		if value != "" {
			a[name] = value
		}
	}
	if f.Error != "" {
		a["aria-invalid"] = "true"
	}
	return a
}

// facts is what one may be asked for when one asks why.
func (p Problem) facts() [][2]string {
	facts := [][2]string{{"Reason", string(p.ReasonCode)}}
	if p.DecisionID != "" {
		facts = append(facts, [2]string{"Decision", string(p.DecisionID)})
	}
	return facts
}

// Sentence writes the text of an error as people read it: it begins small and ends open, since programs put words
// around it.
func Sentence(text string) string {
	first, size := utf8.DecodeRuneInString(text)
	if size == 0 {
		return ""
	}
	return strings.TrimRight(string(unicode.ToUpper(first))+text[size:], ".") + "."
}

func (p Problem) foot() string {
	if p.RequestID == "" {
		return ""
	}
	return "Request " + p.RequestID
}
