package stead

import (
	"net/url"
	"strings"
)

// loopbacks are what an address of a program on the person's own machine begins with (RFC 8252 7.3 and 8.3).
var loopbacks = []string{"http://127.0.0.1", "http://[::1]", "http://localhost"}

// Loopback tells whether an address is one of a program on the person's own machine, where any other may listen too.
func Loopback(address string) bool {
	_, _, ok := portless(address)
	return ok
}

// portless takes the port out of a loopback address.
func portless(address string) (host, rest string, ok bool) {
	for _, host := range loopbacks {
		rest, found := strings.CutPrefix(address, host)
		if !found {
			continue
		}
		if port, has := strings.CutPrefix(rest, ":"); has {
			if rest = strings.TrimLeft(port, "0123456789"); len(port) == len(rest) || len(port)-len(rest) > 5 {
				return "", "", false
			}
		}
		return host, rest, rest == "" || rest[0] == '/' || rest[0] == '?'
	}
	return "", "", false
}

// ReturnsTo tells whether the answer to a request of this client may go to an address: one that it has registered, letter by
// letter; at loopback the port may differ.
func (r *Registration) ReturnsTo(address string) bool {
	host, rest, local := portless(address)
	for _, own := range r.Redirects {
		ownHost, ownRest, ownLocal := portless(own)
		if own == address || local && ownLocal && host == ownHost && rest == ownRest {
			return WrongRedirect(address) == ""
		}
	}
	return false
}

// WrongRedirect tells why an answer cannot be sent to an address, "" where it can.
func WrongRedirect(address string) string {
	u, err := url.Parse(address)
	switch {
	case err != nil || u.User != nil || u.Opaque != "" || u.Host == "" || len(address) > mostRedirect || !readable(address):
		return "an address to return to is whole, plain and without a name in it"
	case strings.Contains(address, "#"):
		return "an address to return to has no fragment (RFC 6749 3.1.2)"
	case u.Scheme == "https" && strings.HasPrefix(address, "https://"), Loopback(address):
		return ""
	}
	return "an address to return to is https, or http at 127.0.0.1, [::1] or localhost"
}

const (
	mostRedirect  = 512
	mostRedirects = 16
)

// readable: nothing that browsers drop or turn around while they read an address.
func readable(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r >= 0x7f || r == '\\' })
}
