package client

import (
	"context"
	"crypto"
	"encoding/json"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/steadhq/stead"
)

// A KeySet is the published keys of an issuer, fetched from one fixed URL and kept for a while. It is safe for
// concurrent use.
type KeySet struct {
	URL    string
	Client *http.Client
	Keep   time.Duration // 0 = 5 minutes
	Pause  time.Duration // an unknown key id fetches again, at most this often; 0 = 30 s

	mu      sync.Mutex
	keys    map[string]publishedKey
	fetched time.Time // when keys came
	tried   time.Time // when they were last asked for
}

type publishedKey struct {
	key crypto.PublicKey
	exp int64 // when it stops counting; 0: not known yet
}

const (
	usualKeep  = 5 * time.Minute
	usualPause = 30 * time.Second
	retryAfter = 2 * time.Second
	maxJWKS    = 256 << 10
)

// Key gives a key by its id, see Keys.
func (s *KeySet) Key(ctx context.Context, id string, now time.Time) (crypto.PublicKey, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stale(now) {
		if err := s.renew(ctx, now); err != nil {
			return nil, err
		}
	}
	if _, known := s.keys[id]; !known && due(s.tried, now, orUsual(s.Pause, usualPause)) {
		s.look(ctx, now)
	}
	k, ok := s.keys[id]
	if !ok || (k.exp != 0 && now.Unix() >= k.exp) {
		return nil, refused("no key has that id")
	}
	return k.key, nil
}

func (s *KeySet) stale(now time.Time) bool {
	return s.keys == nil || due(s.fetched, now, orUsual(s.Keep, usualKeep))
}

// due tells whether so much time is over; a clock that went back makes everything due.
func due(since, now time.Time, after time.Duration) bool {
	return since.IsZero() || now.Before(since) || now.Sub(since) >= after
}

// renew fetches while everybody waits: without keys nothing can be told.
func (s *KeySet) renew(ctx context.Context, now time.Time) error {
	if !due(s.tried, now, retryAfter) {
		return stead.E(stead.Broken, stead.ReasonStale, "the keys of the issuer could not be fetched")
	}
	s.tried = now
	keys, err := s.fetch(ctx)
	if err == nil {
		s.keys, s.fetched = keys, now
	}
	return err
}

// look fetches for one unknown id; nobody else waits for that.
func (s *KeySet) look(ctx context.Context, now time.Time) {
	s.tried = now
	s.mu.Unlock()
	keys, err := s.fetch(ctx)
	s.mu.Lock()
	if err == nil {
		s.keys, s.fetched = keys, now
	}
}

func (s *KeySet) fetch(ctx context.Context) (map[string]publishedKey, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL, nil)
	if err != nil {
		return nil, stead.Because(err, "fetch the keys of the issuer")
	}
	resp, err := s.Client.Do(req)
	if err != nil {
		return nil, stead.Because(err, "fetch the keys of the issuer")
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, stead.E(stead.Broken, stead.ReasonStale, "the issuer answers %d when asked for its keys", resp.StatusCode)
	}
	b, err := io.ReadAll(io.LimitReader(resp.Body, maxJWKS))
	if err != nil {
		return nil, stead.Because(err, "fetch the keys of the issuer")
	}
	return parseJWKS(b)
}

// parseJWKS reads a JWKS (RFC 7517) and keeps what can verify assertions: keys with an id, for signatures, that are of the
// kind that the algorithm they are for has.
func parseJWKS(b []byte) (map[string]publishedKey, error) {
	var doc struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if json.Unmarshal(b, &doc) != nil || doc.Keys == nil {
		return nil, stead.E(stead.Broken, stead.ReasonStale, "what the issuer publishes is no set of keys")
	}
	keys := make(map[string]publishedKey)
	for _, raw := range doc.Keys {
		var k jose.JSONWebKey
		var more struct {
			Exp int64 `json:"exp"`
		}
		if json.Unmarshal(raw, &k) != nil || json.Unmarshal(raw, &more) != nil {
			continue // of a kind we do not know
		}
		if alg := algorithmOf(k.Key); alg != "" && k.Algorithm == alg && k.KeyID != "" && k.Use == "sig" {
			keys[k.KeyID] = publishedKey{key: k.Key, exp: more.Exp}
		}
	}
	return keys, nil
}
