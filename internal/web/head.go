package web

import (
	"net/http"
	"slices"
	"strings"
)

// Limits bound what one request head may cost. A zero value means the default beside it.
type Limits struct {
	Target  int // bytes of path and query: 8 KiB
	Params  int // parameters in the query: 1,000
	Headers int // header lines: 100
	Bytes   int // bytes of all header lines: 32 KiB
	Cookies int // cookies: 100
}

func (l Limits) orDefault() Limits {
	or := func(v, d int) int {
		if v == 0 {
			return d
		}
		return v
	}
	return Limits{or(l.Target, 8<<10), or(l.Params, 1000), or(l.Headers, 100), or(l.Bytes, 32<<10), or(l.Cookies, 100)}
}

func (l Limits) check(r *http.Request) error {
	if len(r.RequestURI) > l.Target {
		return Status(http.StatusRequestURITooLong, bad("the request target is over %d bytes", l.Target))
	}
	if strings.Count(r.URL.RawQuery, "&") >= l.Params {
		return Status(http.StatusRequestURITooLong, bad("the query has over %d parameters", l.Params))
	}
	lines, bytes, cookies := 0, 0, 0
	for name, values := range r.Header {
		for _, v := range values {
			lines, bytes = lines+1, bytes+len(name)+len(v)+4
			if name == "Cookie" {
				cookies += 1 + strings.Count(v, ";")
			}
		}
	}
	if lines > l.Headers || bytes > l.Bytes || cookies > l.Cookies {
		return Status(http.StatusRequestHeaderFieldsTooLarge,
			bad("the head is over %d lines, %d bytes or %d cookies", l.Headers, l.Bytes, l.Cookies))
	}
	return nil
}

func checkMethod(r *http.Request) error {
	switch {
	case strings.Trim(r.Method, "ABCDEFGHIJKLMNOPQRSTUVWXYZ-") != "" || r.Method == "" || len(r.Method) > 20:
		return bad("the method is none")
	case r.Method == http.MethodConnect, r.Method == http.MethodTrace, r.Method == "TRACK":
		return Status(http.StatusMethodNotAllowed, bad("the method %s is closed here", r.Method))
	}
	return nil
}

// checkFields refuses what speaks of a connection where HTTP/2 has one of its own (RFC 9113 8.2.2).
func checkFields(r *http.Request) error {
	if r.ProtoMajor < 2 {
		return nil
	}
	for _, name := range []string{"Connection", "Proxy-Connection", "Keep-Alive", "Transfer-Encoding", "Upgrade"} {
		if len(r.Header[name]) > 0 {
			return bad("HTTP/2 has no %s", name)
		}
	}
	if te := r.Header["Te"]; len(te) > 1 || len(te) == 1 && te[0] != "trailers" {
		return bad("HTTP/2 has no TE but trailers")
	}
	return nil
}

// Connection may say these. What else it names is dropped for the hop, but never what steers or proves.
var connectionWords = []string{"close", "keep-alive", "upgrade", "te"}

// checkUpgrade lets a request switch to WebSocket and to nothing else: h2c would pass by every check after it.
func checkUpgrade(r *http.Request) error {
	up := r.Header.Values("Upgrade")
	if len(r.Header.Values("Http2-Settings")) > 0 {
		return bad("HTTP/2 is not reached by Upgrade here")
	}
	if len(up) == 0 {
		return nil
	}
	plain := r.Method == http.MethodGet && r.ContentLength == 0 && r.ProtoAtLeast(1, 1)
	if len(up) != 1 || !strings.EqualFold(up[0], "websocket") || !plain {
		return bad("only WebSocket may be upgraded to")
	}
	words := strings.FieldsFunc(strings.ToLower(strings.Join(r.Header["Connection"], ",")), isListGap)
	if !slices.Contains(words, "upgrade") {
		return bad("Upgrade without Connection: Upgrade")
	}
	return nil
}

func isListGap(r rune) bool { return r == ',' || r == ' ' || r == '\t' }

// defuse drops what Connection nominates (RFC 9110 7.6.1) and leaves only its own words in it. Nominating a
// reserved name does nothing; nominating what steers or proves is refused.
func (n Names) defuse(h http.Header) error {
	var keep []string
	for _, line := range h["Connection"] {
		for word := range strings.SplitSeq(line, ",") {
			word = strings.ToLower(strings.TrimSpace(word))
			switch {
			case word == "" || n.Reserved(word):
			case slices.Contains(connectionWords, word):
				keep = append(keep, word)
			case n.steering[FoldHeader(word)] != "":
				return bad("Connection nominates %q", word)
			default:
				h.Del(word)
			}
		}
	}
	h.Del("Connection")
	if slices.Contains(keep, "upgrade") && h.Get("Upgrade") != "" {
		h.Set("Connection", "Upgrade")
	} else if slices.Contains(keep, "close") {
		h.Set("Connection", "close")
	}
	return nil
}
