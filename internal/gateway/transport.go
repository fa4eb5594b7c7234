package gateway

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/steadhq/stead"
)

// A Reach is how an application is reached, beyond the address of its upstream.
type Reach struct {
	Socket  string        // path of its unix socket; "" is TCP
	CAFile  string        // PEM: who vouches for its certificate, instead of those whom the system believes
	Name    string        // in its certificate, where that is another than the host of its address
	Connect time.Duration // to it, and as long again for TLS; 0 is 10 s
	Answer  time.Duration // until its answer begins; 0 is 2 minutes
	Idle    time.Duration // between two pieces of an answer; 0 is for ever: streams are silent for hours
}

// socketHost stands in the address of an application at a unix socket. No network has such a name (RFC 6761).
const socketHost = "unix.invalid"

// NewTransport speaks to applications: no proxy of the environment, nothing packed or unpacked behind our back, one
// version of HTTP, and bounds on what an application can stretch.
func NewTransport() *http.Transport {
	return &http.Transport{
		DialContext:            (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		DisableCompression:     true,
		MaxIdleConns:           512,
		MaxIdleConnsPerHost:    256,
		IdleConnTimeout:        90 * time.Second,
		TLSHandshakeTimeout:    10 * time.Second,
		ResponseHeaderTimeout:  2 * time.Minute,
		ExpectContinueTimeout:  time.Second,
		MaxResponseHeaderBytes: 256 << 10,
	}
}

// Transport is one that reaches an application as it wants to be reached. It reads the file of certificates.
func (r Reach) Transport() (*http.Transport, error) {
	t := NewTransport()
	dialer := net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}
	if r.Connect > 0 {
		dialer.Timeout, t.TLSHandshakeTimeout = r.Connect, r.Connect
	}
	if r.Answer > 0 {
		t.ResponseHeaderTimeout = r.Answer
	}
	t.DialContext = dialer.DialContext
	if r.Socket != "" {
		t.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
			return dialer.DialContext(ctx, "unix", r.Socket)
		}
	}
	t.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12, ServerName: r.Name}
	if r.CAFile == "" {
		return t, nil
	}
	pem, err := os.ReadFile(r.CAFile)
	if err != nil {
		return nil, stead.E(stead.Invalid, stead.ReasonRequest, "upstream_ca_file: %s", err)
	}
	t.TLSClientConfig.RootCAs = x509.NewCertPool()
	if !t.TLSClientConfig.RootCAs.AppendCertsFromPEM(pem) {
		return nil, stead.E(stead.Invalid, stead.ReasonRequest, "upstream_ca_file: %s holds no certificate in PEM", r.CAFile)
	}
	return t, nil
}

// reach makes the transports of the applications that want one of their own.
func (g *Gateway) reach() error {
	if g.Transport == nil {
		g.Transport = NewTransport()
	}
	g.ways = map[stead.AppID]http.RoundTripper{}
	for i := range g.Apps {
		a := &g.Apps[i]
		if a.Reach == (Reach{}) {
			continue
		}
		t, err := a.Reach.Transport()
		if err != nil {
			return err
		}
		g.ways[a.ID] = t
	}
	return nil
}

// to is the transport to an application.
func (g *Gateway) to(a *App) http.RoundTripper {
	if t, own := g.ways[a.ID]; own {
		return t
	}
	return g.Transport
}

// late tells whether an application took too long: to take a connection, or to begin its answer.
func late(err error) bool {
	var n net.Error
	return errors.As(err, &n) && n.Timeout()
}

// noAnswerFor says why there is no answer of an application.
func noAnswerFor(err error) (code int, text string) {
	if late(err) {
		return http.StatusGatewayTimeout, "the application did not answer in time"
	}
	return http.StatusBadGateway, "the application did not answer"
}

// patience cuts an answer of which nothing more comes.
func patience(body io.ReadCloser, most time.Duration, cut func()) io.ReadCloser {
	t := time.AfterFunc(most, cut)
	t.Stop()
	return &patient{body, most, t}
}

type patient struct {
	io.ReadCloser
	most  time.Duration
	timer *time.Timer
}

func (p *patient) Read(b []byte) (int, error) {
	p.timer.Reset(p.most)
	defer p.timer.Stop()
	return p.ReadCloser.Read(b)
}
