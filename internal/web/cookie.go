package web

import (
	"net"
	"net/http"
	"strings"
	"time"
)

// A Cookie is one of ours: for one host only, out of reach of scripts, sent along by no other site's form. Ports do
// not separate cookies, so the name carries that of the address.
type Cookie struct {
	Name   string
	Secure bool
}

// NewCookie names the cookie base of what browsers find at host: "stead_8420" at 127.0.0.1:8420, over TLS with "__Host-"
// before it. Every node behind that host gives the same name.
func NewCookie(base, host string, secure bool) Cookie {
	if _, port, err := net.SplitHostPort(host); err == nil && port != "" {
		base += "_" + port
	}
	if secure {
		return Cookie{Name: "__Host-" + base, Secure: true}
	}
	return Cookie{Name: base}
}

// Set gives the browser value until it closes, or for life where that is more than zero.
func (c Cookie) Set(w http.ResponseWriter, value string, life time.Duration) {
	k := c.cookie()
	k.Value = value
	if life > 0 {
		k.MaxAge = max(1, int(life/time.Second))
	}
	http.SetCookie(w, k)
}

// Clear takes it back.
func (c Cookie) Clear(w http.ResponseWriter) {
	k := c.cookie()
	k.MaxAge = -1
	http.SetCookie(w, k)
}

// Read gives the value sent with r, "" without one. Two of the name mean that somebody planted one: neither counts.
func (c Cookie) Read(r *http.Request) string {
	found := r.CookiesNamed(c.Name)
	if len(found) != 1 {
		return ""
	}
	return found[0].Value
}

// Ours tells whether a cookie of that name is this one, or the like of another of our listeners: browsers send those of
// every port of a host to all of them, and no application may see or write a pass. All that begin with its name and a
// dash are ours too: what is kept for somebody who acts.
func (c Cookie) Ours(name string) bool {
	bare := portless(c.Name)
	name = strings.TrimPrefix(strings.TrimPrefix(strings.ToLower(name), "__secure-"), "__host-")
	return portless(name) == strings.ToLower(bare) || strings.HasPrefix(name, strings.ToLower(bare)+"-")
}

func portless(name string) string {
	name = strings.TrimPrefix(name, "__Host-") // of ours
	if base, port, ok := strings.Cut(name, "_"); ok && strings.Trim(port, "0123456789") == "" {
		return base
	}
	return name
}

// Hide takes our cookies out of a request that goes on to an application. The others stay as they are written: the
// names and values that browsers send are more than RFC 6265 allows.
func (c Cookie) Hide(h http.Header) {
	var kept []string
	for _, line := range h["Cookie"] {
		for pair := range strings.SplitSeq(line, ";") {
			name, _, _ := strings.Cut(pair, "=")
			if pair = strings.Trim(pair, " \t"); pair != "" && !c.Ours(strings.Trim(name, " \t")) {
				kept = append(kept, pair)
			}
		}
	}
	h.Del("Cookie")
	if len(kept) > 0 {
		h.Set("Cookie", strings.Join(kept, "; "))
	}
}

func (c Cookie) cookie() *http.Cookie {
	return &http.Cookie{Name: c.Name, Path: "/", Secure: c.Secure, HttpOnly: true, SameSite: http.SameSiteLaxMode}
}
