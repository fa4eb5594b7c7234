package oauth

import (
	"context"
	"crypto/x509"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/steadhq/stead"
)

// A host of documents counts how often it is asked.
type documentHost struct {
	*httptest.Server
	docs  *Documents
	asked int
	now   time.Time
	body  string
	head  map[string]string
	code  int
}

func newDocumentHost(t *testing.T) *documentHost {
	t.Helper()
	h := &documentHost{now: time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC), code: http.StatusOK}
	h.Server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		h.asked++
		w.Header().Set("Content-Type", "application/json")
		for name, v := range h.head {
			w.Header().Set(name, v)
		}
		w.WriteHeader(h.code)
		_, _ = w.Write([]byte(strings.ReplaceAll(h.body, "ID", h.id())))
	}))
	t.Cleanup(h.Close)
	roots := x509.NewCertPool()
	roots.AddCert(h.Certificate())
	h.docs = &Documents{Hosts: []string{h.at()}, Networks: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}, Roots: roots, Now: func() time.Time { return h.now }}
	h.body = `{"client_id":"ID","client_name":"Notes","redirect_uris":["http://127.0.0.1/cb"],"token_endpoint_auth_method":"none"}`
	return h
}

func (h *documentHost) at() string { return strings.TrimPrefix(h.URL, "https://") }
func (h *documentHost) id() string { return h.URL + "/client.json" }

func (h *documentHost) read(id string) error {
	_, err := h.docs.Read(context.Background(), id)
	return err
}

func TestDocument(t *testing.T) {
	h := newDocumentHost(t)
	got, err := h.docs.Read(t.Context(), h.id())
	if err != nil || got.Document != h.id() || got.Host != h.at() || got.Shown != "Notes" || len(got.Redirects) != 1 {
		t.Fatal(got, err)
	}
	for _, step := range []struct {
		move  time.Duration
		head  string
		asked int
	}{{9 * time.Minute, "", 1}, {2 * time.Minute, "max-age=99999", 2}, {59 * time.Minute, "", 2}, {2 * time.Minute, "no-store", 3}, {59 * time.Second, "", 3}, {2 * time.Second, "", 4}} {
		h.now, h.head = h.now.Add(step.move), map[string]string{"Cache-Control": step.head}
		if err := h.read(h.id()); err != nil || h.asked != step.asked {
			t.Errorf("%+v: asked %d times, %v", step, h.asked, err)
		}
	}
}

// SSRF: no other host, no other way of writing one, no inner address, no redirect, nothing long is fetched.
func TestDocumentRefused(t *testing.T) {
	h := newDocumentHost(t)
	for name, id := range map[string]string{
		"another host": "https://evil.example/client.json", "no TLS": "http://" + h.at() + "/client.json", "no path": h.URL, "the root": h.URL + "/",
		"a fragment": h.id() + "#x", "a query": h.id() + "?x=1", "a name": "https://a@" + h.at() + "/client.json", "dots": h.URL + "/a/../client.json",
		"two slashes": h.URL + "//client.json", "an escape": h.URL + "/%63lient.json", "capitals": strings.Replace(h.id(), "127", "LOCAL", 1),
		"a host before": "https://" + h.at() + "@evil.example/client.json", "a file": "file:///etc/passwd", "no address": "https:client.json", "a space": h.URL + "/a b",
		"another port": "https://127.0.0.1:1/client.json", "too long": h.URL + "/" + strings.Repeat("x", 600),
	} {
		if err := h.read(id); stead.ReasonOf(err) != stead.ReasonRequest {
			t.Error(name, err)
		}
	}
	if h.asked != 0 {
		t.Error("something was fetched:", h.asked)
	}
	for name, change := range map[string]func(*documentHost){
		"another client": func(h *documentHost) { h.body = strings.Replace(h.body, "ID", "https://evil.example/x", 1) },
		"no name":        func(h *documentHost) { h.body = strings.Replace(h.body, "Notes", "", 1) },
		"a name to fool": func(h *documentHost) { h.body = strings.Replace(h.body, "Notes", `a\u202eb`, 1) },
		"no redirects":   func(h *documentHost) { h.body = strings.Replace(h.body, `"http://127.0.0.1/cb"`, "", 1) },
		"a wrong redirect": func(h *documentHost) {
			h.body = strings.Replace(h.body, "http://127.0.0.1/cb", "http://evil.example/", 1)
		},
		"a secret":        func(h *documentHost) { h.body = strings.Replace(h.body, `{`, `{"client_secret":"",`, 1) },
		"secret methods":  func(h *documentHost) { h.body = strings.Replace(h.body, `"none"`, `"client_secret_basic"`, 1) },
		"two readings":    func(h *documentHost) { h.body = strings.Replace(h.body, `{`, `{"client_id":"x",`, 1) },
		"no JSON":         func(h *documentHost) { h.body = "<html>" },
		"of another kind": func(h *documentHost) { h.head = map[string]string{"Content-Type": "text/html"} },
		"not there":       func(h *documentHost) { h.code = http.StatusNotFound },
		"elsewhere": func(h *documentHost) {
			h.code, h.head = http.StatusFound, map[string]string{"Location": h.URL + "/other"}
		},
		"too long":        func(h *documentHost) { h.body += strings.Repeat(" ", mostDocument) },
		"another network": func(h *documentHost) { h.docs.Networks = nil },
		"two addresses": func(h *documentHost) {
			h.docs.Lookup = func(context.Context, string) ([]netip.Addr, error) {
				return []netip.Addr{netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("10.0.0.1")}, nil
			}
		},
		"nobody's certificate": func(h *documentHost) { h.docs.Roots = x509.NewCertPool() },
	} {
		h := newDocumentHost(t)
		change(h)
		if err := h.read(h.id()); stead.ReasonOf(err) != stead.ReasonRequest || h.asked > 1 {
			t.Error(name, err, h.asked)
		}
	}
}

// What is looked up is what is dialled: once, however often the name changes its mind.
func TestDocumentLooksUpOnce(t *testing.T) {
	h := newDocumentHost(t)
	looked := 0
	h.docs.Lookup = func(context.Context, string) ([]netip.Addr, error) {
		if looked++; looked > 1 {
			return []netip.Addr{netip.MustParseAddr("169.254.169.254")}, nil
		}
		return []netip.Addr{netip.MustParseAddr("127.0.0.1")}, nil
	}
	if err := h.read(h.id()); err != nil || looked != 1 {
		t.Error(err, looked)
	}
}

func TestDials(t *testing.T) {
	d := &Documents{}
	for address, want := range map[string]bool{
		"93.184.215.14": true, "2606:2800:21f:cb07::1": true, "127.0.0.1": false, "10.0.0.1": false, "172.16.0.1": false, "192.168.1.1": false, "169.254.169.254": false,
		"100.64.0.1": false, "0.0.0.0": false, "255.255.255.255": false, "224.0.0.1": false, "198.18.0.1": false, "192.0.2.1": false, "240.0.0.1": false,
		"::1": false, "::": false, "fe80::1": false, "fc00::1": false, "fd12::1": false, "64:ff9b::7f00:1": false, "2002:7f00:1::": false, "2001:db8::1": false, "ff02::1": false,
		"fec0::1": false,
	} {
		if got := d.dials(netip.MustParseAddr(address)); got != want {
			t.Error(address, got)
		}
	}
	if d.dials(netip.MustParseAddr("::ffff:127.0.0.1").Unmap()) {
		t.Error("a mapped address")
	}
}
