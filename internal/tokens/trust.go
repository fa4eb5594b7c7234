package tokens

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/spiffe/go-spiffe/v2/bundle/spiffebundle"
	"github.com/spiffe/go-spiffe/v2/spiffeid"

	"github.com/steadhq/stead"
)

// A Trust is a trust domain whose workloads may be agents: its bundle is in a file, or at an address.
type Trust struct {
	Domain string
	File   string
	URL    string // https, or http on loopback
}

// Trusts keep the bundles of trust domains. It is safe for concurrent use.
type Trusts struct {
	Now func() time.Time

	all    map[spiffeid.TrustDomain]*trusted
	client *http.Client
}

type trusted struct {
	Trust
	mu     sync.Mutex
	bundle *spiffebundle.Bundle
	got    time.Time // when it was last had
	tried  time.Time
}

const (
	freshFor   = time.Minute // how often a bundle is fetched at most, where keys are asked for
	goodFor    = time.Hour   // how long one counts that can not be fetched anew
	mostBundle = 1 << 20
	fetching   = 5 * time.Second
)

// NewTrusts names the trust domains. Errors: invalid.
func NewTrusts(now func() time.Time, all []Trust) (*Trusts, error) {
	t := &Trusts{Now: now, all: map[spiffeid.TrustDomain]*trusted{}}
	t.client = &http.Client{Timeout: fetching, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{DialContext: dial, DisableKeepAlives: true, ResponseHeaderTimeout: fetching}}
	for _, one := range all {
		domain, err := spiffeid.TrustDomainFromString(one.Domain)
		if err != nil || (one.File == "") == (one.URL == "") {
			return nil, stead.E(stead.Invalid, stead.ReasonRequest, "%q is no trust domain with one of a file and an address", one.Domain)
		}
		if one.URL != "" && !fetchable(one.URL) {
			return nil, stead.E(stead.Invalid, stead.ReasonRequest, "a bundle is fetched by https, or by http from this machine, not from %q", one.URL)
		}
		t.all[domain] = &trusted{Trust: one}
	}
	return t, nil
}

func fetchable(text string) bool {
	u, err := url.Parse(text)
	return err == nil && u.Host != "" && u.User == nil && (u.Scheme == "https" || u.Scheme == "http" && here(u.Hostname()))
}

func here(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// Bundle is that of a trust domain, as it is now. Errors: invalid, where the domain is not trusted; broken.
func (t *Trusts) Bundle(ctx context.Context, domain spiffeid.TrustDomain) (*spiffebundle.Bundle, error) {
	d := t.all[domain]
	if d == nil {
		return nil, no("this trust domain is not trusted here")
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	now := t.Now()
	if d.bundle != nil && d.URL != "" && now.Sub(d.got).Abs() < freshFor || now.Sub(d.tried).Abs() < freshFor && d.bundle == nil && d.URL != "" && !d.tried.IsZero() {
		return d.good(now, nil)
	}
	d.tried = now
	raw, err := t.read(ctx, d.Trust)
	var bundle *spiffebundle.Bundle
	if err == nil {
		bundle, err = spiffebundle.Parse(domain, raw)
	}
	if err != nil {
		return d.good(now, err)
	}
	d.bundle, d.got = bundle, now
	return bundle, nil
}

// good is the bundle there is. A file that can not be read counts at once; an address may be away for a while.
func (d *trusted) good(now time.Time, err error) (*spiffebundle.Bundle, error) {
	if d.bundle != nil && d.URL != "" && now.Sub(d.got) < goodFor {
		return d.bundle, nil
	}
	return nil, stead.E(stead.Broken, stead.ReasonBroken, "the keys of the trust domain %s can not be had: %w", d.Domain, errors.Join(err, errNoBundle))
}

var errNoBundle = errors.New("there is no bundle that still counts")

func (t *Trusts) read(ctx context.Context, from Trust) ([]byte, error) {
	if from.File != "" {
		return os.ReadFile(from.File)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, from.URL, nil)
	if err != nil {
		return nil, err
	}
	resp, err := t.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answers %s", from.URL, resp.Status)
	}
	raw, err := io.ReadAll(io.LimitReader(resp.Body, mostBundle+1))
	if err == nil && len(raw) > mostBundle {
		err = fmt.Errorf("%s answers with over %d bytes", from.URL, mostBundle)
	}
	return raw, err
}

// dial reaches the machine itself only where it is named, and nothing that is on its link alone: names may lead anywhere.
func dial(ctx context.Context, network, address string) (net.Conn, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	d := net.Dialer{Timeout: fetching, Control: func(_, to string, _ syscall.RawConn) error {
		at, err := netip.ParseAddrPort(to)
		if err != nil {
			return err
		}
		if !reachable(at.Addr(), here(host)) {
			return fmt.Errorf("%s leads to %s, where no bundle is fetched from", host, at.Addr())
		}
		return nil
	}}
	return d.DialContext(ctx, network, address)
}

// Networks that carry an address of IPv4 within: it is that one which counts.
var (
	nat64    = netip.MustParsePrefix("64:ff9b::/96")
	sixTo4   = netip.MustParsePrefix("2002::/16")
	ourCloud = netip.MustParseAddr("fd00:ec2::254") // of metadata
)

func reachable(a netip.Addr, loopback bool) bool {
	a = a.Unmap()
	b := a.As16()
	switch {
	case loopback:
		return a.IsLoopback()
	case nat64.Contains(a):
		a = netip.AddrFrom4([4]byte(b[12:16]))
	case sixTo4.Contains(a):
		a = netip.AddrFrom4([4]byte(b[2:6]))
	}
	return a.IsValid() && !a.IsLoopback() && !a.IsUnspecified() && !a.IsMulticast() && !a.IsLinkLocalUnicast() && a != ourCloud &&
		a != netip.AddrFrom4([4]byte{100, 100, 100, 200})
}
