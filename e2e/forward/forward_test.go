package forward

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// The configurations of the guide, in real proxies: who is there is told to the application, what clients say of that is
// not, and a no stays a no, while acting too.
func TestForwardAuth(t *testing.T) {
	for _, aware := range []bool{true, false} {
		for proxy, start := range proxies() {
			t.Run(fmt.Sprintf("%s/aware=%v", proxy, aware), func(t *testing.T) {
				w := newWorld(t, aware)
				start(w, w.guide(proxy), w.host)
				w.tellsWho(proxy)
				w.keepsForgersOut(proxy)
				w.acts(proxy, aware)
			})
		}
	}
}

// tellsWho: the application gets the subject and its own cookies, not ours; who is not signed in is sent to sign in.
func (w *world) tellsWho(proxy string) {
	dana := w.enter("customers/dana")
	for _, method := range []string{"GET", "POST", "DELETE"} {
		a := w.do(dana, method, "/look/a?a=1", "Cookie: theirs=1", "Authorization: Basic eA==")
		if a.status != http.StatusOK || a.got["Remote-User"] != "dana" || a.got["X-Stead-Subject"] != "person:customers/dana" ||
			a.got["X-Stead-Assertion"] == "" || a.got["target"] != "/look/a?a=1" || a.got["host"] != w.host || a.got["method"] != method {
			w.t.Errorf("%s: %s: %d %v", proxy, method, a.status, a.got)
		}
		if a.got["Cookie"] != "theirs=1" || a.got["Authorization"] != "" || a.got["X-Stead-Actor"] != "" {
			w.t.Errorf("%s: %s: %v", proxy, method, a.got)
		}
	}
	if a := w.do(dana, "GET", "/look/a"); a.got["Cookie"] != "" {
		w.t.Errorf("%s: our cookie alone: %v", proxy, a.got)
	}
	if a := w.do("", "GET", "/look/a"); a.status != http.StatusUnauthorized || a.got != nil {
		w.t.Errorf("%s: a program that is nobody: %d %v", proxy, a.status, a.got)
	}
	a := w.do("", "GET", "/look/a", "Accept: text/html", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document")
	if a.status != http.StatusSeeOther || !strings.HasPrefix(a.location, w.own+"/login?next=") {
		w.t.Errorf("%s: a browser of nobody: %d to %q", proxy, a.status, a.location)
	}
	if a := w.do("", "GET", "/static/a.css"); a.status != http.StatusOK || a.got["Remote-User"] != "" {
		w.t.Errorf("%s: a public file: %d %v", proxy, a.status, a.got)
	}
	if a := w.do(dana, "GET", "/.stead/status"); a.status != http.StatusOK || !strings.Contains(a.body, `"dana"`) {
		w.t.Errorf("%s: status: %d %s", proxy, a.status, a.body)
	}
}

// keepsForgersOut: whatever a client sends, the application hears nothing of it that is ours to say (S-I25), and what is
// asked about is what it gets (S-I26).
func (w *world) keepsForgersOut(proxy string) {
	dana := w.enter("customers/dana")
	forged := []string{"X-Stead-Actor: root", "X-Stead-Subject: root", "X_Stead_Actor: root", "x.stead.actor: root", "Remote-User: root", "REMOTE_USER: root",
		"X-Original-URI: /static/a", "X-Original-Method: HEAD", "X-Forwarded-Uri: /static/a", "X-Forwarded-Method: HEAD", "X-Forwarded-Host: other.test",
		"X_Forwarded_Uri: /static/a", "X-Original-Body: 0", "Forwarded: host=other.test", "X-Forwarded-For: 8.8.8.8", "X-Forwarded-Proto: https"}
	for _, who := range []string{"", dana} {
		for _, path := range []string{"/look/a", "/static/a.css"} {
			for _, line := range forged {
				a := w.do(who, "GET", path, line)
				name, value, _ := strings.Cut(line, ": ")
				if a.got == nil {
					continue
				}
				if who == "" && path == "/look/a" {
					w.t.Errorf("%s: nobody reached %s with %q", proxy, path, line)
				}
				for got, text := range a.got {
					if plain(got) == plain(name) && text == value && strings.Contains(plain(name), "stead") || plain(got) == "remoteuser" && text == "root" {
						w.t.Errorf("%s: %s with %q: the application heard %s: %s", proxy, path, line, got, text)
					}
				}
				if a.got["target"] != path || a.got["method"] != "GET" {
					w.t.Errorf("%s: %s with %q became %s %s", proxy, path, line, a.got["method"], a.got["target"])
				}
			}
		}
	}
	for _, target := range []string{"/look/../other", "/look/%2e%2e/other", "/look/a%2fb", "/look//a", "//look/a", "/look/a;v=1", "/static/../look/a", "/look/%00",
		"/stead-asks", "/.stead/../look/a", "/.stead/%2e%2e/look/a", "/.stead/..%2flook/a"} {
		if a := w.raw("", "GET "+target+" HTTP/1.1"); a.got != nil {
			w.t.Errorf("%s: nobody reached the application by %s: %v", proxy, target, a.got)
		}
		a := w.raw(dana, "GET "+target+" HTTP/1.1")
		if a.got != nil && a.got["target"] != target && proxy != "Traefik" { // it cleans a path before it asks
			w.t.Errorf("%s: %s became %s", proxy, target, a.got["target"])
		}
		if a.got != nil && asked(w.t, a) != a.got["target"] {
			w.t.Errorf("%s: %s: Stead was asked about %s, the application got %s", proxy, target, asked(w.t, a), a.got["target"])
		}
	}
	for _, line := range []string{"GET http://" + w.host + "/look/a HTTP/1.1", "GET http://other.test/look/a HTTP/1.1", "get /look/a HTTP/1.1", "GET /look/a HTTP/1.0"} {
		if a := w.raw("", line); a.got != nil {
			w.t.Errorf("%s: nobody reached the application by %q", proxy, line)
		}
	}
}

// asked is the address that Stead's decision was about, as the assertion has it.
func asked(t *testing.T, a answer) string {
	t.Helper()
	var claims struct {
		URL string `json:"htu"`
	}
	parts := strings.Split(a.got["X-Stead-Assertion"], ".")
	if len(parts) != 3 {
		return ""
	}
	raw, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err == nil {
		err = json.Unmarshal(raw, &claims)
	}
	_, after, _ := strings.Cut(claims.URL, "//")
	_, target, _ := strings.Cut(after, "/")
	if err != nil {
		t.Fatal(err)
	}
	return "/" + target
}

// acts: in an application that is aware, who acts is told as who he is; he may look, and nothing else. In one that is not,
// he may nothing (R28).
func (w *world) acts(proxy string, aware bool) {
	sam := w.enter("staff/sam")
	w.act(sam)
	a := w.do(sam, "GET", "/look/a")
	switch {
	case aware && (a.status != http.StatusOK || a.got["Remote-User"] != "dana" || a.got["X-Stead-Actor"] != "person:staff/sam" || a.got["X-Stead-Mode"] != "read-only"):
		w.t.Errorf("%s: acting: %d %v", proxy, a.status, a.got)
	case !aware && (a.status != http.StatusForbidden || a.got != nil):
		w.t.Errorf("%s: acting where nobody knows of it: %d %v", proxy, a.status, a.got)
	}
	for _, try := range [][2]string{{"POST", "/look/a"}, {"DELETE", "/look/a"}, {"GET", "/change"}, {"GET", "/look/a?x=1"}, {"PROPFIND", "/look/a"}, {"POST", "/search"}} {
		if a := w.do(sam, try[0], try[1]); a.status != http.StatusForbidden || a.got != nil {
			w.t.Errorf("%s: acting, %s %s: %d %v", proxy, try[0], try[1], a.status, a.got)
		}
	}
	bodies := map[string][]string{"nginx": {"Content-Length: 1", "Transfer-Encoding: chunked"}, "Envoy": {"Content-Length: 1"},
		"Caddy": {"Content-Length: 1"}}
	for _, line := range append(bodies[proxy], "Accept: text/event-stream", "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: x3JJHMbDL1EzLkh9GBhXDw==") {
		if a := w.raw(sam, "GET /look/a HTTP/1.1", line); a.status != http.StatusForbidden || a.got != nil {
			w.t.Errorf("%s: acting, with %q: %d %v", proxy, line, a.status, a.got)
		}
	}
	if a := w.do(sam, "GET", "/static/a.css"); a.status != http.StatusOK || a.got["X-Stead-Actor"] != "" {
		w.t.Errorf("%s: acting, a public file: %d %v", proxy, a.status, a.got)
	}
	w.endAll()
	if a := w.do(sam, "GET", "/look/a"); a.status != http.StatusForbidden || a.got != nil {
		w.t.Errorf("%s: after the end, before it was seen: %d %v", proxy, a.status, a.got)
	}
}

// A real proxy before the gateway: what it says of the client is believed when it is trusted, and rebuilt for the
// application either way; what the client says is not (A5).
func TestTrustedProxy(t *testing.T) {
	for _, trusted := range []bool{true, false} {
		t.Run(fmt.Sprintf("trusted=%v", trusted), func(t *testing.T) {
			w := newWorld(t, true, func(w *world) { w.plain, w.trusted = true, trusted })
			w.nginx("server { listen "+w.host+"; location / { proxy_pass http://"+w.gate+"; proxy_set_header Host $http_host; proxy_http_version 1.1;\n"+
				"proxy_set_header X-Forwarded-For \"203.0.113.7\"; proxy_set_header X-Forwarded-Proto https; } }", w.host)
			dana := w.enter("customers/dana")
			a := w.do(dana, "GET", "/look/a", "X-Forwarded-Host: evil.test", "X-Real-IP: 8.8.8.8", "Forwarded: for=8.8.8.8", "X-Forwarded-Port: 1")
			want := map[string]string{"X-Forwarded-For": "127.0.0.1", "X-Forwarded-Proto": "http", "X-Real-Ip": "127.0.0.1", "X-Forwarded-Host": w.host,
				"Forwarded": "", "X-Forwarded-Port": ""}
			if trusted {
				want["X-Forwarded-For"], want["X-Real-Ip"], want["X-Forwarded-Proto"] = "203.0.113.7", "203.0.113.7", "https"
			}
			if a.status != http.StatusOK {
				t.Fatalf("%d %s", a.status, a.body)
			}
			for name, value := range want {
				if a.got[name] != value {
					t.Errorf("the application got %s: %q, want %q", name, a.got[name], value)
				}
			}
		})
	}
}
