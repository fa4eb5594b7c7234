// Package admin speaks the admin API of Stead. api.go, with a method for every operation and a type for everything that
// is sent and answered, is written from the OpenAPI description; this file is the way there.
package admin

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// A Client talks to one server.
type Client struct {
	Addr  string // "https://stead.example.com"
	Token string // of Login; "" asks as nobody
	Agent string // passes are bound to it: keep it the same
	HTTP  *http.Client
	No    func(error) error // what becomes of every error; nil leaves it as it is: a *Problem where Stead has said no
}

// An Option ties a request to something.
type Option func(http.Header)

// Once makes a request happen once: within 24 hours the same one with the same key answers with what is there.
func Once(key string) Option { return func(h http.Header) { h.Set("Idempotency-Key", key) } }

// Async answers 202 with how far it is, where the server can tell, instead of waiting (RFC 7240).
func Async(h http.Header) { h.Set("Prefer", "respond-async") }

// IfMatch makes a change happen only while what it changes is at this version.
func IfMatch(version int64) Option {
	return func(h http.Header) { h.Set("If-Match", `"`+strconv.FormatInt(version, 10)+`"`) }
}

// Since makes a stream go on after an event.
func Since(id string) Option { return func(h http.Header) { h.Set("Last-Event-ID", id) } }

// Error is a no that the server explained (Problem, RFC 9457).
func (p *Problem) Error() string { return p.Detail }

// An Unread is an answer that is none of Stead's.
type Unread struct {
	Status int
	Err    error
}

func (u *Unread) Error() string { return fmt.Sprintf("the server said %d: %v", u.Status, u.Err) }
func (u *Unread) Unwrap() error { return u.Err }

type request struct {
	method, path string
	query        url.Values
	body         any // an io.Reader of kind, else JSON
	kind, accept string
}

const jsonKind = "application/json"

// patience is how long an answer in JSON may take. What is read as it comes may take as long as its reader.
const patience = time.Minute

// call reads an answer in JSON into out.
func (c *Client) call(ctx context.Context, r request, out any, opts []Option) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	r.accept = jsonKind
	resp, err := c.open(ctx, r, opts)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if out == nil || resp.StatusCode == http.StatusNoContent {
		return nil
	}
	if err := json.NewDecoder(resp.Body).Decode(out); err != nil {
		return c.no(&Unread{resp.StatusCode, err})
	}
	return nil
}

func (c *Client) no(err error) error {
	if err == nil || c.No == nil {
		return err
	}
	return c.No(err)
}

// open sends a request. What is no 2xx is a *Problem, or an *Unread.
func (c *Client) open(ctx context.Context, r request, opts []Option) (*http.Response, error) {
	if r.accept != jsonKind { // a no is read as one whatever else is wanted
		r.accept = "application/problem+json, " + strings.ReplaceAll(r.accept, ",", ";q=0.9,") + ";q=0.9"
	}
	req, err := c.request(ctx, r)
	if err != nil {
		return nil, err
	}
	for _, o := range opts {
		o(req.Header)
	}
	resp, err := c.HTTP.Do(req)
	if err != nil || resp.StatusCode/100 == 2 {
		return resp, c.no(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	p := &Problem{}
	if err == nil {
		err = json.Unmarshal(raw, p)
	}
	if err != nil || p.Detail == "" {
		return nil, c.no(&Unread{resp.StatusCode, err})
	}
	p.Status = int64(resp.StatusCode)
	return nil, c.no(p)
}

func (c *Client) request(ctx context.Context, r request) (*http.Request, error) {
	body, ok := r.body.(io.Reader)
	if !ok && r.body != nil {
		raw, err := json.Marshal(r.body)
		if err != nil {
			return nil, err
		}
		body, r.kind = bytes.NewReader(raw), jsonKind
	}
	target := c.Addr + r.path
	if len(r.query) > 0 {
		target += "?" + r.query.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, r.method, target, body)
	if err != nil {
		return nil, err
	}
	for name, value := range map[string]string{"User-Agent": c.Agent, "Accept": r.accept, "Content-Type": r.kind} {
		if value != "" {
			req.Header.Set(name, value)
		}
	}
	if c.Token != "" {
		req.Header.Set("Authorization", "Bearer "+c.Token)
	}
	return req, nil
}

// set adds to a query what is not zero, and what must be there.
func set(v url.Values, name string, value any, required bool) {
	text := ""
	switch x := value.(type) {
	case string:
		text = x
	case []string:
		text = strings.Join(x, ",")
	case bool:
		if x {
			text = "true"
		}
	case int64:
		if x != 0 || required {
			text = strconv.FormatInt(x, 10)
		}
	case []int64:
		for i, n := range x {
			if i > 0 {
				text += ","
			}
			text += strconv.FormatInt(n, 10)
		}
	case time.Time:
		if !x.IsZero() {
			text = x.UTC().Format(time.RFC3339Nano)
		}
	}
	if text != "" || required {
		v.Set(name, text)
	}
}
