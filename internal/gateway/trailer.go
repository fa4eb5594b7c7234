package gateway

import (
	"io"
	"net/http"
	"slices"

	"github.com/steadhq/stead/internal/web"
)

// noTrailers are names that no trailer may have, either way: they steer, prove or place (RFC 9110 6.5.1), and what was
// checked in the head must not come again after it.
var noTrailers = []string{
	"Accept-Encoding", "Authorization", "Cache-Control", "Clear-Site-Data", "Connection", "Content-Encoding", "Content-Length",
	"Content-Range", "Content-Security-Policy", "Content-Type", "Cookie", "Destination", "Expect", "Forwarded", "Host",
	"If-Match", "If-Modified-Since", "If-None-Match", "If-Range", "If-Unmodified-Since", "Keep-Alive", "Link", "Location",
	"Origin", "Overwrite", "Range", "Referer", "Refresh", "Service-Worker-Allowed", "Set-Cookie", "Set-Cookie2", "Stead-Acting",
	"Te", "Trailer", "Transfer-Encoding", "Upgrade", "Www-Authenticate",
}

// trailing tells which names may stand after a body.
func (g *Gateway) trailing(name string) bool {
	folded := web.FoldHeader(name)
	is := func(other string) bool { return web.FoldHeader(other) == folded }
	return !g.reserved.Reserved(name) && !slices.ContainsFunc(noTrailers, is) && !slices.ContainsFunc(credentials, is) && !overrides(name)
}

// announced are the names of t that may stand after a body, still without their values.
func (g *Gateway) announced(t http.Header) http.Header {
	var out http.Header
	for name := range t {
		if g.trailing(name) {
			if out == nil {
				out = http.Header{}
			}
			out[name] = nil
		}
	}
	return out
}

// trailers sends on what in says after its body, as far as it was announced and may stand there (S-I25).
func (g *Gateway) trailers(in, out *http.Request) {
	out.Trailer = g.announced(in.Trailer)
	if out.Trailer != nil && out.Body != nil {
		out.Body = &trailed{ReadCloser: out.Body, from: in.Trailer, to: out.Trailer}
	}
}

// trailed copies the trailers that were announced, when the body is over and they are there.
type trailed struct {
	io.ReadCloser
	from, to http.Header
}

func (t *trailed) Read(p []byte) (int, error) {
	n, err := t.ReadCloser.Read(p)
	if err == io.EOF { //nolint:errorlint // readers give it as it is
		for name := range t.to {
			t.to[name] = t.from[name]
		}
	}
	return n, err
}

// closing looks at what an application says after its answer, now and when it is there, and does not wait for ever.
func (t *trip) closing(res *http.Response) {
	g := t.g
	if g.strip(res.Trailer); res.ContentLength < 0 || len(res.Trailer) > 0 {
		res.Body = &ending{ReadCloser: res.Body, over: func() { g.strip(res.Trailer) }}
	}
	if t.cut != nil {
		res.Body = patience(res.Body, t.v.app.Reach.Idle, t.cut)
	}
}

func (g *Gateway) strip(t http.Header) {
	for name := range t {
		if !g.trailing(name) {
			delete(t, name)
		}
	}
}

type ending struct {
	io.ReadCloser
	over func()
}

func (e *ending) Read(p []byte) (int, error) {
	n, err := e.ReadCloser.Read(p)
	if err != nil {
		e.over()
	}
	return n, err
}

func (e *ending) Close() error {
	err := e.ReadCloser.Close()
	e.over() // closing reads to the end
	return err
}
