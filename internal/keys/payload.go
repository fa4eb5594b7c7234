package keys

import (
	"encoding/base64"
	"encoding/json"
	"time"

	"github.com/steadhq/stead"
)

// longest is how long anything that SignAs signs may count: a key is published for as long after its last signature.
const longest = 5 * time.Minute

// SignAs signs a payload as a compact JWS of another type than assertions have, with the ES256 key that signs now: every
// resource server can verify that. Nothing that is signed so may count for longer than five minutes.
func (r *Ring) SignAs(typ string, payload []byte) (string, error) {
	if typ == "" || typ == stead.AssertionType {
		return "", stead.E(stead.Invalid, stead.ReasonRequest, "assertions are signed as such, and anything else has a type of its own")
	}
	k := r.signing(stead.ES256, r.Now())
	head, err := json.Marshal(map[string]string{"alg": string(k.alg), "kid": k.ID, "typ": typ})
	if err != nil {
		return "", stead.Because(err, "write a header")
	}
	k.head = base64.RawURLEncoding.EncodeToString(head)
	return k.jws(r.Rand, payload)
}
