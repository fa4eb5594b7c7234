package demo

import (
	"embed"
	"mime"
	"net/http"
	"path"
)

//go:embed static
var files embed.FS

// assets are the same for everybody, so they may be kept.
func assets(w http.ResponseWriter, r *http.Request) {
	raw, err := files.ReadFile("static/" + path.Base(r.URL.Path))
	if err != nil || path.Dir(r.URL.Path) != "/static" {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", mime.TypeByExtension(path.Ext(r.URL.Path)))
	w.Header().Set("Cache-Control", "public, max-age=300")
	_, _ = w.Write(raw) // a client that is gone is nobody's to tell
}
