package agents

import (
	"crypto/ecdsa"
	"crypto/sha256"
	"encoding/base64"
	"html"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/house"
	"github.com/steadhq/stead/internal/house/housetest"
)

// letting are the rules of people who let agents act for them: who may ask, and how far an agent goes for another.
const letting = `
@id("scheduler-asks-customers")
@owner("head of product")
@max("8h")
permit (principal is Agent, action == Action::"act", resource in Group::"customers/customers")
when { principal.name == "scheduler" && context.app == "calendar" };

@id("agents-look-for-others")
@owner("head of product")
permit (principal is Agent, action in Action::"look", resource is Realm)
when { context.capacity == "for-other" && resource in App::"calendar" };
`

const (
	calendar = "https://calendar.example/mcp"
	returned = "http://127.0.0.1/cb"
	verifier = "a verifier of forty-three characters, or more: 0123456789"
)

// A letting world has a calendar, and a program that asks people whether it may look there for them.
type lettingWorld struct {
	*outside
	scheduler stead.Registration
	run       *ecdsa.PrivateKey
}

func newLetting(t *testing.T, change ...func(*house.Options)) *lettingWorld {
	t.Helper()
	return newLettingOn(t, listen(t), func(*outside, *house.Site) {}, change...)
}

// newLettingOn is newLetting where l listens, at a site that is told more.
func newLettingOn(t *testing.T, l net.Listener, site func(*outside, *house.Site), change ...func(*house.Options)) *lettingWorld {
	t.Helper()
	o := newOutsideOn(t, l, site, append([]func(*house.Options){func(o *house.Options) {
		app := stead.NewSystem("calendar")
		app.Address, app.Privileged = calendar, []string{"staff/admins", "customers/board"}
		o.Settings.Apps = append(o.Settings.Apps, app)
	}}, change...)...)
	w := &lettingWorld{outside: o, run: newKey(t)}
	w.apply(map[string]string{"letting.cedar": letting})
	look := stead.Task{ID: "look", Purpose: "find a time that suits", Grants: []stead.Entitlement{{System: "calendar", Action: stead.ActionRead, Resource: "events"}}}
	r := w.registration(stead.Company, stead.MediumTier, "staff/max", look)
	r.Redirects, r.Public = []string{returned, "https://scheduler.example/cb?x=1"}, true
	var err error
	if w.scheduler, err = w.Register(t.Context(), w.root, authority.NewAgent{Name: "scheduler", Shown: "Scheduler", Registration: r}); err != nil {
		t.Fatal(err)
	}
	return w
}

// A browser keeps cookies and follows nothing by itself.
type browser struct {
	w *lettingWorld
	*http.Client
}

func (w *lettingWorld) browser(who string) *browser {
	w.t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		w.t.Fatal(err)
	}
	b := &browser{w, &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
	if who != "" {
		b.signIn(who)
	}
	return b
}

func (b *browser) signIn(who string) {
	b.w.t.Helper()
	directory, name, _ := strings.Cut(who, "/")
	form := url.Values{"directory": {directory}, "name": {name}, "password": {housetest.Password}, "code": {b.w.Code(who)}}
	if status, _, page := b.post("/login", form, nil); status != http.StatusSeeOther {
		b.w.t.Fatal(status, page)
	}
}

func (b *browser) get(path string) (int, http.Header, string) {
	b.w.t.Helper()
	r, err := http.NewRequestWithContext(b.w.t.Context(), http.MethodGet, b.w.at+path, nil)
	if err != nil {
		b.w.t.Fatal(err)
	}
	return b.do(r)
}

func (b *browser) post(path string, form url.Values, head map[string]string) (int, http.Header, string) {
	b.w.t.Helper()
	r, err := http.NewRequestWithContext(b.w.t.Context(), http.MethodPost, b.w.at+path, strings.NewReader(form.Encode()))
	if err != nil {
		b.w.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Origin", b.w.origin)
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	for name, v := range head {
		r.Header.Set(name, v)
	}
	return b.do(r)
}

func (b *browser) do(r *http.Request) (int, http.Header, string) {
	b.w.t.Helper()
	r.Header.Set("User-Agent", userAgent)
	r.Header.Set("Accept", "text/html")
	res, err := b.Do(r)
	if err != nil {
		b.w.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		b.w.t.Fatal(err)
	}
	return res.StatusCode, res.Header, string(raw)
}

// wants is the address of a request; more are parameters in pairs, and one without a value is taken out.
func (w *lettingWorld) wants(more ...string) string {
	sum := sha256.Sum256([]byte(verifier))
	q := url.Values{"response_type": {"code"}, "client_id": {"scheduler"}, "redirect_uri": {"http://127.0.0.1:51004/cb"}, "state": {"s 1&"},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])}, "code_challenge_method": {"S256"}, "resource": {calendar}}
	for i := 0; i < len(more); i += 2 {
		if q.Set(more[i], more[i+1]); more[i+1] == "" {
			q.Del(more[i])
		}
	}
	return "/oauth/authorize?" + q.Encode()
}

var hidden = regexp.MustCompile(`name="(request|shown)" value="([^"]*)"`)

// form is the form of a page of consent.
func (b *browser) form(page string) url.Values {
	f := url.Values{}
	for _, m := range hidden.FindAllStringSubmatch(page, -1) {
		f.Set(m[1], html.UnescapeString(m[2]))
	}
	return f
}

// agrees says yes to a request, and tells where the browser is sent.
func (b *browser) agrees(address string) url.Values {
	b.w.t.Helper()
	status, _, page := b.get(address)
	f := b.form(page)
	if status != http.StatusOK || f.Get("shown") == "" {
		b.w.t.Fatal(status, page)
	}
	f.Set("answer", "yes")
	status, head, page := b.post("/oauth/authorize", f, nil)
	if status != http.StatusSeeOther {
		b.w.t.Fatal(status, page)
	}
	return sentTo(b.w.t, head)
}

func sentTo(t *testing.T, head http.Header) url.Values {
	t.Helper()
	u, err := url.Parse(head.Get("Location"))
	if err != nil {
		t.Fatal(err)
	}
	return u.Query()
}

// code is one that Dana's yes has made.
func (w *lettingWorld) code() string {
	w.t.Helper()
	q := w.browser("customers/dana").agrees(w.wants())
	if q.Get("code") == "" {
		w.t.Fatal(q)
	}
	return q.Get("code")
}

// takes shows a code at the token endpoint.
func (w *lettingWorld) takes(key *ecdsa.PrivateKey, code string, more ...string) said {
	w.t.Helper()
	form := url.Values{"grant_type": {"authorization_code"}, "client_id": {"scheduler"}, "code": {code}, "redirect_uri": {"http://127.0.0.1:51004/cb"},
		"code_verifier": {verifier}, "resource": {calendar}}
	for i := 0; i < len(more); i += 2 {
		if form.Set(more[i], more[i+1]); more[i+1] == "" {
			form.Del(more[i])
		}
	}
	return w.post("/oauth/token", form, map[string]string{"DPoP": w.proves(key, "POST", "/oauth/token", "")})
}

func (w *lettingWorld) refreshes(key *ecdsa.PrivateKey, token string, more ...string) said {
	w.t.Helper()
	form := url.Values{"grant_type": {"refresh_token"}, "client_id": {"scheduler"}, "refresh_token": {token}}
	for i := 0; i < len(more); i += 2 {
		form.Set(more[i], more[i+1])
	}
	return w.post("/oauth/token", form, map[string]string{"DPoP": w.proves(key, "POST", "/oauth/token", "")})
}

// mandate is the one that a token stands for.
func (w *lettingWorld) mandateOf(s said) stead.MandateID {
	w.t.Helper()
	if s.status != http.StatusOK {
		w.t.Fatal(s)
	}
	id, _ := w.offline(s.text("access_token"))["mandate"].(string)
	return stead.MandateID(id)
}

// looks asks whether the agent may read what is Dana's, with the key.
func (w *lettingWorld) looks(id stead.MandateID, table string) stead.Decision {
	w.t.Helper()
	d, err := w.Decide(w.t.Context(), stead.Question{Actor: w.scheduler.Principal, Subject: w.People["customers/dana"].ID, Mandate: id, Key: thumbprint(w.t, w.run),
		Action: stead.ActionRead, Resource: stead.Resource{App: "calendar", Realm: "all", Path: "/", Name: table}})
	if err != nil {
		w.t.Fatal(err)
	}
	return d
}

// The story: Dana's browser comes, she signs in, sees what is asked, agrees; the program has a token of its own, which says for whom and by
// whom; it is refreshed, used, seen and ended by her.
func TestConsent(t *testing.T) {
	w := newLetting(t)
	b := w.browser("")
	status, head, _ := b.get(w.wants())
	next, err := url.Parse(head.Get("Location"))
	if err != nil || status != http.StatusSeeOther || next.Path != "/login" || next.Query().Get("next") != w.wants() {
		t.Fatal(status, head)
	}
	form := url.Values{"directory": {"customers"}, "name": {"dana"}, "password": {housetest.Password}, "next": {next.Query().Get("next")}}
	if status, head, _ = b.post("/login", form, nil); status != http.StatusSeeOther || head.Get("Location") != w.wants() {
		t.Fatal(status, head)
	}
	status, head, page := b.get(w.wants())
	for _, text := range []string{"Scheduler", "Max Novak", "find a time that suits", "events", "127.0.0.1:51004", "Any program here could be waiting", "8 hours", "Dana Reyes"} {
		if !strings.Contains(page, text) {
			t.Errorf("the page lacks %q", text)
		}
	}
	csp := head.Get("Content-Security-Policy")
	if status != http.StatusOK || !strings.Contains(csp, "frame-ancestors 'none'") || !strings.Contains(csp, "form-action http://127.0.0.1:51004 'self'") || head.Get("X-Frame-Options") != "DENY" {
		t.Error(status, head) // B5
	}
	q := b.agrees(w.wants())
	if q.Get("state") != "s 1&" || q.Get("iss") != w.origin || q.Get("code") == "" || len(q) != 3 {
		t.Fatal(q)
	}
	s := w.takes(w.run, q.Get("code"))
	if s.status != http.StatusOK || s.text("token_type") != "DPoP" || s.body["expires_in"] != 300.0 || s.text("scope") != "look" || s.text("refresh_token") == "" {
		t.Fatal(s)
	}
	c := w.offline(s.text("access_token"))
	act, _ := c["act"].(map[string]any)
	if c["sub"] != "person:customers/dana" || act["sub"] != "agent:agents/scheduler" || act["sub_profile"] != "ai_agent" || act["iss"] != w.origin || act["act"] != nil ||
		c["aud"] != calendar || c["client_id"] != "scheduler" || c["cnf"].(map[string]any)["jkt"] != thumbprint(t, w.run) {
		t.Error(c)
	}
	id := w.mandateOf(s)
	if d := w.looks(id, "events"); !d.Allow {
		t.Error(d)
	}
	w.refused(w.looks(id, "salaries"), stead.ReasonScope)
	w.Clock.Move(6 * time.Minute)
	again := w.refreshes(w.run, s.text("refresh_token"))
	if again.status != http.StatusOK || again.text("refresh_token") == s.text("refresh_token") || w.mandateOf(again) != id {
		t.Fatal(again)
	}
	if _, _, page = b.get("/me"); !strings.Contains(page, "Scheduler → Dana Reyes") || !strings.Contains(page, "/mandates/"+string(id)) {
		t.Error("her account page does not tell:", page)
	}
	if _, _, page = b.get("/mandates/" + string(id)); !strings.Contains(page, "/mandates/"+string(id)+"/revoke") {
		t.Error("nothing ends it:", page)
	}
	if status, _, page = b.post("/mandates/"+string(id)+"/revoke", url.Values{"reason": {"enough"}}, nil); status != http.StatusSeeOther {
		t.Fatal(status, page)
	}
	if d := w.looks(id, "events"); d.Allow {
		t.Error("she ended it:", d)
	}
	if s = w.refreshes(w.run, again.text("refresh_token")); s.text("error") != "invalid_grant" {
		t.Error(s)
	}
	w.recorded(id, "mandate.consented", "mandate.started", "token.issued", "token.refreshed", "mandate.revoked")
}

// E12: a code counts once, whoever comes first of fifty; and then what it stood for is over.
func TestCodeOnce(t *testing.T) {
	w := newLetting(t)
	code := w.code()
	var form []url.Values
	var proofs []string
	for range 50 {
		form = append(form, url.Values{"grant_type": {"authorization_code"}, "client_id": {"scheduler"}, "code": {code}, "redirect_uri": {"http://127.0.0.1:51004/cb"}, "code_verifier": {verifier}})
		proofs = append(proofs, w.proves(w.run, "POST", "/oauth/token", ""))
	}
	var wait sync.WaitGroup
	got := make([]said, 50)
	for i := range 50 {
		wait.Go(func() { got[i] = w.post("/oauth/token", form[i], map[string]string{"DPoP": proofs[i]}) })
	}
	wait.Wait()
	var id stead.MandateID
	good := 0
	for _, s := range got {
		switch {
		case s.status == http.StatusOK:
			id = w.mandateOf(s)
			good++
		case s.text("error") != "invalid_grant" && s.status != http.StatusTooManyRequests:
			t.Error(s)
		}
	}
	if good != 1 {
		t.Fatal(good, "of 50 got a token")
	}
	w.refused(w.looks(id, "events"), stead.ReasonEnded)
	w.recorded(id, "mandate.ended", "token.issue.refused")
}

// E12, E13: whoever shows a genuine code that is not for him gets nothing, and nobody gets anything for it any more.
func TestCodeInWrongHands(t *testing.T) {
	for name, r := range map[string]struct {
		more []string
		move time.Duration
		key  bool
		code string
	}{
		"after a minute":   {move: time.Minute, code: "invalid_grant"},
		"another redirect": {more: []string{"redirect_uri", "http://127.0.0.1:51005/cb"}, code: "invalid_grant"},
		"another verifier": {more: []string{"code_verifier", strings.Repeat("x", 43)}, code: "invalid_grant"},
		"another client":   {more: []string{"client_id", "other"}, code: "invalid_grant"},
		"another key":      {key: true, code: "invalid_grant"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newLetting(t)
			other := w.registration(stead.Company, stead.MediumTier, "staff/max", w.scheduler.Tasks...)
			other.Redirects, other.Public = []string{returned}, true
			if _, err := w.Register(t.Context(), w.root, authority.NewAgent{Name: "other", Registration: other}); err != nil {
				t.Fatal(err)
			}
			code := w.browser("customers/dana").agrees(w.wants("dpop_jkt", thumbprint(t, w.run))).Get("code")
			w.Clock.Move(r.move)
			key := w.run
			if r.key {
				key = newKey(t)
			}
			if s := w.takes(key, code, r.more...); s.text("error") != r.code || s.status != http.StatusBadRequest {
				t.Error(s)
			}
			if r.move == 0 {
				if s := w.takes(w.run, code); s.text("error") != "invalid_grant" {
					t.Error("afterwards by whom it is for:", s)
				}
			}
			if all, err := w.Mandates(t.Context(), w.Login("customers/dana", "console.test"), false); err != nil || len(all) != 0 {
				t.Error(all, err)
			}
		})
	}
}

// A refresh token that was used before ends what it stood for; with another key it is nothing; it does not outlive the mandate.
func TestRefreshTokens(t *testing.T) {
	w := newLetting(t)
	s := w.takes(w.run, w.code())
	id, first := w.mandateOf(s), s.text("refresh_token")
	if more := w.refreshes(w.run, first, "scope", "look write"); more.text("error") != "invalid_scope" {
		t.Error("more than was agreed to:", more)
	}
	if s = w.refreshes(newKey(t), first); s.text("error") != "invalid_grant" {
		t.Error("another key:", s)
	}
	for _, wrong := range []string{"str_", first[:len(first)-2], first + "x", "x"} {
		if s = w.refreshes(w.run, wrong); s.text("error") != "invalid_grant" {
			t.Error(wrong, s)
		}
	}
	others := newKey(t)
	if s = w.takes(others, w.browser("customers/erin").agrees(w.wants()).Get("code")); s.status != http.StatusOK {
		t.Fatal(s)
	}
	if s = w.refreshes(others, first); s.text("error") != "invalid_grant" {
		t.Error("the key of Erin's run:", s)
	}
	second := w.refreshes(w.run, first).text("refresh_token")
	if second == "" {
		t.Fatal("it is not refreshed")
	}
	if s = w.refreshes(w.run, first); s.text("error") != "invalid_grant" {
		t.Error("used before:", s)
	}
	if d := w.looks(id, "events"); d.Allow {
		t.Error(d)
	}
	if s = w.refreshes(w.run, second); s.text("error") != "invalid_grant" {
		t.Error("the family is over:", s)
	}
	w.Clock.Move(time.Minute)
	s = w.takes(w.run, w.code())
	w.Clock.Move(8 * time.Hour)
	if s = w.refreshes(w.run, s.text("refresh_token")); s.text("error") != "invalid_grant" {
		t.Error("after eight hours:", s)
	}
	w.Clock.Move(time.Minute)
	other := newKey(t)
	s = w.takes(other, w.code())
	if s.status != http.StatusOK {
		t.Fatal(s)
	}
	back := w.post("/oauth/revoke", url.Values{"client_id": {"scheduler"}, "token": {s.text("refresh_token")}}, nil)
	if back.status != http.StatusOK {
		t.Error(back)
	}
	if s = w.refreshes(other, s.text("refresh_token")); s.text("error") != "invalid_grant" {
		t.Error("given back:", s)
	}
}

func hashOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// A client that keeps a secret, or a key, proves it with every code and refresh token; its name alone is nothing.
func TestConfidentialClient(t *testing.T) {
	w := newLetting(t)
	r := w.registration(stead.Company, stead.MediumTier, "staff/max", w.scheduler.Tasks...)
	r.Redirects = []string{returned}
	desk, err := w.Register(t.Context(), w.root, authority.NewAgent{Name: "desk", Registration: r})
	if err != nil {
		t.Fatal(err)
	}
	secret, err := w.MakeSecret(t.Context(), w.root, desk.Principal)
	if err != nil {
		t.Fatal(err)
	}
	w.apply(map[string]string{"letting.cedar": strings.Replace(letting, `principal.name == "scheduler"`, `principal.name == "desk"`, 1)})
	code := w.browser("customers/dana").agrees(w.wants("client_id", "desk")).Get("code")
	for _, wrong := range []string{"", "wrong"} {
		if s := w.takes(w.run, code, "client_id", "desk", "client_secret", wrong); s.text("error") != "invalid_client" || s.status != http.StatusUnauthorized {
			t.Errorf("secret %q: %v", wrong, s)
		}
	}
	s := w.takes(w.run, code, "client_id", "desk", "client_secret", secret)
	if s.status != http.StatusOK {
		t.Fatal(s)
	}
	if got := w.refreshes(w.run, s.text("refresh_token"), "client_id", "desk"); got.text("error") != "invalid_client" {
		t.Error(got)
	}
	if got := w.refreshes(w.run, s.text("refresh_token"), "client_id", "desk", "client_secret", secret); got.status != http.StatusOK || w.mandateOf(got) != w.mandateOf(s) {
		t.Error(got)
	}
}
