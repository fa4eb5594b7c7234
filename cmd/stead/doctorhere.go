package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/cedar"
	"github.com/steadhq/stead/internal/config"
	"github.com/steadhq/stead/internal/gateway"
	"github.com/steadhq/stead/internal/web"
	"golang.org/x/sys/unix"
)

// configured looks at all that a configuration names on this machine. The zero Config is one that cannot be read.
func (e *env) configured(ctx context.Context, file string) (config.Config, []finding) {
	c, err := config.Load(file, e.environ)
	if err != nil {
		return config.Config{}, []finding{{"configuration", "fail", err.Error(), "stead config validate --config " + file}}
	}
	found := []finding{{"configuration", "ok", file, ""}}
	apps, err := checked(c)
	if err != nil {
		found = append(found, finding{"applications", "fail", err.Error(), "stead app test " + file})
	}
	found = append(found, policyOf(c), writable("store", c.Store.Dir), disk(c.Store.Dir))
	found = append(found, keysOf(c)...)
	if c.Store.Driver == "postgres" {
		found = append(found, database(ctx, c.Store.DSN)...)
	}
	if c.Store.Mirror == "" {
		found = append(found, finding{"mirror", "warn", "a store that is rolled back would not be noticed", "set store.mirror to a file on another disk"})
	} else {
		found = append(found, writable("mirror", filepath.Dir(c.Store.Mirror)))
	}
	found = append(found, proxies(c.Server), e.ownCertificate(c.Server))
	if len(c.Roles.Admin) == 0 {
		found = append(found, finding{"roles", "warn", "nobody is an administrator", "set roles.admin"})
	}
	found = append(found, actingNames(ctx, c.Server))
	return c, append(found, e.upstreams(ctx, apps)...)
}

// policyOf runs the tests of the policy's files. Those in force in the store are another matter: they were tested when
// they came in.
func policyOf(c config.Config) finding {
	if c.Policies.Dir == "" {
		return finding{"policy files", "ok", "none: an empty store takes the default policy", ""}
	}
	files, err := policyFiles(c.Policies.Dir)
	if err != nil {
		return finding{"policy files", "fail", err.Error(), "set policies.dir, or make the folder"}
	}
	r := cedar.New().Inspect(files)
	if err := r.Err(); err != nil {
		return finding{"policy files", "fail", strings.ReplaceAll(err.Error(), "\n", "; "), "stead policy test " + c.Policies.Dir}
	}
	for _, one := range r.Cases {
		if !one.Passed() {
			return finding{"policy files", "fail", one.Name + ": " + strings.Join(one.Failed, "; "), "stead policy test " + c.Policies.Dir}
		}
	}
	if len(r.Cases) == 0 && c.Policies.RequireTests {
		return finding{"policy files", "fail", c.Policies.Dir + " holds no tests", "write tests/*.yaml, or set policies.require_tests: false"}
	}
	if n := len(r.Problems); n > 0 { // what is an error was told above
		return finding{"policy files", "warn", number(n) + " warnings, first: " + r.Problems[0].String(), "stead policy validate " + c.Policies.Dir}
	}
	return finding{"policy files", "ok", number(len(r.Cases)) + " tests pass", ""}
}

// Room that a store needs: below the first it may stop within days, below the second at any moment.
const (
	roomWarns = 5 << 30
	roomFails = 512 << 20
)

func disk(dir string) finding {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return finding{"disk", "fail", dir + ": " + err.Error(), "make the folder of store.dir"}
	}
	free := uint64(s.Bavail) * uint64(s.Bsize)              //nolint:gosec,unconvert // sizes of blocks are small, and of another type elsewhere
	says := fmt.Sprintf("%d MiB free at %s", free>>20, dir) //nolint:perfsprint // it is read once
	switch {
	case free < roomFails:
		return finding{"disk", "fail", says + ": what cannot be recorded is refused", "make room"}
	case free < roomWarns:
		return finding{"disk", "warn", says, "make room"}
	}
	return finding{"disk", "ok", says, ""}
}

// keysOf looks whether what is secret is anybody else's to read.
func keysOf(c config.Config) []finding {
	master := c.Keys.MasterKeyFile
	if master == "" {
		master = filepath.Join(c.Store.Dir, "master.key")
	}
	found := []finding{{"master key", "ok", master + "; keep a copy elsewhere", ""}}
	switch _, err := config.Secret(master); {
	case stead.KindOf(err) == stead.Missing:
		found[0] = finding{"master key", "warn", master + " is not there: the first start makes it", "copy it from another node, if there is one"}
	case err != nil:
		found[0] = finding{"master key", "fail", err.Error(), "chmod 600 " + master}
	}
	for _, one := range []struct{ check, path string }{{"store folder", c.Store.Dir}, {"secrets", filepath.Join(c.Store.Dir, "secrets")}, {"TLS key", c.Server.TLS.Key}} {
		info, err := os.Stat(one.path)
		if err == nil && info.Mode().Perm()&0o077 != 0 && (one.check != "TLS key" || info.Mode().Perm()&0o007 != 0) {
			found = append(found, finding{one.check, "fail", fmt.Sprintf("%s is open to others (%o)", one.path, info.Mode().Perm()), "chmod go= " + one.path})
		}
	}
	return found
}

// proxies tells whether what a client says of itself would be believed.
func proxies(s config.Server) finding {
	for _, p := range s.Proxies() {
		switch {
		case p.Bits() == 0:
			return finding{"proxies", "fail", "X-Forwarded-For and -Proto are believed from anywhere", "name your proxies alone in server.trusted_proxies"}
		case p.Addr().Is4() && p.Bits() < 8 || p.Addr().Is6() && p.Bits() < 16:
			return finding{"proxies", "warn", p.String() + " is a large part of the world, and is believed", "name your proxies alone in server.trusted_proxies"}
		}
	}
	if strings.HasPrefix(s.Origin(), "https:") && s.TLS.Cert == "" && len(s.Proxies()) == 0 {
		return finding{"proxies", "fail", "browsers come by https, nothing here speaks it, and no proxy is believed to: acting is refused", "name the proxy in server.trusted_proxies, or set server.tls"}
	}
	if len(s.Proxies()) == 0 {
		return finding{"proxies", "ok", "X-Forwarded-* is believed from nobody", ""}
	}
	return finding{"proxies", "ok", "X-Forwarded-* is believed from " + strings.Join(s.TrustedProxies, ", "), ""}
}

// ownCertificate looks at the files of server.tls: whether they fit, for which names, and until when.
func (e *env) ownCertificate(s config.Server) finding {
	const check = "TLS files"
	if s.TLS.Cert == "" {
		if u, err := url.Parse(s.Origin()); err == nil && u.Scheme == "http" && !web.Loopback(u.Hostname()) {
			return finding{check, "fail", "none, and " + s.Origin() + " is no loopback: passwords would cross the network in the clear", "set server.tls, or put a proxy with TLS before it and https into server.public_url"}
		}
		return finding{check, "ok", "none: plain HTTP, for loopback or behind a proxy", ""}
	}
	pair, err := tls.LoadX509KeyPair(s.TLS.Cert, s.TLS.Key)
	if err != nil {
		return finding{check, "fail", err.Error(), "set server.tls to a certificate and its key, in PEM"}
	}
	leaf, err := x509.ParseCertificate(pair.Certificate[0])
	if err != nil {
		return finding{check, "fail", err.Error(), ""}
	}
	hosts := []string{strings.Replace(s.Acting, "*", "probe", 1)}
	if u, err := url.Parse(s.Origin()); err == nil {
		hosts = append(hosts, u.Host)
	}
	for _, h := range hosts {
		if name, _, err := net.SplitHostPort(h); err == nil {
			h = name
		}
		if h != "" && leaf.VerifyHostname(h) != nil {
			return finding{check, "fail", s.TLS.Cert + " is not for " + h, "get one for that name too"}
		}
	}
	return expiry(check, leaf.NotAfter, e.now())
}

// actingNames tries a name that nobody has: only a wildcard entry answers it.
func actingNames(ctx context.Context, s config.Server) finding {
	const check = "acting hosts"
	acting := s.Acting
	if u, err := url.Parse(s.Origin()); acting == "" && err == nil && web.Loopback(u.Hostname()) {
		return finding{check, "ok", "on loopback *.act.localhost by itself", ""}
	}
	if acting == "" {
		return finding{check, "warn", "none: away from loopback people act on the applications' own hosts", "set server.acting_hosts, and a wildcard entry in DNS that leads to the gateway"}
	}
	name := strings.Replace(acting, "*", "stead-doctor-probe", 1)
	if h, _, err := net.SplitHostPort(name); err == nil {
		name = h
	}
	ctx, cancel := context.WithTimeout(ctx, tryFor)
	defer cancel()
	to, err := net.DefaultResolver.LookupHost(ctx, name)
	if err != nil {
		return finding{check, "fail", name + " is nowhere: " + err.Error(), "add a wildcard entry to DNS: " + acting + " leads to the gateway"}
	}
	return finding{check, "ok", acting + " leads to " + strings.Join(to, ", "), ""}
}

// origins of applications that the doctor tries have no path of their own.
func plainTarget(a gateway.App) string { return a.Upstream.String() + "/" }
