package gateway

import (
	"net/http"
	"net/http/httputil"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/web"
)

// public sends a static file on without anybody's identity and without a record; the rule decided it. It is counted
// for the next page of whoever is signed in.
func (g *Gateway) public(w http.ResponseWriter, r *http.Request, v *visit) {
	if by, err := g.present(r); err == nil {
		g.tally.add(by.Session)
	}
	t := &trip{g: g, v: v, in: r}
	p := httputil.ReverseProxy{
		Rewrite: t.rewrite, Transport: g.to(v.app), ErrorLog: g.quiet, BufferPool: &g.buffers,
		ModifyResponse: func(res *http.Response) error {
			res.Header.Del("Set-Cookie")
			res.Header.Del("Clear-Site-Data")
			if err := t.redirects(res.Header, false); err != nil {
				return err
			}
			t.closing(res)
			v.names.response(res)
			if v.place.label != "" {
				res.Header.Del("Service-Worker-Allowed")
				t.narrow(res.Header)
			}
			return nil
		},
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			g.Door.Log.WarnContext(r.Context(), "application failed", "app", v.app.ID, "error", err)
			code, text := noAnswerFor(err)
			g.Door.Refuse(w, r, web.Status(code, stead.E(stead.Conflict, stead.ReasonBroken, "%s", text)))
		},
	}
	w.Header()["Content-Type"] = nil // what the application does not say, the server does not guess
	p.ServeHTTP(w, r)
}
