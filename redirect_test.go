package stead_test

import (
	"net/url"
	"testing"

	. "github.com/steadhq/stead"
)

// An answer goes where it was registered, letter by letter; at loopback to any port (RFC 8252 7.3). E8: no other.
func TestReturnsTo(t *testing.T) {
	r := Registration{Redirects: []string{"https://app.example/cb?x=1", "http://127.0.0.1/cb", "http://localhost:9/cb", "http://[::1]/"}}
	for address, want := range map[string]bool{
		"https://app.example/cb?x=1": true, "http://127.0.0.1/cb": true, "http://127.0.0.1:51004/cb": true, "http://localhost:1/cb": true,
		"http://[::1]:8080/": true, "": false, "https://app.example/cb": false, "https://app.example/cb?x=1&y=2": false,
		"https://app.example/cb/../cb?x=1": false, "https://APP.example/cb?x=1": false, "https://app.example:443/cb?x=1": false,
		"https://app.example/cb?x=1#f": false, "https://app.example/cb?x=1#": false, "https://app.example@evil.example/cb?x=1": false,
		"http://app.example/cb?x=1": false, "https://app.example.evil.example/cb?x=1": false, "http://127.0.0.1:51004/cb2": false,
		"http://127.0.0.1:51004/cb?x": false, "http://127.0.0.1:/cb": false, "http://127.0.0.1:999999/cb": false, "https://127.0.0.1:5/cb": false,
		"http://127.0.0.1.evil.example/cb": false, "http://127.0.0.1:80@evil.example/cb": false, "http://127.0.0.1:1x/cb": false,
		"http://localhost:1/cb/": false, "http://[::1]:8080": false, "http://127.1/cb": false, "http://2130706433/cb": false,
		"javascript:alert(1)": false, "http://127.0.0.1\\@evil.example/cb": false,
	} {
		if got := r.ReturnsTo(address); got != want {
			t.Errorf("%q: %v", address, got)
		}
	}
}

// Whatever is taken, a browser reads the host that was registered in it.
func FuzzReturnsTo(f *testing.F) {
	for _, s := range []string{"https://app.example/cb", "http://127.0.0.1:1/cb", "http://127.0.0.1:1@evil/cb", "http://localhost/cb"} {
		f.Add(s)
	}
	r := Registration{Redirects: []string{"https://app.example/cb", "http://127.0.0.1/cb", "http://localhost/cb"}}
	f.Fuzz(func(t *testing.T, address string) {
		if !r.ReturnsTo(address) {
			return
		}
		u, err := url.Parse(address)
		if err != nil || u.Hostname() != "app.example" && u.Hostname() != "127.0.0.1" && u.Hostname() != "localhost" || u.Path != "/cb" || u.RawQuery != "" {
			t.Fatalf("%q", address)
		}
	})
}

func TestWrongRedirects(t *testing.T) {
	base := Registration{Kind: Company, Tier: LowTier, Owner: "prn_max", Purpose: "x"}
	for _, wrong := range []string{"", "http://app.example/cb", "app:cb", "com.example.app:/cb", "https://a@b/", "https:///cb", "https://a/#x", "https://a/\\b", "//a/b"} {
		r := base
		r.Redirects = []string{wrong}
		if r.Wrong() == "" {
			t.Errorf("%q may be returned to", wrong)
		}
	}
	base.Redirects = make([]string, 17)
	for i := range base.Redirects {
		base.Redirects[i] = "https://a/"
	}
	if base.Wrong() == "" {
		t.Error("seventeen are one too many")
	}
	base.Redirects, base.Public = nil, true
	if base.Wrong() == "" {
		t.Error("a public client without an address to return to gets no token in any way")
	}
}
