package agents

import (
	"crypto/ecdsa"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/house"
	"github.com/steadhq/stead/internal/store/pgtest"
	"github.com/steadhq/stead/internal/tokens"
)

const (
	letterType = "urn:ietf:params:oauth:token-type:id-jag"
	jwtBearer  = "urn:ietf:params:oauth:grant-type:jwt-bearer"
)

// writing lets the planner of house A act for customers at the house of the partner, and that of B at its calendar.
const writing = `
@id("planner-asks-customers")
@owner("head of product")
@max("8h")
permit (principal is Agent, action == Action::"act", resource in Group::"customers/customers")
when { principal.name == "planner" && (context.app == "partner" || context.app == "calendar") };

@id("planner-looks-for-others")
@owner("head of product")
permit (principal is Agent, action in Action::"look", resource is Realm)
when { context.capacity == "for-other" && (resource in App::"calendar" || resource in App::"partner") };
`

// Houses are two that serve: a writes letters, b takes them. The planner is registered in both, with keys of its own.
type houses struct {
	t    *testing.T
	a, b *lettingWorld
	own  *ecdsa.PrivateKey // the planner's, in both
	run  *ecdsa.PrivateKey
	here stead.Registration // at b
}

// newHouses opens both; change is of b.
func newHouses(t *testing.T, from func(*authority.Issuer), change ...func(*house.Options)) *houses {
	t.Helper()
	la, lb := listen(t), listen(t)
	one, two := "http://"+la.Addr().String(), "http://"+lb.Addr().String()
	h := &houses{t: t, own: newKey(t), run: newKey(t)}
	h.a = newLettingOn(t, la, func(*outside, *house.Site) {}, func(o *house.Options) {
		app := stead.NewSystem("partner")
		app.Address, app.Privileged = two, []string{"staff/admins"}
		app.House = &stead.House{Clients: map[string]string{"planner": "planner"}, Resources: []string{calendar}}
		o.Settings.Apps = append(o.Settings.Apps, app)
	})
	h.b = newLettingOn(t, lb, func(o *outside, s *house.Site) {
		var err error
		if s.Letters, err = tokens.NewLetters(two, o.Clock.Wall, []tokens.Signer{{Issuer: one, URL: one + "/.well-known/jwks.json"}}); err != nil {
			t.Fatal(err)
		}
	}, append([]func(*house.Options){func(o *house.Options) {
		i := authority.Issuer{Issuer: one, Agents: []string{"planner"}, People: []authority.Alias{{Subject: "person:customers/*", Account: "customers/*"}}}
		if from != nil {
			from(&i)
		}
		o.Settings.Issuers = []authority.Issuer{i}
	}}, change...)...)
	h.planner(h.a, "partner")
	h.here = h.planner(h.b, "calendar")
	return h
}

// planner registers the agent in a house.
func (h *houses) planner(w *lettingWorld, system stead.AppID) stead.Registration {
	h.t.Helper()
	w.apply(map[string]string{"letting.cedar": letting + writing})
	task := stead.Task{ID: "plan", Purpose: "find a time", Grants: []stead.Entitlement{{System: system, Action: stead.ActionRead, Resource: "events"},
		{System: system, Action: stead.ActionRead, Resource: "rooms"}}}
	r := w.registration(stead.Company, stead.LowTier, "staff/max", task)
	r.Redirects = []string{returned}
	r.Keys = []stead.AgentKey{w.public(h.own)}
	got, err := w.Register(h.t.Context(), w.root, authority.NewAgent{Name: "planner", Shown: "Planner", Registration: r})
	if err != nil {
		h.t.Fatal(err)
	}
	return got
}

// plans posts to a token endpoint as the planner, with a proof of key.
func (h *houses) plans(w *lettingWorld, key *ecdsa.PrivateKey, form url.Values) said {
	h.t.Helper()
	return w.post("/oauth/token", h.proven(w, form), map[string]string{"DPoP": w.proves(key, "POST", "/oauth/token", "")})
}

// proven is a form with the planner's own assertion in it.
func (h *houses) proven(w *lettingWorld, form url.Values) url.Values {
	now := w.Clock.Wall().Unix()
	claims := map[string]any{"iss": "planner", "sub": "planner", "aud": w.origin, "jti": w.next(), "iat": now, "exp": now + 60}
	all := url.Values{"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}, "client_assertion": {w.signed(h.own, claims, nil)}}
	maps.Copy(all, form)
	return all
}

// agreed is Dana's yes at a: the planner's tokens there.
func (h *houses) agreed(more ...string) said {
	h.t.Helper()
	q := h.a.browser("customers/dana").agrees(h.a.wants(append([]string{"client_id", "planner", "resource", h.a.origin + "/v1/systems/partner"}, more...)...))
	s := h.plans(h.a, h.run, url.Values{"grant_type": {"authorization_code"}, "code": {q.Get("code")}, "redirect_uri": {"http://127.0.0.1:51004/cb"}, "code_verifier": {verifier}})
	if s.status != http.StatusOK {
		h.t.Fatal(s)
	}
	return s
}

// writes asks a for a letter to b.
func (h *houses) writes(token string, more ...string) said {
	h.t.Helper()
	form := url.Values{"grant_type": {exchanging}, "requested_token_type": {letterType}, "audience": {h.b.origin}, "subject_token": {token}, "subject_token_type": {accessToken}}
	for i := 0; i < len(more); i += 2 {
		if form.Set(more[i], more[i+1]); more[i+1] == "" {
			form.Del(more[i])
		}
	}
	return h.plans(h.a, h.run, form)
}

// letter is one that a writes.
func (h *houses) letter(token string, more ...string) string {
	h.t.Helper()
	s := h.writes(token, more...)
	if s.status != http.StatusOK {
		h.t.Fatal(s)
	}
	return s.text("access_token")
}

// shows a letter to b.
func (h *houses) shows(letter string, more ...string) said {
	h.t.Helper()
	form := url.Values{"grant_type": {jwtBearer}, "assertion": {letter}}
	for i := 0; i < len(more); i += 2 {
		form.Set(more[i], more[i+1])
	}
	return h.plans(h.b, h.run, form)
}

// looks asks b whether the planner may read what is Dana's there.
func (h *houses) looks(id stead.MandateID, table string) stead.Decision {
	h.t.Helper()
	d, err := h.b.Decide(h.t.Context(), stead.Question{Actor: h.here.Principal, Subject: h.b.People["customers/dana"].ID, Mandate: id, Key: thumbprint(h.t, h.run),
		Action: stead.ActionRead, Resource: stead.Resource{App: "calendar", Realm: "all", Path: "/", Name: table}})
	if err != nil {
		h.t.Fatal(err)
	}
	return d
}

// inside are header and claims of a compact JWS, whoever has signed it.
func inside(t *testing.T, text string) (head, claims map[string]any) {
	t.Helper()
	for i, into := range []*map[string]any{&head, &claims} {
		raw, err := base64.RawURLEncoding.DecodeString(strings.Split(text, ".")[i])
		if err != nil || json.Unmarshal(raw, into) != nil {
			t.Fatal(text, err)
		}
	}
	return head, claims
}

func onStores(t *testing.T, f func(t *testing.T, change ...func(*house.Options))) {
	t.Run("sqlite", func(t *testing.T) { f(t) })
	t.Run("postgres", func(t *testing.T) {
		server := pgtest.Start(t)
		f(t, func(o *house.Options) { o.DSN = server.Create(t) })
	})
}

// The story of decision 0020: Dana agrees at A, A writes a letter, B takes it and gives a token of its own; an end at A stops new
// letters, and one at B what is there and what would come.
func TestLetters(t *testing.T) {
	onStores(t, func(t *testing.T, change ...func(*house.Options)) {
		h := newHouses(t, nil, change...)
		for w, want := range map[*lettingWorld]string{h.a: "identity_chaining_requested_token_types_supported", h.b: "authorization_grant_profiles_supported"} {
			if s := w.send("GET", "/.well-known/oauth-authorization-server", "", nil); s.body[want] == nil {
				t.Errorf("%s does not say %s: %v", w.origin, want, s.body)
			}
		}
		mine := h.agreed()
		if mine.text("access_token") == "" || h.a.offline(mine.text("access_token"))["aud"] == h.b.origin {
			t.Fatal("an access token has another house as audience", mine)
		}
		s := h.writes(mine.text("access_token"), "scope", "read:events", "resource", calendar)
		if s.status != http.StatusOK || s.text("issued_token_type") != letterType || s.text("token_type") != "N_A" || s.body["expires_in"] != 300.0 ||
			s.text("scope") != "read:events" || s.text("refresh_token") != "" || s.head.Get("Cache-Control") != "no-store" {
			t.Fatal(s)
		}
		head, claims := inside(t, s.text("access_token"))
		act, _ := claims["act"].(map[string]any)
		if head["typ"] != "oauth-id-jag+jwt" || claims["iss"] != h.a.origin || claims["sub"] != "person:customers/dana" || claims["aud"] != h.b.origin ||
			claims["client_id"] != "planner" || claims["jti"] == "" || claims["resource"] != calendar || claims["scope"] != "read:events" ||
			act["sub"] != "agent:agents/planner" || act["iss"] != h.a.origin || act["sub_profile"] != "ai_agent" || claims["cnf"].(map[string]any)["jkt"] != thumbprint(t, h.run) {
			t.Fatal(head, claims)
		}
		got := h.shows(s.text("access_token"))
		if got.status != http.StatusOK || got.text("token_type") != "DPoP" || got.body["refresh_token"] != nil || got.body["expires_in"] != 300.0 {
			t.Fatal(got)
		}
		c := h.b.offline(got.text("access_token"))
		first, _ := c["act"].(map[string]any)
		before, _ := first["act"].(map[string]any)
		if c["sub"] != "person:customers/dana" || c["iss"] != h.b.origin || c["aud"] != calendar || first["sub"] != "agent:agents/planner" || first["iss"] != h.b.origin ||
			before["sub"] != "agent:agents/planner" || before["iss"] != h.a.origin {
			t.Error(c)
		}
		id := stead.MandateID(got.text("mandate"))
		if d := h.looks(id, "events"); !d.Allow {
			t.Error(d)
		}
		h.b.refused(h.looks(id, "rooms"), stead.ReasonScope)
		h.b.recorded(id, "mandate.admitted", "mandate.started", "token.issued")
		again := h.shows(h.letter(mine.text("access_token"), "resource", calendar))
		if again.status != http.StatusOK || !h.looks(stead.MandateID(again.text("mandate")), "rooms").Allow {
			t.Fatal(again)
		}
		// What hangs on a letter is over with its one token, without anybody's doing.
		h.b.Clock.Move(5 * time.Minute)
		h.b.refused(h.looks(id, "events"), stead.ReasonExpired)
		h.a.Clock.Move(5 * time.Minute)
		mine = h.plans(h.a, h.run, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {mine.text("refresh_token")}})
		third := h.shows(h.letter(mine.text("access_token")))
		if third.status != http.StatusOK {
			t.Fatal(third)
		}
		h.ended(mine, third)
	})
}

// ended ends what a and b have, one after the other.
func (h *houses) ended(mine, theirs said) {
	h.t.Helper()
	kept := h.letter(mine.text("access_token"))
	at := h.a.mandateOf(mine)
	if _, err := h.a.Revoke(h.t.Context(), h.a.Login("customers/dana", "console.test"), at, "enough"); err != nil {
		h.t.Fatal(err)
	}
	if s := h.writes(mine.text("access_token")); s.text("error") != "invalid_request" {
		h.t.Error("ended at A:", s)
	}
	id := stead.MandateID(theirs.text("mandate"))
	if d := h.looks(id, "events"); !d.Allow {
		h.t.Error("B goes on until its token is over:", d)
	}
	if _, err := h.b.Revoke(h.t.Context(), h.b.Login("customers/dana", "console.test"), id, "not here"); err != nil {
		h.t.Fatal(err)
	}
	h.b.refused(h.looks(id, "events"), stead.ReasonEnded)
	if s := h.shows(kept); s.text("error") != "invalid_grant" || !strings.Contains(s.text("error_description"), "nobody here") {
		h.t.Error("she said no at B, and a letter that was there already counts:", s)
	}
	q := h.b.browser("customers/dana").agrees(h.b.wants("client_id", "planner"))
	if q.Get("code") == "" {
		h.t.Fatal(q)
	}
	if s := h.shows(kept); s.status != http.StatusOK {
		h.t.Error("she agreed at B herself, and letters count again:", s)
	}
}
