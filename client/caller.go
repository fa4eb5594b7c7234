package client

import (
	"context"

	"github.com/steadhq/stead"
)

// A Caller is who a request comes from, and for whom.
type Caller struct {
	Subject  stead.PrincipalID   // whose data it is about
	Actor    stead.PrincipalID   // who really acts; the subject himself when nobody acts for him
	Chain    []stead.PrincipalID // who acted before the actor, the most recent first; empty for people
	Mandate  stead.MandateID
	Mode     stead.Mode
	Decision string
}

// IsActing tells whether somebody acts for the subject.
func (c Caller) IsActing() bool { return c.Actor != c.Subject }

// ReadOnly tells whether the actor may change nothing. Who acts for himself may.
func (c Caller) ReadOnly() bool { return c.IsActing() && c.Mode != stead.Edit }

type contextKey struct{}

// From gives the caller of a request that came through a Guard; false where there is none.
func From(ctx context.Context) (Caller, bool) {
	c, ok := ctx.Value(contextKey{}).(Caller)
	return c, ok
}

func callerOf(a stead.Assertion) Caller {
	c := Caller{Subject: a.Subject, Actor: a.Actor(), Mandate: a.Mandate, Mode: a.Mode, Decision: a.ID}
	if a.Act != nil {
		for before := a.Act.Act; before != nil; before = before.Act {
			c.Chain = append(c.Chain, before.Subject)
		}
	}
	return c
}
