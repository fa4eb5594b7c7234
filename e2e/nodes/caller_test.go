package nodes

import (
	"encoding/json"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/steadhq/stead/e2e/stage"
)

// by is the node that an answer came from.
func by(a stage.Answer) string { return a.Head.Get("Served-By") }

// copied is somebody at the same program who has the passes as they are now.
func copied(t *testing.T, c *stage.Caller, at string) *stage.Caller {
	t.Helper()
	u, err := url.Parse(at)
	if err != nil {
		t.Fatal(err)
	}
	other := stage.Stranger(t)
	other.HTTP.Jar.SetCookies(u, c.HTTP.Jar.Cookies(u))
	return other
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
func (w *world) first(t *testing.T, link string) (*stage.Caller, *stage.Codes) {
	t.Helper()
	token := strings.TrimPrefix(link, w.own+"/setup?token=")
	c, all := stage.Stranger(t), &stage.Codes{}
	c.Page(t, link).Is(t, "the link", 200)
	page := c.Form(t, w.own+"/setup", "token", token, "directory", "staff", "name", "ada", "password", password, "again", password).Is(t, "the first step", 200)
	own := base32Secret.FindString(page.Body)
	c.Form(t, w.own+"/setup/code", "token", token, "code", "000000").Is(t, "a wrong code", 403)
	c.Form(t, w.own+"/setup/code", "token", token, "code", all.Next(t, "ada", own)).Is(t, "the second step", 303)
	c.Page(t, w.own+"/people").Is(t, "people", 200)
	for range 2 {
		stage.Stranger(t).Page(t, link).Is(t, "the link again", 409)
	}
	return w.token(t, "staff", "ada", all.Next(t, "ada", own)), all
}

// token signs somebody in at the API.
func (w *world) token(t *testing.T, directory, name, code string) *stage.Caller {
	t.Helper()
	c := stage.Stranger(t)
	var in struct{ Token string }
	a := c.JSON(t, "POST", w.own+"/v1/login", map[string]any{"directory": directory, "name": name, "password": password, "code": code}).Is(t, "sign in at the API", 200)
	if err := json.Unmarshal([]byte(a.Body), &in); err != nil {
		t.Fatal(err)
	}
	c.Head.Set("Authorization", "Bearer "+in.Token)
	return c
}

// enrol adds people, each at the next node. All have one password, and staff a secret besides.
func (w *world) enrol(t *testing.T, ada *stage.Caller, people ...map[string]any) {
	t.Helper()
	for _, p := range people {
		p["password"], p["totp_secret"] = password, secret
		ada.JSON(t, "POST", w.own+"/v1/people", p).Is(t, "enrol", 201)
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
func (w *world) signIn(t *testing.T, c *stage.Caller, directory, name string, code string) {
	t.Helper()
	first := c.Page(t, w.gate+"/orders/7").Is(t, "the application unasked", 303)
	c.Page(t, first.To()).Is(t, "the form", 200)
	u, err := url.Parse(first.To())
	if err != nil {
		t.Fatal(err)
	}
	next := u.Query().Get("next")
	half := c.Form(t, w.own+"/login", "name", name, "directory", directory, "password", password, "next", next).Is(t, "the password", 403, "Code")
	token := step.FindStringSubmatch(half.Body)
	if token == nil || strings.Contains(half.Body, password) {
		t.Fatalf("the page of the code: %s", half.Body)
	}
	rest := c.Form(t, w.own+"/login", "step", token[1], "name", name, "directory", directory, "code", code, "next", next).Is(t, "the code", 303)
	if by(half) == by(rest) {
		t.Errorf("password and code went to node %s", by(rest))
	}
	in := c.Page(t, rest.To()).Is(t, "arriving", 303)
	if in.To() != "/orders/7" {
		t.Errorf("arrived at %s", in.To())
	}
}

func contains(text string, parts ...string) bool {
	return !slices.ContainsFunc(parts, func(p string) bool { return !strings.Contains(text, p) })
}
