package web

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// A Client is what is known of who sent a request, before anybody signs in.
type Client struct {
	Addr      netip.Addr
	Secure    bool   // it came over TLS, to us or to a trusted proxy
	RequestID string // ours; what the client says of itself is not believed
	Mark      string // hex SHA-256 of User-Agent: tells a copied pass in another browser
}

type clientKey struct{}

func withClient(ctx context.Context, c Client) context.Context {
	return context.WithValue(ctx, clientKey{}, c)
}

// ClientOf is who sent r, as Front saw it. Without a Front it is the zero Client.
func ClientOf(r *http.Request) Client {
	c, _ := r.Context().Value(clientKey{}).(Client)
	return c
}

// Scheme is "https" or "http".
func (c Client) Scheme() string {
	if c.Secure {
		return "https"
	}
	return "http"
}

// ClientMark is what a pass is bound to beside its secret.
func ClientMark(r *http.Request) string {
	sum := sha256.Sum256([]byte(strings.Join(r.Header["User-Agent"], "\n")))
	return hex.EncodeToString(sum[:])
}

func (f Front) client(r *http.Request) Client {
	peer, _ := netip.ParseAddrPort(r.RemoteAddr)
	c := Client{Addr: peer.Addr().Unmap(), Secure: r.TLS != nil, Mark: ClientMark(r), RequestID: f.NewID()}
	if !f.trusts(c.Addr) {
		return c
	}
	if p := r.Header["X-Forwarded-Proto"]; len(p) == 1 {
		c.Secure = strings.EqualFold(p[0], "https")
	}
	c.Addr = f.farthest(c.Addr, r.Header["X-Forwarded-For"])
	return c
}

// farthest walks X-Forwarded-For from the right, past every proxy that is trusted, to the first that is not.
func (f Front) farthest(peer netip.Addr, lines []string) netip.Addr {
	hops := strings.Split(strings.Join(lines, ","), ",")
	for _, hop := range slices.Backward(hops) {
		a, err := netip.ParseAddr(strings.TrimSpace(hop))
		if err != nil {
			return peer
		}
		peer = a.Unmap().WithZone("")
		if !f.trusts(peer) {
			return peer
		}
	}
	return peer
}

func (f Front) trusts(a netip.Addr) bool {
	return slices.ContainsFunc(f.Trusted, func(p netip.Prefix) bool { return p.Contains(a) })
}

// Forward writes on out, the request for an application, who the client of r was: all that Front deleted, in our
// words.
func Forward(r *http.Request, out http.Header) {
	c := ClientOf(r)
	if c.Addr.IsValid() {
		out.Set("X-Forwarded-For", c.Addr.String())
		out.Set("X-Real-IP", c.Addr.String())
	}
	out.Set("X-Forwarded-Host", r.Host)
	out.Set("X-Forwarded-Proto", c.Scheme())
}
