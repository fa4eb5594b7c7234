package agents

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/authzen"
	"github.com/steadhq/stead/internal/house"
	"github.com/steadhq/stead/internal/house/housetest"
	"github.com/steadhq/stead/internal/keys"
	"github.com/steadhq/stead/internal/web"
)

// userAgent is what every program here says of itself.
const userAgent = "story"

// An outside is the world as programs see it, which have an address and keys and nothing else.
type outside struct {
	*world
	origin string
	at     string // the node that is asked
	keys   *keys.Ring
	key    *ecdsa.PrivateKey // of the agent monthly-report
	kid    string            // what assertions name it by; "": nothing
	count  int
	site   func(*outside, *house.Site)
}

func newOutside(t *testing.T, change ...func(*house.Options)) *outside {
	t.Helper()
	return newOutsideAt(t, func(*outside, *house.Site) {}, change...)
}

// newOutsideAt is newOutside at a site that is told more.
func newOutsideAt(t *testing.T, site func(*outside, *house.Site), change ...func(*house.Options)) *outside {
	t.Helper()
	return newOutsideOn(t, listen(t), site, change...)
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// newOutsideOn is newOutsideAt where l listens.
func newOutsideOn(t *testing.T, l net.Listener, site func(*outside, *house.Site), change ...func(*house.Options)) *outside {
	t.Helper()
	o := &outside{world: newWorld(t, change...), key: newKey(t), site: site}
	o.origin = "http://" + l.Addr().String()
	o.at, o.keys = o.origin, o.ring()
	o.serve(o.House, l)
	o.give(o.key)
	return o
}

// serve opens the doors of a node where l listens.
func (o *outside) serve(h *housetest.House, l net.Listener, described ...house.Documents) {
	o.t.Helper()
	log := slog.New(slog.DiscardHandler)
	site := house.Site{Origin: o.origin, Listen: l.Addr().String(), Gateway: "orders.test", Ring: o.keys, Log: log, Version: "test"}
	for _, id := range []stead.PrincipalID{"service:payments", "service:kiosk"} { // what they may ask about the settings say
		site.Callers = append(site.Callers, authzen.Caller{ID: id, Sum: sha256.Sum256([]byte("the secret of " + id))})
	}
	o.site(o, &site)
	for _, d := range described {
		site.Documents = d
	}
	doors, err := h.Doors(site)
	if err != nil {
		o.t.Fatal(err)
	}
	srv := web.NewServer(doors.Own, log)
	go func() { _ = srv.Serve(web.Listener(l, nil)) }()
	o.t.Cleanup(func() { _ = srv.Close() })
}

// beside asks another node of the same house from now on, with clients that describe themselves.
func (o *outside) beside(described house.Documents) {
	o.t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		o.t.Fatal(err)
	}
	o.origin = "http://" + l.Addr().String()
	o.at = o.origin
	o.keys = o.ring()
	o.serve(o.House, l, described)
}

func (o *outside) ring() *keys.Ring {
	o.t.Helper()
	dir := o.t.TempDir()
	m, err := house.Unlock(o.t.Context(), filepath.Join(dir, "master.key"), house.Cabinet(dir))
	if err != nil {
		o.t.Fatal(err)
	}
	r, err := keys.OpenRing(o.t.Context(), keys.Signing{Issuer: o.origin, Now: o.Now, Rand: rand.Reader, Secrets: m.Secrets, Box: m.Box})
	if err != nil {
		o.t.Fatal(err)
	}
	return r
}

// give registers a key of the agent of the report.
func (o *outside) give(key *ecdsa.PrivateKey) {
	o.t.Helper()
	public, err := web.PublicKey([]byte(text(o.t, jose.JSONWebKey{Key: key.Public()})))
	if err != nil {
		o.t.Fatal(err)
	}
	r := o.agent
	r.Keys = append(r.Keys, public)
	if o.agent, err = o.ChangeAgent(o.t.Context(), o.root, r.Principal, authority.NewAgent{Registration: r}); err != nil {
		o.t.Fatal(err)
	}
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func thumbprint(t *testing.T, key *ecdsa.PrivateKey) string {
	t.Helper()
	sum, err := (&jose.JSONWebKey{Key: key.Public()}).Thumbprint(crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	return base64.RawURLEncoding.EncodeToString(sum)
}

func text(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func (o *outside) signed(key *ecdsa.PrivateKey, claims map[string]any, head map[jose.HeaderKey]any) string {
	o.t.Helper()
	s, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: key}, &jose.SignerOptions{ExtraHeaders: head})
	if err != nil {
		o.t.Fatal(err)
	}
	made, err := s.Sign([]byte(text(o.t, claims)))
	if err != nil {
		o.t.Fatal(err)
	}
	compact, err := made.CompactSerialize()
	if err != nil {
		o.t.Fatal(err)
	}
	return compact
}

func (o *outside) next() string {
	o.count++
	return strconv.Itoa(o.count)
}

// asserts is how the agent proves itself.
func (o *outside) asserts(change map[string]any) url.Values {
	now := o.Clock.Wall().Unix()
	claims := map[string]any{"iss": "monthly-report", "sub": "monthly-report", "aud": o.origin, "jti": o.next(), "iat": now, "exp": now + 60}
	maps.Copy(claims, change)
	return url.Values{"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
		"client_assertion": {o.signed(o.key, claims, o.named())}}
}

func (o *outside) named() map[jose.HeaderKey]any {
	if o.kid == "" {
		return nil
	}
	return map[jose.HeaderKey]any{"kid": o.kid}
}

// proves makes a proof of a key for one request.
func (o *outside) proves(key *ecdsa.PrivateKey, method, path, token string) string {
	claims := map[string]any{"jti": o.next(), "htm": method, "htu": o.origin + path, "iat": o.Clock.Wall().Unix()}
	if token != "" {
		sum := sha256.Sum256([]byte(token))
		claims["ath"] = base64.RawURLEncoding.EncodeToString(sum[:])
	}
	return o.signed(key, claims, map[jose.HeaderKey]any{"typ": "dpop+jwt", "jwk": jose.JSONWebKey{Key: key.Public()}})
}

// A said is an answer.
type said struct {
	status int
	head   http.Header
	body   map[string]any
}

func (s said) text(name string) string {
	v, _ := s.body[name].(string)
	return v
}

func (o *outside) send(method, path, body string, head map[string]string) said {
	o.t.Helper()
	r, err := http.NewRequestWithContext(o.t.Context(), method, o.at+path, strings.NewReader(body))
	if err != nil {
		o.t.Fatal(err)
	}
	r.Header.Set("User-Agent", userAgent)
	for name, v := range head {
		r.Header.Set(name, v)
	}
	w, err := http.DefaultClient.Do(r)
	if err != nil {
		o.t.Fatal(err)
	}
	defer func() { _ = w.Body.Close() }()
	raw, err := io.ReadAll(w.Body)
	if err != nil {
		o.t.Fatal(err)
	}
	s := said{status: w.StatusCode, head: w.Header}
	if len(raw) > 0 && json.Unmarshal(raw, &s.body) != nil {
		o.t.Fatalf("%s %s: %d %s", method, path, w.StatusCode, raw)
	}
	return s
}

func (o *outside) post(path string, form url.Values, head map[string]string) said {
	o.t.Helper()
	all := map[string]string{"Content-Type": "application/x-www-form-urlencoded"}
	maps.Copy(all, head)
	return o.send("POST", path, form.Encode(), all)
}

// asks for a token for the holder of a key; more are further parameters.
func (o *outside) asks(key *ecdsa.PrivateKey, more ...string) said {
	o.t.Helper()
	form := o.asserts(nil)
	form.Set("grant_type", "client_credentials")
	for i := 0; i < len(more); i += 2 {
		form.Set(more[i], more[i+1])
	}
	return o.post("/oauth/token", form, map[string]string{"DPoP": o.proves(key, "POST", "/oauth/token", "")})
}

// token is an access token for the holder of a key.
func (o *outside) token(key *ecdsa.PrivateKey, more ...string) string {
	o.t.Helper()
	s := o.asks(key, more...)
	if s.status != http.StatusOK || s.text("token_type") != "DPoP" || s.text("access_token") == "" {
		o.t.Fatal(s)
	}
	return s.text("access_token")
}

// introspected is what the agent learns about a token.
func (o *outside) introspected(token string) said {
	o.t.Helper()
	form := o.asserts(nil)
	form.Set("token", token)
	return o.post("/oauth/introspect", form, nil)
}

func (o *outside) active(token string, want bool) {
	o.t.Helper()
	s := o.introspected(token)
	if got, _ := s.body["active"].(bool); s.status != http.StatusOK || got != want || !want && len(s.body) != 1 {
		o.t.Errorf("%d %v, want active %v", s.status, s.body, want)
	}
}

// calls the API with a token: the text of the answer and its status.
func (o *outside) calls(key *ecdsa.PrivateKey, token string) said {
	o.t.Helper()
	return o.send("GET", "/v1/mandates", "", map[string]string{"Authorization": "DPoP " + token, "DPoP": o.proves(key, "GET", "/v1/mandates", token)})
}

// pass is the API's own token of somebody.
func (o *outside) pass(who string) string {
	o.t.Helper()
	directory, name, _ := strings.Cut(who, "/")
	in, err := o.SignIn(o.t.Context(), authority.SignIn{Directory: directory, Name: name, Password: housetest.Password, Code: o.Code(who), Host: "api",
		Address: "127.0.0.1", Client: web.ClientMark(&http.Request{Header: http.Header{"User-Agent": {userAgent}}})})
	if err != nil {
		o.t.Fatal(err)
	}
	return in.Secret
}

// begins a report in the hands of the instance with a key.
func (o *outside) begins(key *ecdsa.PrivateKey) (authority.By, stead.Mandate) {
	o.t.Helper()
	by, err := o.PresentKey(o.t.Context(), authority.PresentedKey{Thumbprint: thumbprint(o.t, key)})
	if err != nil {
		o.t.Fatal(err)
	}
	return by, o.underway(by)
}

// old makes a proof two minutes ago.
func (o *outside) old(key *ecdsa.PrivateKey, path, token string) string {
	sum := sha256.Sum256([]byte(token))
	claims := map[string]any{"jti": o.next(), "htm": "GET", "htu": o.origin + path, "iat": o.Clock.Wall().Unix() - 120,
		"ath": base64.RawURLEncoding.EncodeToString(sum[:])}
	return o.signed(key, claims, map[jose.HeaderKey]any{"typ": "dpop+jwt", "jwk": jose.JSONWebKey{Key: key.Public()}})
}

// public is a key as it is registered.
func (o *outside) public(key *ecdsa.PrivateKey) stead.AgentKey {
	o.t.Helper()
	k, err := web.PublicKey([]byte(text(o.t, jose.JSONWebKey{Key: key.Public()})))
	if err != nil {
		o.t.Fatal(err)
	}
	return k
}
