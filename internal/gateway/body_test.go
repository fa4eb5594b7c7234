package gateway

import (
	"net/http/httptest"
	"strings"
	"testing"
)

// A body that is no parameters passes unread where a rule names its media type, and nowhere else.
func TestOpaqueBody(t *testing.T) {
	apps, err := ParseRules([]byte(`apps:
  - id: dav
    host: dav.example.com
    upstream: http://127.0.0.1:1
    rules:
      - { id: sign-in, is: closed, path: [/login], has: [u] }
      - { id: look, is: read, method: [PROPFIND, POST], path: [/login, "/dav/**"], only: [depth], body: [application/xml] }
      - { id: rest, is: read, method: [PROPFIND], path: ["/**"] }
`))
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		method, to, kind, head, want string
	}{
		{"PROPFIND", "/dav/x", "application/xml", "", "look"},
		{"PROPFIND", "/dav/x", "application/xml; charset=utf-8", "", "look"},
		{"PROPFIND", "/dav/x?depth=1", "Application/XML", "", "look"},
		{"PROPFIND", "/dav/x?depth=1&depth=2", "application/xml", "", "default"},
		{"PROPFIND", "/dav/x?do=delete", "application/xml", "", "default"},
		{"PROPFIND", "/dav/x", "text/xml", "", "default"},
		{"PROPFIND", "/dav/x", "", "", "default"},
		{"PROPFIND", "/dav/x", "application/xml; charset=utf-7", "", "default"},
		{"PROPFIND", "/dav/x", "application/xml", "Content-Encoding: gzip", "default"},
		{"PROPFIND", "/dav/x", "application/xml", "Content-Type: application/json", "default"},
		{"PROPFIND", "/dav/x", "application/xml", "X-Http-Method-Override: DELETE", "default"},
		{"POST", "/dav/x", "application/x-www-form-urlencoded", "", "default"}, // a parameter that nobody names
		{"PROPFIND", "/other", "application/xml", "", "default"},
		{"POST", "/login", "application/xml", "", "sign-in"}, // it may hold any parameter
	} {
		r := httptest.NewRequest(row.method, row.to, strings.NewReader("<propfind/>"))
		if row.kind != "" {
			r.Header.Set("Content-Type", row.kind)
		}
		if name, value, ok := strings.Cut(row.head, ": "); ok {
			r.Header.Add(name, value)
		}
		if v := apps[0].Classify(r); v.Rule != row.want {
			t.Errorf("%s %s %s %s: %v, want %s", row.method, row.to, row.kind, row.head, v, row.want)
		}
	}
	for _, kind := range []string{"application/json", "application/x-www-form-urlencoded", "multipart/form-data", "text/XML", "xml", "text/xml; charset=utf-8"} {
		_, err := ParseRules([]byte("apps:\n  - id: a\n    host: a.example.com\n    upstream: http://127.0.0.1:1\n    rules: [ { id: x, is: read, body: [ \"" + kind + "\" ] } ]\n"))
		if err == nil || !strings.Contains(err.Error(), "media type") {
			t.Errorf("%s: %v", kind, err)
		}
	}
}
