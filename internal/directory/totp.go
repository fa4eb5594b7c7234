package directory

import (
	"crypto/subtle"
	"encoding/base32"
	"encoding/base64"
	"io"
	"net/url"
	"strings"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"

	"github.com/steadhq/stead"
)

const (
	period     = 30 // seconds a code lives (RFC 6238 4.1)
	codeDigits = 6
	leastKey   = 10 // bytes of a secret made elsewhere; ours have 20 (RFC 4226 4, R6 asks for 16, old tokens have 10)
	mostKey    = 64
	sealMark   = "box1:"
)

// Code tells whether a code fits now, one step of 30 s early or late, and which step it belongs to. Whoever takes
// it must remember the step, and refuse it and the ones before it from then on (RFC 6238 5.2).
func (p *Prover) Code(cred *stead.Credentials, code string, now time.Time) (step int64, ok bool) {
	code = strings.Join(strings.Fields(code), "")
	if cred == nil || !digits(code) {
		return 0, false
	}
	secret, err := p.open(cred)
	if err != nil {
		return 0, false
	}
	at := now.Unix() / period
	for s := at - 1; s <= at+1; s++ {
		want, err := hotp.GenerateCodeCustom(secret, uint64(max(s, 0)), hotp.ValidateOpts{Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1})
		if err == nil && subtle.ConstantTimeCompare([]byte(want), []byte(code)) == 1 {
			step, ok = s, true
		}
	}
	return step, ok
}

// Seal gives the stored form of somebody's TOTP secret (base32). Errors: invalid, broken.
func (p *Prover) Seal(id stead.PrincipalID, secret string) (string, error) {
	key, err := cleanSecret(secret)
	if err != nil {
		return "", err
	}
	sealed, err := p.box.Seal(label(id), []byte(key))
	if err != nil {
		return "", stead.Because(err, "seal a TOTP secret")
	}
	return sealMark + base64.RawStdEncoding.EncodeToString(sealed), nil
}

// NewSecret draws a TOTP secret of 160 bits, in base32. Errors: broken.
func (p *Prover) NewSecret() (string, error) {
	key := make([]byte, 20)
	if _, err := io.ReadFull(p.rand, key); err != nil {
		return "", stead.Because(err, "draw a TOTP secret")
	}
	return base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(key), nil
}

// URI is what authenticators read: otpauth://totp/ISSUER:ACCOUNT?secret=…
func URI(issuer, account, secret string) string {
	q := url.Values{"secret": {secret}, "issuer": {issuer}, "algorithm": {"SHA1"}, "digits": {"6"}, "period": {"30"}}
	u := url.URL{Scheme: "otpauth", Host: "totp", Path: "/" + issuer + ":" + account, RawQuery: q.Encode()}
	return u.String()
}

func (p *Prover) open(cred *stead.Credentials) (string, error) {
	text, marked := strings.CutPrefix(cred.TOTP, sealMark)
	sealed, err := base64.RawStdEncoding.DecodeString(text)
	if !marked || err != nil {
		return "", stead.E(stead.Invalid, stead.ReasonRequest, "this is no sealed secret")
	}
	plain, err := p.box.Open(label(cred.Principal), sealed)
	if err != nil {
		return "", stead.Because(err, "open a TOTP secret")
	}
	return string(plain), nil
}

// label binds a sealed secret to its owner: copied to another account it does not open.
func label(id stead.PrincipalID) string { return "totp/" + string(id) }

// cleanSecret reads a base32 secret as people write it: spaces, small letters and padding are forgiven.
func cleanSecret(s string) (string, error) {
	s = strings.TrimRight(strings.ToUpper(strings.Join(strings.Fields(s), "")), "=")
	key, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(s)
	if err != nil || len(key) < leastKey || len(key) > mostKey {
		return "", stead.E(stead.Invalid, stead.ReasonRequest, "a TOTP secret is base32 of %d to %d bytes", leastKey, mostKey)
	}
	return s, nil
}

func digits(s string) bool {
	return len(s) == codeDigits && strings.Trim(s, "0123456789") == ""
}
