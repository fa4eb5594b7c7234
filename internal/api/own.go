package api

import (
	"context"
	"net/http"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/web"
)

type previewOut struct {
	Body struct {
		Mandate Mandate   `json:"mandate" doc:"as it would be: how long, who must agree; it is not asked for"`
		Code    bool      `json:"code" doc:"the start wants a fresh code of the second factor"`
		Fresh   time.Time `json:"fresh_until,omitzero" doc:"until when the last one counts"`
	}
}

type factorIn struct {
	Body struct {
		Secret string `json:"totp_secret" minLength:"16" maxLength:"256" doc:"base32"`
		Code   string `json:"code" minLength:"1" maxLength:"16" doc:"what the new authenticator shows: the secret has arrived"`
		Proof  string `json:"proof" minLength:"1" maxLength:"1024" doc:"what the old one shows; of who has none, his password"`
	}
}

type passwordIn struct {
	Body struct {
		Password string `json:"password" minLength:"1" maxLength:"1024" doc:"the one that counts now"`
		New      string `json:"new" minLength:"1" maxLength:"1024" doc:"the one that counts from now on: 12 characters or more"`
	}
}

type concernIn struct {
	ID   stead.MandateID `path:"id" maxLength:"64"`
	Body struct {
		Text string `json:"text" minLength:"1" maxLength:"4096" doc:"security reads it; the one who acted does not"`
	}
}

type groupsOut struct {
	Body struct {
		Groups []Group `json:"groups"`
	}
}

// A Group is how many active accounts are in it.
type Group struct {
	Group  string `json:"group" doc:"directory/group"`
	People int    `json:"people"`
}

func (a *API) own(d *door) {
	add(d, operation{method: "POST", path: "/v1/acting/preview", id: "preview", tag: web.ActorSelf, group: "mandates", says: "What acting for somebody would need: nothing is asked for, and that one looked is recorded"}, a.preview)
	once(d, operation{method: "POST", path: "/v1/mandates/{id}/concern", id: "raise-concern", tag: web.InSession, group: "mandates", status: http.StatusNoContent, says: "Say that one is not at ease with how one was acted for"}, a.raise,
		doneWith[concernIn])
	once(d, operation{method: "PUT", path: "/v1/factor", id: "set-factor", tag: web.ActorSelf, group: "login", status: http.StatusNoContent, says: "Give oneself a second factor, or another one"}, a.setFactor,
		doneWith[factorIn])
	once(d, operation{method: "PUT", path: "/v1/password", id: "set-password", tag: web.ActorSelf, group: "login", status: http.StatusNoContent, says: "Give oneself another password; one's other sessions end"}, a.setPassword,
		doneWith[passwordIn])
	add(d, operation{method: "GET", path: "/v1/groups", id: "list-groups", tag: web.Admin, roles: authority.Onlookers(), group: "people", says: "List the groups that accounts are in"}, a.groups)
}

func (a *API) preview(ctx context.Context, by authority.By, in *askIn) (*previewOut, error) {
	w, _, err := a.wish(ctx, by, in)
	if err != nil {
		return nil, err
	}
	p, err := a.Verbs.Preview(ctx, by, w)
	if err != nil {
		return nil, err
	}
	out := &previewOut{}
	out.Body.Mandate, out.Body.Code, out.Body.Fresh = a.mandate(p.Mandate), p.Code, p.Fresh
	return out, nil
}

func (a *API) setFactor(ctx context.Context, by authority.By, in *factorIn) (*nothing, error) {
	return nil, a.Verbs.SetFactor(ctx, by, authority.NewFactor{Secret: in.Body.Secret, Code: in.Body.Code, Proof: in.Body.Proof})
}

func (a *API) setPassword(ctx context.Context, by authority.By, in *passwordIn) (*nothing, error) {
	return nil, a.Verbs.SetPassword(ctx, by, authority.NewPassword{Old: in.Body.Password, New: in.Body.New})
}

func (a *API) raise(ctx context.Context, by authority.By, in *concernIn) (*nothing, error) {
	return nil, a.Verbs.Raise(ctx, by, in.ID, in.Body.Text)
}

func (a *API) groups(ctx context.Context, by authority.By, _ *nothing) (*groupsOut, error) {
	found, err := a.Verbs.Groups(ctx, by)
	if err != nil {
		return nil, err
	}
	out := &groupsOut{}
	out.Body.Groups = each(found, func(g authority.GroupCount) Group { return Group{g.Group, g.N} })
	return out, nil
}

// doneWith says of what was done before that it is done.
func doneWith[I any](context.Context, authority.By, *I, uint64) (*nothing, error) { return nil, nil }
