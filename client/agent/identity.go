package agent

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/steadhq/stead/client/admin"
)

// An Identity proves for which agent a program speaks.
type Identity interface {
	// Prove fills in what proves it to a server, now.
	Prove(server string, now time.Time, in *admin.InstanceBody) error
}

const (
	jwtBearer = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
	jwtSPIFFE = "urn:ietf:params:oauth:client-assertion-type:jwt-spiffe"
)

// ByKey is an agent that has a key of its own (private_key_jwt, RFC 7523).
type ByKey struct {
	Agent string
	Key   Key
}

func (b ByKey) Prove(server string, now time.Time, in *admin.InstanceBody) (err error) {
	in.ClientAssertionType = jwtBearer
	in.ClientAssertion, err = asserts(b.Agent, b.Key, server, now)
	return err
}

// asserts signs that a client calls a server.
func asserts(client string, key Key, server string, now time.Time) (string, error) {
	claims, err := json.Marshal(map[string]any{"iss": client, "sub": client, "aud": server, "jti": rand.Text(), "iat": now.Unix(), "exp": now.Add(time.Minute).Unix()})
	if err != nil {
		return "", err
	}
	return key.sign(claims, map[jose.HeaderKey]any{"typ": "client-authentication+jwt", "kid": key.Thumbprint})
}

// BySecret is an agent that has a secret.
type BySecret struct{ Agent, Secret string }

func (b BySecret) Prove(_ string, _ time.Time, in *admin.InstanceBody) error {
	in.ClientID, in.ClientSecret = b.Agent, b.Secret
	return nil
}

// BySVID is a workload that SPIFFE knows: File has its JWT-SVID, and is read every time. Its audience is the server.
type BySVID struct{ File string }

func (b BySVID) Prove(_ string, _ time.Time, in *admin.InstanceBody) error {
	text, err := os.ReadFile(b.File)
	if err != nil {
		return err
	}
	in.ClientAssertionType, in.ClientAssertion = jwtSPIFFE, strings.TrimSpace(string(text))
	if in.ClientAssertion == "" {
		return errors.New(b.File + " is empty: no JWT-SVID is there yet")
	}
	return nil
}

// ByEnrolment is a machine that has a one-time token.
type ByEnrolment struct{ Token string }

func (b ByEnrolment) Prove(_ string, _ time.Time, in *admin.InstanceBody) error {
	in.Enrolment = b.Token
	return nil
}
