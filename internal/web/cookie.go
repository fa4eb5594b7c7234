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
// every port of a host to all of them, and no application may see or write a pass.
func (c Cookie) Ours(name string) bool {
	return strings.EqualFold(portless(name), portless(c.Name))
}

func portless(name string) string {
	name = strings.TrimPrefix(name, "__Host-")
	if base, port, ok := strings.Cut(name, "_"); ok && strings.Trim(port, "0123456789") == "" {
		return base
	}
	return name
}

// Hide takes our cookies out of a request that goes on to an application.
func (c Cookie) Hide(h http.Header) {
	r := http.Request{Header: http.Header{"Cookie": h["Cookie"]}}
	all := r.Cookies()
	h.Del("Cookie")
	r.Header = h
	for _, k := range all {
		if !c.Ours(k.Name) {
			r.AddCookie(k)
		}
	}
}

func (c Cookie) cookie() *http.Cookie {
	return &http.Cookie{Name: c.Name, Path: "/", Secure: c.Secure, HttpOnly: true, SameSite: http.SameSiteLaxMode}
}
