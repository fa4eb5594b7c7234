package api

import (
	"context"
	"net/url"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/web"
)

// Linker makes links by which somebody who lost his authenticator sets up another one.
type Linker interface {
	AskFactor(ctx context.Context, by authority.By, id stead.PrincipalID, reason string) (authority.FactorLink, error)
	AllowFactor(context.Context, authority.By, stead.PrincipalID) (authority.FactorLink, error)
}

type linkIn struct {
	PersonPath
	Body struct {
		Reason string `json:"reason" minLength:"1" maxLength:"4096" doc:"how it is known that it is he who asks; stands in the trail"`
	}
}

// A FactorLink is a link, or the word that another person must agree first.
type FactorLink struct {
	Link  string    `json:"link,omitempty" doc:"shown this once; absent while another person must agree"`
	Waits bool      `json:"waits" doc:"another administrator, or security, has to agree"`
	Until time.Time `json:"until" doc:"how long the link is good, or the wish for it"`
}

type linkOut struct{ Body FactorLink }

func (a *API) links(d *door) {
	add(d, operation{method: "POST", path: "/v1/people/{id}/factor-link", id: "ask-factor-link", tag: web.Admin, group: "people", says: "Let somebody who lost his authenticator set up another: the old one counts no more, his sessions end. Of who has a role in Stead another person agrees first"}, a.askLink)
	add(d, operation{method: "POST", path: "/v1/people/{id}/factor-link/agree", id: "agree-factor-link", tag: web.Admin, roles: rulers(), group: "people", says: "Agree that somebody sets up another authenticator"}, a.agreeLink)
}

func (a *API) askLink(ctx context.Context, by authority.By, in *linkIn) (*linkOut, error) {
	return a.linked(a.Verbs.AskFactor(ctx, by, in.ID, in.Body.Reason))
}

func (a *API) agreeLink(ctx context.Context, by authority.By, in *PersonPath) (*linkOut, error) {
	return a.linked(a.Verbs.AllowFactor(ctx, by, in.ID))
}

func (a *API) linked(l authority.FactorLink, err error) (*linkOut, error) {
	if err != nil {
		return nil, err
	}
	out := &linkOut{Body: FactorLink{Waits: l.Link == "", Until: l.Until}}
	if l.Link != "" {
		out.Body.Link = a.Public + "/factor?" + url.Values{"link": {l.Link}}.Encode()
	}
	return out, nil
}
