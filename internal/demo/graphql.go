package demo

import (
	"net/http"
	"regexp"
	"strings"
)

// The two forms of document this shop understands: one operation, whole, and nothing beside it.
var (
	queryForm    = regexp.MustCompile(`^\s*(?:query(?:\s+\w+)?\s*)?\{\s*(orders|order\(\s*id\s*:\s*(\d+)\s*\))\s*(?:\{[\w\s,]*\}\s*)?\}\s*$`)
	mutationForm = regexp.MustCompile(`^\s*mutation(?:\s+\w+)?\s*\{\s*(cancelOrder)\(\s*id\s*:\s*(\d+)\s*\)\s*(?:\{[\w\s,]*\}\s*)?\}\s*$`)
)

// graphql reads or writes by what the document says: one path and one method for both.
func (a *App) graphql(w http.ResponseWriter, r *http.Request, v visitor) {
	var document string
	if text := readFields(w, r, map[string]*string{"query": &document}); text != "" {
		a.refuse(w, r, v, http.StatusBadRequest, text)
		return
	}
	if m := mutationForm.FindStringSubmatch(document); m != nil {
		o, status, text := a.drop(v, m[2])
		writeGraph(w, "cancelOrder", viewOf(o), status, text)
		return
	}
	m := queryForm.FindStringSubmatch(document)
	switch {
	case m == nil:
		writeGraph(w, "", nil, http.StatusBadRequest, "Ask { orders { id } }, { order(id: 7) { id } } or mutation { cancelOrder(id: 7) { id } }.")
	case strings.HasPrefix(m[1], "order("):
		o, ok := a.order(v, m[2])
		if !ok {
			writeGraph(w, "order", nil, http.StatusOK, "There is no such order.")
			return
		}
		writeGraph(w, "order", viewOf(o), http.StatusOK, "")
	default:
		writeGraph(w, "orders", viewsOf(a.find(v, "", "", "", 0))["orders"], http.StatusOK, "")
	}
}

func writeGraph(w http.ResponseWriter, name string, data any, status int, text string) {
	if text != "" {
		writeJSON(w, status, map[string]any{"data": nil, "errors": []map[string]string{{"message": text}}})
		return
	}
	writeJSON(w, status, map[string]any{"data": map[string]any{name: data}})
}
