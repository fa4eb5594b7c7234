package tokens

import (
	"encoding/json"
	"slices"

	"github.com/go-jose/go-jose/v4"
)

// A sort of JWT is what one is read as. What it is not is refused, whoever has signed it (RFC 8725, 3.11 and 3.12).
type sort string

const (
	accessSort      sort = "token of Stead's"
	assertionSort   sort = "client's assertion"
	proofSort       sort = "proof of possession"
	attestationSort sort = "attestation"
	popSort         sort = "proof of an attestation"
	svidSort        sort = "JWT-SVID"
	letterSort      sort = "letter of another house (ID-JAG)"
)

// A rule says what the header of one sort looks like.
type rule struct {
	types      []string // typ; "" where it may be missing
	algorithms []jose.SignatureAlgorithm
	kid        bool // it names its key
	jwk        bool // it carries its key, which is what it proves
}

var (
	ownAlgorithms   = []jose.SignatureAlgorithm{jose.ES256, jose.EdDSA, ed25519Alg}
	houseAlgorithms = []jose.SignatureAlgorithm{jose.ES256, jose.EdDSA, ed25519Alg, jose.RS256, jose.PS256}
)

// rules are all sorts that are read here.
var rules = map[sort]rule{
	accessSort:      {types: []string{Type}, algorithms: ownAlgorithms, kid: true},
	assertionSort:   {types: []string{"", "JWT", "client-authentication+jwt"}, algorithms: ownAlgorithms},
	proofSort:       {types: []string{"dpop+jwt"}, algorithms: ownAlgorithms, jwk: true},
	attestationSort: {types: []string{"oauth-client-attestation+jwt"}, algorithms: ownAlgorithms},
	popSort:         {types: []string{"oauth-client-attestation-pop+jwt"}, algorithms: ownAlgorithms},
	svidSort:        {types: []string{"", "JWT", "JOSE"}, algorithms: svidAlgorithms, kid: true},
	letterSort:      {types: []string{LetterType}, algorithms: houseAlgorithms},
}

// readAs reads the header of a compact JWS that is to be of one sort.
func readAs(text string, as sort) (header, error) {
	is := rules[as]
	h, err := readHeader(text, is.algorithms)
	switch {
	case err != nil:
		return h, err
	case !slices.Contains(is.types, h.Typ):
		return h, no("the header is not that of a %s: typ is %q", as, is.types[len(is.types)-1])
	case is.kid && h.Kid == "":
		return h, no("the header is not that of a %s: kid is missing", as)
	case is.jwk != present(h.JWK):
		return h, no("the header is not that of a %s: jwk names a key of nobody's", as)
	}
	return h, nil
}

func present(raw json.RawMessage) bool { return len(raw) > 0 }
