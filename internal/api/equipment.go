package api

import (
	"context"
	"net/http"
	"time"

	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/web"
)

// A Secret is shown once.
type Secret struct {
	Client string `json:"client_id" doc:"the agent's name"`
	Secret string `json:"client_secret" doc:"shown this once, and kept nowhere; the one before counts no more"`
}

// An Enrolment is shown once.
type Enrolment struct {
	Token string    `json:"enrolment" doc:"shown this once, good for one instance: POST /v1/instances"`
	Until time.Time `json:"until"`
}

type secretOut struct {
	CacheControl string `header:"Cache-Control"`
	Status       int
	Body         Secret
}

type enrolmentIn struct {
	AgentPath
	Body *enrolmentBody
}

type enrolmentBody struct {
	For string `json:"for,omitempty" doc:"how long it counts, at most 10m; that where nothing is said"`
}

type enrolmentOut struct {
	CacheControl string `header:"Cache-Control"`
	Status       int
	Body         Enrolment
}

// equipment is what an agent is given to prove itself with.
func (a *API) equipment(d *door) {
	add(d, operation{method: "POST", path: "/v1/agents/{id}/secret", id: "make-secret", tag: web.InSession, group: "agents", status: http.StatusCreated, says: "Give an agent a client secret: it is shown once, and what was enrolled with the one before ends"}, a.makeSecret)
	add(d, operation{method: "POST", path: "/v1/agents/{id}/enrolment", id: "make-enrolment", tag: web.InSession, group: "agents", status: http.StatusCreated, says: "Give an agent a one-time token, by which one instance enrolls itself within minutes: it is shown once"}, a.makeEnrolment)
}

func (a *API) makeSecret(ctx context.Context, by authority.By, in *AgentPath) (*secretOut, error) {
	c, err := a.Verbs.Card(ctx, by.Untied(), in.ID)
	if err != nil {
		return nil, err
	}
	secret, err := a.Verbs.MakeSecret(ctx, by, c.Principal)
	if err != nil {
		return nil, err
	}
	return &secretOut{CacheControl: "no-store", Status: http.StatusCreated, Body: Secret{c.Account.Name, secret}}, nil
}

func (a *API) makeEnrolment(ctx context.Context, by authority.By, in *enrolmentIn) (*enrolmentOut, error) {
	length, err := duration(said(in.Body).For)
	if err != nil {
		return nil, err
	}
	c, err := a.Verbs.Card(ctx, by.Untied(), in.ID)
	if err != nil {
		return nil, err
	}
	e, err := a.Verbs.MakeEnrolment(ctx, by, c.Principal, length)
	if err != nil {
		return nil, err
	}
	return &enrolmentOut{CacheControl: "no-store", Status: http.StatusCreated, Body: Enrolment(e)}, nil
}
