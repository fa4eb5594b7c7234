package web

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"github.com/steadhq/stead"
)

func TestPublicKey(t *testing.T) {
	// RFC 7638 has no key on P-256; this one is of RFC 7515 A.3, its thumbprint as other tools give it.
	const known = `{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0","use":"sig"}`
	k, err := PublicKey([]byte(known))
	if err != nil || k.Thumbprint != "oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U" || strings.Contains(k.JWK, "use") {
		t.Errorf("%+v, %v", k, err)
	}
	again, err := PublicKey([]byte(k.JWK))
	if err != nil || again != k {
		t.Errorf("what is kept is read as another key: %+v, %v", again, err)
	}
	write := func(key any) []byte {
		raw, err := (&jose.JSONWebKey{Key: key}).MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		return raw
	}
	public, private, _ := ed25519.GenerateKey(rand.Reader)
	if _, err := PublicKey(write(public)); err != nil {
		t.Error(err)
	}
	large, _ := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	for name, raw := range map[string][]byte{
		"private": write(private), "symmetric": write([]byte("0123456789abcdef")), "P-384": write(&large.PublicKey), "empty": nil, "no key": []byte(`{}`),
		"for encryption": []byte(strings.Replace(known, "sig", "enc", 1)), "twice": []byte(strings.Replace(known, "{", `{"kty":"EC",`, 1)),
		"off the curve": []byte(strings.Replace(known, "f83O", "f83P", 1)), "long": []byte(known + strings.Repeat(" ", mostKey)), "two": []byte(known + known),
	} {
		if _, err := PublicKey(raw); stead.KindOf(err) != stead.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}
