package gateway

import (
	"cmp"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/web"
)

// A dialect is how a kind of proxy tells of the request that it asks about.
type dialect struct {
	method string   // header; "" is the method of the question itself
	host   string   // header; "" is the host of the question itself
	target string   // header; "" is the address of the question itself, without prefix
	prefix string   // before the target
	may    []string // headers of proxies that may stand there besides, once
	cookie string   // header of its answer; "" is one of ours, which the proxy gives the application as Cookie
	plain  bool     // it knows 200, 401 and 403, and shows its client pages of its own
}

// body says, where a proxy says so at all, whether a request without a right to one has a body.
const toldBody = "X-Original-Body"

var dialects = map[string]dialect{
	"nginx":   {method: "X-Original-Method", target: "X-Original-Uri", may: []string{toldBody, "X-Forwarded-For", "X-Forwarded-Proto", "X-Real-Ip"}, plain: true},
	"caddy":   {method: "X-Forwarded-Method", host: "X-Forwarded-Host", target: "X-Forwarded-Uri", may: append([]string{toldBody}, forwardedToo...)},
	"traefik": {method: "X-Forwarded-Method", host: "X-Forwarded-Host", target: "X-Forwarded-Uri", may: forwardedToo, cookie: "Cookie"},
	"envoy":   {prefix: "/envoy", may: []string{toldBody, "X-Forwarded-For", "X-Forwarded-Proto"}},
}

var forwardedToo = []string{"X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Port", "X-Forwarded-Server", "X-Real-Ip"}

// cookies is where the proxy looks for the client's cookies without our own.
func (d dialect) cookies() string { return cmp.Or(d.cookie, "X-Stead-Cookie") }

func odd(format string, args ...any) error {
	return stead.E(stead.Invalid, stead.ReasonRequest, format, args...)
}

// request is the request that a proxy asks about. Everything that could be read in two ways is an error: a name of ours or
// of a proxy's under another spelling, twice, or in another dialect than this one's (a client may have sent it, and the
// application would get it).
func (d dialect) request(r *http.Request, told http.Header, reserved web.Names) (*http.Request, error) {
	mine := append([]string{d.method, d.host, d.target}, d.may...)
	for name, values := range told {
		switch {
		case !reserved.Reserved(name):
		case !slices.Contains(mine, name):
			return nil, odd("the header %s is not for clients to send", name)
		case len(values) != 1:
			return nil, odd("the header %s stands there %d times", name, len(values))
		}
	}
	if proto := told.Get("X-Forwarded-Proto"); proto != "http" && proto != "https" {
		return nil, odd("X-Forwarded-Proto must be http or https")
	}
	in := &http.Request{Method: r.Method, Host: r.Host, RequestURI: strings.TrimPrefix(r.RequestURI, d.prefix), RemoteAddr: r.RemoteAddr,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: told.Clone()}
	for _, at := range []struct {
		into *string
		name string
	}{{&in.Method, d.method}, {&in.Host, d.host}, {&in.RequestURI, d.target}} {
		if at.name == "" {
			continue
		}
		if *at.into = told.Get(at.name); *at.into == "" {
			return nil, odd("the header %s is needed", at.name)
		}
	}
	var err error // that it is a path with one reading only, the front sees
	if in.URL, err = url.ParseRequestURI(in.RequestURI); err != nil {
		return nil, odd("what is asked about is no address")
	}
	d.complete(in, told)
	return in.WithContext(apart{r.Context()}), nil
}

// complete adds what questions do not carry: that there is, or may be, a body; and that it is about a socket.
func (d dialect) complete(in *http.Request, told http.Header) {
	for _, name := range []string{"Content-Length", "Transfer-Encoding", "Expect", "Connection", "Upgrade", "Te", "Trailer", toldBody} {
		delete(in.Header, name)
	}
	in.Body = http.NoBody
	if has := told.Get(toldBody); !safe(in) || has != "" && has != "0" || speaksOfBody(told) {
		in.Body, in.ContentLength = unseen{}, -1
	}
	if len(told["Sec-Websocket-Key"])+len(told["Sec-Websocket-Version"]) > 0 || told.Get("Upgrade") != "" {
		in.Header["Upgrade"], in.Header["Connection"] = []string{"websocket"}, []string{"Upgrade"}
	}
}

// speaksOfBody tells whether a question has any header that stands there only where a body is: proxies keep it from us that
// there is one, and applications read it under GET too.
func speaksOfBody(told http.Header) bool {
	for _, name := range []string{"Content-Type", "Content-Encoding", "Transfer-Encoding", "Trailer", "Expect"} {
		if len(told[name]) > 0 {
			return true
		}
	}
	length := told["Content-Length"]
	return len(length) > 1 || len(length) == 1 && length[0] != "0"
}

var errUnseen = errors.New("the body is not seen here")

// unseen is the body of a request that somebody else has.
type unseen struct{}

func (unseen) Read([]byte) (int, error) { return 0, errUnseen }
func (unseen) Close() error             { return nil }

var _ io.ReadCloser = unseen{}
