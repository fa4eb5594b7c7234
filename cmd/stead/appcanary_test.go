package main

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/steadhq/stead/internal/demo"
)

// The note of order 7, by the shop's interface, and the history of that order. The note comes back as it was.
const noteCanary = `
write: { request: "PATCH /api/orders/7", body: '{"note":"{canary}"}', type: application/json }
undo: { request: "PATCH /api/orders/7", body: '{"note":"Please ring twice"}', type: application/json }
record: { get: /orders/7, entry: '<li><time[^>]*>[^<]*</time> <span><strong>[^<]*</strong> [^<]*</span></li>' }
remains: two lines in the history of order 7, which nobody can take away
`

// acme is the demo shop behind no gateway yet, with its rules.
func acme(t *testing.T, deaf ...string) (rules string, wrote func() int) {
	t.Helper()
	var n atomic.Int32
	shop := demo.New(time.Now).Handler()
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet {
			n.Add(1)
		}
		for _, name := range deaf {
			r.Header.Del(name)
		}
		shop.ServeHTTP(w, r)
	}))
	t.Cleanup(web.Close)
	return scratch(t, "apps.yaml", strings.Replace(string(demo.Rules("orders.example.com", web.URL)), "aware: true", "aware: false", 1)), func() int { return int(n.Load()) }
}

func scratch(t *testing.T, name, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// R26: an application whose own history names who really wrote is proven to be aware, and one that is not told of him, or
// does not listen, is not. What was written is taken back, and the log of the check tells of it.
func TestWriteCanary(t *testing.T) {
	canary := scratch(t, "canary.yaml", noteCanary)
	for name, tc := range map[string]struct {
		deaf []string
		code int
		says string
	}{
		"aware":     {nil, exitOK, "names sam and dana: “"},
		"not aware": {[]string{"X-Stead-Actor"}, exitVerify, "names dana alone"},
	} {
		rules, wrote := acme(t, tc.deaf...)
		keep := filepath.Join(t.TempDir(), "log")
		code, out, talk := stead1(t, "app", "check", "--file", rules, "--write-canary", canary, "--actor", "staff/sam", "--as", "customers/dana", "--yes", "--keep", keep)
		if code != tc.code || !strings.Contains(out, tc.says) || strings.Contains(out, "aware: true") != (code == exitOK) || wrote() != 2 ||
			!strings.Contains(out, "taken back. two lines in the history") {
			t.Errorf("%s: %d, %d requests wrote\n%s\n%s", name, code, wrote(), out, talk)
		}
		for _, line := range []string{"PATCH /api/orders/7", "GET /orders/7", "As staff/sam for customers/dana, in edit mode"} {
			if !strings.Contains(talk, line) {
				t.Errorf("%s: it does not say first: %s\n%s", name, line, talk)
			}
		}
		if code, out, talk := stead1(t, "audit", "verify", "--data", filepath.Join(keep, "store")); code != exitOK {
			t.Errorf("%s: %d %s %s", name, code, out, talk)
		}
		t.Log(out, talk)
	}
}

// An application whose pages stand in a frame of ours is asked as any other: nobody sees a page of the check.
func TestWriteCanaryOfFramed(t *testing.T) {
	rules, _ := acme(t)
	raw, err := os.ReadFile(rules)
	if err != nil {
		t.Fatal(err)
	}
	rules = scratch(t, "framed.yaml", strings.Replace(string(raw), "    realms:\n", "    banner: { csp: frame }\n    realms:\n", 1))
	code, out, talk := stead1(t, "app", "check", "--file", rules, "--write-canary", scratch(t, "canary.yaml", noteCanary), "--actor", "staff/sam", "--as", "customers/dana", "--yes")
	if code != exitOK || !strings.Contains(out, "names sam and dana: “") {
		t.Errorf("%d\n%s\n%s", code, out, talk)
	}
}

// Nothing is written without the flag and a yes, nor where it would prove nothing.
func TestWriteCanaryRefuses(t *testing.T) {
	rules, wrote := acme(t)
	canary := scratch(t, "canary.yaml", noteCanary)
	named := scratch(t, "named.yaml", strings.Replace(noteCanary, `"{canary}"`, `"{canary} by Sam"`, 1))
	closed := scratch(t, "closed.yaml", strings.Replace(noteCanary, "PATCH /api/orders/7", "POST /profile/password", 1))
	all := func(more ...string) []string {
		return append([]string{"app", "check", "--file", rules, "--as", "customers/dana"}, more...)
	}
	for name, tc := range map[string]struct {
		args []string
		code int
		says string
	}{
		"no yes":            {all("--write-canary", canary, "--actor", "staff/sam"), exitUsage, "add --yes"},
		"no flag":           {all("--actor", "staff/sam", "--yes"), exitUsage, "go with --write-canary"},
		"no actor":          {all("--write-canary", canary, "--yes"), exitUsage, "two people"},
		"one name":          {all("--write-canary", canary, "--actor", "staff/dana", "--yes"), exitUsage, "one account name"},
		"two subjects":      {all("--write-canary", canary, "--actor", "staff/sam", "--as", "omar", "--yes"), exitUsage, "two people"},
		"no file":           {[]string{"app", "check", "http://127.0.0.1:1", "--as", "dana", "--write-canary", canary, "--actor", "sam", "--yes"}, exitUsage, "--file"},
		"no canary":         {all("--write-canary", canary+"x", "--actor", "staff/sam", "--yes"), exitNotFound, "there is no file"},
		"names the actor":   {all("--write-canary", named, "--actor", "staff/sam", "--yes"), exitUsage, "would prove nothing"},
		"folder is there":   {all("--write-canary", canary, "--actor", "staff/sam", "--yes", "--keep", t.TempDir()), exitUsage, "new folder"},
		"not the gateway's": {all("--write-canary", closed, "--actor", "staff/sam", "--yes"), exitVerify, "POST /profile/password is answered 403"},
	} {
		code, out, talk := stead1(t, tc.args...)
		if code != tc.code || !strings.Contains(out+talk, tc.says) {
			t.Errorf("%s: %d\n%s\n%s", name, code, out, talk)
		}
		if name != "not the gateway's" && wrote() != 0 {
			t.Errorf("%s: something was written", name)
		}
	}
	if wrote() != 0 {
		t.Error("what the rules close was written")
	}
}
