package notices

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/steadhq/stead"
)

// A Webhook sends signed JSON, as Standard Webhooks 1.0 has it: webhook-id, webhook-timestamp and webhook-signature.
type Webhook struct {
	URL    string
	Secret []byte
	HTTP   *http.Client
	Now    func() time.Time
}

// ReadSecret reads "whsec_" and base64 of 24 to 64 bytes.
func ReadSecret(text string) ([]byte, error) {
	raw, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(strings.TrimSpace(text), "whsec_"))
	if err != nil || len(raw) < 24 || len(raw) > 64 {
		return nil, stead.E(stead.Invalid, stead.ReasonRequest, "a webhook's secret is whsec_ and 24 to 64 random bytes in base64: openssl rand -base64 32")
	}
	return raw, nil
}

// Sign is the signature over id, time and body.
func Sign(secret []byte, id string, at time.Time, body []byte) string {
	mac := hmac.New(sha256.New, secret)
	fmt.Fprintf(mac, "%s.%d.%s", id, at.Unix(), body)
	return "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// payload is what a receiver gets. Names and links, and what details add.
type payload struct {
	Type      string    `json:"type"`
	Timestamp time.Time `json:"timestamp"`
	Data      data      `json:"data"`
}

type data struct {
	Mandate   string `json:"mandate"`
	Title     string `json:"title"`
	Initiator string `json:"initiator"`
	Actor     string `json:"actor"`
	Subject   string `json:"subject"`
	Link      string `json:"link"`
	Reason    string `json:"reason,omitempty"`
	Ticket    string `json:"ticket,omitempty"`
}

// Send posts the message. The timestamp is that of the try, the id that of the message.
func (w Webhook) Send(ctx context.Context, m Message) error {
	body, err := json.Marshal(payload{Type: "request." + string(m.Kind), Timestamp: m.At.UTC(), Data: data{Mandate: string(m.Mandate), Title: m.Title(),
		Initiator: m.Initiator, Actor: string(m.Actor), Subject: string(m.Subject), Link: m.Link, Reason: m.Reason, Ticket: m.Ticket}})
	if err != nil {
		return never{err}
	}
	at := w.Now()
	return post(ctx, w.HTTP, w.URL, body, http.Header{"Webhook-Id": {m.ID}, "Webhook-Timestamp": {strconv.FormatInt(at.Unix(), 10)},
		"Webhook-Signature": {Sign(w.Secret, m.ID, at, body)}})
}

// A Slack sends to an incoming webhook, whose address is its secret.
type Slack struct {
	URL  string
	HTTP *http.Client
}

// Send posts the message. What people wrote is escaped, so that a name makes neither a link nor a mention.
func (s Slack) Send(ctx context.Context, m Message) error {
	escaped := strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")
	text := "*" + escaped.Replace(m.Title()) + "*\n" + escaped.Replace("By "+m.Initiator)
	for _, more := range [][2]string{{"Reason", m.Reason}, {"Ticket", m.Ticket}} {
		if more[1] != "" {
			text += "\n" + more[0] + ": " + escaped.Replace(line(more[1]))
		}
	}
	body, err := json.Marshal(map[string]any{"text": text + "\n" + m.Link, "unfurl_links": false, "unfurl_media": false})
	if err != nil {
		return never{err}
	}
	return post(ctx, s.HTTP, s.URL, body, nil)
}

// NewHTTP is a client that goes where it is told and nowhere else: no redirects, no proxies of the environment.
func NewHTTP() *http.Client {
	return &http.Client{Timeout: sendFor, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{MaxIdleConns: 8, IdleConnTimeout: time.Minute, MaxResponseHeaderBytes: 64 << 10}}
}

func post(ctx context.Context, client *http.Client, to string, body []byte, head http.Header) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, to, bytes.NewReader(body))
	if err != nil {
		return never{bare(err)}
	}
	for k, v := range head {
		req.Header[k] = v
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "Stead")
	resp, err := client.Do(req)
	if err != nil {
		return bare(err)
	}
	_, _ = io.CopyN(io.Discard, resp.Body, 64<<10) // so that the connection can be used again; what it says is not read
	_ = resp.Body.Close()
	switch {
	case resp.StatusCode >= 200 && resp.StatusCode < 300:
		return nil
	case resp.StatusCode == http.StatusGone:
		return never{fmt.Errorf("it answers %s", resp.Status)}
	}
	return fmt.Errorf("it answers %s", resp.Status)
}
