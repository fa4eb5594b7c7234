package directory

import (
	"crypto/rand"
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/steadhq/stead"
)

// rfcSecret is "12345678901234567890", the key of RFC 6238 Appendix B.
const rfcSecret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"

func sealed(t *testing.T, p *Prover, id stead.PrincipalID) *stead.Credentials {
	t.Helper()
	s, err := p.Seal(id, rfcSecret)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(s, rfcSecret) {
		t.Fatal("the secret is not sealed")
	}
	return &stead.Credentials{Principal: id, TOTP: s}
}

// RFC 6238 Appendix B, SHA-1, last six of the eight digits.
func TestCodeVectors(t *testing.T) {
	p := newProver(t, cheap)
	cred := sealed(t, p, "prn_sam")
	for at, code := range map[int64]string{
		59: "287082", 1111111109: "081804", 1111111111: "050471", 1234567890: "005924", 2000000000: "279037",
		20000000000: "353130",
	} {
		step, ok := p.Code(cred, code, time.Unix(at, 0))
		if !ok || step != at/30 {
			t.Errorf("at %d: %d, %v; want %d", at, step, ok, at/30)
		}
	}
}

func TestCodeWindow(t *testing.T) {
	p := newProver(t, cheap)
	cred := sealed(t, p, "prn_sam")
	const at, code = 1111111109, "081804" // step 37037036, from …080 to …109
	for name, c := range map[string]struct {
		code string
		now  int64
		ok   bool
	}{
		"now":              {code, at, true},
		"a step late":      {code, at + 30, true},
		"last second":      {code, 1111111139, true},
		"two steps late":   {code, 1111111140, false},
		"a step early":     {code, 1111111050, true},
		"two steps early":  {code, 1111111049, false},
		"as apps show it":  {"081 804", at, true},
		"with a line end":  {"081804\n", at, true},
		"wrong":            {"081805", at, false},
		"empty":            {"", at, false},
		"too short":        {"81804", at, false},
		"too long":         {"0081804", at, false},
		"other digits":     {"٠٨١٨٠٤", at, false},
		"letters":          {"08180a", at, false},
		"before the epoch": {code, -100, false},
	} {
		step, ok := p.Code(cred, c.code, time.Unix(c.now, 0))
		if ok != c.ok || ok && step != at/30 {
			t.Errorf("%s: step %d, %v; want %v", name, step, ok, c.ok)
		}
	}
}

func TestCodeNeedsItsOwner(t *testing.T) {
	p := newProver(t, cheap)
	cred := sealed(t, p, "prn_sam")
	for name, c := range map[string]*stead.Credentials{
		"nobody":           nil,
		"no secret":        {Principal: "prn_sam"},
		"another's secret": {Principal: "prn_eve", TOTP: cred.TOTP},
		"not sealed":       {Principal: "prn_sam", TOTP: rfcSecret},
		"cut":              {Principal: "prn_sam", TOTP: cred.TOTP[:len(cred.TOTP)/2]},
	} {
		if _, ok := p.Code(c, "081804", time.Unix(1111111109, 0)); ok {
			t.Errorf("%s: the code fits", name)
		}
	}
}

func TestSeal(t *testing.T) {
	p := newProver(t, cheap)
	for in, ok := range map[string]bool{
		rfcSecret: true, "gezd gnbv gy3t qojq": true, "GEZDGNBVGY3TQOJQ====": true,
		"": false, "GEZDGNBV": false, "0189": false, strings.Repeat("A", 200): false,
	} {
		if _, err := p.Seal("prn_sam", in); (err == nil) != ok || !ok && stead.KindOf(err) != stead.Invalid {
			t.Errorf("%q: %v", in, err)
		}
	}
	broken := &Prover{box: brokenBox{}, rand: rand.Reader}
	if _, err := broken.Seal("prn_sam", rfcSecret); stead.KindOf(err) != stead.Broken {
		t.Errorf("a box that fails: %v, want broken", err)
	}
}

type brokenBox struct{ xorBox }

func (brokenBox) Seal(string, []byte) ([]byte, error) { return nil, errors.New("no key") }

func TestNewSecret(t *testing.T) {
	p := newProver(t, cheap)
	a, err1 := p.NewSecret()
	b, err2 := p.NewSecret()
	if err1 != nil || err2 != nil || a == b || len(a) != 32 {
		t.Fatalf("%q %v, %q %v", a, err1, b, err2)
	}
	if clean, err := cleanSecret(a); err != nil || clean != a {
		t.Errorf("our own secret does not read: %v", err)
	}
}

func TestURI(t *testing.T) {
	u, err := url.Parse(URI("Stead", "staff/sam o'neil", rfcSecret))
	if err != nil {
		t.Fatal(err)
	}
	if u.Scheme != "otpauth" || u.Host != "totp" || u.Path != "/Stead:staff/sam o'neil" || u.Query().Get("secret") != rfcSecret {
		t.Errorf("%s", u)
	}
}
