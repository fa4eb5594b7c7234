package api

import (
	"context"
	"time"

	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/web"
)

// Keys makes new keys to sign with. Errors: refused, invalid, missing, conflict.
type Keys interface {
	RotateKeys(context.Context, authority.By, authority.Rotation) (SigningKeys, error)
}

// SigningKeys are those of tokens and assertions, which /.well-known/jwks.json publishes.
type SigningKeys struct {
	SignFrom  time.Time `json:"sign_from" doc:"when the newest of them signs: they are published until then, so that everybody knows them"`
	Published int       `json:"published" doc:"how many there are, those before them among them for as long as what they signed counts"`
}

type rotateKeysIn struct {
	Body struct {
		Compromised bool   `json:"compromised,omitempty" doc:"somebody else may have the old keys: nothing that they signed counts any more, and the new ones sign at once"`
		Reason      string `json:"reason,omitempty" maxLength:"1024" doc:"for the record; needed where they are compromised"`
	}
}

type signingKeysOut struct{ Body SigningKeys }

func (a *API) keys(d *door) {
	add(d, operation{method: "POST", path: "/v1/keys/rotate", id: "rotate-keys", tag: web.Admin, roles: rulers(), group: "server", says: "Make new keys to sign tokens and assertions with, before the 30 days of the old ones are over"}, func(ctx context.Context, by authority.By, in *rotateKeysIn) (*signingKeysOut, error) {
		out, err := a.Keys.RotateKeys(ctx, by, authority.Rotation{Compromised: in.Body.Compromised, Because: in.Body.Reason})
		return &signingKeysOut{out}, err
	})
}
