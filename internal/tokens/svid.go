package tokens

import (
	"context"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"slices"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/spiffe/go-spiffe/v2/bundle/spiffebundle"
	"github.com/spiffe/go-spiffe/v2/spiffeid"

	"github.com/steadhq/stead/internal/authority"
)

// longestSVID is how long a JWT-SVID may count from now on: it is no secret of ours, and whoever has it is the workload.
const longestSVID = time.Hour

// svidAlgorithms are those that JWT-SVIDs may have (SPIFFE JWT-SVID, 2.2).
var svidAlgorithms = []jose.SignatureAlgorithm{jose.RS256, jose.RS384, jose.RS512, jose.ES256, jose.ES384, jose.ES512, jose.PS256, jose.PS384, jose.PS512}

// Bundles are the keys of trust domains, as they are now.
type Bundles interface {
	Bundle(ctx context.Context, domain spiffeid.TrustDomain) (*spiffebundle.Bundle, error)
}

// Workloads check JWT-SVIDs. All members are needed.
type Workloads struct {
	Bundles Bundles
	Accepts []string // audiences: the issuer, the token endpoint
	Now     func() time.Time
}

type svidClaims struct {
	Subject  string   `json:"sub"`
	Audience audience `json:"aud"`
	ID       string   `json:"jti"`
	Expires  date     `json:"exp"`
	Issued   date     `json:"iat"`
	After    date     `json:"nbf"`
}

// Reads verifies a JWT-SVID: which workload it is, and what it uses up where it has a name of its own. Errors: invalid
// bad-request; broken, where the keys of its trust domain can not be had.
func (w *Workloads) Reads(ctx context.Context, text string) (string, []authority.Once, error) {
	h, err := readAs(text, svidSort)
	if err != nil {
		return "", nil, err
	}
	var claimed svidClaims // whose keys to try
	if err := payload(text, &claimed); err != nil {
		return "", nil, err
	}
	id, err := spiffeid.FromString(claimed.Subject)
	if err != nil || id.Path() == "" {
		return "", nil, no("sub is no SPIFFE id of a workload")
	}
	bundle, err := w.Bundles.Bundle(ctx, id.TrustDomain())
	if err != nil {
		return "", nil, err
	}
	if err := signedBySVIDKey(text, h, bundle); err != nil {
		return "", nil, err
	}
	return id.String(), claimed.uses(id), w.fits(claimed)
}

func signedBySVIDKey(text string, h header, bundle *spiffebundle.Bundle) error {
	key, found := bundle.FindJWTAuthority(h.Kid)
	if rsaKey, is := key.(*rsa.PublicKey); !found || is && rsaKey.N.BitLen() < 2048 {
		return no("no key of its trust domain signed this")
	}
	signed, err := jose.ParseSignedCompact(text, []jose.SignatureAlgorithm{jose.SignatureAlgorithm(h.Alg)})
	if err != nil {
		return no("this is no compact JWS")
	}
	if _, err := signed.Verify(key); err != nil {
		return no("the signature is wrong")
	}
	return nil
}

func (w *Workloads) fits(c svidClaims) error {
	now := w.Now()
	switch {
	case len(c.Audience) != 1 || !slices.Contains(w.Accepts, c.Audience[0]):
		return no("the SVID is for somebody else: aud is %s alone", w.Accepts[0])
	case !now.Before(c.Expires.time()):
		return no("the SVID is over: exp")
	case c.Expires.time().Sub(now) > longestSVID+skew:
		return no("the SVID lasts too long: exp is at most %s ahead", longestSVID)
	case c.Issued.time().Sub(now) > skew || c.After.time().Sub(now) > skew:
		return no("the SVID is of a time to come: iat, nbf")
	}
	return nil
}

func (c svidClaims) uses(id spiffeid.ID) []authority.Once {
	if c.ID == "" {
		return nil
	}
	sum := sha256.Sum256([]byte(id.String() + "\n" + c.ID))
	return []authority.Once{{Key: "svid/" + base64.RawURLEncoding.EncodeToString(sum[:]), Until: c.Expires.time()}}
}
