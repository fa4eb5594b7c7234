package gateway

import (
	"net/http"
	"net/http/httputil"

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
		Rewrite: t.rewrite, Transport: g.Transport, ErrorLog: g.quiet, BufferPool: &g.buffers,
		ModifyResponse: func(res *http.Response) error {
			res.Header.Del("Set-Cookie")
			res.Header.Del("Clear-Site-Data")
			return t.redirects(res.Header, false)
		},
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			g.Door.Log.WarnContext(r.Context(), "application failed", "app", v.app.ID, "error", err)
			g.Door.Refuse(w, r, web.Status(http.StatusBadGateway, errNoAnswer()))
		},
	}
	p.ServeHTTP(w, r)
}
