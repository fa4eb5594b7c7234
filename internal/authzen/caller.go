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

// caller finds whose secret the request shows. Every secret is compared, each in the same time; a no is recorded, and held
// up where there are too many of them.
func (d *Door) caller(r *http.Request) (*Caller, error) {
	sum := sha256.Sum256([]byte(bearer(r)))
	var found *Caller
	for i := range d.Callers {
		if subtle.ConstantTimeCompare(sum[:], d.Callers[i].Sum[:]) == 1 {
			found = &d.Callers[i]
		}
	}
	if found != nil {
		return found, nil
	}
	no := stead.E(stead.Refused, stead.ReasonSignIn, "send the secret of a service that may ask: Authorization: Bearer …")
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
