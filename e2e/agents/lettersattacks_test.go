package agents

import (
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/house"
	"github.com/steadhq/stead/internal/store/pgtest"
	"github.com/steadhq/stead/internal/tokens"
)

const idp = "https://idp.example"

// A taking is a house that takes the letters of an issuer whose keys the test has.
type taking struct {
	*houses
	key  *ecdsa.PrivateKey
	rsa  *rsa.PrivateKey
	file string
}

func newTaking(t *testing.T, from func(*authority.Issuer), change ...func(*house.Options)) *taking {
	t.Helper()
	k := &taking{houses: &houses{t: t, own: newKey(t), run: newKey(t)}, key: newKey(t), file: filepath.Join(t.TempDir(), "idp.json")}
	var err error
	if k.rsa, err = rsa.GenerateKey(rand.Reader, 2048); err != nil {
		t.Fatal(err)
	}
	k.publish(jose.JSONWebKey{Key: k.key.Public(), KeyID: "k1", Use: "sig"}, jose.JSONWebKey{Key: k.rsa.Public(), KeyID: "r1"})
	k.b = newLettingOn(t, listen(t), func(o *outside, s *house.Site) { s.Letters = k.letters(o) }, append([]func(*house.Options){func(o *house.Options) {
		i := authority.Issuer{Issuer: idp, Agents: []string{"planner", "scheduler"}, People: []authority.Alias{{Subject: "person:customers/*", Account: "customers/*"},
			{Subject: "00u1", Account: "customers/dana"}, {Subject: "boss", Account: "staff/root"}}}
		if from != nil {
			from(&i)
		}
		o.Settings.Issuers = []authority.Issuer{i}
	}}, change...)...)
	k.here = k.planner(k.b, "calendar")
	return k
}

func (k *taking) letters(o *outside) *tokens.Letters {
	l, err := tokens.NewLetters(o.origin, o.Clock.Wall, []tokens.Signer{{Issuer: idp, File: k.file}})
	if err != nil {
		k.t.Fatal(err)
	}
	return l
}

func (k *taking) publish(all ...jose.JSONWebKey) {
	k.t.Helper()
	if err := os.WriteFile(k.file, []byte(text(k.t, jose.JSONWebKeySet{Keys: all})), 0o600); err != nil {
		k.t.Fatal(err)
	}
}

// said are the claims of a letter to b, with some changed; nil takes one out.
func (k *taking) said(change map[string]any) map[string]any {
	now := k.b.Clock.Wall().Unix()
	claims := map[string]any{"iss": idp, "sub": "person:customers/dana", "aud": k.b.origin, "client_id": "planner", "jti": "j" + k.b.next(), "iat": now, "exp": now + 300}
	for name, v := range change {
		if claims[name] = v; v == nil {
			delete(claims, name)
		}
	}
	return claims
}

// letter is one that the issuer signed.
func (k *taking) letter(change map[string]any, head ...map[jose.HeaderKey]any) string {
	k.t.Helper()
	all := map[jose.HeaderKey]any{"typ": "oauth-id-jag+jwt", "kid": "k1"}
	for _, h := range head {
		maps.Copy(all, h)
	}
	return k.b.signed(k.key, k.said(change), all)
}

// by signs claims in other ways.
func (k *taking) by(alg jose.SignatureAlgorithm, key any, kid string) string {
	k.t.Helper()
	s, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: key}, (&jose.SignerOptions{}).WithType("oauth-id-jag+jwt").WithHeader("kid", kid))
	if err != nil {
		k.t.Fatal(err)
	}
	made, err := s.Sign([]byte(text(k.t, k.said(nil))))
	if err != nil {
		k.t.Fatal(err)
	}
	out, err := made.CompactSerialize()
	if err != nil {
		k.t.Fatal(err)
	}
	return out
}

// raw is a letter with exactly this header and these claims, signed by nobody.
func raw(head, claims string) string {
	e := base64.RawURLEncoding
	return e.EncodeToString([]byte(head)) + "." + e.EncodeToString([]byte(claims)) + "." + e.EncodeToString(make([]byte, 64))
}

// What a letter can have wrong is a no, each by itself (E1, E2, E4, E5, E8, E17, F1, F2, F4, F6, F7, F10).
func TestLetterRefused(t *testing.T) {
	k := newTaking(t, nil)
	now := k.b.Clock.Wall().Unix()
	other := newKey(t)
	deep := map[string]any{"sub": "a", "iss": idp}
	for range stead.MostDepth {
		deep = map[string]any{"sub": "a", "iss": idp, "act": deep}
	}
	type m = map[string]any
	type hd = map[jose.HeaderKey]any
	for name, letter := range map[string]string{
		"E1 alg none":                 raw(`{"alg":"none","typ":"oauth-id-jag+jwt"}`, text(t, k.said(nil))),
		"E1 alg nOnE":                 raw(`{"alg":"nOnE","typ":"oauth-id-jag+jwt"}`, text(t, k.said(nil))),
		"E1 no signature":             strings.Join(strings.Split(k.letter(nil), ".")[:2], ".") + ".",
		"E1 crit":                     k.letter(nil, hd{"crit": []string{"x"}, "x": 1}),
		"E1 b64":                      raw(`{"alg":"ES256","typ":"oauth-id-jag+jwt","b64":false}`, text(t, k.said(nil))),
		"E2 HS256 by the public key":  k.by(jose.HS256, []byte(text(t, jose.JSONWebKey{Key: k.rsa.Public()})), "r1"),
		"E2 ES256 named as RS256":     raw(`{"alg":"RS256","kid":"k1","typ":"oauth-id-jag+jwt"}`, text(t, k.said(nil))),
		"E2 RS384":                    k.by(jose.RS384, k.rsa, "r1"),
		"E2 another's kid":            k.by(jose.RS256, k.rsa, "k1"),
		"E4 jwk":                      k.b.signed(other, k.said(nil), hd{"typ": "oauth-id-jag+jwt", "jwk": jose.JSONWebKey{Key: other.Public()}}),
		"E4 jku":                      k.letter(nil, hd{"jku": "http://127.0.0.1:1/keys"}),
		"E4 x5u":                      k.letter(nil, hd{"x5u": "http://127.0.0.1:1/keys"}),
		"E5 no aud":                   k.letter(m{"aud": nil}),
		"E5 another aud":              k.letter(m{"aud": "https://other.example"}),
		"E5 two audiences":            k.letter(m{"aud": []string{k.b.origin, "https://other.example"}}),
		"E5 a list of one":            k.letter(m{"aud": []string{k.b.origin}}),
		"E5 the token endpoint":       k.letter(m{"aud": k.b.origin + "/oauth/token"}),
		"E5 a slash more":             k.letter(m{"aud": k.b.origin + "/"}),
		"E8 issuer with a slash":      k.letter(m{"iss": idp + "/"}),
		"E8 issuer in capitals":       k.letter(m{"iss": "https://IDP.example"}),
		"E8 an issuer nobody knows":   k.letter(m{"iss": "https://evil.example"}),
		"E8 no issuer":                k.letter(m{"iss": nil}),
		"E17 over":                    k.letter(m{"exp": now, "iat": now - 60}),
		"E17 to come":                 k.letter(m{"iat": now + 120, "exp": now + 300}),
		"E17 nbf":                     k.letter(m{"nbf": now + 120}),
		"E17 too long":                k.letter(m{"exp": now + 3600}),
		"E17 older than it says":      k.letter(m{"iat": now - 3600}),
		"E17 no exp":                  k.letter(m{"exp": nil}),
		"E17 no iat":                  k.letter(m{"iat": nil}),
		"E17 exp is a text":           k.letter(m{"exp": "9999999999"}),
		"typ of a token":              k.letter(nil, hd{"typ": "at+jwt"}),
		"typ JWT":                     k.letter(nil, hd{"typ": "JWT"}),
		"typ in capitals":             k.letter(nil, hd{"typ": "OAUTH-ID-JAG+JWT"}),
		"typ as a media type":         k.letter(nil, hd{"typ": "application/oauth-id-jag+jwt"}),
		"typ of a proof":              k.letter(nil, hd{"typ": "dpop+jwt"}),
		"no jti":                      k.letter(m{"jti": nil}),
		"no sub":                      k.letter(m{"sub": nil}),
		"no client_id":                k.letter(m{"client_id": nil}),
		"F6 another's letter":         k.letter(m{"client_id": "monthly-report"}),
		"F6 a client it may not name": k.letter(m{"client_id": "scheduler"}),
		"F6 another key":              k.letter(m{"cnf": m{"jkt": thumbprint(t, other)}}),
		"cnf of another kind":         k.letter(m{"cnf": m{"x5t#S256": "abc"}}),
		"F7 unknown":                  k.letter(m{"sub": "person:customers/nobody"}),
		"another's subject":           k.letter(m{"sub": "person:staff/dana"}),
		"in capitals":                 k.letter(m{"sub": "person:customers/DANA"}),
		"a look-alike":                k.letter(m{"sub": "person:customers/d\u0430na"}),
		"fullwidth":                   k.letter(m{"sub": "person:customers/\uff44ana"}),
		"invisible":                   k.letter(m{"sub": "person:customers/dana\u200b"}),
		"a path":                      k.letter(m{"sub": "person:customers/../staff/root"}),
		"a star":                      k.letter(m{"sub": "person:customers/*"}),
		"no rest":                     k.letter(m{"sub": "person:customers/"}),
		"NUL":                         k.letter(m{"sub": "person:customers/dana\x00"}),
		"sub is a list":               k.letter(m{"sub": []string{"person:customers/dana"}}),
		"privileged":                  k.letter(m{"sub": "boss"}),
		"F2 another resource":         k.letter(m{"resource": "https://other.example"}),
		"a scope that is none":        k.letter(m{"scope": "read:salaries"}),
		"a scope of other words":      k.letter(m{"scope": "calendar.read"}),
		"details of another type":     k.letter(m{"authorization_details": []any{m{"type": "payment", "actions": []string{"read"}, "identifier": "events"}}}),
		"details of more":             k.letter(m{"authorization_details": []any{m{"type": "stead_entitlement", "actions": []string{"read"}, "identifier": "salaries"}}}),
		"F10 act of nobody":           k.letter(m{"act": m{"iss": idp}}),
		"F10 act without issuer":      k.letter(m{"act": m{"sub": "a"}}),
		"F10 act is a list":           k.letter(m{"act": []any{m{"sub": "a", "iss": idp}}}),
		"F10 too deep":                k.letter(m{"act": deep}),
		"a name twice":                k.b.signedRaw(k.key, `{"iss":"`+idp+`","sub":"person:customers/dana","sub":"00u1","aud":"`+k.b.origin+`"}`),
		"a name twice, in capitals":   k.b.signedRaw(k.key, strings.Replace(text(t, k.said(nil)), `"sub"`, `"Sub":"x","sub"`, 1)),
		"F1 huge":                     k.letter(m{"pad": strings.Repeat("x", 12<<10)}),
		"F1 long sub":                 k.letter(m{"sub": "person:customers/" + strings.Repeat("d", 600)}),
		"F1 not a JWS":                "a letter",
		"F1 JSON":                     `{"payload":"e30","signatures":[]}`,
		"F1 encrypted":                "a.b.c.d.e",
	} {
		s := k.shows(letter)
		if strings.HasPrefix(name, "F1 huge") && s.text("error") == "invalid_request" {
			continue // it is over what a form may hold
		}
		if s.text("error") != "invalid_grant" && s.text("error") != "invalid_scope" && s.text("error") != "invalid_target" || s.status != http.StatusBadRequest || s.text("access_token") != "" {
			t.Errorf("%s: %v", name, s)
		}
	}
	n := 0
	k.b.Store.View().Read(func(s *authority.State) { n = len(s.MandatesFor(k.b.People["customers/dana"].ID)) })
	if n != 0 {
		t.Errorf("%d mandates were begun", n)
	}
	k.shows(k.letter(m{"iss": "https://evil.example"}))
	k.b.Kinds(1) // the projection has followed
	last := must(k.b.Store.Events(t.Context(), authority.EventQuery{Kinds: []string{"token.issue.refused"}, Newest: true, Limit: 1}))
	if len(last) != 1 || last[0].What["because"] != "no letter of that issuer counts here" {
		t.Errorf("on record: %+v", last)
	}
	if s := k.shows(k.letter(nil)); s.status != http.StatusOK {
		t.Fatal("and without any of it:", s)
	}
	if s := k.shows(k.by(jose.RS256, k.rsa, "r1")); s.status != http.StatusOK {
		t.Error("RS256:", s)
	}
	if s := k.shows(k.letter(map[string]any{"sub": "00u1", "cnf": m{"jkt": thumbprint(t, k.run)}})); s.status != http.StatusOK {
		t.Error("by name, bound to the key:", s)
	}
}

// signedRaw signs a payload as it is.
func (o *outside) signedRaw(key *ecdsa.PrivateKey, payload string) string {
	o.t.Helper()
	s, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: key}, (&jose.SignerOptions{}).WithType("oauth-id-jag+jwt").WithHeader("kid", "k1"))
	if err != nil {
		o.t.Fatal(err)
	}
	made, err := s.Sign([]byte(payload))
	if err != nil {
		o.t.Fatal(err)
	}
	out, err := made.CompactSerialize()
	if err != nil {
		o.t.Fatal(err)
	}
	return out
}

// Who comes, and how: a letter is for a client that proves itself and a key, and is no other grant.
func TestLetterForms(t *testing.T) {
	k := newTaking(t, nil)
	form := func(more ...string) map[string][]string {
		f := map[string][]string{"grant_type": {jwtBearer}, "assertion": {k.letter(nil)}}
		for i := 0; i < len(more); i += 2 {
			f[more[i]] = []string{more[i+1]}
		}
		return f
	}
	for name, r := range map[string]struct {
		form map[string][]string
		want string
	}{
		"no assertion":    {map[string][]string{"grant_type": {jwtBearer}}, "invalid_request"},
		"a subject_token": {form("subject_token", "x"), "invalid_request"},
		"a code":          {form("code", "x"), "invalid_request"},
		"two resources":   {form("resource", calendar, "audience", "https://other.example"), "invalid_target"},
		"another":         {form("resource", "https://other.example"), "invalid_target"},
		"more":            {form("scope", "read:salaries"), "invalid_scope"},
		"both":            {form("scope", "read:events", "authorization_details", "[]"), "invalid_request"},
		"no such task":    {form("task", "other"), "invalid_target"},
	} {
		if s := k.plans(k.b, k.run, r.form); s.text("error") != r.want {
			t.Errorf("%s: %v", name, s)
		}
	}
	letter := k.letter(nil)
	if s := k.b.post("/oauth/token", k.proven(k.b, form("assertion", letter)), nil); s.text("error") != "invalid_dpop_proof" {
		t.Error("without a proof:", s)
	}
	if s := k.b.post("/oauth/token", form("assertion", letter), map[string]string{"DPoP": k.b.proves(k.run, "POST", "/oauth/token", "")}); s.text("error") != "invalid_client" {
		t.Error("by nobody:", s)
	}
	public := k.letter(map[string]any{"client_id": "scheduler"})
	if s := k.b.post("/oauth/token", form("assertion", public, "client_id", "scheduler"), map[string]string{"DPoP": k.b.proves(k.run, "POST", "/oauth/token", "")}); s.text("error") != "invalid_client" {
		t.Error("by a public client:", s)
	}
	if s := k.shows(letter, "scope", "read:events"); s.status != http.StatusOK || s.body["authorization_details"] != nil && s.text("error") != "" {
		t.Error("less of it:", s)
	} else if d := k.looks(stead.MandateID(s.text("mandate")), "rooms"); d.Allow {
		t.Error("less of it is all of it:", d)
	}
	if s := k.shows(letter); s.text("error") != "invalid_grant" {
		t.Error("a second time:", s)
	}
	k.publish(jose.JSONWebKey{Key: newKey(t).Public(), KeyID: "k2"})
	if s := k.shows(k.letter(nil)); s.text("error") != "invalid_grant" { // E16
		t.Error("by a key that was withdrawn:", s)
	}
}

const forbidding = `
@id("no-planner")
@owner("head of product")
forbid (principal is Agent, action, resource) when { principal.name == "planner" };
`

// What changes here ends what a letter is good for, before it is shown and after (F7).
func TestLetterHangsOn(t *testing.T) {
	for name, change := range map[string]func(*testing.T, *taking){
		"the person's account": func(t *testing.T, k *taking) {
			if _, err := k.b.Change(t.Context(), k.b.root, k.b.People["customers/dana"].ID, authority.Edit{Disabled: new(true)}); err != nil {
				t.Fatal(err)
			}
		},
		"the agent": func(t *testing.T, k *taking) {
			if _, err := k.b.SuspendAgent(t.Context(), k.b.root, k.here.Principal, "odd"); err != nil {
				t.Fatal(err)
			}
		},
		"the policy": func(_ *testing.T, k *taking) {
			k.b.apply(map[string]string{"letting.cedar": letting + writing + forbidding})
		},
	} {
		t.Run(name, func(t *testing.T) {
			k := newTaking(t, nil)
			s, kept := k.shows(k.letter(nil)), k.letter(nil)
			if s.status != http.StatusOK {
				t.Fatal(s)
			}
			id := stead.MandateID(s.text("mandate"))
			change(t, k)
			if d := k.looks(id, "events"); d.Allow {
				t.Error(d)
			}
			if s := k.shows(kept); s.status == http.StatusOK {
				t.Error(s)
			}
		})
	}
}

// A level that its word does not reach is a no with the error that says so.
func TestLetterLevel(t *testing.T) {
	strong := func(o *house.Options) {
		for i := range o.Settings.Apps {
			if o.Settings.Apps[i].ID == "calendar" {
				o.Settings.Apps[i].Realms[0].ActorLevel = 2
			}
		}
	}
	if k := newTaking(t, nil, strong); true {
		if s := k.shows(k.letter(nil)); s.text("error") != "insufficient_user_authentication" {
			t.Error(s)
		}
	}
	k := newTaking(t, func(i *authority.Issuer) { i.Level = 2 }, strong)
	if s := k.shows(k.letter(nil)); s.status != http.StatusOK {
		t.Error(s)
	}
}

// A letter counts once on all nodes together: of twenty that show it at two at once, one has a token. Each has seen no other's.
func TestLetterOnTwoNodes(t *testing.T) {
	server := pgtest.Start(t)
	k := newTaking(t, nil, func(o *house.Options) { o.DSN = server.Create(t) })
	l := listen(t)
	second := *k.b.outside
	k.b.serve(k.b.Beside(), l)
	second.at = "http://" + l.Addr().String()
	nodes := []string{k.b.at, second.at}
	letter := k.letter(nil)
	type sending struct {
		form map[string][]string
		head map[string]string
	}
	all := make([]sending, 20)
	for i := range all {
		all[i] = sending{k.proven(k.b, map[string][]string{"grant_type": {jwtBearer}, "assertion": {letter}}), map[string]string{"DPoP": k.b.proves(k.run, "POST", "/oauth/token", "")}}
	}
	answers := make([]said, len(all))
	var wait sync.WaitGroup
	for i := range all {
		wait.Go(func() {
			to := outside{world: k.b.world, at: nodes[i%2], origin: k.b.origin}
			answers[i] = to.post("/oauth/token", all[i].form, all[i].head)
		})
	}
	wait.Wait()
	given := 0
	for _, s := range answers {
		switch {
		case s.status == http.StatusOK:
			given++
		case s.text("error") != "invalid_grant":
			t.Error(s)
		}
	}
	if given != 1 {
		t.Errorf("%d tokens were given for one letter", given)
	}
	k.b.Shut()
	k.b.Open()
	k.b.Clock.Move(time.Second)
	if s := k.shows(letter); s.status == http.StatusOK {
		t.Error("after a restart it counts again:", s)
	}
}

// What A writes no letter for (F1, F2, F4, F6, R39).
func TestLetterNotWritten(t *testing.T) {
	h := newHouses(t, nil)
	mine := h.agreed()
	token := mine.text("access_token")
	own := h.plans(h.a, h.run, map[string][]string{"grant_type": {"client_credentials"}})
	for name, r := range map[string]struct {
		token string
		more  []string
		want  string
	}{
		"no audience":          {token, []string{"audience", ""}, "invalid_request"},
		"an unknown audience":  {token, []string{"audience", "https://other.example"}, "invalid_target"},
		"a slash more":         {token, []string{"audience", h.b.origin + "/"}, "invalid_target"},
		"ourselves":            {token, []string{"audience", h.a.origin}, "invalid_target"},
		"an unknown resource":  {token, []string{"resource", "https://other.example"}, "invalid_target"},
		"more":                 {token, []string{"scope", "read:salaries"}, "invalid_scope"},
		"both":                 {token, []string{"scope", "read:events", "authorization_details", "[]"}, "invalid_request"},
		"an actor_token":       {token, []string{"actor_token", token, "actor_token_type", accessToken}, "invalid_request"},
		"an ID token":          {token, []string{"subject_token_type", "urn:ietf:params:oauth:token-type:id_token"}, "invalid_request"},
		"no mandate":           {own.text("access_token"), nil, "invalid_request"},
		"a token cut off":      {token[:len(token)-4], nil, "invalid_request"},
		"a letter as a token":  {h.letter(token), nil, "invalid_request"},
		"another kind of type": {token, []string{"requested_token_type", "urn:ietf:params:oauth:token-type:jwt"}, "invalid_request"},
	} {
		if s := h.writes(r.token, r.more...); s.text("error") != r.want {
			t.Errorf("%s: %v", name, s)
		}
	}
	stranger := newKey(t)
	form := map[string][]string{"grant_type": {exchanging}, "requested_token_type": {letterType}, "audience": {h.b.origin}, "subject_token": {token}, "subject_token_type": {accessToken}}
	if s := h.plans(h.a, stranger, form); s.text("error") != "invalid_request" {
		t.Error("with another key:", s)
	}
	form["client_id"] = []string{"scheduler"}
	if s := h.a.post("/oauth/token", form, map[string]string{"DPoP": h.a.proves(h.run, "POST", "/oauth/token", "")}); s.text("error") != "invalid_client" {
		t.Error("by a public client:", s)
	}
	// A letter of its own is none for the house that wrote it.
	if s := h.plans(h.a, h.run, map[string][]string{"grant_type": {jwtBearer}, "assertion": {h.letter(token)}}); s.text("error") != "unsupported_grant_type" {
		t.Error(s)
	}
	if _, err := tokens.NewLetters(h.a.origin, h.a.Clock.Wall, []tokens.Signer{{Issuer: h.a.origin, File: "x"}}); stead.KindOf(err) != stead.Invalid {
		t.Error("our own issuer:", err)
	}
	if _, err := tokens.NewLetters(h.a.origin, h.a.Clock.Wall, []tokens.Signer{{Issuer: idp, URL: "http://idp.example/keys"}}); stead.KindOf(err) != stead.Invalid {
		t.Error("keys over http:", err)
	}
}

// What Dana agreed to for one transaction, or for one call, is not made more by another house, which is told of neither.
func TestLetterOfConditions(t *testing.T) {
	for name, detail := range map[string]string{"a transaction": `"conditions":{"transaction":["refund-1"]}`, "a budget": `"budget":{"calls":1}`} {
		h := newHouses(t, nil)
		mine := h.agreed("authorization_details", `[{"type":"task","task":"plan",`+detail+`}]`)
		if s := h.writes(mine.text("access_token")); s.status == http.StatusOK || !strings.Contains(s.text("error_description"), "another house would not keep to") {
			t.Errorf("%s: %v", name, s)
		}
	}
}
