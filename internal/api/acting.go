package api

import (
	"context"
	"net/http"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/web"
)

type codeOnly struct {
	Body struct {
		Code string `json:"code" minLength:"1" maxLength:"16" doc:"the current one-time code"`
	}
}

type armedOut struct {
	Body struct {
		Until time.Time `json:"armed_till" doc:"acting can be asked for until then"`
	}
}

type findIn struct {
	Body struct {
		Name       string            `json:"name" minLength:"1" maxLength:"256" doc:"an id, an account name, or the whole name that is shown"`
		Directory  string            `json:"directory,omitempty" maxLength:"64"`
		Attributes map[string]string `json:"attributes,omitempty" doc:"what tells people of one name apart"`
	}
}

type foundOut struct {
	Body struct {
		Candidates []Candidate `json:"candidates"`
	}
}

// A Candidate is somebody who could be meant.
type Candidate struct {
	Who
	Attributes map[string]string `json:"attributes,omitempty"`
}

func (a *API) acting(d *door) {
	add(d, operation{method: "POST", path: "/v1/acting/find", id: "find-subject", tag: web.ActorSelf, group: "mandates", says: "Who could be meant: acting must be armed, and the search is recorded"}, a.find)
	once(d, operation{method: "POST", path: "/v1/acting/arm", id: "arm", tag: web.ActorSelf, group: "mandates", says: "Make acting possible for a short while"}, a.armNow, a.armedNow)
	once(d, operation{method: "POST", path: "/v1/acting/disarm", id: "disarm", tag: web.ActorSelf, group: "mandates", status: http.StatusNoContent, says: "Give that back: every mandate of the session ends"}, a.disarm, done)
	once(d, operation{method: "POST", path: "/v1/acting/acknowledge", id: "acknowledge", tag: web.ActorSelf, group: "mandates", status: http.StatusNoContent, says: "Say that you have seen that acting ended"}, a.acknowledge, done)
}

func (a *API) find(ctx context.Context, by authority.By, in *findIn) (*foundOut, error) {
	found, err := a.Verbs.Find(ctx, by, authority.Lookup{Name: in.Body.Name, Directory: in.Body.Directory, Attributes: in.Body.Attributes})
	if err != nil {
		return nil, err
	}
	out := &foundOut{}
	out.Body.Candidates = each(found, func(p stead.Principal) Candidate { return Candidate{who(p.ID, p), p.Attributes} })
	return out, nil
}

func (a *API) armNow(ctx context.Context, by authority.By, in *codeOnly) (*armedOut, error) {
	until, err := a.Verbs.Arm(ctx, by, in.Body.Code)
	if err != nil {
		return nil, err
	}
	out := &armedOut{}
	out.Body.Until = until
	return out, nil
}

func (a *API) armedNow(ctx context.Context, by authority.By, _ *codeOnly, _ uint64) (*armedOut, error) {
	s, err := a.Verbs.Status(ctx, by)
	if err != nil {
		return nil, err
	}
	out := &armedOut{}
	out.Body.Until = s.Armed
	return out, nil
}

func (a *API) disarm(ctx context.Context, by authority.By, _ *nothing) (*nothing, error) {
	return nil, a.Verbs.Disarm(ctx, by)
}

func (a *API) acknowledge(ctx context.Context, by authority.By, _ *nothing) (*nothing, error) {
	return nil, a.Verbs.Acknowledge(ctx, by)
}

func done(context.Context, authority.By, *nothing, uint64) (*nothing, error) { return nil, nil }
