package gateway

import (
	"bytes"
	"crypto/sha512"
	"embed"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/steadhq/stead"
)

// Where our own files are.
const (
	barStyle    = "/.stead/static/bar.css"
	barScript   = "/.stead/static/bar.js"
	frameScript = "/.stead/static/frame.js"
	guardScript = "/.stead/static/guard.js"
)

//go:embed static
var files embed.FS

// A script is one of ours that goes into other people's pages, put together from its parts.
type script struct {
	path    string
	text    []byte
	hash    string // as integrity has it
	version string // what its address ends in, so that browsers may keep it
}

// scripts makes the indicator's, that of the page around an application's, and the guard's.
func (g *Gateway) scripts() (err error) {
	parts := []string{"bar/browser.js", "bar/time.js", "bar/draw.js", "bar/cover.js", "bar/place.js", "bar/clicks.js", "bar/indicator.css", "bar/begin.js"}
	if g.script, err = newScript(barScript, parts...); err != nil {
		return err
	}
	if g.framing, err = newScript(frameScript, append(parts, "bar/frame.js")...); err != nil {
		return err
	}
	g.guard, err = newScript(guardScript, "guard/guard.css", "guard/guard.js")
	return err
}

// newScript puts the parts in the order they need, with the look that they draw in.
func newScript(path string, parts ...string) (script, error) {
	var b bytes.Buffer
	b.WriteString("(() => {\n")
	for _, name := range parts {
		raw, err := files.ReadFile("static/" + name)
		if err != nil {
			return script{}, stead.Because(err, "read a script")
		}
		if strings.HasSuffix(name, ".css") {
			quoted, err := json.Marshal(string(raw))
			if err != nil {
				return script{}, stead.Because(err, "quote a look")
			}
			raw = []byte("const looks = " + string(quoted) + ";\n")
		}
		b.Write(raw)
	}
	b.WriteString("})();\n")
	sum := sha512.Sum384(b.Bytes())
	return script{path, b.Bytes(), "sha384-" + base64.StdEncoding.EncodeToString(sum[:]), hex.EncodeToString(sum[:6])}, nil
}

// serve gives the script. Who asks for this very one may keep it.
func (s script) serve(w http.ResponseWriter, r *http.Request) error {
	h := w.Header()
	h.Set("Content-Type", "text/javascript; charset=utf-8")
	h.Set("Access-Control-Allow-Origin", "*") // of a sandbox too, which has no origin: it is nobody's secret
	h.Set("Cross-Origin-Resource-Policy", "cross-origin")
	h.Set("Cache-Control", "no-cache")
	if r.URL.RawQuery == "v="+s.version {
		h.Set("Cache-Control", "private, max-age=31536000, immutable")
	}
	_, err := w.Write(s.text)
	return err
}

// sheet gives the style of the bar that needs no script.
func sheet(w http.ResponseWriter, _ *http.Request) error {
	raw, err := files.ReadFile("static/bar.css")
	if err != nil {
		return stead.Because(err, "read the stylesheet")
	}
	w.Header().Set("Content-Type", "text/css; charset=utf-8")
	w.Header().Set("Cache-Control", "no-cache")
	// The page it colours may be in a sandbox, and then has no origin.
	w.Header().Set("Cross-Origin-Resource-Policy", "cross-origin")
	_, err = w.Write(raw)
	return err
}
