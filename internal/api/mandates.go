package api

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/web"
)

type askIn struct {
	Body struct {
		Subject    string            `json:"subject,omitempty" maxLength:"256" doc:"an id (prn_…), an account name, or directory/name"`
		Directory  string            `json:"directory,omitempty" maxLength:"64"`
		Attributes map[string]string `json:"attributes,omitempty" doc:"find the subject by these instead of a name"`
		App        stead.AppID       `json:"app" minLength:"1" maxLength:"64"`
		Reason     string            `json:"reason,omitempty" maxLength:"2000"`
		Ticket     string            `json:"ticket,omitempty" maxLength:"200"`
		Mode       stead.Mode        `json:"mode,omitempty" enum:"read-only,edit"`
		For        string            `json:"for,omitempty" doc:"how long, such as 10m; policy may shorten it"`
		Target     string            `json:"target,omitempty" maxLength:"2000" doc:"a path on the application to land on"`
		Code       string            `json:"code,omitempty" maxLength:"16" doc:"the current one-time code: arms acting where it is not armed"`
		Start      bool              `json:"start,omitempty" doc:"start at once, in this session, if nobody must agree"`
	}
}

type mandateOut struct {
	Status int
	ETag   string `header:"ETag"`
	Body   Mandate
}

type mandatesIn struct {
	Page
	All     bool        `query:"all" doc:"everybody's, for who may see them; else your own, and what waits for your yes"`
	State   stead.State `query:"state" enum:"asked,approved,active,suspended" doc:"what has ended is in the trail, and found by its id"`
	Actor   string      `query:"actor" maxLength:"256" doc:"who acts: an id, directory/name or me"`
	Subject string      `query:"subject" maxLength:"256" doc:"for whom: an id, directory/name or me"`
	App     stead.AppID `query:"app" maxLength:"64"`
}

type mandatesOut struct {
	Next
	Body struct {
		Mandates []Mandate `json:"mandates"`
		NextPage
	}
}

type mandateIn struct {
	ID stead.MandateID `path:"id" maxLength:"64"`
}

func (a *API) mandates(d *door) {
	add(d, operation{method: "GET", path: "/v1/mandates", id: "list-mandates", tag: web.InSession, group: "mandates", says: "List mandates that have not ended, newest first"}, a.list)
	once(d, operation{method: "POST", path: "/v1/mandates", id: "ask", tag: web.ActorSelf, group: "mandates", status: http.StatusCreated, waits: true, says: "Ask to act for somebody, and start where that is wanted and nobody must agree"}, a.ask, a.askedBefore)
	add(d, operation{method: "GET", path: "/v1/mandates/{id}", id: "get-mandate", tag: web.InSession, group: "mandates", tagged: true, says: "Show a mandate"}, a.get)
}

func (a *API) list(ctx context.Context, by authority.By, in *mandatesIn) (*mandatesOut, error) {
	q := authority.MandateQuery{All: in.All, State: in.State, App: in.App, Limit: in.Limit}
	own := a.Verbs.May(by, authority.Onlookers()...) != nil
	var err error
	if q.Actor, err = a.named(in.Actor, by, own); err != nil {
		return nil, err
	}
	if q.Subject, err = a.named(in.Subject, by, own); err != nil {
		return nil, err
	}
	if q.After, err = toPlace(ctx, in.Token); err != nil {
		return nil, err
	}
	found, next, err := a.Verbs.MandatePage(ctx, by, q)
	if err != nil {
		return nil, err
	}
	out := &mandatesOut{}
	out.Body.Mandates = each(found, a.mandate)
	out.Body.NextPage, out.Next = onward(ctx, placed(next))
	return out, nil
}

func (a *API) get(ctx context.Context, by authority.By, in *mandateIn) (*mandateOut, error) {
	m, err := a.Verbs.Mandate(ctx, by, in.ID)
	out, err := a.moved(m, err)
	if err == nil {
		out.Body.Children = a.Verbs.Tree(in.ID)[1:]
		out.Body.Spent, err = a.Verbs.Spent(ctx, by, in.ID)
	}
	return out, err
}

// askedBefore goes on where the first time broke off: what was to be started and was not is started.
func (a *API) askedBefore(ctx context.Context, by authority.By, in *askIn, number uint64) (*mandateOut, error) {
	left, err := a.left(ctx, number, 1)
	if err != nil || len(left) == 0 {
		return nil, err
	}
	m, err := a.Verbs.Mandate(ctx, by, left[0].Mandate)
	if err == nil && in.Body.Start && m.State == stead.Approved {
		m, err = a.started(ctx, by, m, in.Body.Code)
	}
	return a.waits(m, err)
}

// started starts what was just asked for, unless the same request, made twice at once, has done so.
func (a *API) started(ctx context.Context, by authority.By, m stead.Mandate, code string) (stead.Mandate, error) {
	out, no := a.Verbs.Start(ctx, by, m.ID, code)
	if stead.KindOf(no) != stead.Conflict {
		return out, no
	}
	if now, err := a.Verbs.Mandate(ctx, by, m.ID); err == nil && now.State == stead.Active && now.Session == by.Session {
		return now, nil
	}
	return out, no
}

// waits shows a mandate that was asked for: accepted while somebody must agree.
func (a *API) waits(m stead.Mandate, err error) (*mandateOut, error) {
	out, err := a.moved(m, err)
	if err != nil {
		return nil, err
	}
	out.Status = http.StatusCreated
	if m.State == stead.Asked {
		out.Status = http.StatusAccepted
	}
	return out, nil
}

func (a *API) ask(ctx context.Context, by authority.By, in *askIn) (*mandateOut, error) {
	w, code, err := a.wish(ctx, by.Untied(), in)
	if err != nil {
		return nil, err
	}
	m, err := a.Verbs.Ask(ctx, by, w)
	if err == nil && in.Body.Start && m.State == stead.Approved {
		m, err = a.started(ctx, by.Untied(), m, code)
	}
	return a.waits(m, err)
}

// wish reads what is wished for: who is meant, and acting armed where a code came along, of which what is left is for the
// start.
func (a *API) wish(ctx context.Context, by authority.By, in *askIn) (w authority.Ask, code string, err error) {
	w = authority.Ask{App: in.Body.App, Mode: in.Body.Mode, Target: in.Body.Target,
		Purpose: stead.Purpose{Reason: in.Body.Reason, Ticket: in.Body.Ticket}}
	if w.For, err = duration(in.Body.For); err != nil {
		return w, "", err
	}
	if code, err = a.arm(ctx, by, in.Body.Code); err != nil {
		return w, "", err
	}
	w.Subject, err = a.subject(ctx, by, in)
	return w, code, err
}

// arm arms acting with the code where it is not armed yet. What is left of the code is for the start: a one-time
// code proves once.
func (a *API) arm(ctx context.Context, by authority.By, code string) (left string, err error) {
	if code == "" {
		return "", nil
	}
	s, err := a.Verbs.Status(ctx, by)
	if err != nil || !s.Armed.IsZero() {
		return code, err
	}
	_, err = a.Verbs.Arm(ctx, by, code)
	return "", err
}

// subject finds the one person who is meant. Several are an error that names them: never a guess.
func (a *API) subject(ctx context.Context, by authority.By, in *askIn) (stead.PrincipalID, error) {
	name := strings.TrimPrefix(in.Body.Subject, "person:")
	l := authority.Lookup{Name: name, Directory: in.Body.Directory, Attributes: in.Body.Attributes}
	if dir, rest, ok := strings.Cut(name, "/"); ok && l.Directory == "" {
		l.Directory, l.Name = dir, rest
	}
	if l.Name == "" && len(l.Attributes) == 0 {
		return "", stead.E(stead.Invalid, stead.ReasonUnknown, "say for whom: a name, an id, or attributes")
	}
	found, err := a.Verbs.Find(ctx, by, l)
	switch {
	case err != nil:
		return "", err
	case len(found) == 1:
		return found[0].ID, nil
	case len(found) == 0:
		return "", stead.E(stead.Missing, stead.ReasonUnknown, "nobody by that name")
	}
	return "", ambiguous(found)
}

// ambiguous names the candidates in the text: at most ten.
func ambiguous(found []stead.Principal) error {
	names := []string{}
	for _, p := range found[:min(len(found), 10)] {
		names = append(names, p.DisplayName()+" ("+p.Directory+"/"+p.Name+", "+string(p.ID)+")")
	}
	return stead.E(stead.Conflict, stead.ReasonAmbiguous, "%d people match: %s", len(found), strings.Join(names, "; "))
}

// moved shows a mandate as it is now.
func (a *API) moved(m stead.Mandate, err error) (*mandateOut, error) {
	if err != nil {
		return nil, err
	}
	return &mandateOut{Status: http.StatusOK, ETag: etag(m.Version), Body: a.mandate(m)}, nil
}

func duration(s string) (time.Duration, error) {
	if s == "" {
		return 0, nil
	}
	var d stead.Duration
	if err := d.UnmarshalText([]byte(s)); err != nil {
		return 0, err
	}
	if d <= 0 {
		return 0, stead.E(stead.Invalid, stead.ReasonRequest, "a time to act must be more than nothing")
	}
	return time.Duration(d), nil
}
