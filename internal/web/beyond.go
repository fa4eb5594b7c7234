package web

import (
	"net/http"

	"github.com/steadhq/stead"
)

// Beyond serves mux, and answers itself where mux has nothing: with the guard and in the shape of every other answer,
// which net/http's own plain text lacks.
func (d Door) Beyond(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h, pattern := mux.Handler(r)
		if pattern != "" {
			mux.ServeHTTP(w, r)
			return
		}
		n := &nothing{head: http.Header{}}
		h.ServeHTTP(n, r)
		err := error(stead.E(stead.Missing, stead.ReasonNoRoute, "nothing is at this address"))
		if allow := n.head.Get("Allow"); n.code == http.StatusMethodNotAllowed && allow != "" {
			w.Header().Set("Allow", allow)
			err = Status(n.code, stead.E(stead.Invalid, stead.ReasonRequest, "%s does nothing here: use %s", r.Method, allow))
		}
		d.Refuse(w, r, err)
	})
}

// nothing takes what net/http would have said.
type nothing struct {
	head http.Header
	code int
}

func (n *nothing) Header() http.Header         { return n.head }
func (n *nothing) Write(p []byte) (int, error) { return len(p), nil }
func (n *nothing) WriteHeader(code int)        { n.code = code }
