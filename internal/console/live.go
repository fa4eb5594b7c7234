package console

import (
	_ "embed"
	"net/http"
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

// A key is a shortcut.
type key struct{ Keys, Does string }

// keys are the shortcuts that live.js knows.
func keys() []key {
	return []key{{"/", "to the search"}, {"?", "these keys"}, {"j  k", "next and previous row"}, {"Enter", "open the row"}, {"a  d", "to the yes and to the no"}, {"g h", "home"}, {"g c", "act"},
		{"g r", "requests"}, {"g m", "mandates"}, {"g n", "agents"}, {"g a", "trail"}, {"g e", "reports"}, {"g p", "people"},
		{"g l", "policies"}, {"g s", "settings"}, {"g t", "health"}, {"g i", "my account"}}
}
