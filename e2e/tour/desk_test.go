package tour

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/pquerna/otp/totp"
	"github.com/steadhq/stead/e2e/stage"
)

// A script is somebody's program, which signs in by password.
type script struct {
	t     *testing.T
	h     *house
	token string
}

func (h *house) script(t *testing.T, directory, name string) *script {
	s := &script{t: t, h: h}
	var out struct{ Token string }
	s.call("POST", "/v1/login", map[string]string{"directory": directory, "name": name, "password": h.password(t, directory, name)}, &out)
	s.token = out.Token
	return s
}

func (s *script) call(method, path string, in, out any) {
	s.t.Helper()
	var body io.Reader
	if in != nil {
		raw, err := json.Marshal(in)
		if err != nil {
			s.t.Fatal(err)
		}
		body = bytes.NewReader(raw)
	}
	r, err := http.NewRequestWithContext(s.t.Context(), method, s.h.Console+path, body)
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+s.token)
	if s.token == "" {
		r.Header.Del("Authorization")
	}
	r.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode >= 300 {
		s.t.Fatalf("%s %s: %s %s %v", method, path, resp.Status, raw, err)
	}
	if err := json.Unmarshal(raw, out); err != nil {
		s.t.Fatal(err)
	}
}

// stages a policy in which a rule says something else.
func (s *script) stages() (digest string) {
	s.t.Helper()
	var now struct {
		InForce struct{ Files map[string]string } `json:"in_force"`
	}
	s.call("GET", "/v1/policy", nil, &now)
	files := now.InForce.Files
	text := strings.Replace(files["people.cedar"], "Support may look at customers' accounts, read-only.", "Support may look, and only look, at customers' accounts.", 1)
	if text == files["people.cedar"] {
		s.t.Fatal("the rule is not what it was")
	}
	files["people.cedar"] = text
	var out struct{ Digest string }
	s.call("POST", "/v1/policy/stage", map[string]any{"files": files}, &out)
	return out.Digest
}

// Those who run Stead: timers that count for the next request, a policy that another person applies, people.
func TestDesk(t *testing.T) {
	h, b := dev(t), stage.Chromium(t, "")
	root := as(t, b, h, "Root", "staff", "root")
	root.watch()
	root.looks("home-admin")
	root.follows("Settings")
	root.reads("Those of the configuration file", "No timer changes the general terms", "staff/admins")
	root.follows("Add a timer")
	root.looks("settings-timer")
	root.types("group", "staff/support")
	root.types("max_duration", "soon")
	root.types("reason", "an audit is on")
	root.wants(root.presses("Save"), 400, "no length of time")
	root.reads("is no length of time")
	root.looks("settings-timer-wrong")
	root.types("max_duration", "2m")
	root.follows("Save")
	root.reads("Set while Stead runs, by Root Admin", "an audit is on", "staff/support · everywhere", "The longest term 2 min")
	root.types("who", "staff/sam")
	root.follows("Show")
	root.reads("For Sam Okafor (staff/sam)", "2 min staff/support")
	root.looks("settings")

	sam := comes(t, b, h)
	sam.arms()
	sam.types("name", "Dana")
	sam.follows("Find")
	sam.picks("customers/dana")
	sam.types("reason", "wrong total")
	sam.types("ticket", "SUP-4711")
	sam.watch()
	sam.follows("What will it need?")
	sam.reads("What it will need", "Nobody else's yes", "2 min") // the timer counts at once
	sam.looks("act-preview")
	sam.follows("Ask")
	sam.reads("Ready to start")

	root.follows("People")
	root.looks("people")
	root.types("group", "customers/customers")
	root.follows("Find")
	root.readsNot("staff/omar")
	root.follows("Erin Novak")
	root.looks("person")
	root.follows("Disable")
	root.reads("Nobody signs in with it", "Is acted for")
	root.types("typed", "maria")
	root.wants(root.presses("Disable"), 400, "another name")
	root.reads("Type the account name, erin", "Nothing was done")
	root.looks("person-disable")
	root.types("typed", "erin")
	root.follows("Disable")
	root.reads("It is disabled", "State disabled")
	root.follows("Enable")
	root.gets(h.Console + "/groups")
	root.reads("staff/security", "staff/support · everywhere", "support-views-customers")
	root.looks("groups")
	root.follows("Health")
	root.reads("Everything works", "Acme Orders", "Clock")
	root.looks("health")

	digest := h.script(t, "staff", "root").stages()
	root.follows("Policies")
	root.looks("policies")
	root.follows("Staged…")
	root.reads("You staged this yourself")
	root.follows("Try")
	root.types("who", "staff/omar")
	root.types("as", "customers/dana")
	root.follows("Ask the policy")
	root.reads("The policy says no", "came closest")
	root.looks("policies-try")

	omar := as(t, b, h, "Omar", "staff", "omar")
	omar.watch()
	omar.reads("A policy is staged")
	omar.looks("home-security")
	omar.follows("Look at it")
	omar.reads("support-views-customers", "all of its tests pass", "No mandate that is in force or waits would end")
	omar.looks("policies-staged")
	omar.types("typed", digest[:8])
	omar.follows("Apply")
	omar.reads("Support may look, and only look", "Omar Haddad")
	omar.follows("History")
	omar.reads("applied a policy", "staged a policy")
	omar.looks("policies-history")

	sam.gets(h.Console + "/me/factor")
	sam.reads("Another authenticator", "Code of your old authenticator")
	sam.looks("me-factor")

	sam.follows("My account")
	sam.follows("Change it")
	sam.reads("Change your password", "At least 12 characters")
	sam.looks("me-password")
	sam.types("old", h.password(t, "staff", "sam"))
	sam.types("password", "battery staple")
	sam.types("again", "battery stable")
	sam.wants(sam.presses("Use it from now on"), 400, "a slip")
	sam.reads("The two passwords differ")
	sam.types("old", h.password(t, "staff", "sam"))
	sam.types("password", "battery staple")
	sam.types("again", "battery staple")
	sam.follows("Use it from now on")
	sam.reads("Your new password counts from now on")
}

// Who was acted for says that she is not at ease, without a mouse, and security reads it.
func TestConcern(t *testing.T) {
	h, b := dev(t), stage.Chromium(t, "")
	sam := comes(t, b, h)
	sam.acts(h)
	dana := as(t, b, h, "Dana", "customers", "dana")
	dana.watch()
	dana.keys = true
	dana.follows("My account")
	dana.reach(chromedp.Search("//details[contains(@class, 'acted')]/summary"))
	dana.do(chromedp.KeyEvent(kb.Enter))
	dana.looks("me")
	dana.follows("Raise a concern")
	dana.looks("me-concern")
	dana.types("text", "I asked nobody for this.")
	dana.follows("Send it to security")
	dana.reads("Security has it.")
	omar := as(t, b, h, "Omar", "staff", "omar")
	omar.watch()
	omar.reads("Concerns that were raised", "Dana Reyes", "I asked nobody for this.", "Who acts for whom now")
	omar.looks("home-concern")
	sam.gets(h.Console + "/me")
	sam.readsNot("I asked nobody for this.")
}

// Who has lost his authenticator gets a link from two people's word and his own password, and is out everywhere else.
func TestLostAuthenticator(t *testing.T) {
	h, b := dev(t), stage.Chromium(t, "")
	carla := as(t, b, h, "Carla", "staff", "carla")
	root := as(t, b, h, "Root", "staff", "root")
	root.gets(h.Console + "/people?name=Carla")
	root.follows("Carla Ruiz")
	root.follows("Another authenticator")
	root.types("reason", "she stands before me")
	root.types("typed", "carl")
	root.wants(root.presses("Take the old one away"), 400, "another name")
	root.has(`document.querySelector("[name=reason]").value === "she stands before me"`, "what was written is there still")
	root.types("typed", "carla")
	root.follows("Take the old one away")
	root.reads("It is asked for", "asked for, by Root Admin", "has to agree")
	omar := as(t, b, h, "Omar", "staff", "omar")
	omar.watch()
	omar.gets(root.at())
	omar.looks("person-factor-asked")
	omar.follows("Look at it, and agree")
	omar.reads("Asked for by Root Admin", "she stands before me")
	omar.looks("person-factor-yes")
	omar.types("typed", "carla")
	omar.follows("Agree")
	omar.reads("It is shown this once")
	omar.looks("person-factor-link")
	link := tell[string](omar, `document.querySelector("main .digest code").textContent`)
	carla.opens(h.Console + "/me")
	if tell[string](carla, "location.pathname") != "/login" {
		t.Fatalf("Carla is at %s", carla.at())
	}
	carla.watch()
	carla.gets(link)
	carla.reads("For Carla Ruiz (staff/carla)")
	carla.looks("factor")
	code, err := totp.GenerateCode(tell[string](carla, `document.querySelector("[name=secret]").value`), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	carla.types("password", "guessed at")
	carla.types("code", code)
	carla.wants(carla.presses("Use it from now on"), 401, "another password")
	carla.looks("factor-wrong")
	carla.types("password", h.password(t, "staff", "carla"))
	carla.types("code", code)
	carla.follows("Use it from now on")
	carla.reads("Your authenticator counts from now on")
	carla.looks("factor-done")
	carla.wants(carla.opens(link), 410, "a link that was used")
	carla.reads("was used, is too old")
	carla.looks("factor-over")
}

// Who is new is added by an administrator, chooses a password by the link that he is given, and signs in.
func TestNewcomer(t *testing.T) {
	h, b := dev(t), stage.Chromium(t, "")
	root := as(t, b, h, "Root", "staff", "root")
	root.watch()
	root.gets(h.Console + "/people")
	root.follows("Add an account")
	root.looks("people-new")
	root.selects("directory", "Acme staff")
	root.types("name", "kim lee")
	root.types("shown", "Kim Lee")
	root.types("groups", "support, testers")
	root.wants(root.presses("Add it"), 400, "a name with a space")
	root.reads("no spaces")
	root.types("name", "kim")
	root.follows("Add it")
	root.reads("Kim Lee", "staff/kim", "The account is made, and has no password yet")
	root.looks("person-new")
	root.follows("Another authenticator")
	root.types("reason", "new here")
	root.types("typed", "kim")
	root.follows("Take the old one away")
	link := tell[string](root, `document.querySelector("main .digest code").textContent`)

	kim := newWindow(t, b, "Kim")
	kim.watch()
	kim.gets(link)
	kim.reads("For Kim Lee (staff/kim)", "New password again")
	kim.looks("factor-first")
	secret := tell[string](kim, `document.querySelector("[name=secret]").value`)
	fills := func(again string, at time.Time) {
		code, err := totp.GenerateCode(secret, at)
		if err != nil {
			t.Fatal(err)
		}
		kim.types("password", "battery staple")
		kim.types("again", again)
		kim.types("code", code)
	}
	began := time.Now().Add(-30 * time.Second) // the code of the step before is good still, and leaves this one's for the sign-in
	fills("battery stable", began)
	kim.wants(kim.presses("Use it from now on"), 400, "a slip")
	kim.reads("The two passwords differ")
	fills("battery staple", began)
	kim.follows("Use it from now on")
	kim.follows("Sign in")
	kim.types("name", "kim")
	kim.selects("directory", "Acme staff")
	kim.types("password", "battery staple")
	kim.follows("Sign in")
	kim.reads("Hello, Kim Lee")
}
