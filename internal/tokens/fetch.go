package tokens

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"syscall"
)

// keysAt reads others' public keys from a file, or else from an address: once, whole, quickly, without redirects, and not from where
// nobody outside may lead us.
func keysAt(ctx context.Context, file, address string) ([]byte, error) {
	if file != "" {
		return os.ReadFile(file)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	client := http.Client{Timeout: fetching, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{DialContext: dial, DisableKeepAlives: true, ResponseHeaderTimeout: fetching}}
	resp, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answers %s", address, resp.Status)
	}
	raw, err := io.ReadAll(io.LimitReader(resp.Body, mostBundle+1))
	if err == nil && len(raw) > mostBundle {
		err = fmt.Errorf("%s answers with over %d bytes", address, mostBundle)
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
