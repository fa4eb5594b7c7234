package postgres

import (
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/url"
	"strconv"
	"time"
)

// A Login is what an agent connects with. It is shown once and kept nowhere.
type Login struct {
	Host     string    `json:"host"`
	Port     uint16    `json:"port"`
	Database string    `json:"database"`
	User     string    `json:"user"`
	Password string    `json:"password"`
	Until    time.Time `json:"until"`
	Tables   []Given   `json:"tables"` // where to find what was granted
}

// A Given says under which name a lease finds what was granted: tables under their own, filtered ones as views of it.
type Given struct {
	Resource string `json:"resource"` // as the entitlement names it
	Name     string `json:"name"`     // as SQL names it, quoted
	Rows     string `json:"rows,omitempty"`
}

// URL is the login in one line, for programs that take it so.
func (l Login) URL() string {
	u := url.URL{Scheme: "postgres", User: url.UserPassword(l.User, l.Password),
		Host: net.JoinHostPort(l.Host, strconv.Itoa(int(l.Port))), Path: "/" + l.Database}
	return u.String()
}

// iterations are those of PostgreSQL's own verifiers; the password is 256 random bits, so that more of them add nothing.
const iterations = 4096

// password makes a new password and the verifier that the server is given of it (RFC 5803).
func password(random io.Reader) (secret, verifier string, err error) {
	raw := make([]byte, 32+16)
	if _, err := io.ReadFull(random, raw); err != nil {
		return "", "", fmt.Errorf("random bytes for a password: %w", err)
	}
	secret = base64.RawURLEncoding.EncodeToString(raw[:32])
	verifier, err = scram(secret, raw[32:], iterations)
	return secret, verifier, err
}

// scram writes a SCRAM-SHA-256 verifier (RFC 5802 3, RFC 7677).
func scram(secret string, salt []byte, n int) (string, error) {
	salted, err := pbkdf2.Key(sha256.New, secret, salt, n, sha256.Size)
	if err != nil {
		return "", err
	}
	stored := sha256.Sum256(mac(salted, "Client Key"))
	b64 := base64.StdEncoding.EncodeToString
	return fmt.Sprintf("SCRAM-SHA-256$%d:%s$%s:%s", n, b64(salt), b64(stored[:]), b64(mac(salted, "Server Key"))), nil
}

func mac(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}
