package agents

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/web"
)

// E8, E13 and open redirects: what is wrong is told to the client where it is known that it is the client, and to the person
// where it is not; nothing is sent to an address that is not registered.
func TestAuthorizeRefuses(t *testing.T) {
	w := newLetting(t)
	b := w.browser("customers/dana")
	for name, r := range map[string]struct {
		more []string
		code string // "": a page, and nothing is sent on
	}{
		"no such client":       {[]string{"client_id", "nobody"}, ""},
		"no client":            {[]string{"client_id", ""}, ""},
		"asks nobody":          {[]string{"client_id", "monthly-report"}, ""},
		"no redirect":          {[]string{"redirect_uri", ""}, ""},
		"evil":                 {[]string{"redirect_uri", "https://evil.example/cb"}, ""},
		"a name before":        {[]string{"redirect_uri", "http://127.0.0.1@evil.example/cb"}, ""},
		"a path more":          {[]string{"redirect_uri", "http://127.0.0.1:1/cb/../x"}, ""},
		"a query more":         {[]string{"redirect_uri", "https://scheduler.example/cb?x=1&next=//evil"}, ""},
		"a fragment":           {[]string{"redirect_uri", "https://scheduler.example/cb?x=1#"}, ""},
		"a script":             {[]string{"redirect_uri", "javascript:alert(1)"}, ""},
		"a port elsewhere":     {[]string{"redirect_uri", "https://scheduler.example:444/cb?x=1"}, ""},
		"capitals":             {[]string{"redirect_uri", "https://SCHEDULER.example/cb?x=1"}, ""},
		"somebody's request":   {[]string{"request_uri", "urn:ietf:params:oauth:request_uri:x"}, ""},
		"a request elsewhere":  {[]string{"request_uri", "https://evil.example/r"}, ""},
		"no PKCE":              {[]string{"code_challenge", ""}, "invalid_request"},
		"plain":                {[]string{"code_challenge_method", "plain"}, "invalid_request"},
		"no method":            {[]string{"code_challenge_method", ""}, "invalid_request"},
		"a short challenge":    {[]string{"code_challenge", "x"}, "invalid_request"},
		"a padded challenge":   {[]string{"code_challenge", strings.Repeat("A", 43) + "="}, "invalid_request"},
		"a line in it":         {[]string{"code_challenge", strings.Repeat("A", 21) + "\n" + strings.Repeat("A", 22)}, "invalid_request"},
		"a request object":     {[]string{"request", "e30.e30."}, "request_not_supported"},
		"implicit":             {[]string{"response_type", "token"}, "unsupported_response_type"},
		"hybrid":               {[]string{"response_type", "code id_token"}, "unsupported_response_type"},
		"a long state":         {[]string{"state", strings.Repeat("s", 1025)}, ""},
		"fragment":             {[]string{"response_mode", "fragment"}, "invalid_request"},
		"form post":            {[]string{"response_mode", "form_post"}, "invalid_request"},
		"unseen":               {[]string{"prompt", "none"}, "interaction_required"},
		"another resource":     {[]string{"resource", "https://other.example/"}, "invalid_target"},
		"another scope":        {[]string{"scope", "everything"}, "invalid_scope"},
		"two scopes":           {[]string{"scope", "look offline_access"}, "invalid_scope"},
		"no thumbprint":        {[]string{"dpop_jkt", "x"}, "invalid_request"},
		"details of no kind":   {[]string{"authorization_details", `[{"type":"other"}]`}, "invalid_authorization_details"},
		"details that are two": {[]string{"authorization_details", `[{"type":"task"},{"type":"task"}]`}, "invalid_authorization_details"},
		"details twice named":  {[]string{"authorization_details", `[{"type":"task","task":"look","task":"x"}]`}, "invalid_authorization_details"},
		"details unknown":      {[]string{"authorization_details", `[{"type":"task","forever":true}]`}, "invalid_authorization_details"},
	} {
		status, head, page := b.get(w.wants(r.more...))
		if r.code == "" {
			if status != http.StatusBadRequest || head.Get("Location") != "" || !strings.Contains(page, "Nothing was sent on") {
				t.Errorf("%s: %d to %q", name, status, head.Get("Location"))
			}
			continue
		}
		q := sentTo(t, head)
		if status != http.StatusSeeOther || q.Get("error") != r.code || q.Get("iss") != w.origin || q.Get("state") != "s 1&" || q.Get("code") != "" {
			t.Errorf("%s: %d %v", name, status, q)
		}
	}
	if status, head, _ := b.get(w.wants() + "&state=2"); status != http.StatusBadRequest || head.Get("Location") != "" {
		t.Error("a parameter twice:", status)
	}
	if q := b.agrees(w.wants("redirect_uri", "https://scheduler.example/cb?x=1")); q.Get("x") != "1" || q.Get("code") == "" || q.Get("iss") != w.origin {
		t.Error("the query of the address is kept:", q)
	}
}

// B4, B5, R6, R33: a yes is the person's own, by the form of the very page he saw, on Stead's own origin.
func TestConsentForged(t *testing.T) {
	w := newLetting(t)
	b := w.browser("customers/dana")
	_, _, page := b.get(w.wants())
	f := b.form(page)
	f.Set("answer", "yes")
	yes := func(change func(url.Values), head map[string]string, by *browser) (int, http.Header, string) {
		g := url.Values{}
		for k, v := range f {
			g[k] = v
		}
		if change != nil {
			change(g)
		}
		return by.post("/oauth/authorize", g, head)
	}
	for name, head := range map[string]map[string]string{
		"another origin": {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}, "a sandbox": {"Origin": "null", "Sec-Fetch-Site": "cross-site"},
		"a neighbour": {"Origin": "http://127.0.0.1:1", "Sec-Fetch-Site": "same-site"},
	} {
		if status, to, _ := yes(nil, head, b); status != http.StatusForbidden || to.Get("Location") != "" {
			t.Error(name, status, to.Get("Location"))
		}
	}
	for name, change := range map[string]func(url.Values){
		"without the mark": func(g url.Values) { g.Del("shown") },
		"a mark made up":   func(g url.Values) { g.Set("shown", "x") },
		"another request": func(g url.Values) {
			g.Set("request", strings.TrimPrefix(w.wants("redirect_uri", "http://127.0.0.1:6/cb"), "/oauth/authorize?"))
		},
		"more than it says": func(g url.Values) {
			g.Set("request", g.Get("request")+"&authorization_details="+url.QueryEscape(`[{"type":"task","budget":{"calls":5}}]`))
		},
	} {
		if status, to, _ := yes(change, nil, b); status != http.StatusConflict || to.Get("Location") != "" {
			t.Error(name, status, to.Get("Location"))
		}
	}
	if status, to, _ := yes(nil, nil, w.browser("customers/erin")); status != http.StatusConflict || to.Get("Location") != "" {
		t.Error("Dana's page in Erin's session:", status, to)
	}
	if status, to, _ := yes(nil, nil, w.browser("")); status != http.StatusSeeOther || !strings.HasPrefix(to.Get("Location"), "/login?") {
		t.Error("nobody signed in:", status, to)
	}
	if status, _, _ := b.get("/oauth/authorize?" + f.Encode()); status != http.StatusBadRequest {
		t.Error("by GET:", status)
	}
	all, err := w.Mandates(t.Context(), w.Login("customers/dana", "console.test"), false)
	if err != nil || len(all) != 0 {
		t.Error("something was agreed to:", all, err)
	}
	status, to, _ := yes(func(g url.Values) { g.Set("answer", "no") }, nil, b)
	if q := sentTo(t, to); status != http.StatusSeeOther || q.Get("error") != "access_denied" || q.Get("iss") != w.origin || q.Get("state") != "s 1&" {
		t.Error("her no:", status, to)
	}
	w.told("mandate.consent.refused")
}

// R3, R6, R19: nobody while he acts, no privileged or closed account, nobody's agent but his own, and the person has the level.
func TestConsentWhoMayNot(t *testing.T) {
	for name, r := range map[string]struct {
		who    string
		change func(*lettingWorld, *browser)
		has    string
	}{
		"privileged": {"customers/dana", func(w *lettingWorld, _ *browser) {
			board := []string{"customers", "board"}
			if _, err := w.Change(w.t.Context(), w.root, w.People["customers/dana"].ID, authority.Edit{Groups: &board}); err != nil {
				w.t.Fatal(err)
			}
		}, "privileged account"},
		"no rule lets him": {"staff/tess", nil, "policy"},
		"said no to all": {"customers/dana", func(w *lettingWorld, _ *browser) {
			no := map[string]string{"acting": "refused"}
			if _, err := w.Change(w.t.Context(), w.root, w.People["customers/dana"].ID, authority.Edit{Attributes: &no}); err != nil {
				w.t.Fatal(err)
			}
		}, "forbids"},
		"agent suspended": {"customers/dana", func(w *lettingWorld, _ *browser) {
			if _, err := w.SuspendAgent(w.t.Context(), w.root, w.scheduler.Principal, "odd"); err != nil {
				w.t.Fatal(err)
			}
		}, "suspended"},
		"owner gone": {"customers/dana", func(w *lettingWorld, _ *browser) {
			gone := true
			if _, err := w.Change(w.t.Context(), w.root, w.People["staff/max"].ID, authority.Edit{Disabled: &gone}); err != nil {
				w.t.Fatal(err)
			}
		}, "owner is gone"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newLetting(t)
			b := w.browser(r.who)
			if r.change != nil {
				r.change(w, b)
			}
			status, head, page := b.get(w.wants())
			if status/100 != 4 || head.Get("Location") != "" || !strings.Contains(page, r.has) || strings.Contains(page, "shown") || !strings.Contains(page, "error=access_denied") {
				t.Error(status, page)
			}
		})
	}
}

// A3, A9, R19: what ends the account, the agent, its owner or the task ends what was agreed to, with every token.
func TestConsentEndsWith(t *testing.T) {
	for name, end := range map[string]func(*lettingWorld) error{
		"account closed": func(w *lettingWorld) error {
			gone := true
			_, err := w.Change(w.t.Context(), w.root, w.People["customers/dana"].ID, authority.Edit{Disabled: &gone})
			return err
		},
		"promoted": func(w *lettingWorld) error {
			board := []string{"customers", "board"}
			_, err := w.Change(w.t.Context(), w.root, w.People["customers/dana"].ID, authority.Edit{Groups: &board})
			return err
		},
		"agent suspended": func(w *lettingWorld) error {
			_, err := w.SuspendAgent(w.t.Context(), w.root, w.scheduler.Principal, "odd")
			return err
		},
		"owner left": func(w *lettingWorld) error {
			gone := true
			_, err := w.Change(w.t.Context(), w.root, w.People["staff/max"].ID, authority.Edit{Disabled: &gone})
			return err
		},
		"task narrowed": func(w *lettingWorld) error {
			r := w.scheduler
			r.Tasks = []stead.Task{{ID: "look", Purpose: "x", Grants: []stead.Entitlement{{System: "calendar", Action: "read", Resource: "other"}}}}
			_, err := w.ChangeAgent(w.t.Context(), w.root, r.Principal, authority.NewAgent{Shown: "Scheduler", Registration: r})
			return err
		},
		"policy": func(w *lettingWorld) error {
			w.apply(map[string]string{"letting.cedar": strings.ReplaceAll(letting, "scheduler\"", "nobody\"")})
			return nil
		},
		"time": func(w *lettingWorld) error { w.Clock.Move(8 * time.Hour); return nil },
	} {
		t.Run(name, func(t *testing.T) {
			w := newLetting(t)
			s := w.takes(w.run, w.code())
			id := w.mandateOf(s)
			if err := end(w); err != nil {
				t.Fatal(err)
			}
			if err := w.Sweep(t.Context()); err != nil {
				t.Fatal(err)
			}
			if d := w.looks(id, "events"); d.Allow {
				t.Error(d)
			}
			if s = w.refreshes(w.run, s.text("refresh_token")); s.status == http.StatusOK {
				t.Error(s)
			}
		})
	}
}

// R6: who acts for somebody lets nobody act for himself meanwhile.
func TestConsentWhileActing(t *testing.T) {
	w := newLetting(t)
	b := w.browser("staff/sam")
	if _, err := w.Act(b.session(), "staff/sam", "customers/dana", stead.ReadOnly); err != nil {
		t.Fatal(err)
	}
	status, head, page := b.get(w.wants())
	if status != http.StatusConflict || head.Get("Location") != "" || !strings.Contains(page, "You act for somebody") {
		t.Error(status, page)
	}
}

// session is the login of a browser.
func (b *browser) session() authority.By {
	b.w.t.Helper()
	u, err := url.Parse(b.w.origin)
	if err != nil {
		b.w.t.Fatal(err)
	}
	p := authority.Presented{Host: u.Host, Address: "127.0.0.1", Client: web.ClientMark(&http.Request{Header: http.Header{"User-Agent": {userAgent}}})}
	for _, k := range b.Jar.Cookies(u) {
		p.Secret = k.Value
	}
	by, err := b.w.Present(b.w.t.Context(), p)
	if err != nil {
		b.w.t.Fatal(err)
	}
	return by
}

// RFC 9126: a pushed request is whole without the browser, is its client's, counts once and not for long.
func TestPushed(t *testing.T) {
	w := newLetting(t)
	q, err := url.ParseQuery(strings.TrimPrefix(w.wants(), "/oauth/authorize?"))
	if err != nil {
		t.Fatal(err)
	}
	push := func(more ...string) said {
		f := url.Values{}
		for k, v := range q {
			f[k] = v
		}
		for i := 0; i < len(more); i += 2 {
			f.Set(more[i], more[i+1])
		}
		return w.post("/oauth/par", f, map[string]string{"DPoP": w.proves(w.run, "POST", "/oauth/par", "")})
	}
	s := push()
	if s.status != http.StatusCreated || s.body["expires_in"] != 300.0 {
		t.Fatal(s)
	}
	b := w.browser("customers/dana")
	brief := "/oauth/authorize?" + url.Values{"client_id": {"scheduler"}, "request_uri": {s.text("request_uri")}}.Encode()
	for name, wrong := range map[string]string{
		"another client": strings.Replace(brief, "client_id=scheduler", "client_id=monthly-report", 1), "something beside": brief + "&scope=look",
		"another name": strings.Replace(brief, "request_uri%3A", "request_uri%3Ax", 1), "nobody's": strings.Replace(brief, "client_id=scheduler&", "", 1),
	} {
		if status, head, _ := b.get(wrong); status != http.StatusBadRequest || head.Get("Location") != "" {
			t.Error(name, status, head)
		}
	}
	answer := b.agrees(brief)
	if answer.Get("code") == "" || answer.Get("state") != "s 1&" {
		t.Fatal(answer)
	}
	if got := w.takes(newKey(t), answer.Get("code")); got.text("error") != "invalid_grant" {
		t.Error("the key that pushed is the key of the code:", got)
	}
	_, _, page := b.get(brief)
	f := b.form(page)
	f.Set("answer", "yes")
	if status, head, _ := b.post("/oauth/authorize", f, nil); status != http.StatusConflict || head.Get("Location") != "" {
		t.Error("a second time:", status, head)
	}
	late := "/oauth/authorize?" + url.Values{"client_id": {"scheduler"}, "request_uri": {push().text("request_uri")}}.Encode()
	w.Clock.Move(5 * time.Minute)
	if status, _, _ := b.get(late); status != http.StatusBadRequest {
		t.Error("late:", status)
	}
	for more, code := range map[[2]string]string{
		{"redirect_uri", "https://evil.example/"}: "invalid_request", {"code_challenge_method", "plain"}: "invalid_request",
		{"request_uri", "urn:x"}: "invalid_request", {"client_id", "monthly-report"}: "invalid_client", {"request", "x"}: "request_not_supported",
		{"dpop_jkt", thumbprint(t, newKey(t))}: "invalid_dpop_proof", {"client_secret", "x"}: "invalid_client",
	} {
		if s := push(more[0], more[1]); s.text("error") != code {
			t.Error(more, s)
		}
	}
}

// The person's own word is the least: how long he says, never longer than was asked; and a client asks for less than its task.
func TestConsentNarrowed(t *testing.T) {
	w := newLetting(t)
	b := w.browser("customers/dana")
	_, _, page := b.get(w.wants("authorization_details", `[{"type":"task","task":"look","length":"2h","budget":{"calls":1}}]`))
	if !strings.Contains(page, "2 hours") || !strings.Contains(page, "at most 1") {
		t.Error(page)
	}
	for length, want := range map[string]time.Duration{"15m": 15 * time.Minute, "100h": 2 * time.Hour, "": 2 * time.Hour} {
		f := b.form(page)
		f.Set("answer", "yes")
		f.Set("for", length)
		_, head, _ := b.post("/oauth/authorize", f, nil)
		key := newKey(t)
		s := w.takes(key, sentTo(t, head).Get("code"))
		m, err := w.Mandate(t.Context(), w.Login("customers/dana", "console.test"), w.mandateOf(s))
		if err != nil || m.Until.Sub(m.StartedAt) != want || m.Bounds.Budget["calls"] != 1 {
			t.Error(length, m, err)
		}
	}
	f := b.form(page)
	f.Set("answer", "yes")
	f.Set("for", "-1h")
	if status, _, _ := b.post("/oauth/authorize", f, nil); status != http.StatusBadRequest {
		t.Error(status)
	}
}
