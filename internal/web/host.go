package web

import (
	"net/netip"
	"strconv"
	"strings"
)

// CheckHost refuses a Host that is not exactly a name or an address with an optional port: no user, no path, no
// trailing dot, nothing empty.
func CheckHost(host string) error {
	name, port, err := splitHost(host)
	if err != nil {
		return err
	}
	if port != "" {
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 || port[0] == '0' {
			return bad("the port in Host is none")
		}
	}
	if strings.HasPrefix(name, "[") {
		if a, err := netip.ParseAddr(strings.Trim(name, "[]")); err != nil || !a.Is6() || a.Zone() != "" {
			return bad("the address in Host is none")
		}
		return nil
	}
	return checkName(name)
}

func splitHost(host string) (name, port string, err error) {
	if strings.HasPrefix(host, "[") {
		end := strings.IndexByte(host, ']')
		if end < 0 || (end+1 < len(host) && host[end+1] != ':') || strings.HasSuffix(host, ":") {
			return "", "", bad("the address in Host is none")
		}
		return host[:end+1], strings.TrimPrefix(host[end+1:], ":"), nil
	}
	name, port, found := strings.Cut(host, ":")
	if found && port == "" {
		return "", "", bad("the port in Host is empty")
	}
	return name, port, nil
}

func checkName(name string) error {
	if name == "" || len(name) > 253 {
		return bad("one Host is needed")
	}
	for label := range strings.SplitSeq(name, ".") {
		if label == "" || len(label) > 63 {
			return bad("Host has an empty or oversized label")
		}
		for i := range len(label) {
			if c := label[i] | 0x20; !('a' <= c && c <= 'z') && !('0' <= label[i] && label[i] <= '9') &&
				label[i] != '-' && label[i] != '_' {
				return bad("Host holds a byte that no name has")
			}
		}
	}
	return nil
}

// FoldHost writes a host as it is compared: lower case, without the port that its scheme has anyway.
func FoldHost(scheme, host string) string {
	host = strings.ToLower(host)
	if scheme == "https" {
		return strings.TrimSuffix(host, ":443")
	}
	return strings.TrimSuffix(host, ":80")
}

// Loopback tells whether a name means this machine: an address of it, or a name that browsers take there (RFC 6761 6.3).
func Loopback(name string) bool {
	name = strings.ToLower(name)
	if a, err := netip.ParseAddr(name); err == nil {
		return a.IsLoopback()
	}
	return name == "localhost" || strings.HasSuffix(name, ".localhost")
}
