package tour

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/steadhq/stead/e2e/stage"
	"github.com/steadhq/stead/internal/web/vacant"
)

// serve starts stead serve with nobody in it and one application that asks for a second factor, and gives the link of
// its first administrator. It ends with the test, and must end cleanly.
func serve(t *testing.T) (h *house, link string) {
	t.Helper()
	file, err := program()
	if err != nil {
		t.Fatal(err)
	}
	shop := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = io.WriteString(w, `<!doctype html><html lang="en"><title>Books</title><link rel="icon" href="data:,"><main><h1>The books</h1></main></html>`)
	}))
	t.Cleanup(shop.Close)
	dir, own, gate := t.TempDir(), vacant.Address(t), vacant.Address(t)
	text := fmt.Sprintf("server: { listen: %q, gateway: %q }\nstore: { dir: %q, mirror: %q }\n"+
		"directories: [ { id: staff, label: Staff }, { id: customers, label: Customers } ]\n"+
		"roles: { admin: [staff/admins], auditor: [staff/security], security: [staff/security] }\n"+
		"apps:\n  - { id: books, host: %q, upstream: %q, privileged: [admins], realms: [ { id: all, path: /, level: 2, acting: true } ],\n"+
		"      default: write, rules: [ { id: any, is: read, path: [\"/**\"] } ] }\n",
		own, gate, filepath.Join(dir, "store"), filepath.Join(dir, "head"), gate, shop.URL)
	config := filepath.Join(dir, "stead.yaml")
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c := exec.Command(file, "serve", "--config", config)
	out, err := c.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = c.Process.Signal(syscall.SIGTERM)
		if err := c.Wait(); err != nil {
			t.Errorf("stead serve did not end cleanly: %v", err)
		}
	})
	said := bufio.NewScanner(out)
	for said.Scan() && !strings.Contains(said.Text(), "/setup?token=") {
		t.Log(said.Text())
	}
	if link = strings.TrimSpace(said.Text()); link == "" {
		t.Fatal("stead serve names no link")
	}
	go func() { _, _ = io.Copy(io.Discard, out) }()
	return &house{Console: "http://" + own, Gateway: "http://" + gate}, link
}

var setupSecret = regexp.MustCompile(`\b(?:[A-Z2-7]{4} ){7}[A-Z2-7]{4}\b`)

// The pages that only a new server and a second factor show: the one-time link, the code at sign-in, and the code on
// the way to what asks for more.
func TestSetupAndCodes(t *testing.T) {
	h, link := serve(t)
	b := stage.Chromium(t, "")
	ada := newWindow(t, b, "Ada")
	ada.watch()
	ada.gets(link)
	ada.reads("Make the first administrator", "This link works once")
	ada.looks("setup")
	ada.types("name", "ada lovelace")
	ada.types("shown", "Ada Lovelace")
	ada.selects("directory", "Staff")
	ada.types("password", "a few plain words")
	ada.types("again", "a few plain words")
	ada.wants(ada.presses("Go on to the second factor"), 400, "a name with a space")
	ada.reads("is no name for the account")
	ada.looks("setup-problem")
	ada.types("name", "ada")
	ada.types("password", "a few plain words")
	ada.types("again", "a few plain words")
	ada.follows("Go on to the second factor")
	ada.reads("It is shown this once")
	ada.looks("setup-code")
	secret := strings.ReplaceAll(setupSecret.FindString(ada.text()), " ", "")
	code := func(ahead time.Duration) string {
		t.Helper()
		c, err := totp.GenerateCode(secret, time.Now().Add(ahead))
		if err != nil {
			t.Fatalf("%q: %v", secret, err)
		}
		return c
	}
	ada.types("code", "000000")
	ada.wants(ada.presses("Finish"), 403, "a wrong code")
	ada.looks("setup-code-problem")
	ada.types("code", code(0))
	ada.follows("Finish")
	ada.isAt(h.Console + "/")
	ada.reads("Ada Lovelace")

	step := newWindow(t, b, "Ada by her password")
	step.watch()
	step.gets(h.Console + "/login")
	step.looks("login")
	password := func(w *window, status int64) {
		w.types("name", "ada")
		w.selects("directory", "Staff")
		w.types("password", "a few plain words")
		w.wants(w.presses("Sign in"), status, "a right password")
	}
	password(step, 200)
	step.isAt(h.Console + "/")
	step.wants(step.opens(h.Gateway+"/"), 403, "what asks for more")
	step.looks("level")
	step.follows("Prove your second factor")
	step.reads("Prove that it is you")
	step.looks("step-up")
	step.types("code", "000000")
	step.wants(step.presses("Go on"), 401, "a wrong code")
	step.reads("This code is wrong")
	step.looks("step-up-problem")

	in := newWindow(t, b, "Ada elsewhere")
	in.watch()
	in.gets(h.Gateway + "/")
	password(in, 403)
	in.reads("Your second factor")
	in.looks("login-code")
	in.types("code", "000000")
	in.wants(in.presses("Sign in"), 401, "a wrong code")
	in.looks("login-code-problem")
	in.types("code", code(30*time.Second)) // this half minute's was taken
	in.follows("Sign in")
	in.isAt(h.Gateway + "/")
	in.reads("The books")
}
