package oauth

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"net/http"
	"net/netip"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/web"
)

// Documents read what clients that nobody registered say of themselves (draft-ietf-oauth-client-id-metadata-document). Hosts and Now are needed.
// It is safe for concurrent use.
type Documents struct {
	Hosts    []string       // whose documents are read, with a port where it is another than the usual one; no other is ever asked
	Networks []netip.Prefix // that may be dialled besides those of the open network
	Plain    bool           // http at loopback too: where Stead itself is there
	Lookup   func(ctx context.Context, host string) ([]netip.Addr, error)
	Roots    *x509.CertPool // nil: those of this machine
	Now      func() time.Time

	mu   sync.Mutex
	kept map[string]kept
	lane chan struct{}
}

// A kept document is good until then.
type kept struct {
	described authority.Described
	until     time.Time
}

const (
	mostDocument  = 16 << 10
	mostKept      = 256
	shortestKept  = time.Minute
	longestKept   = time.Hour
	usualKept     = 10 * time.Minute
	mostFetching  = 4
	mostShown     = 64
	fetchPatience = 5 * time.Second
)

// Read reads the document of a client. Errors: invalid bad-request.
func (d *Documents) Read(ctx context.Context, id string) (authority.Described, error) {
	host, err := d.allowed(id)
	if err != nil {
		return authority.Described{}, err
	}
	d.mu.Lock()
	k, found := d.kept[id]
	if d.lane == nil {
		d.lane = make(chan struct{}, mostFetching)
	}
	d.mu.Unlock()
	if found && d.Now().Before(k.until) {
		return k.described, nil
	}
	select {
	case d.lane <- struct{}{}:
		defer func() { <-d.lane }()
	case <-ctx.Done():
		return authority.Described{}, stead.Because(ctx.Err(), "wait for a document of a client")
	}
	raw, life, err := d.fetch(ctx, id)
	if err != nil {
		return authority.Described{}, unread("the document of this client cannot be read")
	}
	described, err := understood(raw, id, host)
	if err != nil {
		return authority.Described{}, err
	}
	d.keep(id, kept{described, d.Now().Add(life)})
	return described, nil
}

func (d *Documents) keep(id string, k kept) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.kept == nil || len(d.kept) >= mostKept {
		d.kept = map[string]kept{}
	}
	d.kept[id] = k
}

func unread(text string) error {
	return stead.E(stead.Invalid, stead.ReasonRequest, "%s", text)
}

// allowed tells whether a client_id can be the address of a document that is read here, and at which host.
func (d *Documents) allowed(id string) (string, error) {
	u, err := url.Parse(id)
	switch {
	case err != nil || len(id) > 512 || u.User != nil || u.Opaque != "" || strings.ContainsAny(id, "#? \\%") || u.String() != id ||
		u.Host != strings.ToLower(u.Host):
		return "", unread("a client_id that is an address is written in one way: no fragment, query, name or escape in it")
	case u.Scheme != "https" && !(d.Plain && stead.Loopback(id)):
		return "", unread("a client_id that is an address is https")
	case len(u.Path) < 2 || path.Clean(u.Path) != u.Path:
		return "", unread("a client_id that is an address has a path, without . and ..")
	case !slices.Contains(d.Hosts, u.Host):
		return "", unread("clients of that host are not known here")
	}
	return u.Host, nil
}

// metadata is what a document says, as far as it counts here.
type metadata struct {
	ID        string   `json:"client_id"`
	Name      string   `json:"client_name"`
	Redirects []string `json:"redirect_uris"`
	Proves    string   `json:"token_endpoint_auth_method"`
	Secret    *string  `json:"client_secret"`
}

func understood(raw []byte, id, host string) (authority.Described, error) {
	var m metadata
	if web.CheckJSON(raw) != nil || json.Unmarshal(raw, &m) != nil {
		return authority.Described{}, unread("the document of this client is not JSON that can be read in one way")
	}
	switch {
	case m.ID != id:
		return authority.Described{}, unread("the document of this client names another client_id")
	case m.Secret != nil || m.Proves != "" && m.Proves != "none":
		return authority.Described{}, unread("a client that describes itself keeps no secret here: token_endpoint_auth_method is none")
	case m.Name == "" || len(m.Name) > mostShown || stead.WrongText("client_name", m.Name, mostShown) != "" || strings.ContainsAny(m.Name, "\n\r\t"):
		return authority.Described{}, unread("the document of this client has no client_name that can be shown")
	case len(m.Redirects) == 0 || len(m.Redirects) > 16:
		return authority.Described{}, unread("the document of this client has no redirect_uris, or too many")
	}
	for _, address := range m.Redirects {
		if text := stead.WrongRedirect(address); text != "" {
			return authority.Described{}, unread(text)
		}
	}
	return authority.Described{Document: id, Host: host, Shown: m.Name, Redirects: m.Redirects}, nil
}

// life is how long a document may be kept, as its own host says, within bounds.
func life(h http.Header) time.Duration {
	said := usualKept
	for part := range strings.SplitSeq(strings.ToLower(h.Get("Cache-Control")), ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		switch name {
		case "no-store", "no-cache":
			return shortestKept
		case "max-age":
			if n, err := strconv.Atoi(value); err == nil {
				said = time.Duration(min(n, int(longestKept/time.Second))) * time.Second
			}
		}
	}
	return min(max(said, shortestKept), longestKept)
}
