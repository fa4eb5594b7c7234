package agents

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
)

// openid-client, by its usual code, finds the server, gets tokens in every way there is, and takes them back.
func TestOpenIDClient(t *testing.T) {
	o := newOutside(t)
	secret, err := o.MakeSecret(t.Context(), o.root, o.agent.Principal)
	if err != nil {
		t.Fatal(err)
	}
	library, err := filepath.Abs("../../.deps/node_modules/openid-client/build/index.js")
	if err != nil {
		t.Fatal(err)
	}
	for _, algorithm := range []string{"oidc", "oauth2"} {
		c := exec.CommandContext(t.Context(), "node", "testdata/openid.mjs")
		c.Stdin = strings.NewReader(text(t, map[string]any{"library": library, "issuer": o.origin, "secret": secret, "algorithm": algorithm,
			"skew": -int64(time.Since(o.Clock.Wall()) / time.Second), "jwk": jose.JSONWebKey{Key: o.key}}))
		var wrong bytes.Buffer
		c.Stderr = &wrong
		out, err := c.Output()
		if err != nil {
			t.Fatalf("%v: %s", err, wrong.Bytes())
		}
		var said map[string][]any
		if err := json.Unmarshal(out, &said); err != nil || len(said) != 6 {
			t.Fatal(err, string(out))
		}
		for way, got := range said {
			api, _ := got[3].(string)
			if got[0] != "dpop" || got[1] != 300.0 || got[2] != true || strings.HasPrefix(strings.ToLower(api), "dpop") || got[4] != false {
				t.Error(algorithm, way, got)
			}
		}
	}
}

// proving adds to each request the proof that RFC 9449 asks for, which x/oauth2 leaves to its transport.
type proving struct {
	o   *outside
	key *ecdsa.PrivateKey
}

func (p proving) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("DPoP", p.o.proves(p.key, r.Method, r.URL.Path, ""))
	return http.DefaultTransport.RoundTrip(r)
}

// x/oauth2 gets tokens with a secret, whichever way it tries first, and says why there is none.
func TestGoClient(t *testing.T) {
	o := newOutside(t)
	secret, err := o.MakeSecret(t.Context(), o.root, o.agent.Principal)
	if err != nil {
		t.Fatal(err)
	}
	run := newKey(t)
	ctx := context.WithValue(t.Context(), oauth2.HTTPClient, &http.Client{Transport: proving{o, run}})
	for _, style := range []oauth2.AuthStyle{oauth2.AuthStyleAutoDetect, oauth2.AuthStyleInHeader, oauth2.AuthStyleInParams} {
		c := clientcredentials.Config{ClientID: "monthly-report", ClientSecret: secret, TokenURL: o.origin + "/oauth/token", AuthStyle: style}
		got, err := c.Token(ctx)
		if err != nil || got.TokenType != "DPoP" {
			t.Fatal(style, err)
		}
		o.active(got.AccessToken, true)
	}
	_, m := o.begins(run)
	c := clientcredentials.Config{ClientID: "monthly-report", ClientSecret: secret, TokenURL: o.origin + "/oauth/token",
		EndpointParams: url.Values{"mandate": {string(m.ID)}, "resource": {o.origin + "/v1/systems/crm"}}}
	got, err := c.Token(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if claims := o.offline(got.AccessToken); claims["mandate"] != string(m.ID) {
		t.Error(claims)
	}
	c.ClientSecret = "wrong"
	var refused *oauth2.RetrieveError
	if _, err = c.Token(ctx); !errors.As(err, &refused) || refused.ErrorCode != "invalid_client" {
		t.Error(err)
	}
}
