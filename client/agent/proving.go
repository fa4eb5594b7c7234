package agent

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"

	"github.com/go-jose/go-jose/v4"
)

// proving sends requests with a proof of the run's key, for a token where there is one.
type proving struct {
	run   *Run
	token string
}

func (p proving) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := p.send(req)
	if err != nil || resp.StatusCode != http.StatusBadRequest && resp.StatusCode != http.StatusUnauthorized {
		return resp, err
	}
	nonce := resp.Header.Get("DPoP-Nonce")
	if nonce == "" || req.Body != nil && req.GetBody == nil {
		return resp, nil
	}
	_ = resp.Body.Close() // what it says is only that there is a nonce
	p.run.remember(nonce)
	again := req.Clone(req.Context())
	if req.GetBody != nil {
		if again.Body, err = req.GetBody(); err != nil {
			return nil, err
		}
	}
	return p.send(again)
}

// remember keeps the nonce that the server told last (RFC 9449, 8).
func (r *Run) remember(nonce string) { r.nonce.Store(&nonce) }

func (p proving) send(req *http.Request) (*http.Response, error) {
	proof, err := p.run.proof(req, p.token)
	if err != nil {
		return nil, err
	}
	req = req.Clone(req.Context())
	req.Header.Set("DPoP", proof)
	if p.token != "" {
		req.Header.Set("Authorization", "DPoP "+p.token)
	}
	next := p.run.HTTP.Transport
	if next == nil {
		next = http.DefaultTransport
	}
	return next.RoundTrip(req)
}

// proof is a proof of possession for one request (RFC 9449, 4.2).
func (r *Run) proof(req *http.Request, token string) (string, error) {
	claims := map[string]any{"jti": rand.Text(), "htm": req.Method, "htu": r.Addr + req.URL.EscapedPath(), "iat": r.Now().Unix()}
	if nonce := r.nonce.Load(); nonce != nil {
		claims["nonce"] = *nonce
	}
	if token != "" {
		sum := sha256.Sum256([]byte(token))
		claims["ath"] = base64.RawURLEncoding.EncodeToString(sum[:])
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	return r.Key.sign(payload, map[jose.HeaderKey]any{"typ": "dpop+jwt", "jwk": r.Key.public})
}
