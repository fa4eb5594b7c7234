package outside

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// raw speaks HTTP/1.1 by hand and gives the status and the whole answer.
func raw(t *testing.T, base, text string) (int, string) {
	t.Helper()
	u, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	c, err := (&net.Dialer{Timeout: 5 * time.Second}).DialContext(t.Context(), "tcp", u.Host)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(c, strings.ReplaceAll(text, "HOST", u.Host)); err != nil {
		return 0, err.Error()
	}
	r := bufio.NewReader(c)
	res, err := http.ReadResponse(r, nil)
	if err != nil {
		return 0, err.Error()
	}
	defer res.Body.Close()
	body, _ := io.ReadAll(res.Body)
	return res.StatusCode, string(body)
}

// Nobody becomes somebody else by what he writes on a request (A1, A3, A4, A5).
func TestForgedIdentity(t *testing.T) {
	w := dev(t)
	sam := w.enter(t, "staff/sam")
	pass := sam.pass(t, w.Gateway)
	cookie := fmt.Sprintf("Cookie: %s=%s\r\nUser-Agent: %s\r\n", pass.Name, pass.Value, agent)
	_, want := raw(t, w.Gateway, "GET /api/whoami HTTP/1.1\r\nHost: HOST\r\nConnection: close\r\n"+cookie+"\r\n")
	if !isSam(want) {
		t.Fatal(want)
	}
	var lines []string
	for _, name := range []string{"X-Stead-Subject", "X-Stead-Actor", "X-Stead-Assertion", "X-Stead-Mandate", "X-Stead-Mode", "Remote-User", "SM_USER", "SM_USERIMPERSONATORNAME"} {
		for _, alias := range []string{name, strings.ToLower(name), strings.ToUpper(name), strings.ReplaceAll(name, "-", "_"), strings.ReplaceAll(name, "-", "."),
			strings.ReplaceAll(name, "_", "-"), strings.ReplaceAll(name, "-", ""), "HTTP_" + strings.ReplaceAll(name, "-", "_"), "x-STEAD_" + name} {
			for _, value := range []string{"person:customers/dana", "dana"} {
				lines = append(lines, alias+": "+value, "Connection: "+alias+"\r\n"+alias+": "+value)
			}
		}
	}
	lines = append(lines, "X-Stead-Subject : person:customers/dana", " X-Stead-Subject: person:customers/dana", "X-Forwarded-User: dana", "X-Original-URL: /orders",
		"X-HTTP-Method-Override: DELETE", "Forwarded: for=1.2.3.4;host=evil", "X-Forwarded-Host: evil", "Connection: cookie", "Connection: X-Stead-Subject, close",
		"Authorization: Bearer stp_aaaaaaaaaaaaaaaaaaaaaaaaaa", "Authorization: Basic ZGFuYTpkYW5h", "X-Rewrite-Url: /admin", "Trailer: X-Stead-Subject")
	for _, line := range lines {
		status, got := raw(t, w.Gateway, "GET /api/whoami HTTP/1.1\r\nHost: HOST\r\nConnection: close\r\n"+cookie+line+"\r\n\r\n")
		if status == 200 && !isSam(got) || status != 200 && status != 400 {
			t.Errorf("%q: %d %.1200s", line, status, got)
		}
		// Without a pass they are worth nothing at all.
		if status, got := raw(t, w.Gateway, "GET /api/whoami HTTP/1.1\r\nHost: HOST\r\nConnection: close\r\n"+line+"\r\n\r\n"); status != 401 && status != 400 {
			t.Errorf("stranger, %q: %d %s", line, status, got)
		}
	}
	// Trailers, and the same over a chunked body.
	body := "POST /api/search HTTP/1.1\r\nHost: HOST\r\nConnection: close\r\n" + cookie + "Trailer: X-Stead-Subject\r\nTransfer-Encoding: chunked\r\nContent-Type: application/json\r\n\r\n2\r\n{}\r\n0\r\nX-Stead-Subject: person:customers/dana\r\n\r\n"
	if status, got := raw(t, w.Gateway, body); status == 200 {
		t.Errorf("a trailer: %s", got)
	}
}

// isSam tells whether the application was told of Sam alone, under every name that it could read him from.
func isSam(whoami string) bool {
	var me struct {
		Subject, Actor string
		Headers        map[string][]string
	}
	if err := json.Unmarshal([]byte(whoami), &me); err != nil || me.Subject != "person:staff/sam" || me.Actor != me.Subject {
		return false
	}
	for name, values := range me.Headers {
		folded := strings.NewReplacer("-", "", "_", "", ".", "").Replace(strings.ToLower(name))
		if strings.HasPrefix(folded, "http") {
			continue // CGI puts its prefix before the prefix
		}
		if len(values) != 1 || strings.Contains(values[0], "dana") || strings.Contains(values[0], "evil") {
			return false
		}
	}
	return true
}

// While somebody acts, no way of writing a request makes a write of it.
func TestOverriddenMethods(t *testing.T) {
	w := dev(t)
	dana, sam := w.enter(t, "customers/dana"), w.enter(t, "staff/sam")
	before := dana.get(t, w.Gateway+"/api/orders/7").is(t, "order 7", 200).body
	sam.acts(t, "staff/sam").is(t, "start", 303)
	sam.get(t, w.Gateway+"/api/orders/7").is(t, "order 7, for her", 200)
	type try struct {
		method, path, body string
		head               []string
	}
	var tries []try
	for _, h := range []string{"X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override", "X-Http_Method_Override", "x-method"} {
		for _, m := range []string{"DELETE", "PATCH", "POST"} {
			tries = append(tries, try{"GET", "/api/orders/7", "", []string{h, m}}, try{"POST", "/api/search", `{}`, []string{h, m}})
		}
	}
	for _, q := range []string{"?_method=DELETE", "?_method=PATCH&status=cancelled", "?status=cancelled", "?cancel=1", ";_method=DELETE", "?%5fmethod=DELETE"} {
		tries = append(tries, try{"GET", "/api/orders/7" + q, "", nil}, try{"GET", "/orders/7" + q, "", nil})
	}
	for _, p := range []string{"/orders/7/cancel", "/orders/7/cancel/", "/orders/7//cancel", "/orders/7/./cancel", "/orders/7%2fcancel", "/orders/7/%63ancel", "/ORDERS/7/cancel", "/api/../orders/7/cancel", "/static/../orders/7/cancel", "/static/%2e%2e/orders/7/cancel", "//orders/7/cancel"} {
		for _, m := range []string{"GET", "POST", "HEAD", "PUT", "DELETE", "PURGE", "post", "OPTIONS"} {
			tries = append(tries, try{m, p, "", nil})
		}
	}
	for _, m := range []string{"PATCH", "DELETE", "PUT", "POST", "MKCOL", "PROPFIND", "LOCK"} {
		tries = append(tries, try{m, "/api/orders/7", `{"status":"cancelled"}`, []string{"Content-Type", "application/json"}})
	}
	for _, q := range []string{`{"query":"mutation { cancelOrder(id: 7) { id } }"}`, `{"query":"query { orders { id } } mutation { cancelOrder(id: 7) { id } }"}`,
		`[{"query":"mutation { cancelOrder(id: 7) { id } }"}]`, `{"query":"query { orders { id } }","query":"mutation { cancelOrder(id: 7) { id } }"}`,
		`{"query":"query a { orders { id } }","operationName":"b","extensions":{}}`, `{"query":"# {\nmutation { cancelOrder(id: 7) { id } }"}`} {
		tries = append(tries, try{"POST", "/api/graphql", q, []string{"Content-Type", "application/json"}})
	}
	for _, x := range tries {
		c, err := http.NewRequestWithContext(t.Context(), x.method, w.Gateway, strings.NewReader(x.body))
		if err != nil {
			t.Fatal(err)
		}
		path, query, _ := strings.Cut(x.path, "?")
		c.URL.Opaque, c.URL.RawQuery = "//"+c.URL.Host+path, query
		if strings.HasPrefix(path, "//") {
			continue // not to be said by this client
		}
		c.Header.Set("User-Agent", sam.agent)
		for i := 0; i+1 < len(x.head); i += 2 {
			c.Header.Set(x.head[i], x.head[i+1])
		}
		a := sam.answer(t, c)
		if a.status == 200 && x.method != "GET" && x.method != "HEAD" && x.path != "/api/search" && x.method != "OPTIONS" {
			t.Errorf("%+v: %d %s", x, a.status, a.body)
		}
	}
	if after := dana.get(t, w.Gateway+"/api/orders/7").body; after != before {
		t.Errorf("order 7 changed:\n%s\n%s", before, after)
	}
}

// What a proxy and a server could frame differently is refused (request smuggling).
func TestFraming(t *testing.T) {
	w := dev(t)
	inner := "GET /admin HTTP/1.1\r\nHost: HOST\r\n\r\n"
	for name, text := range map[string]string{
		"both lengths":        "POST /api/search HTTP/1.1\r\nHost: HOST\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + inner,
		"two lengths":         "POST /api/search HTTP/1.1\r\nHost: HOST\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nabcde",
		"odd coding":          "POST /api/search HTTP/1.1\r\nHost: HOST\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
		"coding twice":        "POST /api/search HTTP/1.1\r\nHost: HOST\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
		"plus length":         "POST /api/search HTTP/1.1\r\nHost: HOST\r\nContent-Length: +4\r\n\r\nabcd",
		"two hosts":           "GET / HTTP/1.1\r\nHost: HOST\r\nHost: evil.example\r\n\r\n",
		"no host":             "GET / HTTP/1.1\r\n\r\n",
		"other host":          "GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n",
		"absolute form":       "GET http://HOST/api/whoami HTTP/1.1\r\nHost: HOST\r\n\r\n",
		"absolute, other":     "GET http://evil.example/ HTTP/1.1\r\nHost: HOST\r\n\r\n",
		"authority form":      "CONNECT HOST HTTP/1.1\r\nHost: HOST\r\n\r\n",
		"h2c":                 "GET / HTTP/1.1\r\nHost: HOST\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n",
		"trace":               "TRACE / HTTP/1.1\r\nHost: HOST\r\n\r\n",
		"bare newline header": "GET / HTTP/1.1\r\nHost: HOST\r\nX-A: b\nX-Stead-Subject: person:customers/dana\r\n\r\n",
		"space before colon":  "GET / HTTP/1.1\r\nHost: HOST\r\nTransfer-Encoding : chunked\r\n\r\n",
		"folded header":       "GET / HTTP/1.1\r\nHost: HOST\r\nX-A: b\r\n X-Stead-Subject: person:customers/dana\r\n\r\n",
		"NUL in a header":     "GET / HTTP/1.1\r\nHost: HOST\r\nX-A: b\x00c\r\n\r\n",
		"dots":                "GET /static/../admin HTTP/1.1\r\nHost: HOST\r\n\r\n",
		"encoded dots":        "GET /static/%2e%2e/admin HTTP/1.1\r\nHost: HOST\r\n\r\n",
		"backslash":           "GET /static\\..\\admin HTTP/1.1\r\nHost: HOST\r\n\r\n",
		"many headers":        "GET / HTTP/1.1\r\nHost: HOST\r\n" + strings.Repeat("X-A: b\r\n", 2000) + "\r\n",
		"many cookies":        "GET / HTTP/1.1\r\nHost: HOST\r\nCookie: " + strings.Repeat("a=b; ", 10000) + "\r\n\r\n",
		"long target":         "GET /" + strings.Repeat("a", 1<<20) + " HTTP/1.1\r\nHost: HOST\r\n\r\n",
		"many parameters":     "GET /?" + strings.Repeat("a&", 4000) + " HTTP/1.1\r\nHost: HOST\r\n\r\n",
		"health agent":        "GET /orders/healthz HTTP/1.1\r\nHost: HOST\r\nUser-Agent: GoogleHC/1.0\r\n\r\n",
	} {
		for _, base := range []string{w.Gateway, w.Console} {
			if status, got := raw(t, base, text); status != 0 && status < 400 && (status != 303 && name != "bare newline header" || base == w.Gateway) {
				t.Errorf("%s at %s: %d %.200s", name, base, status, got)
			}
		}
	}
}
