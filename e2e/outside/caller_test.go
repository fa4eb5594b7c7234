package outside

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

const agent = "outside/1"

// A caller is a client with a cookie jar and a name of its own. It follows no redirect.
type caller struct {
	w     *world
	http  *http.Client
	jar   *cookiejar.Jar
	agent string
	head  http.Header // sent with every request
}

// An answer is what came back.
type answer struct {
	status int
	head   http.Header
	body   string
}

func (a answer) to() string { return a.head.Get("Location") }

func (a answer) reads(t *testing.T, v any) {
	t.Helper()
	if err := json.Unmarshal([]byte(a.body), v); err != nil {
		t.Fatalf("%d: %v\n%s", a.status, err, a.body)
	}
}

// is fails unless the answer has the status, and the reason where one is named.
func (a answer) is(t *testing.T, what string, status int, reason ...string) answer {
	t.Helper()
	if a.status != status {
		t.Errorf("%s: %d, want %d\n%s %s", what, a.status, status, a.to(), a.body)
	}
	if len(reason) > 0 && a.reason() != reason[0] {
		t.Errorf("%s: reason %q, want %q\n%s", what, a.reason(), reason[0], a.body)
	}
	return a
}

func (a answer) reason() string {
	var p struct {
		Reason string `json:"reason_code"`
	}
	_ = json.Unmarshal([]byte(a.body), &p) // what is no problem document has no reason
	return p.Reason
}

// loopback finds every name under localhost on this machine, as browsers do.
var loopback = &http.Transport{DialContext: func(ctx context.Context, network, to string) (net.Conn, error) {
	if host, port, err := net.SplitHostPort(to); err == nil && strings.HasSuffix(host, ".localhost") {
		to = net.JoinHostPort("127.0.0.1", port)
	}
	return new(net.Dialer).DialContext(ctx, network, to)
}}

func stranger(w *world) *caller {
	jar, err := cookiejar.New(nil)
	if err != nil {
		panic(err)
	}
	c := &caller{w: w, jar: jar, agent: agent, head: http.Header{}}
	c.http = &http.Client{Jar: jar, Transport: loopback, Timeout: 30 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	}}
	return c
}

// send sends one request; head holds name, value, name, value.
func (c *caller) send(t *testing.T, method, to, body string, head ...string) answer {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, to, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("User-Agent", c.agent)
	for k, v := range c.head {
		r.Header[k] = v
	}
	for i := 0; i+1 < len(head); i += 2 {
		r.Header.Set(head[i], head[i+1])
	}
	return c.answer(t, r)
}

func (c *caller) answer(t *testing.T, r *http.Request) answer {
	t.Helper()
	res, err := c.http.Do(r)
	if err != nil {
		t.Fatalf("%s %s: %v", r.Method, r.URL, err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatalf("%s %s: %v", r.Method, r.URL, err)
	}
	return answer{res.StatusCode, res.Header, string(raw)}
}

func (c *caller) get(t *testing.T, to string, head ...string) answer {
	t.Helper()
	return c.send(t, "GET", to, "", head...)
}

// page gets as a browser's reader does.
func (c *caller) page(t *testing.T, to string) answer {
	t.Helper()
	return c.get(t, to, "Accept", "text/html")
}

// form posts fields: name, value, name, value.
func (c *caller) form(t *testing.T, to string, fields ...string) answer {
	t.Helper()
	return c.send(t, "POST", to, encode(fields...), "Content-Type", "application/x-www-form-urlencoded")
}

func encode(fields ...string) string {
	q := url.Values{}
	for i := 0; i+1 < len(fields); i += 2 {
		q.Add(fields[i], fields[i+1])
	}
	return q.Encode()
}

func (c *caller) json(t *testing.T, method, to string, v any) answer {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	if v == nil {
		raw = nil
	}
	return c.send(t, method, to, string(bytes.TrimSpace(raw)), "Content-Type", "application/json")
}

// pass is the cookie of Stead's that the caller has for an address; "" is none.
func (c *caller) pass(t *testing.T, of string) *http.Cookie {
	t.Helper()
	u, err := url.Parse(of)
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range c.jar.Cookies(u) {
		if strings.HasSuffix(k.Name, "_"+u.Port()) {
			return k
		}
	}
	return nil
}

// enter signs somebody in the way everybody comes: from the gateway to the form and back.
func (w *world) enter(t *testing.T, account string) *caller {
	t.Helper()
	c := stranger(w)
	c.signIn(t, account)
	return c
}

func (c *caller) signIn(t *testing.T, account string) {
	t.Helper()
	w, p := c.w, c.w.person(t, account)
	first := c.page(t, w.Gateway+"/orders").is(t, "the application unasked", 303)
	to, err := url.Parse(first.to())
	if err != nil || !strings.HasPrefix(first.to(), w.Console+"/login?") {
		t.Fatalf("a stranger is sent to %q", first.to())
	}
	next := to.Query().Get("next")
	c.page(t, first.to()).is(t, "the form", 200)
	back := c.form(t, w.Console+"/login", "name", p.Name, "directory", p.Directory, "password", p.Password, "code", w.code(t, account), "next", next)
	if back.is(t, "signing in", 303); !strings.HasPrefix(back.to(), w.Gateway+"/.stead/in?") {
		t.Fatalf("signed in, sent to %q", back.to())
	}
	in := c.page(t, back.to()).is(t, "arriving", 303)
	if in.to() != "/orders" {
		t.Errorf("arrived at %q", in.to())
	}
}

// token signs somebody in at the API.
func (w *world) token(t *testing.T, account string) *caller {
	t.Helper()
	p := w.person(t, account)
	c := stranger(w)
	res := c.json(t, "POST", w.Console+"/v1/login", map[string]any{"directory": p.Directory, "name": p.Name, "password": p.Password, "code": w.code(t, account)})
	var in struct{ Token string }
	if res.reads(t, &in); res.status != 200 || in.Token == "" {
		t.Fatalf("login: %d %s", res.status, res.body)
	}
	c.head.Set("Authorization", "Bearer "+in.Token)
	return c
}

// acts starts acting at the gateway, for Dana of the customers unless fields say otherwise.
func (c *caller) acts(t *testing.T, account string, fields ...string) answer {
	t.Helper()
	all := []string{"subject", "dana", "directory", "customers", "reason", "wrong total", "ticket", "SUP-4711",
		"code", c.w.code(t, account), "target", "/orders"}
	for i := 0; i+1 < len(fields); i += 2 {
		if at := slices.Index(all, fields[i]); at >= 0 && at%2 == 0 {
			all[at+1] = fields[i+1]
			continue
		}
		all = append(all, fields[i], fields[i+1])
	}
	return c.form(t, c.w.Gateway+"/.stead/act", all...)
}

// A standing is what /.stead/status says.
type standing struct {
	Acting         bool
	Actor, Subject struct{ ID, Name string }
	Mandate, Mode  string
	Until          time.Time
	WarnAt         time.Time `json:"warn_at"`
	WarnsOf        string    `json:"warns_of"`
	ExtensionsLeft *int      `json:"extensions_left"`
}

func (c *caller) standing(t *testing.T) (s standing) {
	t.Helper()
	c.get(t, c.w.Gateway+"/.stead/status").is(t, "status", 200).reads(t, &s)
	return s
}
