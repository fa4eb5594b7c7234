package console

import (
	_ "embed"
	"net/http"

	"github.com/steadhq/stead/internal/web"
)

// sheetPath is where the style of these pages is; it only adds to the one that all pages share.
const sheetPath = "/static/console.css"

var (
	//go:embed console.css
	sheetText []byte
	//go:embed pages.css
	pagesText []byte
)

func sheet(w http.ResponseWriter, _ *http.Request) error {
	w.Header().Set("Content-Type", "text/css; charset=utf-8")
	w.Header().Set("Cache-Control", "no-cache")
	_, err := w.Write(append(sheetText[:len(sheetText):len(sheetText)], pagesText...))
	return err
}

// A frame is what every page has: the shell, and for whom its reader acts.
type frame struct {
	web.Shell
	Acting *running // shown on top; nil when he acts for nobody, or the page says so itself
	Now    *running // for the page that is about it
	Clock  string   // what time the server has, for what counts down
	Ruled  bool     // the reader reads the policy: pages link to its rules
}
