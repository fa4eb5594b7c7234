package agent

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/steadhq/stead/client/admin"
)

// A Run is one run of an agent. All members but ID and Agent are set before it is used; Enroll sets those, or whoever goes on
// with a run that was enrolled before.
type Run struct {
	Addr  string       // the server's issuer: "https://stead.example.com"
	HTTP  *http.Client // its transport is used
	Key   Key
	Now   func() time.Time
	ID    string // of the instance
	Agent string // its name

	mu    sync.Mutex
	token string // for Stead's own doors
	until time.Time
	nonce atomic.Pointer[string]
}

// Enroll begins the run. Length 0 is as the server says; with a beat it is gone when it was not heard of for so long.
func (r *Run) Enroll(ctx context.Context, who Identity, length, beat time.Duration) error {
	in := admin.InstanceBody{For: text(length), Beat: text(beat)}
	if err := who.Prove(r.Addr, r.Now(), &in); err != nil {
		return err
	}
	c := &admin.Client{Addr: r.Addr, Agent: "stead-run", HTTP: &http.Client{Transport: proving{r, ""}}}
	made, err := c.EnrollInstance(ctx, in)
	if err == nil {
		r.ID, r.Agent = made.ID, made.Agent
	}
	return err
}

func text(d time.Duration) string {
	if d == 0 {
		return ""
	}
	return d.String()
}

// API calls the server as this run; program is what it says of itself.
func (r *Run) API(program string) *admin.Client {
	return &admin.Client{Addr: r.Addr, Agent: program, HTTP: &http.Client{Transport: r}}
}

// RoundTrip sends a request with a token of the run, and a proof of its key.
func (r *Run) RoundTrip(req *http.Request) (*http.Response, error) {
	token, err := r.own(req.Context())
	if err != nil {
		return nil, err
	}
	return proving{r, token}.RoundTrip(req)
}

// own is the run's token for Stead itself.
func (r *Run) own(ctx context.Context) (string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.Now().Before(r.until) {
		return r.token, nil
	}
	token, life, err := r.issue(ctx, "")
	if err == nil {
		r.token, r.until = token, r.Now().Add(life*4/5)
	}
	return token, err
}

// Token gets an access token for what a mandate is about, and says how long it counts.
func (r *Run) Token(ctx context.Context, mandate string) (string, time.Duration, error) {
	return r.issue(ctx, mandate)
}

// A Refusal is a no of the token endpoint (RFC 6749, 5.2).
type Refusal struct {
	Code string `json:"error"`
	Text string `json:"error_description"`
}

func (r *Refusal) Error() string { return r.Text + " (" + r.Code + ")" }

func (r *Run) issue(ctx context.Context, mandate string) (string, time.Duration, error) {
	assertion, err := asserts(r.Agent, r.Key, r.Addr, r.Now())
	if err != nil {
		return "", 0, err
	}
	form := url.Values{"grant_type": {"client_credentials"}, "client_assertion_type": {jwtBearer}, "client_assertion": {assertion}}
	if mandate != "" {
		form.Set("mandate", mandate)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, r.Addr+"/oauth/token", strings.NewReader(form.Encode()))
	if err != nil {
		return "", 0, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := proving{r, ""}.RoundTrip(req)
	if err != nil {
		return "", 0, err
	}
	defer resp.Body.Close()
	var said struct {
		Refusal
		Token   string `json:"access_token"`
		Expires int64  `json:"expires_in"`
	}
	raw, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err == nil {
		err = json.Unmarshal(raw, &said)
	}
	switch {
	case err != nil:
		return "", 0, fmt.Errorf("the server's answer %d cannot be read: %w", resp.StatusCode, err)
	case said.Token == "":
		return "", 0, &said.Refusal
	}
	return said.Token, time.Duration(said.Expires) * time.Second, nil
}
