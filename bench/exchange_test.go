package bench

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/cedar"
	"github.com/steadhq/stead/internal/house"
	"github.com/steadhq/stead/internal/house/housetest"
	"github.com/steadhq/stead/internal/keys"
	"github.com/steadhq/stead/internal/web"
)

const exchangeRules = `
@id("any-task") @owner("x") permit (principal is Agent, action == Action::"act", resource is Agent) when { context.app == "crm" };
@id("for-agents") @owner("x") permit (principal is Agent, action in Action::"look", resource is Realm) when { context.capacity == "for-other" };
`

// An exchanging house has an agent with a mandate, and another that exchanges its token.
type exchanging struct {
	tb      testing.TB
	own     http.Handler
	origin  string
	secrets map[string]string
	now     time.Time
	jti     atomic.Int64
}

func newExchanging(tb testing.TB) (*exchanging, *housetest.House) {
	tb.Helper()
	h := housetest.New(tb, func(o *house.Options) {
		o.Settings.Apps = append(o.Settings.Apps, stead.NewSystem("crm"))
		o.Files = maps.Clone(cedar.Default())
		o.Files["exchange.cedar"] = exchangeRules
	})
	dir := tb.TempDir()
	box, err := house.Unlock(tb.Context(), filepath.Join(dir, "master.key"), house.Cabinet(dir))
	if err != nil {
		tb.Fatal(err)
	}
	x := &exchanging{tb: tb, origin: "http://127.0.0.1:1", secrets: map[string]string{}, now: h.Clock.Wall()}
	ring, err := keys.OpenRing(tb.Context(), keys.Signing{Issuer: x.origin, Now: h.Now, Rand: rand.Reader, Secrets: box.Secrets, Box: box.Box})
	if err != nil {
		tb.Fatal(err)
	}
	doors, err := h.Doors(house.Site{Origin: x.origin, Listen: "127.0.0.1:1", Gateway: "orders.test", Ring: ring, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		tb.Fatal(err)
	}
	x.own = doors.Own
	root := h.Login("staff/root", "console.test")
	task := stead.Task{ID: "read", Purpose: "reading", Depth: 1, Grants: []stead.Entitlement{{System: "crm", Action: stead.ActionRead, Resource: "public.orders"}}}
	for _, name := range []string{"first", "second"} {
		r, err := h.Register(tb.Context(), root, authority.NewAgent{Name: name, Registration: stead.Registration{Kind: stead.Company, Tier: stead.LowTier,
			Owner: h.People["staff/root"].ID, Purpose: "reading", Tasks: []stead.Task{task}}})
		if err == nil {
			x.secrets[name], err = h.MakeSecret(tb.Context(), root, r.Principal)
		}
		if err != nil {
			tb.Fatal(err)
		}
	}
	return x, h
}

func newES256(tb testing.TB) *ecdsa.PrivateKey {
	tb.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	return key
}

func (x *exchanging) proof(key *ecdsa.PrivateKey) string {
	s, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: key}, &jose.SignerOptions{ExtraHeaders: map[jose.HeaderKey]any{"typ": "dpop+jwt", "jwk": jose.JSONWebKey{Key: key.Public()}}})
	if err != nil {
		x.tb.Fatal(err)
	}
	claims, err := json.Marshal(map[string]any{"jti": strconv.FormatInt(x.jti.Add(1), 10), "htm": "POST", "htu": x.origin + "/oauth/token", "iat": x.now.Unix()})
	if err != nil {
		x.tb.Fatal(err)
	}
	made, err := s.Sign(claims)
	if err != nil {
		x.tb.Fatal(err)
	}
	text, err := made.CompactSerialize()
	if err != nil {
		x.tb.Fatal(err)
	}
	return text
}

// request is what an agent sends, made beforehand.
func (x *exchanging) request(name, proof string, form url.Values) *http.Request {
	r := httptest.NewRequestWithContext(x.tb.Context(), http.MethodPost, "/oauth/token", strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("DPoP", proof)
	r.SetBasicAuth(name, x.secrets[name])
	r.Host, r.RemoteAddr = "127.0.0.1:1", "127.0.0.1:2"
	return r
}

func (x *exchanging) gets(r *http.Request) (token string) {
	w := httptest.NewRecorder()
	x.own.ServeHTTP(w, r)
	var said struct {
		Token string `json:"access_token"`
	}
	if json.Unmarshal(w.Body.Bytes(), &said) != nil || said.Token == "" {
		x.tb.Error(w.Code, w.Body)
	}
	return said.Token
}

// used is the processor time of this process so far.
func used(tb testing.TB) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		tb.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkExchange exchanges tokens at the door, recorded before each is given, 64 at once; beside it two verifications and a
// signature with ES256, which is the least that such an exchange must do. Run it with -benchtime 2000x.
func BenchmarkExchange(b *testing.B) {
	ballast := house.Ballast()
	b.Cleanup(func() { runtime.KeepAlive(ballast) })
	x, h := newExchanging(b)
	first, second := newES256(b), newES256(b)
	plain := url.Values{"grant_type": {"client_credentials"}}
	x.gets(x.request("first", x.proof(first), plain))
	public, err := web.PublicKey([]byte(jwk(b, first)))
	if err != nil {
		b.Fatal(err)
	}
	by, err := h.PresentKey(b.Context(), authority.PresentedKey{Thumbprint: public.Thumbprint})
	if err != nil {
		b.Fatal(err)
	}
	m, err := h.AskTask(b.Context(), by, authority.TaskAsk{Task: "read"})
	if err == nil {
		m, err = h.StartTask(b.Context(), by, m.ID)
	}
	if err != nil {
		b.Fatal(err)
	}
	token := x.gets(x.request("first", x.proof(first), url.Values{"grant_type": {"client_credentials"}, "mandate": {string(m.ID)}}))
	form := url.Values{"grant_type": {"urn:ietf:params:oauth:grant-type:token-exchange"}, "subject_token": {token},
		"subject_token_type": {"urn:ietf:params:oauth:token-type:access_token"}}
	x.gets(x.request("second", x.proof(second), form))
	b.Run("exchange", func(b *testing.B) {
		all := make(chan *http.Request, b.N)
		for range b.N {
			all <- x.request("second", x.proof(second), form)
		}
		close(all)
		measured(b, func() {
			var at sync.WaitGroup
			for range 64 {
				at.Go(func() {
					for r := range all {
						h.Clock.Move(20 * time.Millisecond) // as often as one agent may ask; -benchtime 2000x, for proofs live a minute
						x.gets(r)
					}
				})
			}
			at.Wait()
		})
	})
	b.Run("cryptography", func(b *testing.B) {
		sum := sha256.Sum256([]byte(token))
		signature, err := ecdsa.SignASN1(rand.Reader, first, sum[:])
		if err != nil {
			b.Fatal(err)
		}
		measured(b, func() {
			for range b.N {
				for range 2 {
					if !ecdsa.VerifyASN1(&first.PublicKey, sum[:], signature) {
						b.Fatal("wrong")
					}
				}
				if _, err := ecdsa.SignASN1(rand.Reader, first, sum[:]); err != nil {
					b.Fatal(err)
				}
			}
		})
	})
}

func measured(b *testing.B, run func()) {
	b.ResetTimer()
	began := used(b)
	run()
	b.ReportMetric(float64((used(b)-began).Microseconds())/float64(b.N), "cpu-µs/op")
}

func jwk(tb testing.TB, key *ecdsa.PrivateKey) string {
	text, err := json.Marshal(jose.JSONWebKey{Key: key.Public()})
	if err != nil {
		tb.Fatal(err)
	}
	return string(text)
}
