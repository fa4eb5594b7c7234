package survey

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"

	"github.com/steadhq/stead"
)

const (
	maxBody      = 2 << 20
	maxRedirects = 5
)

// Agent is what visitors call themselves.
const Agent = "stead-app"

// A Visitor asks one application as one person, who keeps cookies as a browser does.
type Visitor struct {
	Client   *http.Client // follows nothing and keeps nothing
	At       *url.URL     // where the application is
	Host     string       // what it is told in Host
	Identity http.Header  // what tells it who is there; none is nobody

	jar http.CookieJar
}

// NewVisitor is somebody who never was here.
func NewVisitor(transport http.RoundTripper, at *url.URL, host string, identity http.Header) *Visitor {
	jar, _ := cookiejar.New(nil) // its one error is of options, and there are none
	return &Visitor{
		Client: &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
		At:     at, Host: host, Identity: identity, jar: jar,
	}
}

// An Answer is what one request brought.
type Answer struct {
	Target   string // path and query asked for
	Status   int
	Header   http.Header
	Body     []byte // at most 2 MiB of it
	Location string // target on this host that it leads to; "" is none
	Leaves   string // address elsewhere that it leads to
}

// Get asks for a target of the application. More headers may be given.
func (v *Visitor) Get(ctx context.Context, target string, more http.Header) (Answer, error) {
	where, err := v.At.Parse(target)
	if err != nil {
		return Answer{}, stead.E(stead.Invalid, stead.ReasonRequest, "%s is no address: %s", target, err)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, where.String(), nil)
	if err != nil {
		return Answer{}, err
	}
	a, err := v.Send(r, more)
	a.Target = target
	return a, err
}

// Send asks what r asks, as the person, with her cookies. More headers may be given.
func (v *Visitor) Send(r *http.Request, more http.Header) (Answer, error) {
	r.Host = v.Host
	maps.Copy(r.Header, http.Header{"Accept": {"text/html,application/xhtml+xml,*/*;q=0.8"}, "User-Agent": {Agent}})
	maps.Copy(r.Header, v.Identity)
	maps.Copy(r.Header, more)
	for _, c := range v.jar.Cookies(v.canonical()) {
		r.AddCookie(c)
	}
	res, err := v.Client.Do(r)
	if err != nil {
		var e *url.Error
		if errors.As(err, &e) {
			err = e.Err
		}
		return Answer{}, fmt.Errorf("%s does not answer: %w", r.URL, err)
	}
	defer res.Body.Close()
	v.jar.SetCookies(v.canonical(), res.Cookies())
	a := Answer{Target: r.URL.RequestURI(), Status: res.StatusCode, Header: res.Header}
	a.Body, err = io.ReadAll(io.LimitReader(res.Body, maxBody))
	if to := res.Header.Get("Location"); to != "" && res.StatusCode/100 == 3 {
		a.Location, a.Leaves = v.local(a.Target, to)
	}
	return a, err
}

// Keep gives a visitor cookies that she came with.
func (v *Visitor) Keep(list ...*http.Cookie) { v.jar.SetCookies(v.canonical(), list) }

// Open asks for a target and follows where it leads on this host. It gives every answer on the way.
func (v *Visitor) Open(ctx context.Context, target string, more http.Header) ([]Answer, error) {
	var all []Answer
	for range maxRedirects {
		a, err := v.Get(ctx, target, more)
		if err != nil {
			return all, err
		}
		all = append(all, a)
		if a.Location == "" {
			break
		}
		target = a.Location
	}
	return all, nil
}

// canonical is where the application believes itself to be.
func (v *Visitor) canonical() *url.URL { return &url.URL{Scheme: v.At.Scheme, Host: v.Host, Path: "/"} }

// local gives the target that an address found at a target means, or the address where it is on no host of the
// application's: those are the one it is told and the one it is at, on any port, by http and https.
func (v *Visitor) local(at, address string) (target, elsewhere string) {
	base, err := v.canonical().Parse(at)
	if err != nil {
		return "", ""
	}
	u, err := base.Parse(strings.TrimSpace(address))
	switch {
	case err != nil || u.Scheme != "http" && u.Scheme != "https":
		return "", ""
	case strings.EqualFold(u.Hostname(), base.Hostname()), strings.EqualFold(u.Hostname(), v.At.Hostname()):
		if u.Path == "" {
			u.Path = "/"
		}
		return u.RequestURI(), ""
	}
	return "", u.String()
}

// kind is the media type of an answer, without what follows it.
func (a Answer) kind() string {
	k, _, _ := strings.Cut(a.Header.Get("Content-Type"), ";")
	return strings.ToLower(strings.TrimSpace(k))
}

func (a Answer) isHTML() bool { return a.kind() == "text/html" || a.kind() == "application/xhtml+xml" }

// isText tells whether what people or scripts read stands in a.
func (a Answer) isText() bool {
	k := a.kind()
	return strings.HasPrefix(k, "text/") || strings.Contains(k, "json") || strings.Contains(k, "javascript") || strings.Contains(k, "xml")
}
