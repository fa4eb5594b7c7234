package api

import (
	"context"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/web"
)

type loginIn struct {
	Body struct {
		Directory string `json:"directory,omitempty" maxLength:"64" doc:"where the account is; empty is the only or first directory"`
		Name      string `json:"name" minLength:"1" maxLength:"256"`
		Password  string `json:"password" maxLength:"1024"`
		Code      string `json:"code,omitempty" maxLength:"16" doc:"the current one-time code, where it is asked for"`
	}
}

type loginOut struct {
	Body struct {
		Token   string          `json:"token" doc:"send it as Authorization: Bearer; it is not shown again"`
		Session stead.SessionID `json:"session"`
		Until   time.Time       `json:"until"`
		Level   int             `json:"level"`
	}
}

type whoamiOut struct {
	Body struct {
		Person       Who             `json:"person"`
		Groups       []string        `json:"groups"`
		Session      stead.SessionID `json:"session"`
		Level        int             `json:"level"`
		Until        time.Time       `json:"until" doc:"when the session ends at the latest"`
		IdleAt       time.Time       `json:"idle_at,omitzero" doc:"when it ends if nothing more is done"`
		ArmedTill    time.Time       `json:"armed_till,omitzero"`
		Acting       bool            `json:"acting"`
		Subject      *Who            `json:"subject,omitempty" doc:"for whom the session acts"`
		Mandate      *Mandate        `json:"mandate,omitempty"`
		WarnAt       time.Time       `json:"warn_at,omitzero"`
		WarnsOf      string          `json:"warns_of,omitempty"`
		Unseen       stead.MandateID `json:"end_unseen,omitempty" doc:"a mandate that ended: POST /v1/acting/acknowledge"`
		Capabilities []string        `json:"roles" doc:"admin, auditor, security"`
	}
}

type nothing struct{}

func (a *API) logins(d *door) {
	add(d, operation{method: "POST", path: "/v1/login", id: "login", tag: web.Public, group: "login", says: "Sign in"}, a.login)
	add(d, operation{method: "POST", path: "/v1/login/step-up", id: "step-up", tag: web.InSession, group: "login", says: "Prove the second factor in this session: there is a new token then, and the old one is over"}, a.stepUp)
	add(d, operation{method: "POST", path: "/v1/logout", id: "logout", tag: web.InSession, group: "login", status: 204, says: "Sign out: what hangs on the session ends first"}, a.logout)
	add(d, operation{method: "GET", path: "/v1/whoami", id: "whoami", tag: web.InSession, group: "login", says: "Who you are, and for whom you act"}, a.whoami)
}

func (a *API) login(ctx context.Context, _ authority.By, in *loginIn) (*loginOut, error) {
	c := web.ClientOf(ctx.Value(callKey{}).(*call).r)
	s, err := a.Verbs.SignIn(ctx, authority.SignIn{
		Directory: in.Body.Directory, Name: in.Body.Name, Password: in.Body.Password, Code: in.Body.Code,
		Host: Host, Address: address(c), Client: c.Mark,
	})
	return signedIn(s, err)
}

func (a *API) stepUp(ctx context.Context, by authority.By, in *codeOnly) (*loginOut, error) {
	if by.Host != Host { // a page's pass is in a cookie that no script reads
		return nil, stead.E(stead.Refused, stead.ReasonCrossSite, "a browser proves its second factor at /step-up")
	}
	return signedIn(a.Verbs.StepUp(ctx, by, in.Body.Code))
}

func signedIn(s authority.Signed, err error) (*loginOut, error) {
	if err != nil {
		return nil, err
	}
	out := &loginOut{}
	out.Body.Token, out.Body.Session = s.Secret, s.By.Session
	out.Body.Until, out.Body.Level = s.Until, s.Level
	return out, nil
}

func (a *API) logout(ctx context.Context, by authority.By, _ *nothing) (*nothing, error) {
	return nil, a.Verbs.SignOut(ctx, by)
}

func (a *API) whoami(ctx context.Context, by authority.By, _ *nothing) (*whoamiOut, error) {
	s, err := a.Verbs.Status(ctx, by)
	if err != nil {
		return nil, err
	}
	out := &whoamiOut{}
	b := &out.Body
	b.Person, b.Groups = who(by.Principal, s.Actor), append([]string{}, s.Actor.Groups...)
	b.Session, b.Level, b.Until, b.IdleAt, b.ArmedTill = by.Session, s.Level, s.SessionUntil, s.SessionIdleAt, s.Armed
	b.Acting, b.WarnAt, b.WarnsOf, b.Unseen = s.Acting, s.WarnAt, s.WarnsOf, s.Unseen.Mandate
	if s.Acting {
		subject, m := who(s.Subject.ID, s.Subject), a.mandate(s.Mandate)
		b.Subject, b.Mandate = &subject, &m
	}
	b.Capabilities = []string{}
	for _, r := range authority.Onlookers() {
		if a.Verbs.May(by, r) == nil {
			b.Capabilities = append(b.Capabilities, string(r))
		}
	}
	return out, nil
}
