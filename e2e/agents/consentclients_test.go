package agents

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/modelcontextprotocol/go-sdk/auth"
	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/modelcontextprotocol/go-sdk/oauthex"
	"golang.org/x/oauth2"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/house"
	"github.com/steadhq/stead/internal/tokens"
)

// x/oauth2 gets a token for what a person agreed to, and refreshes it.
func TestGoClientConsent(t *testing.T) {
	w := newLetting(t)
	ctx := context.WithValue(t.Context(), oauth2.HTTPClient, &http.Client{Transport: proving{w.outside, w.run}})
	c := oauth2.Config{ClientID: "scheduler", RedirectURL: "http://127.0.0.1:51004/cb", Scopes: []string{"look"},
		Endpoint: oauth2.Endpoint{AuthURL: w.origin + "/oauth/authorize", TokenURL: w.origin + "/oauth/token"}}
	secret := oauth2.GenerateVerifier()
	b := w.browser("customers/dana")
	q := b.agrees(strings.TrimPrefix(c.AuthCodeURL("state", oauth2.S256ChallengeOption(secret), oauth2.SetAuthURLParam("resource", calendar)), w.origin))
	if q.Get("state") != "state" {
		t.Fatal(q)
	}
	got, err := c.Exchange(ctx, q.Get("code"), oauth2.VerifierOption(secret))
	if err != nil || got.TokenType != "DPoP" || got.RefreshToken == "" || got.Extra("scope") != "look" {
		t.Fatal(got, err)
	}
	first := w.offline(got.AccessToken)
	again := *got
	again.Expiry = time.Now().Add(-time.Minute)
	next, err := c.TokenSource(ctx, &again).Token()
	if err != nil || next.RefreshToken == got.RefreshToken || w.offline(next.AccessToken)["mandate"] != first["mandate"] {
		t.Fatal(next, err)
	}
	var refused *oauth2.RetrieveError
	if _, err = c.TokenSource(ctx, &again).Token(); !errors.As(err, &refused) || refused.ErrorCode != "invalid_grant" {
		t.Error("a refresh token twice:", err)
	}
}

// openid-client, by its usual code, with and without a pushed request.
func TestOpenIDClientConsent(t *testing.T) {
	w := newLetting(t)
	library, err := filepath.Abs("../../.deps/node_modules/openid-client/build/index.js")
	if err != nil {
		t.Fatal(err)
	}
	b := w.browser("customers/dana")
	for _, push := range []bool{false, true} {
		c := exec.CommandContext(t.Context(), "node", "testdata/consent.mjs")
		in, err := c.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		var wrong bytes.Buffer
		c.Stderr = &wrong
		out, err := c.StdoutPipe()
		if err == nil {
			err = c.Start()
		}
		if err != nil {
			t.Fatal(err)
		}
		lines, answers := json.NewEncoder(in), json.NewDecoder(out)
		if err := lines.Encode(map[string]any{"library": library, "issuer": w.origin, "push": push, "resource": calendar, "skew": -int64(time.Since(w.Clock.Wall()) / time.Second)}); err != nil {
			t.Fatal(err)
		}
		var ask struct{ URL string }
		if err := answers.Decode(&ask); err != nil {
			t.Fatal(err, wrong.String())
		}
		q := b.agrees(strings.TrimPrefix(ask.URL, w.origin))
		if err := lines.Encode(map[string]any{"back": "http://127.0.0.1:51004/cb?" + q.Encode()}); err != nil {
			t.Fatal(err)
		}
		var got struct {
			Token, Again, Type, Scope string
		}
		if err := answers.Decode(&got); err != nil {
			t.Fatal(err, wrong.String())
		}
		if err := c.Wait(); err != nil {
			t.Fatal(err, wrong.String())
		}
		claims := w.offline(got.Token)
		if got.Type != "dpop" || got.Scope != "look" || claims["sub"] != "person:customers/dana" || w.offline(got.Again)["mandate"] != claims["mandate"] {
			t.Error(got, claims)
		}
	}
}

// A door of tools is an MCP server behind a token check, as its operator would write one.
type toolDoor struct {
	w      *lettingWorld
	origin string
	calls  int
}

// keyOf is the key of a proof for one request, and the claims of the token beside it.
func (d *toolDoor) proved(r *http.Request) (claims map[string]any, key string, ok bool) {
	kind, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if kind != "DPoP" {
		return nil, "", false
	}
	proofs := &tokens.Proofs{Origin: d.origin, Now: d.w.Now, Key: []byte("0123456789abcdef0123456789abcdef")}
	k, _, err := proofs.Check(r, token)
	return d.w.offline(token), k.Thumbprint, err == nil
}

func (d *toolDoor) ServeHTTP(rw http.ResponseWriter, r *http.Request, next http.Handler) {
	claims, key, ok := d.proved(r)
	if ok && claims["aud"] == d.origin+"/mcp" && claims["cnf"].(map[string]any)["jkt"] == key {
		q := stead.Question{Actor: d.w.scheduler.Principal, Subject: d.w.People["customers/dana"].ID, Mandate: stead.MandateID(claims["mandate"].(string)), Key: key,
			Action: stead.ActionRead, Resource: stead.Resource{App: "calendar", Realm: "all", Path: "/", Name: "events"}}
		if a, err := d.w.Decide(r.Context(), q); err == nil && a.Allow {
			d.calls++
			next.ServeHTTP(rw, r)
			return
		}
	}
	rw.Header().Set("WWW-Authenticate", `Bearer resource_metadata="`+d.origin+`/.well-known/oauth-protected-resource/mcp", scope="look"`)
	rw.WriteHeader(http.StatusUnauthorized)
}

// possession puts the proof of a key beside what an SDK sends that knows bearer tokens alone.
type possession struct {
	w   *lettingWorld
	key *ecdsa.PrivateKey
}

func (p possession) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	token, has := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if has {
		r.Header.Set("Authorization", "DPoP "+token)
	}
	claims := map[string]any{"jti": p.w.next(), "htm": r.Method, "htu": r.URL.Scheme + "://" + r.URL.Host + r.URL.Path, "iat": p.w.Clock.Wall().Unix()}
	if has {
		claims["ath"] = hashOf(token)
	}
	r.Header.Set("DPoP", p.w.signed(p.key, claims, map[jose.HeaderKey]any{"typ": "dpop+jwt", "jwk": jose.JSONWebKey{Key: p.key.Public()}}))
	return http.DefaultTransport.RoundTrip(r)
}

// The MCP SDK finds its way from a 401: the resource, its server, the person's yes, a token, and the tool; and once she has ended
// it, the same session gets nothing.
func TestMCPClient(t *testing.T) {
	srv := httptest.NewUnstartedServer(nil)
	door := &toolDoor{origin: "http://" + srv.Listener.Addr().String()}
	w := newLetting(t, func(o *house.Options) {
		i := slices.IndexFunc(o.Settings.Apps, func(a stead.App) bool { return a.ID == "calendar" })
		o.Settings.Apps[i].Address = door.origin + "/mcp"
	})
	door.w = w
	server := mcp.NewServer(&mcp.Implementation{Name: "calendar", Version: "1"}, nil)
	mcp.AddTool(server, &mcp.Tool{Name: "free"}, func(context.Context, *mcp.CallToolRequest, struct{}) (*mcp.CallToolResult, any, error) {
		return &mcp.CallToolResult{Content: []mcp.Content{&mcp.TextContent{Text: "tomorrow at ten"}}}, nil, nil
	})
	tools := mcp.NewStreamableHTTPHandler(func(*http.Request) *mcp.Server { return server }, &mcp.StreamableHTTPOptions{Stateless: true})
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/oauth-protected-resource/mcp", func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(rw).Encode(map[string]any{"resource": door.origin + "/mcp", "authorization_servers": []string{w.origin}, "scopes_supported": []string{"look"}})
	})
	mux.HandleFunc("/mcp", func(rw http.ResponseWriter, r *http.Request) { door.ServeHTTP(rw, r, tools) })
	srv.Config.Handler = mux
	srv.Start()
	t.Cleanup(srv.Close)

	b := w.browser("customers/dana")
	asked := 0
	client := &http.Client{Transport: possession{w, w.run}}
	handler, err := auth.NewAuthorizationCodeHandler(&auth.AuthorizationCodeHandlerConfig{
		PreregisteredClient: &oauthex.ClientCredentials{ClientID: "scheduler"}, RedirectURL: "http://127.0.0.1:51004/cb", Client: client,
		AuthorizationCodeFetcher: func(_ context.Context, a *auth.AuthorizationArgs) (*auth.AuthorizationResult, error) {
			if asked++; asked > 1 {
				return nil, errors.New("asked again")
			}
			q := b.agrees(strings.TrimPrefix(a.URL, w.origin))
			return &auth.AuthorizationResult{Code: q.Get("code"), State: q.Get("state"), Iss: q.Get("iss")}, nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	session, err := mcp.NewClient(&mcp.Implementation{Name: "scheduler", Version: "1"}, nil).Connect(t.Context(),
		&mcp.StreamableClientTransport{Endpoint: door.origin + "/mcp", HTTPClient: client, OAuthHandler: handler, DisableStandaloneSSE: true}, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = session.Close() })
	r, err := session.CallTool(t.Context(), &mcp.CallToolParams{Name: "free"})
	if err != nil || r.Content[0].(*mcp.TextContent).Text != "tomorrow at ten" || asked != 1 || door.calls < 2 {
		t.Fatal(r, err, asked, door.calls)
	}
	all, err := w.Mandates(t.Context(), w.Login("customers/dana", "console.test"), false)
	if err != nil || len(all) != 1 {
		t.Fatal(all, err)
	}
	if _, err = w.Revoke(t.Context(), w.Login("customers/dana", "console.test"), all[0].ID, "enough"); err != nil {
		t.Fatal(err)
	}
	had := door.calls
	if _, err = session.CallTool(t.Context(), &mcp.CallToolParams{Name: "free"}); err == nil || door.calls != had {
		t.Error("she ended it:", err, door.calls-had)
	}
}

// A mix-up is seen: the answer names its server, and a client that asked another one takes no code of it (RFC 9207).
func TestMixUp(t *testing.T) {
	w := newLetting(t)
	q := w.browser("customers/dana").agrees(w.wants())
	s := w.send("GET", "/.well-known/oauth-authorization-server", "", nil)
	if s.body["authorization_response_iss_parameter_supported"] != true || q.Get("iss") != s.text("issuer") || q["iss"] == nil || len(q["iss"]) != 1 {
		t.Error(q, s)
	}
	if got, want := s.body["code_challenge_methods_supported"], []any{"S256"}; !slices.Equal(got.([]any), want) {
		t.Error(got)
	}
	for name, want := range map[string]string{"authorization_endpoint": "/oauth/authorize", "pushed_authorization_request_endpoint": "/oauth/par"} {
		if u, err := url.Parse(s.text(name)); err != nil || u.Path != want {
			t.Error(name, s.text(name))
		}
	}
}
