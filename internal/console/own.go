package console

import (
	"context"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/web"
)

// Owning is what everybody may do with what is his own.
type Owning interface {
	Raise(ctx context.Context, by authority.By, id stead.MandateID, text string) error
	SetFactor(context.Context, authority.By, authority.NewFactor) error
	SetPassword(context.Context, authority.By, authority.NewPassword) error
	FactorLinked(ctx context.Context, link string) (authority.Linked, error)
	UseFactorLink(context.Context, authority.LinkedFactor) error
	Preview(context.Context, authority.By, authority.Ask) (authority.Preview, error)
}

func (c *Console) mountOwning(add adder) {
	add("GET /me", web.InSession, c.me)
	add("POST /me/sessions/{id}/end", web.InSession, c.endSession)
	add("GET /me/factor", web.InSession, c.factor)
	add("POST /me/factor", web.InSession, c.setFactor)
	add("GET /me/password", web.InSession, c.password)
	add("POST /me/password", web.InSession, c.setPassword)
	add("GET /me/concern/{id}", web.InSession, c.concern)
	add("POST /me/concern/{id}", web.InSession, c.raise)
}
