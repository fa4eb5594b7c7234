package console

import (
	_ "embed"
	"net/http"
	"slices"

	"github.com/steadhq/stead/internal/web"
)

// scriptPath is where the one module is that pages load. Every page is whole without it.
const scriptPath = "/static/live.js"

//go:embed live.js
var scriptText []byte

func script(w http.ResponseWriter, _ *http.Request) error {
	w.Header().Set("Content-Type", "text/javascript; charset=utf-8")
	w.Header().Set("Cache-Control", "no-cache")
	_, err := w.Write(scriptText)
	return err
}

// A key is a shortcut, and the page that it leads to, where it leads to one.
type key struct{ Keys, Does, Href string }

// keys are the shortcuts that live.js knows and that lead somewhere from here.
func (f frame) keys() []key {
	all := []key{{"/", "to the search", ""}, {"?", "these keys", ""}, {"j  k", "next and previous row", ""}, {"Enter", "open the row", ""}, {"a  d", "to the yes and to the no", ""},
		{"g h", "home", "/"}, {"g c", "act", "/act"}, {"g r", "requests", "/requests"}, {"g m", "mandates", "/mandates"}, {"g n", "agents", "/agents"}, {"g a", "trail", "/audit"},
		{"g e", "reports", "/reports"}, {"g p", "people", "/people"}, {"g l", "policies", "/policies"}, {"g s", "settings", "/settings"}, {"g t", "health", "/health"}, {"g i", "my account", "/me"}}
	return slices.DeleteFunc(all, func(k key) bool {
		return k.Href != "" && !slices.ContainsFunc(f.Nav, func(l web.Link) bool { return l.Href == k.Href })
	})
}
