package oauth

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"mime"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"
)

// errGuarded says that an address is not one to dial.
var errGuarded = errors.New("that address is not dialled")

// fetch gets a document: once, whole, small, quickly, and from an address that was looked at before it is dialled.
func (d *Documents) fetch(ctx context.Context, id string) ([]byte, time.Duration, error) {
	ctx, stop := context.WithTimeout(ctx, fetchPatience)
	defer stop()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, id, nil)
	if err != nil {
		return nil, 0, err
	}
	r.Header.Set("Accept", "application/json")
	r.Header.Set("User-Agent", "stead")
	own := &http.Transport{DialContext: d.dial, DisableKeepAlives: true, MaxResponseHeaderBytes: mostDocument, ForceAttemptHTTP2: true,
		TLSClientConfig: &tls.Config{RootCAs: d.Roots, MinVersion: tls.VersionTLS12}}
	c := http.Client{Transport: own, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := c.Do(r)
	if err != nil {
		return nil, 0, err
	}
	defer func() { _ = res.Body.Close() }()
	kind, _, err := mime.ParseMediaType(res.Header.Get("Content-Type"))
	if err != nil || res.StatusCode != http.StatusOK || kind != "application/json" && !strings.HasSuffix(kind, "+json") {
		return nil, 0, errors.New("the answer is no document")
	}
	raw, err := io.ReadAll(io.LimitReader(res.Body, mostDocument+1))
	if err != nil || len(raw) > mostDocument {
		return nil, 0, errors.Join(err, errors.New("the document is too long"))
	}
	return raw, life(res.Header), nil
}

// dial looks a host up once, and dials what it has looked at: a name that means another machine the second time is of no use.
func (d *Documents) dial(ctx context.Context, network, address string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	lookup := d.Lookup
	if lookup == nil {
		lookup = func(ctx context.Context, host string) ([]netip.Addr, error) {
			return net.DefaultResolver.LookupNetIP(ctx, "ip", host)
		}
	}
	all, err := lookup(ctx, host)
	if err != nil || len(all) == 0 {
		return nil, errors.Join(err, errGuarded)
	}
	for _, a := range all {
		if !d.dials(a.Unmap()) {
			return nil, errGuarded
		}
	}
	return (&net.Dialer{}).DialContext(ctx, network, net.JoinHostPort(all[0].Unmap().String(), port))
}

// within are networks that are nobody's on the open one, beside those that netip knows (RFC 6890).
var within = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("192.0.0.0/24"),
	netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("198.18.0.0/15"), netip.MustParsePrefix("198.51.100.0/24"),
	netip.MustParsePrefix("203.0.113.0/24"), netip.MustParsePrefix("240.0.0.0/4"), netip.MustParsePrefix("64:ff9b::/96"),
	netip.MustParsePrefix("64:ff9b:1::/48"), netip.MustParsePrefix("100::/64"), netip.MustParsePrefix("2001::/23"),
	netip.MustParsePrefix("2001:db8::/32"), netip.MustParsePrefix("2002::/16"), netip.MustParsePrefix("fec0::/10"),
}

func (d *Documents) dials(a netip.Addr) bool {
	for _, n := range d.Networks {
		if n.Contains(a) {
			return true
		}
	}
	if !a.IsGlobalUnicast() || a.IsPrivate() || a.IsLoopback() || a.IsLinkLocalUnicast() || a.Zone() != "" {
		return false
	}
	for _, n := range within {
		if n.Contains(a) {
			return false
		}
	}
	return true
}
