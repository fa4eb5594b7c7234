package gateway

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// A mapping writes one set of host names for another, wherever text names them. An application whose pages, redirects
// and forms name its own host would otherwise lead off the mandate's.
type mapping struct {
	from, to [][]byte
	alone    bool // a name counts only where it stands by itself, not within a longer one
	longest  int
}

// add notes a name in each way that it is written with its port.
func (m *mapping) add(from, to string) {
	for _, colon := range []string{":", "%3A", "%3a"} {
		f := strings.Replace(from, ":", colon, 1)
		m.from, m.to = append(m.from, []byte(f)), append(m.to, []byte(strings.Replace(to, ":", colon, 1)))
		m.longest = max(m.longest, len(f))
		if !strings.Contains(from, ":") {
			return
		}
	}
}

// mappings are the two of a place: of what comes in, from the mandate's hosts to the application's, and of what goes
// out. At an application's own host there is nothing to map.
func (g *Gateway) mappings(p place) (in, out *mapping) {
	if p.label == "" {
		return nil, nil
	}
	in, out = &mapping{}, &mapping{alone: true}
	for n, own := range p.app.Hosts {
		acting := g.actingHost(p.app, n, p.label)
		in.add(acting, own)
		out.add(own, acting)
	}
	return in, out
}

// text maps the whole of s.
func (m *mapping) text(s string) string {
	if m == nil {
		return s
	}
	r := mapped{m: m, src: io.NopCloser(strings.NewReader(s))}
	raw, err := io.ReadAll(&r)
	if err != nil {
		return s // a string can always be read
	}
	return string(raw)
}

// header maps every value.
func (m *mapping) header(h http.Header) {
	if m == nil {
		return
	}
	for _, values := range h {
		for i, v := range values {
			if m.names([]byte(v)) {
				values[i] = m.text(v)
			}
		}
	}
}

func (m *mapping) names(b []byte) bool {
	_, _, found := m.next(b, 0)
	return found
}

// next finds the first name in b from at on: which, and where.
func (m *mapping) next(b []byte, at int) (which, where int, found bool) {
	where = len(b)
	for i, f := range m.from {
		n := bytes.Index(b[at:], f)
		if n >= 0 && (at+n < where || at+n == where && found && len(f) > len(m.from[which])) {
			which, where, found = i, at+n, true
		}
	}
	return which, where, found
}

// request maps what comes in, before anything is classified: what was classified is what is sent. A target that does not
// parse any more afterwards is left as it is.
func (m *mapping) request(r *http.Request) {
	if m == nil {
		return
	}
	if raw := r.URL.EscapedPath(); m.names([]byte(raw)) {
		if p, err := url.PathUnescape(m.text(raw)); err == nil {
			r.URL.Path, r.URL.RawPath = p, m.text(raw)
		}
	}
	r.URL.RawQuery = m.text(r.URL.RawQuery)
	m.header(r.Header)
	if r.Body == nil || r.Body == http.NoBody || r.ContentLength == 0 || !textual(r.Header.Get("Content-Type")) ||
		r.Header.Get("Content-Encoding") != "" {
		return
	}
	if r.ContentLength < 0 || r.ContentLength > maxParsed || r.Header.Get("Expect") != "" {
		r.Body, r.ContentLength = &mapped{m: m, src: r.Body}, -1
		r.Header.Del("Content-Length")
		return
	}
	// Many servers of applications take no body that does not say how long it is.
	body := r.Body
	raw, err := io.ReadAll(&mapped{m: m, src: body})
	r.Body = again{bytes.NewReader(raw), body}
	if err != nil {
		r.Body, r.ContentLength = again{io.MultiReader(bytes.NewReader(raw), broken{err}), body}, -1
		r.Header.Del("Content-Length")
		return
	}
	r.ContentLength = int64(len(raw))
	r.Header.Set("Content-Length", strconv.Itoa(len(raw)))
}

// broken is the end of a body that did not come whole.
type broken struct{ err error }

func (b broken) Read([]byte) (int, error) { return 0, b.err }

// response maps what goes out, if it is text.
func (m *mapping) response(res *http.Response) {
	if m == nil {
		return
	}
	m.header(res.Header)
	if res.StatusCode == http.StatusPartialContent || res.StatusCode < 200 || !textual(res.Header.Get("Content-Type")) || !unpack(res) {
		return
	}
	for _, name := range []string{"Content-Length", "Content-Md5", "Digest", "Etag", "Accept-Ranges"} {
		res.Header.Del(name)
	}
	res.Body, res.ContentLength = &mapped{m: m, src: res.Body}, -1
}

// unpack reads a body as its text, and tells whether it could.
func unpack(res *http.Response) bool {
	switch strings.ToLower(res.Header.Get("Content-Encoding")) {
	case "", "identity":
		return true
	case "gzip", "x-gzip":
		z, err := gzip.NewReader(res.Body)
		if err != nil {
			return false
		}
		res.Body, res.ContentLength = unpacked{z, res.Body}, -1
		res.Header.Del("Content-Encoding")
		res.Header.Del("Content-Length")
		return true
	}
	return false
}

// textual tells types in which a host may be named.
func textual(kind string) bool {
	kind, _, _ = strings.Cut(strings.ToLower(kind), ";")
	kind = strings.TrimSpace(kind)
	switch {
	case strings.HasPrefix(kind, "text/"), strings.HasSuffix(kind, "+json"), strings.HasSuffix(kind, "+xml"):
		return true
	}
	switch kind {
	case "application/json", "application/javascript", "application/x-javascript", "application/ecmascript", "application/xml",
		"application/x-www-form-urlencoded", "application/x-ndjson", "application/jsonp", "application/yaml", "application/x-yaml":
		return true
	}
	return false
}

// mapped reads a body with its names mapped. It keeps back no more than what may be the beginning of a name.
type mapped struct {
	m    *mapping
	src  io.ReadCloser
	in   []byte // read, not looked at
	out  []byte // to be given
	last []byte // what was given last, to see whether a name stands alone
	err  error
}

func (r *mapped) Close() error { return r.src.Close() }

func (r *mapped) Read(p []byte) (int, error) {
	for len(r.out) == 0 {
		if r.err != nil {
			return 0, r.err
		}
		var buf [8 << 10]byte
		n, err := r.src.Read(buf[:])
		r.in, r.err = append(r.in, buf[:n]...), err
		r.look()
	}
	n := copy(p, r.out)
	r.out = r.out[n:]
	return n, nil
}

// look maps what was read, as far as it can be told.
func (r *mapped) look() {
	r.out = r.out[:0]
	at := 0
	for {
		which, where, found := r.m.next(r.in, at)
		if !found {
			break
		}
		end := where + len(r.m.from[which])
		if r.m.alone && len(r.in)-end < lookAhead && r.err == nil {
			r.give(r.in[at:where])
			r.in = append(r.in[:0], r.in[where:]...)
			return
		}
		r.give(r.in[at:where])
		if name := r.m.from[which]; r.m.alone && !alone(r.last, r.in[end:]) {
			r.give(name)
		} else {
			r.give(r.m.to[which])
		}
		at = end
	}
	keep := 0
	if r.err == nil {
		keep = r.m.begun(r.in[at:])
	}
	r.give(r.in[at : len(r.in)-keep])
	r.in = append(r.in[:0], r.in[len(r.in)-keep:]...)
}

func (r *mapped) give(b []byte) {
	r.out = append(r.out, b...)
	r.last = append(r.last, b[max(0, len(b)-lookBehind):]...)
	r.last = r.last[max(0, len(r.last)-lookBehind):]
}

// begun is how much of the end of b may be the beginning of a name.
func (m *mapping) begun(b []byte) int {
	for n := min(len(b), m.longest-1); n > 0; n-- {
		tail := b[len(b)-n:]
		for _, f := range m.from {
			if n < len(f) && bytes.HasPrefix(f, tail) {
				return n
			}
		}
	}
	return 0
}

// How much is looked at before and after a name.
const (
	lookBehind = 6 // "\u002f"
	lookAhead  = 2 // ":8", ".a"
)

// alone tells whether a name between before and after stands by itself: it is neither part of a longer one, nor at
// another port, nor the domain of a mail address.
func alone(before, after []byte) bool {
	if n := len(before); n > 0 {
		c := before[n-1]
		escaped := n >= 3 && before[n-3] == '%' && isHex(before[n-2]) && isHex(c) ||
			n >= 6 && before[n-6] == '\\' && before[n-5] == 'u'
		if !escaped && (nameByte(c) || c == '@' || c == '.') {
			return false
		}
	}
	switch {
	case len(after) == 0:
		return true
	case nameByte(after[0]):
		return false
	case len(after) > 1 && after[0] == '.':
		return !nameByte(after[1])
	case len(after) > 1 && after[0] == ':':
		return after[1] < '0' || after[1] > '9'
	}
	return true
}

func nameByte(c byte) bool {
	return c == '-' || c == '_' || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}
