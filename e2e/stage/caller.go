package stage

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
	"time"
)

// A Caller is a client with a cookie jar, as a script of somebody's is. It follows no redirect, and finds every name
// under .localhost here.
type Caller struct {
	HTTP *http.Client
	Head http.Header // sent with every request
}

// Stranger is a caller whom nobody knows yet.
func Stranger(t *testing.T) *Caller {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	to := &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 4, DialContext: dial}
	t.Cleanup(to.CloseIdleConnections)
	return &Caller{Head: http.Header{"User-Agent": {"stage/1"}}, HTTP: &http.Client{Jar: jar, Transport: to, Timeout: 60 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

func dial(ctx context.Context, network, addr string) (net.Conn, error) {
	if host, port, err := net.SplitHostPort(addr); err == nil && strings.HasSuffix(host, ".localhost") {
		addr = net.JoinHostPort("127.0.0.1", port)
	}
	return (&net.Dialer{}).DialContext(ctx, network, addr)
}

// An Answer is what came back.
type Answer struct {
	Status int
	Head   http.Header
	Body   string
}

// To is where a redirect leads.
func (a Answer) To() string { return a.Head.Get("Location") }

// Is fails unless the answer has the status, and holds the parts.
func (a Answer) Is(t *testing.T, what string, status int, parts ...string) Answer {
	t.Helper()
	if a.Status != status {
		t.Fatalf("%s: %d, want %d\n%s %s", what, a.Status, status, a.To(), brief(a.Body))
	}
	return a.Holds(t, what, parts...)
}

// Holds fails unless the answer holds the parts.
func (a Answer) Holds(t *testing.T, what string, parts ...string) Answer {
	t.Helper()
	for _, p := range parts {
		if !strings.Contains(a.Body, p) {
			t.Errorf("%s: %q is not in it (%d):\n%s", what, p, a.Status, brief(a.Body))
		}
	}
	return a
}

// Lacks fails if the answer holds one of the parts, in its body or its header.
func (a Answer) Lacks(t *testing.T, what string, parts ...string) Answer {
	t.Helper()
	for _, p := range parts {
		if strings.Contains(a.Body, p) {
			t.Errorf("%s: %q is in it:\n%s", what, p, brief(a.Body))
		}
	}
	return a
}

// brief is what one looks at first: the beginning, without empty lines.
func brief(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	return text[:min(len(text), 1200)]
}

// Reads decodes a JSON answer.
func (a Answer) Reads(t *testing.T, v any) {
	t.Helper()
	if err := json.Unmarshal([]byte(a.Body), v); err != nil {
		t.Fatalf("%d: %v\n%s", a.Status, err, a.Body)
	}
}

// Send sends one request; head holds name, value, name, value. An empty value is sent, too. A target that no URL
// spells is sent as it is.
func (c *Caller) Send(t *testing.T, method, to, body string, head ...string) Answer {
	t.Helper()
	a, err := c.Try(t, method, to, body, head...)
	if err != nil {
		t.Fatalf("%s %s: %v", method, to, err)
	}
	return a
}

// Try is Send for what may fail on its way.
func (c *Caller) Try(t *testing.T, method, to, body string, head ...string) (Answer, error) {
	r, err := http.NewRequestWithContext(t.Context(), method, to, strings.NewReader(body))
	if err != nil {
		return Answer{}, err
	}
	for k, v := range c.Head {
		r.Header[k] = v
	}
	for i := 0; i+1 < len(head); i += 2 {
		r.Header[head[i]] = append(r.Header[head[i]], head[i+1]) // as it is spelt
	}
	res, err := c.HTTP.Do(r)
	if err != nil {
		return Answer{}, err
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	return Answer{res.StatusCode, res.Header, string(raw)}, err
}

// Get asks as a program does.
func (c *Caller) Get(t *testing.T, to string, head ...string) Answer {
	t.Helper()
	return c.Send(t, "GET", to, "", head...)
}

// Page gets as a reader's program does.
func (c *Caller) Page(t *testing.T, to string) Answer {
	t.Helper()
	return c.Send(t, "GET", to, "", "Accept", "text/html")
}

// Encode is a form: name, value, name, value.
func Encode(fields ...string) string {
	q := url.Values{}
	for i := 0; i+1 < len(fields); i += 2 {
		q.Add(fields[i], fields[i+1])
	}
	return q.Encode()
}

const formType = "application/x-www-form-urlencoded"

// Form posts fields from a page.
func (c *Caller) Form(t *testing.T, to string, fields ...string) Answer {
	t.Helper()
	return c.Send(t, "POST", to, Encode(fields...), "Content-Type", formType, "Accept", "text/html")
}

// Post posts fields as a program does.
func (c *Caller) Post(t *testing.T, to string, fields ...string) Answer {
	t.Helper()
	return c.Send(t, "POST", to, Encode(fields...), "Content-Type", formType)
}

// JSON sends v.
func (c *Caller) JSON(t *testing.T, method, to string, v any) Answer {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return c.Send(t, method, to, string(raw), "Content-Type", "application/json")
}
