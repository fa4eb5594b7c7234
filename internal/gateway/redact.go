package gateway

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/web"
)

const (
	secretSpan = 4 << 10  // a secret with all that its pattern looks at is no longer
	secretMost = 64 << 10 // what is kept back of one that is: then the answer is broken off
)

var (
	errSecret = errors.New("what looks like a secret has no end")
	errWide   = errors.New("it begins as UTF-16 does, in which no secret is met")
)

// hides hides the application's standing secrets in an answer: feed keys, tokens in links, which would outlive the
// mandate (GATEWAY 21). Each is written over with as many letters.
func (t *trip) hides(res *http.Response) error {
	secrets := t.v.app.Secrets
	if len(secrets) == 0 {
		return nil
	}
	for name, values := range res.Header {
		if name == "Set-Cookie" || name == "Content-Type" || name == "Content-Length" {
			continue // sealed; and what is no text
		}
		for i := range values {
			values[i] = string(hidden(secrets, []byte(values[i])))
		}
	}
	res.Trailer = nil // what comes after the end is looked at by nobody
	res.Header.Del("Trailer")
	if res.StatusCode == http.StatusSwitchingProtocols || t.in.Method == http.MethodHead || !mayTell(res.Header) {
		return nil
	}
	_, attrs, err := mime.ParseMediaType(res.Header.Get("Content-Type"))
	charset := strings.ToLower(attrs["charset"])
	switch {
	case err == nil && (!asciiBased(charset) || strings.HasPrefix(charset, "utf-32") || charset == "utf-7"):
		return unreadable("its character set is none that Stead reads")
	case res.StatusCode == http.StatusPartialContent:
		return unreadable("it is a part of something, though the whole was asked for")
	case !unpack(res):
		return unreadable("it is packed though it was asked not to be")
	}
	res.Body = &redacted{src: res.Body, secrets: secrets}
	return nil
}

// mayTell tells whether an answer is text, or might be taken for it.
func mayTell(h http.Header) bool {
	kind := h.Get("Content-Type")
	return len(h["Content-Type"]) != 1 || kind == "" || textual(kind) || vague(kind)
}

func unreadable(why string) error {
	return web.Status(http.StatusBadGateway, stead.E(stead.Conflict, stead.ReasonBroken,
		"this answer may hold secrets that outlive acting, and they cannot be hidden, because %s: it is not shown", why))
}

// A redacted body hides secrets wherever it is cut into pieces. It keeps back what may be the beginning of one.
type redacted struct {
	src     io.ReadCloser
	secrets []*regexp.Regexp
	in      []byte // read, not given yet
	out     []byte // to be given
	begun   bool   // it does not begin as UTF-16 does
	err     error
}

func (r *redacted) Close() error { return r.src.Close() }

func (r *redacted) Read(p []byte) (int, error) {
	for len(r.out) == 0 {
		if r.err != nil {
			return 0, r.err
		}
		var buf [16 << 10]byte
		n, err := r.src.Read(buf[:])
		r.in, r.err = append(r.in, buf[:n]...), err
		if r.begins() {
			r.look()
		}
	}
	n := copy(p, r.out)
	r.out = r.out[n:]
	return n, nil
}

// begins tells whether what was read may be looked at. A mark says more than a type does, whoever reads it.
func (r *redacted) begins() bool {
	if r.begun || len(r.in) < 2 && r.err == nil {
		return r.begun
	}
	if bytes.HasPrefix(r.in, []byte("\xfe\xff")) || bytes.HasPrefix(r.in, []byte("\xff\xfe")) {
		r.in, r.err = nil, errWide
	}
	r.begun = true
	return true
}

// look gives what can be told to hold no secret, or to be one.
func (r *redacted) look() {
	end, found := len(r.in), spans(r.secrets, r.in)
	switch {
	case r.err == nil:
		end = r.settled(found)
	case !errors.Is(r.err, io.EOF):
		end = 0 // broken off: the rest cannot be told
	}
	if len(r.in)-end > secretMost {
		end, r.err = 0, errSecret
	}
	r.out = over(bytes.Clone(r.in[:end]), found)
	r.in = r.in[end:]
}

// settled is how far what was read says by itself whether it is a secret.
func (r *redacted) settled(found []span) int {
	end := len(r.in)
	for _, re := range r.secrets {
		end = min(end, begun(re, r.in, found))
	}
	for again := true; again; { // no secret is cut in two
		again = false
		for _, s := range found {
			if s.from < end && (s.to > end || s.to == len(r.in)) {
				end, again = s.from, true
			}
		}
	}
	return end
}

// begun is where a secret might begin whose end was not read yet. A pattern that begins with fixed text can begin
// nowhere else, and where it was met already it has its end.
func begun(re *regexp.Regexp, b []byte, found []span) int {
	from := max(0, len(b)-secretSpan)
	prefix, _ := re.LiteralPrefix()
	if prefix == "" {
		return from
	}
	for _, s := range found {
		if s.re == re && s.from <= from && from < s.to {
			from = s.to
		}
	}
	for at := from; at < len(b); at++ {
		next := bytes.Index(b[at:], []byte(prefix))
		if next < 0 {
			break
		}
		at += next
		whole := slices.IndexFunc(found, func(s span) bool { return s.re == re && s.from == at })
		if whole < 0 {
			return at
		}
		at = found[whole].to - 1
	}
	for n := min(len(prefix)-1, len(b)); n > 0; n-- {
		if bytes.HasSuffix(b, []byte(prefix[:n])) {
			return len(b) - n
		}
	}
	return len(b)
}

// hidden writes over every secret in b.
func hidden(secrets []*regexp.Regexp, b []byte) []byte { return over(b, spans(secrets, b)) }

// A span is where a pattern was met, and what of that is hidden: its groups, or all of it where it has none.
type span struct {
	re       *regexp.Regexp
	from, to int
	hide     [][2]int
}

func spans(secrets []*regexp.Regexp, b []byte) (list []span) {
	for _, re := range secrets {
		for _, at := range re.FindAllSubmatchIndex(b, -1) {
			s := span{re: re, from: at[0], to: at[1]}
			for group := range slices.Chunk(at[2:], 2) {
				if group[0] >= 0 {
					s.hide = append(s.hide, [2]int{group[0], group[1]})
				}
			}
			if s.hide == nil {
				s.hide = [][2]int{{s.from, s.to}}
			}
			list = append(list, s)
		}
	}
	return list
}

// over writes over what is hidden, as far as b goes.
func over(b []byte, list []span) []byte {
	for _, s := range list {
		for _, at := range s.hide {
			for i := at[0]; i < min(at[1], len(b)); i++ {
				b[i] = 'x'
			}
		}
	}
	return b
}
