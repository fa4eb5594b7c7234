package tokens

import (
	"context"
	"errors"
	"net"
	"net/url"
	"sync"
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

	all map[spiffeid.TrustDomain]*trusted
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
	raw, err := keysAt(ctx, d.File, d.URL)
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
