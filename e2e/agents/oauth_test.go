package agents

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
)

// A program with nothing but a key of the agent gets tokens, and anybody can check them with the published keys.
func TestToken(t *testing.T) {
	o := newOutside(t)
	for _, name := range []string{"oauth-authorization-server", "openid-configuration"} {
		s := o.send("GET", "/.well-known/"+name, "", nil)
		if s.text("issuer") != o.origin || s.text("token_endpoint") != o.origin+"/oauth/token" {
			t.Error(s)
		}
	}
	run := newKey(t)
	s := o.asks(run)
	if s.status != http.StatusOK || s.body["expires_in"] != 300.0 || s.text("token_type") != "DPoP" || s.head.Get("Cache-Control") != "no-store" {
		t.Fatal(s)
	}
	c := o.offline(s.text("access_token"))
	if c["iss"] != o.origin || c["sub"] != "agent:agents/monthly-report" || c["aud"] != o.origin || c["client_id"] != "monthly-report" ||
		c["mandate"] != nil || c["act"] != nil || c["cnf"].(map[string]any)["jkt"] != thumbprint(t, run) {
		t.Error(c)
	}
	o.active(s.text("access_token"), true)
	by, m := o.begins(run)
	if by.Instance == "" || c["instance"] != string(by.Instance) {
		t.Error("no instance began:", by)
	}
	under := o.token(run, "mandate", string(m.ID))
	if c = o.offline(under); c["mandate"] != string(m.ID) || c["aud"] != o.origin+"/v1/systems/crm" {
		t.Error(c)
	}
	told := o.introspected(under)
	if told.body["active"] != true || told.text("mandate") != string(m.ID) || told.text("token_type") != "DPoP" {
		t.Error(told)
	}
	if rights := text(t, told.body["authorization_details"]); c["authorization_details"] != nil || !strings.Contains(rights, `"identifier":"public.orders"`) ||
		strings.Contains(rights, "public.payroll") || strings.Count(rights, "identifier") != len(m.Scope.Grants) {
		t.Error("what it may, of a token that does not say it:", rights)
	}
	told = o.post("/oauth/introspect", url.Values{"token": {under}}, map[string]string{"Authorization": "Bearer " + o.pass("staff/omar")})
	if told.body["active"] != true {
		t.Error("security may know:", told)
	}
	if _, err := o.Complete(t.Context(), by, m.ID, "done"); err != nil {
		t.Fatal(err)
	}
	o.active(under, false)
	if s = o.asks(run, "mandate", string(m.ID)); s.text("error") != "invalid_grant" {
		t.Error(s)
	}
	o.active(o.token(run), true)
	o.told("instance.enrolled", "token.issued", "token.issue.refused")
}

// offline verifies a token as any resource server does, with the published keys alone.
func (o *outside) offline(token string) map[string]any {
	o.t.Helper()
	var set jose.JSONWebKeySet
	if err := json.Unmarshal([]byte(text(o.t, o.send("GET", "/.well-known/jwks.json", "", nil).body)), &set); err != nil {
		o.t.Fatal(err)
	}
	signed, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.ES256})
	if err != nil {
		o.t.Fatal(err)
	}
	if typ := signed.Signatures[0].Protected.ExtraHeaders["typ"]; typ != "at+jwt" {
		o.t.Error("typ is", typ)
	}
	payload, err := signed.Verify(set.Key(signed.Signatures[0].Protected.KeyID)[0].Key)
	if err != nil {
		o.t.Fatal(err)
	}
	var claims map[string]any
	if err := json.Unmarshal(payload, &claims); err != nil {
		o.t.Fatal(err)
	}
	return claims
}

// told makes sure that events are on record.
func (o *outside) told(kinds ...string) {
	o.t.Helper()
	if err := o.Store.Settled(o.t.Context(), o.Store.Head().Size); err != nil {
		o.t.Fatal(err)
	}
	for _, kind := range kinds {
		all, err := o.Store.Events(o.t.Context(), authority.EventQuery{Kinds: []string{kind}})
		if err != nil || len(all) == 0 {
			o.t.Error("no", kind, err)
		}
	}
}

// A9, F4, F7: whatever a token stands for ends it, at once and everywhere of Stead's own.
func TestTokenHangsOn(t *testing.T) {
	for name, end := range map[string]func(*outside, authority.By, string) error{
		"instance ended": func(o *outside, by authority.By, _ string) error {
			return o.EndInstance(o.t.Context(), by, by.Instance)
		},
		"agent suspended": func(o *outside, _ authority.By, _ string) error {
			_, err := o.SuspendAgent(o.t.Context(), o.root, o.agent.Principal, "odd")
			return err
		},
		"agent retired": func(o *outside, _ authority.By, _ string) error {
			_, err := o.RetireAgent(o.t.Context(), o.root, o.agent.Principal)
			return err
		},
		"owner left": func(o *outside, _ authority.By, _ string) error {
			gone := true
			_, err := o.Change(o.t.Context(), o.root, o.People["staff/max"].ID, authority.Edit{Disabled: &gone})
			return err
		},
		"time": func(o *outside, _ authority.By, _ string) error {
			o.Clock.Move(authority.TokenLife)
			return nil
		},
		"revoked": func(o *outside, _ authority.By, token string) error {
			form := o.asserts(nil)
			form.Set("token", token)
			if s := o.post("/oauth/revoke", form, nil); s.status != http.StatusOK || s.body != nil {
				o.t.Error(s)
			}
			o.told("token.revoked")
			return nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOutside(t)
			run := newKey(t)
			token := o.token(run)
			if s := o.calls(run, token); s.status == http.StatusUnauthorized && s.head.Get("WWW-Authenticate") != `Bearer realm="stead"` {
				t.Fatal(s)
			}
			omar := o.pass("staff/omar")
			by, err := o.PresentKey(t.Context(), authority.PresentedKey{Thumbprint: thumbprint(t, run)})
			if err != nil {
				t.Fatal(err)
			}
			if err := end(o, by, token); err != nil {
				t.Fatal(err)
			}
			s := o.post("/oauth/introspect", url.Values{"token": {token}}, map[string]string{"Authorization": "Bearer " + omar})
			if s.status != http.StatusOK || s.body["active"] != false || len(s.body) != 1 {
				t.Error(s)
			}
			if s = o.calls(run, token); s.status != http.StatusUnauthorized || s.head.Get("WWW-Authenticate") != `DPoP error="invalid_token", algs="ES256 EdDSA Ed25519"` {
				t.Error(s)
			}
		})
	}
}

// A mandate's token is over with its mandate, whoever ends that, and before that lasts no longer than it.
func TestTokenOfMandate(t *testing.T) {
	o := newOutside(t)
	run := newKey(t)
	o.token(run)
	_, m := o.begins(run)
	o.Clock.Move(stead.Day - 2*time.Minute)
	s := o.asks(run, "mandate", string(m.ID)) // the instance lived an hour: another begins, and the mandate is not its own
	if s.text("error") != "invalid_grant" {
		t.Error(s)
	}
	another := newKey(t)
	o.token(another)
	_, m = o.begins(another)
	token := o.token(another, "mandate", string(m.ID), "resource", o.origin+"/v1/systems/crm")
	o.active(token, true)
	if _, err := o.Revoke(t.Context(), o.Login("staff/max", "console.test"), m.ID, "enough"); err != nil {
		t.Fatal(err)
	}
	o.active(token, false)
	third := newKey(t)
	o.token(third)
	_, m = o.begins(third)
	token = o.token(third, "mandate", string(m.ID))
	o.active(token, true)
	o.root = o.Login("staff/root", "console.test") // a day has gone by
	o.apply(map[string]string{"never.cedar": `@id("never") @owner("x") forbid (principal is Agent, action == Action::"act", resource) when { context.app == "crm" };`})
	o.active(token, false)
	if s = o.asks(third, "mandate", string(m.ID)); s.text("error") != "invalid_grant" {
		t.Error(s)
	}
}
