package web

import "net/http"

// FoldHeader reduces a header name to what a careless reader may take it for: lower case, and nothing but a-z and
// 0-9. CGI, WSGI and their kin fold "-", "_" and "." alike, so "X_Stead.Actor" is "xsteadactor".
func FoldHeader(name string) string {
	var room [64]byte
	return string(fold(room[:0], name))
}

// fold appends the folded name to b.
func fold(b []byte, name string) []byte {
	for i := range len(name) {
		c := name[i]
		switch {
		case 'a' <= c && c <= 'z', '0' <= c && c <= '9':
			b = append(b, c)
		case 'A' <= c && c <= 'Z':
			b = append(b, c+'a'-'A')
		}
	}
	return b
}

// These say who the client is or what it asked for. Proxies write them, so clients may not.
var proxyNames = []string{
	"Forwarded", "X-Forwarded", "X-Real-IP", "X-Original-URL", "X-Original-URI", "X-Original-Host",
	"X-Original-Method", "X-Rewrite-URL", "X-Client-IP", "X-Cluster-Client-IP", "True-Client-IP", "X-Host",
	"X-Request-URI", "CF-Connecting-IP", "X-Original-Forwarded-For", "X-ProxyUser-IP", "Client-IP",
	"X-Override-URL", "X-Override-URI", "X-Rewrite-URI", "X-Original-Path", "Proxy", // the last becomes HTTP_PROXY in CGI
}

// Whatever folds to one of these beginnings is reserved.
var reservedPrefixes = []string{"xstead", "xforwarded"}

// Names that steer a message or prove something. Only their one right spelling may pass.
var steeringNames = []string{
	"Host", "Content-Length", "Transfer-Encoding", "Connection", "Upgrade", "TE", "Trailer", "Expect", "Cookie",
	"Authorization", "Proxy-Authorization", "Origin", "Referer", "Sec-Fetch-Site", "Sec-Fetch-Mode",
	"Sec-Fetch-Dest", "Sec-Fetch-User", "Content-Type", "Content-Encoding", "HTTP2-Settings",
}

// Names is a set of reserved header names, compared folded.
type Names struct {
	folded   map[string]bool
	steering map[string]string
}

// NewNames reserves names beside those that are always reserved: X-Stead-*, X-Forwarded-* and their kin.
func NewNames(names ...string) Names {
	n := Names{folded: map[string]bool{}, steering: map[string]string{}}
	for _, name := range append(append([]string{}, proxyNames...), names...) {
		if f := FoldHeader(name); f != "" {
			n.folded[f] = true
		}
	}
	for _, name := range steeringNames {
		n.steering[FoldHeader(name)] = http.CanonicalHeaderKey(name)
	}
	return n
}

// Reserved tells whether only Stead may send a header of that name to an application.
func (n Names) Reserved(name string) bool {
	var room [64]byte
	f := fold(room[:0], name)
	if len(f) == 0 || n.folded[string(f)] {
		return true
	}
	for _, p := range reservedPrefixes {
		if len(f) >= len(p) && string(f[:len(p)]) == p {
			return true
		}
	}
	right, steers := n.steering[string(f)]
	return steers && right != http.CanonicalHeaderKey(name)
}

// Strip deletes every reserved name from h.
func (n Names) Strip(h http.Header) {
	for name := range h {
		if n.Reserved(name) {
			delete(h, name)
		}
	}
}
