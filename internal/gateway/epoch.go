package gateway

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/steadhq/stead/internal/web"
)

// Where acting shares the application's own host, a page may be older than a start or an end, and its form would go out
// as somebody else than the page was for. So pages there carry an epoch, which their requests repeat (R17). It is a
// digest of the pass: every start and every end gives a new one.
const (
	epochHeader = "Stead-Epoch" // of scripts
	epochParam  = "stead-epoch" // in the query, of forms; and the name of their hidden field
)

// epochOf names the time between two changes of whom a browser is served as.
func (g *Gateway) epochOf(r *http.Request) string {
	sum := sha256.Sum256([]byte("the epoch of a page\n" + g.Cookie.Read(r)))
	return base64.RawURLEncoding.EncodeToString(sum[:9])
}

// epochs is what a request says of its page's epoch. What says two is of none.
type epochs struct{ said string }

const noEpoch = "?"

func (e *epochs) add(value string) {
	if value == "" || e.said != "" && e.said != value {
		value = noEpoch
	}
	e.said = value
}

// takeEpoch takes out of r what its page says of its epoch, in a header, the query, or a form: an application never sees
// it, and no rule meets it.
func takeEpoch(r *http.Request, shared bool) string {
	var e epochs
	if values, there := r.Header[epochHeader]; there {
		for _, value := range values {
			e.add(value)
		}
		r.Header.Del(epochHeader)
	}
	if strings.Contains(r.URL.RawQuery, epochParam) {
		parts := strings.Split(r.URL.RawQuery, "&")
		r.URL.RawQuery = strings.Join(slices.DeleteFunc(parts, func(p string) bool {
			name, value, _ := strings.Cut(p, "=")
			if name != epochParam {
				return false
			}
			value, _ = url.QueryUnescape(value) // what cannot be read is another
			e.add(value)
			return true
		}), "&")
	}
	if shared && !safe(r) {
		takeField(r, &e)
	}
	return e.said
}

// outdated tells whether r comes from a page that was for somebody else. One that says nothing of its epoch is let
// through only where nothing can have changed: while nobody acts, and acting is not armed.
func (g *Gateway) outdated(r *http.Request, v *visit) bool {
	if !v.app.Shared || safe(r) && !upgrades(r) || !web.FromBrowser(r) {
		return false
	}
	if v.epoch == "" {
		return v.acting() || v.status.Armed.After(g.Now())
	}
	return v.epoch != g.epochOf(r)
}
