package authzen

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"strings"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/web"
)

// A Caller is a service that may ask. What about stands in the settings of the authority, under the same id.
type Caller struct {
	ID          stead.PrincipalID // "service:records"
	Sum         [sha256.Size]byte // SHA-256 of its secret
	Directories []string          // whose people it may find by searching
}

// Callers are all who may ask.
type Callers []Caller

// By finds whose secret that is; nil: nobody's. Every secret is compared, each in the same time.
func (all Callers) By(secret string) (found *Caller) {
	sum := sha256.Sum256([]byte(secret))
	for i := range all {
		if subtle.ConstantTimeCompare(sum[:], all[i].Sum[:]) == 1 {
			found = &all[i]
		}
	}
	return found
}

// caller finds whose secret the request shows; a no is recorded, and held up where there are too many of them.
func (d *Door) caller(r *http.Request) (*Caller, error) {
	if found := d.Callers.By(bearer(r)); found != nil {
		return found, nil
	}
	no := stead.E(stead.Refused, stead.ReasonSignIn, "send the secret of a service that may ask (authzen.callers in the configuration): Authorization: Bearer …")
	return nil, d.Verbs.TurnAway(r.Context(), from(r), "access.evaluate", no)
}

// from is where a request comes from.
func from(r *http.Request) authority.By {
	by := authority.By{Host: "api"}
	if a := web.ClientOf(r).Addr; a.IsValid() {
		by.Address = a.String()
	}
	return by
}

// bearer is the secret of a request; what is no secret is one that nobody has.
func bearer(r *http.Request) string {
	lines := r.Header.Values("Authorization")
	if len(lines) != 1 {
		return ""
	}
	scheme, secret, _ := strings.Cut(lines[0], " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return secret
}
