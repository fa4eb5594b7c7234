package nodes

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"
)

// A caller is a client with a cookie jar, as a script of somebody's is. It follows no redirect.
type caller struct {
	http *http.Client
	head http.Header // sent with every request
}

func stranger(t *testing.T) *caller {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &caller{head: http.Header{"User-Agent": {"nodes/1"}}, http: &http.Client{Jar: jar, Timeout: 30 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// copied is somebody at the same program who has the passes as they are now.
func (c *caller) copied(t *testing.T, at string) *caller {
	t.Helper()
	u, err := url.Parse(at)
	if err != nil {
		t.Fatal(err)
	}
	other := stranger(t)
	other.http.Jar.SetCookies(u, c.http.Jar.Cookies(u))
	return other
}

// An answer is what came back, and from which node.
type answer struct {
	status   int
	by       string
	to, body string
}

// is fails unless the answer has the status, and holds the parts.
func (a answer) is(t *testing.T, what string, status int, parts ...string) answer {
	t.Helper()
	if a.status != status {
		t.Fatalf("%s: %d from node %s, want %d\n%s %s", what, a.status, a.by, status, a.to, a.body)
	}
	for _, p := range parts {
		if !strings.Contains(a.body, p) {
			t.Errorf("%s: %q is not in it:\n%s", what, p, a.body)
		}
	}
	return a
}

func (c *caller) send(t *testing.T, method, to, body string, head ...string) answer {
	t.Helper()
	a, err := c.try(t, method, to, body, head...)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func (c *caller) try(t *testing.T, method, to, body string, head ...string) (answer, error) {
	r, err := http.NewRequestWithContext(t.Context(), method, to, strings.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	for k, v := range c.head {
		r.Header[k] = v
	}
	for i := 0; i+1 < len(head); i += 2 {
		r.Header.Set(head[i], head[i+1])
	}
	res, err := c.http.Do(r)
	if err != nil {
		return answer{}, err
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	return answer{res.StatusCode, res.Header.Get("Served-By"), res.Header.Get("Location"), string(raw)}, err
}

func (c *caller) get(t *testing.T, to string) answer {
	t.Helper()
	return c.send(t, "GET", to, "")
}

// page gets as a browser's reader does.
func (c *caller) page(t *testing.T, to string) answer {
	t.Helper()
	return c.send(t, "GET", to, "", "Accept", "text/html")
}

func encode(fields ...string) string {
	q := url.Values{}
	for i := 0; i+1 < len(fields); i += 2 {
		q.Add(fields[i], fields[i+1])
	}
	return q.Encode()
}

// form posts fields from a page: name, value, name, value.
func (c *caller) form(t *testing.T, to string, fields ...string) answer {
	t.Helper()
	return c.send(t, "POST", to, encode(fields...), "Content-Type", "application/x-www-form-urlencoded", "Accept", "text/html")
}

// post posts fields as a program does.
func (c *caller) post(t *testing.T, to string, fields ...string) answer {
	t.Helper()
	return c.send(t, "POST", to, encode(fields...), "Content-Type", "application/x-www-form-urlencoded")
}

func (c *caller) json(t *testing.T, method, to string, v any) answer {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return c.send(t, method, to, string(raw), "Content-Type", "application/json")
}

// codes gives everybody's codes, each once.
type codes struct {
	mu    sync.Mutex
	spent map[string]int64 // the last time step, by person
}

// next is somebody's next code that was not used yet, as early as it is taken.
func (c *codes) next(t *testing.T, who string) string {
	t.Helper()
	return c.of(t, who, secret)
}

func (c *codes) of(t *testing.T, who, secret string) string {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	step := max(now.Add(-27*time.Second).Unix()/30, c.spent[who]+1) // one that is taken for some seconds yet
	for time.Now().Unix()/30 < step-1 {
		time.Sleep(100 * time.Millisecond) // people wait for their authenticators too
	}
	if c.spent == nil {
		c.spent = map[string]int64{}
	}
	c.spent[who] = step
	code, err := totp.GenerateCode(secret, time.Unix(step*30, 0))
	if err != nil {
		t.Fatal(err)
	}
	return code
}

const (
	password = "a few plain words"
	secret   = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
)

var (
	base32Secret = regexp.MustCompile(`\b[A-Z2-7]{32}\b`)
	step         = regexp.MustCompile(`name="step" value="([^"]+)"`)
)

// first makes the first administrator, each step at the next node, and gives who he is at the API.
func (w *world) first(t *testing.T, link string) (*caller, *codes) {
	t.Helper()
	token := strings.TrimPrefix(link, w.own+"/setup?token=")
	c, all := stranger(t), &codes{}
	c.page(t, link).is(t, "the link", 200)
	page := c.form(t, w.own+"/setup", "token", token, "directory", "staff", "name", "ada", "password", password, "again", password).is(t, "the first step", 200)
	own := base32Secret.FindString(page.body)
	c.form(t, w.own+"/setup/code", "token", token, "code", "000000").is(t, "a wrong code", 403)
	c.form(t, w.own+"/setup/code", "token", token, "code", all.of(t, "ada", own)).is(t, "the second step", 303)
	c.page(t, w.own+"/people").is(t, "people", 200)
	for range 2 {
		stranger(t).page(t, link).is(t, "the link again", 409)
	}
	return w.token(t, "staff", "ada", all.of(t, "ada", own)), all
}

// token signs somebody in at the API.
func (w *world) token(t *testing.T, directory, name, code string) *caller {
	t.Helper()
	c := stranger(t)
	var in struct{ Token string }
	a := c.json(t, "POST", w.own+"/v1/login", map[string]any{"directory": directory, "name": name, "password": password, "code": code}).is(t, "sign in at the API", 200)
	if err := json.Unmarshal([]byte(a.body), &in); err != nil {
		t.Fatal(err)
	}
	c.head.Set("Authorization", "Bearer "+in.Token)
	return c
}

// enrol adds people, each at the next node. All have one password, and staff a secret besides.
func (w *world) enrol(t *testing.T, ada *caller, people ...map[string]any) {
	t.Helper()
	for _, p := range people {
		p["password"], p["totp_secret"] = password, secret
		ada.json(t, "POST", w.own+"/v1/people", p).is(t, "enrol", 201)
	}
}

func sam() map[string]any {
	return map[string]any{"directory": "staff", "name": "sam", "shown": "Sam Okafor", "groups": []string{"support"}}
}

func olga() map[string]any {
	return map[string]any{"directory": "staff", "name": "olga", "groups": []string{"security"}}
}

func dana() map[string]any {
	return map[string]any{"directory": "customers", "name": "dana", "shown": "Dana Reyes", "groups": []string{"customers"}}
}

// signIn signs in at the application: the form at one node, the code at the other.
func (w *world) signIn(t *testing.T, c *caller, directory, name string, code string) {
	t.Helper()
	first := c.page(t, w.gate+"/orders/7").is(t, "the application unasked", 303)
	c.page(t, first.to).is(t, "the form", 200)
	u, err := url.Parse(first.to)
	if err != nil {
		t.Fatal(err)
	}
	next := u.Query().Get("next")
	half := c.form(t, w.own+"/login", "name", name, "directory", directory, "password", password, "next", next).is(t, "the password", 403, "Code")
	token := step.FindStringSubmatch(half.body)
	if token == nil || strings.Contains(half.body, password) {
		t.Fatalf("the page of the code: %s", half.body)
	}
	rest := c.form(t, w.own+"/login", "step", token[1], "name", name, "directory", directory, "code", code, "next", next).is(t, "the code", 303)
	if half.by == rest.by {
		t.Errorf("password and code went to node %s", rest.by)
	}
	in := c.page(t, rest.to).is(t, "arriving", 303)
	if in.to != "/orders/7" {
		t.Errorf("arrived at %s", in.to)
	}
}

func contains(text string, parts ...string) bool {
	return !slices.ContainsFunc(parts, func(p string) bool { return !strings.Contains(text, p) })
}
