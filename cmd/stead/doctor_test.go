package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/config"
	"github.com/steadhq/stead/internal/gateway"
)

var today = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

func doctored() *env { return &env{now: func() time.Time { return today }, http: http.DefaultClient} }

// Would a client be believed, and would a password cross the network in the clear?
func TestDoctorOnProxies(t *testing.T) {
	for _, row := range []struct {
		name, file, result, says string
	}{
		{"nobody", "{}", "ok", "from nobody"},
		{"one", `{ trusted_proxies: ["10.0.0.7/32"] }`, "ok", "10.0.0.7/32"},
		{"anybody", `{ trusted_proxies: ["10.0.0.7/32", "0.0.0.0/0"] }`, "fail", "from anywhere"},
		{"anybody by IPv6", `{ trusted_proxies: ["::/0"] }`, "fail", "from anywhere"},
		{"half the world", `{ trusted_proxies: ["128.0.0.0/1"] }`, "warn", "large part"},
		{"https that nobody speaks", "{ public_url: https://stead.example.com }", "fail", "acting is refused"},
		{"https at a proxy", `{ public_url: https://stead.example.com, trusted_proxies: [127.0.0.1/32] }`, "ok", "127.0.0.1/32"},
	} {
		t.Run(row.name, func(t *testing.T) {
			c, problems := config.Parse([]byte("server: "+row.file), nil)
			if len(problems) > 0 {
				t.Fatal(problems)
			}
			if f := proxies(c.Server); f.Result != row.result || !strings.Contains(f.Says, row.says) || row.result != "ok" && f.Next == "" {
				t.Errorf("%+v", f)
			}
		})
	}
	open, _ := config.Parse([]byte(`server: { listen: "0.0.0.0:80", public_url: "http://stead.example.com" }`), nil)
	if f := doctored().ownCertificate(open.Server); f.Result != "fail" || !strings.Contains(f.Says, "in the clear") {
		t.Errorf("%+v", f)
	}
}

// paper writes a certificate for names, until when.
func paper(t *testing.T, until time.Time, names ...string) config.TLS {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	like := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, DNSNames: names, NotBefore: until.Add(-time.Hour), NotAfter: until}
	der, err := x509.CreateCertificate(rand.Reader, like, like, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	at := config.TLS{Cert: filepath.Join(t.TempDir(), "tls.crt"), Key: filepath.Join(t.TempDir(), "tls.key")}
	for file, block := range map[string]*pem.Block{at.Cert: {Type: "CERTIFICATE", Bytes: der}, at.Key: {Type: "PRIVATE KEY", Bytes: raw}} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return at
}

func TestDoctorOnCertificates(t *testing.T) {
	for _, row := range []struct {
		name   string
		until  time.Duration
		names  []string
		result string
	}{
		{"good", 90 * 24 * time.Hour, []string{"stead.example.com", "*.act.example.com"}, "ok"},
		{"soon over", 48 * time.Hour, []string{"stead.example.com", "*.act.example.com"}, "warn"},
		{"over", -time.Hour, []string{"stead.example.com", "*.act.example.com"}, "fail"},
		{"another's", 90 * 24 * time.Hour, []string{"other.example.com", "*.act.example.com"}, "fail"},
		{"without mandates' hosts", 90 * 24 * time.Hour, []string{"stead.example.com"}, "fail"},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := config.Server{PublicURL: "https://stead.example.com", Acting: "*.act.example.com", TLS: paper(t, today.Add(row.until), row.names...)}
			if f := doctored().ownCertificate(s); f.Result != row.result {
				t.Errorf("%+v", f)
			}
		})
	}
}

func TestDoctorOnKeys(t *testing.T) {
	dir := t.TempDir()
	c := config.Config{Store: config.Store{Dir: dir}}
	results := func() string {
		all := []string{}
		for _, f := range keysOf(c) {
			all = append(all, f.Check+" "+f.Result)
		}
		return strings.Join(all, ", ")
	}
	if err := os.Chmod(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if got := results(); got != "master key warn" {
		t.Error(got)
	}
	if err := os.WriteFile(filepath.Join(dir, "master.key"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := results(); got != "master key ok" {
		t.Error(got)
	}
	for _, one := range []struct {
		path string
		mode os.FileMode
	}{{filepath.Join(dir, "master.key"), 0o640}, {dir, 0o755}} {
		if err := os.Chmod(one.path, one.mode); err != nil {
			t.Fatal(err)
		}
	}
	if got := results(); got != "master key fail, store folder fail" {
		t.Error(got)
	}
}

// An application is asked directly: one that is not there, one that is ill, and one with another clock.
func TestDoctorOnApplications(t *testing.T) {
	app := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.Host {
		case "ill.test":
			w.WriteHeader(http.StatusInternalServerError)
		case "late.test":
			w.Header().Set("Date", today.Add(-time.Hour).Format(http.TimeFormat))
		}
	}))
	up, err := url.Parse(app.URL)
	if err != nil {
		t.Fatal(err)
	}
	e := doctored()
	e.now = time.Now
	ask := func(host string) string {
		a := gateway.App{App: stead.App{ID: "orders", Hosts: []string{host}}, Upstream: up}
		all := []string{}
		for _, f := range e.upstreams(t.Context(), []gateway.App{a}) {
			all = append(all, f.Check+" "+f.Result)
		}
		return strings.Join(all, ", ")
	}
	for host, want := range map[string]string{"good.test": "application orders ok", "ill.test": "application orders warn", "late.test": "application orders ok, application orders clock warn"} {
		if got := ask(host); got != want {
			t.Errorf("%s: %s", host, got)
		}
	}
	app.Close()
	if got := ask("gone.test"); got != "application orders fail" {
		t.Errorf("gone: %s", got)
	}
}

func TestDoctorOnFigures(t *testing.T) {
	good := "stead_audit_checkpoint_age_seconds 12\nstead_projection_lag_events 0\nstead_config_last_reload_successful 1\n"
	bad := "stead_audit_checkpoint_age_seconds 1e6\nstead_projection_lag_events 20000\nstead_config_last_reload_successful 0\n"
	read := time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)
	good += fmt.Sprintf("stead_config_last_reload_success_timestamp_seconds %d\n", read.Unix())
	for _, c := range []struct {
		text    string
		written time.Time
		want    string
	}{{good, read, "ok ok ok"}, {good, read.Add(-time.Hour), "ok ok ok"}, {good, read.Add(3 * time.Second), "ok ok warn"}, {bad, read, "warn warn fail"},
		{good + "stead_config_restart_keys 2\n", read, "ok ok warn"}} {
		text, want := c.text, c.want
		all := []string{}
		for _, f := range figures(text, c.written) {
			all = append(all, f.Result)
		}
		if got := strings.Join(all, " "); got != want {
			t.Errorf("%s: %s", text, got)
		}
	}
}

func TestDoctorOnPolicy(t *testing.T) {
	dir := t.TempDir()
	c := config.Config{Policies: config.Policies{Dir: dir, RequireTests: true}}
	if f := policyOf(c); f.Result != "fail" {
		t.Errorf("nothing there: %+v", f)
	}
	if err := os.WriteFile(filepath.Join(dir, "people.cedar"), []byte("permit (principal, action, resource"), 0o600); err != nil {
		t.Fatal(err)
	}
	if f := policyOf(c); f.Result != "fail" || f.Next == "" {
		t.Errorf("half a rule: %+v", f)
	}
	if f := policyOf(config.Config{}); f.Result != "ok" {
		t.Errorf("the default: %+v", f)
	}
}

func TestDoctorOnNames(t *testing.T) {
	if f := actingNames(t.Context(), config.Default().Server); f.Result != "ok" {
		t.Errorf("%+v", f)
	}
	if f := actingNames(t.Context(), config.Server{PublicURL: "https://stead.example.com"}); f.Result != "warn" {
		t.Errorf("%+v", f)
	}
	if f := actingNames(t.Context(), config.Server{Acting: "*.act.invalid:8443"}); f.Result != "fail" || !strings.Contains(f.Next, "wildcard") {
		t.Errorf("%+v", f)
	}
}

// The doctor's words are never cut: what to do stands below what is the case, and the sum says how many fail.
func TestDiagnosis(t *testing.T) {
	e, out, talk := testEnv(t)
	found := []finding{{"disk", "warn", "little room", "make some"}, {"clock", "ok", "right", ""}}
	if err := e.tellFindings(found); err != nil || out.String() != "warn  disk   little room\n             → make some\nok    clock  right\n" {
		t.Errorf("%q %v", out, err)
	}
	if err := e.diagnosis(found); err != nil || talk.String() != "2 checks: nothing fails; 1 more to look after.\n" {
		t.Errorf("%q %v", talk, err)
	}
	err := e.diagnosis(append(found, finding{"store", "fail", "gone", "find it"}))
	if codeOf(err) != exitFailed || err.Error() != "1 of 3 checks fail, first: store; 1 more to look after" {
		t.Errorf("%v", err)
	}
}

// Inside is told to those who may know, and a record that was changed is a failure.
func TestInside(t *testing.T) {
	checked := `{"upto":5,"of":7,"whole":false}`
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		switch r.URL.Path {
		case "/v1/health":
			_, _ = io.WriteString(w, `{"findings":[{"area":"Servers","name":"nod_b","result":"warn","says":"lost","next":"start it"}]}`)
		case "/v1/audit/check":
			_, _ = io.WriteString(w, checked)
		}
	}))
	defer s.Close()
	e, _, _ := testEnv(t)
	e.addr = s.URL
	c, err := e.client()
	if err != nil {
		t.Fatal(err)
	}
	if f := c.inside(t.Context(), nil); len(f) != 1 || f[0].Result != "ok" {
		t.Errorf("%+v", f)
	}
	if f := c.inside(t.Context(), []string{"admin"}); len(f) != 1 || f[0] != (finding{"servers: nod_b", "warn", "lost", "start it"}) {
		t.Errorf("%+v", f)
	}
	for body, want := range map[string]string{checked: "ok", `{"upto":7,"of":7,"whole":true}`: "ok", `{"upto":3,"of":7,"wrong":"event 4"}`: "fail"} {
		checked = body
		if f := c.inside(t.Context(), []string{"auditor"}); len(f) != 2 || f[1].Result != want {
			t.Errorf("%s: %+v", body, f)
		}
	}
}
