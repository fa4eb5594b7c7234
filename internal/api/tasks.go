package api

import (
	"context"
	"maps"
	"net/http"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/web"
)

type instanceBody struct {
	Enrolment string `json:"enrolment,omitempty" maxLength:"256" doc:"a one-time token of the agent: POST /v1/agents/{id}/enrolment"`
	Client    string `json:"client_id,omitempty" maxLength:"128" doc:"the agent's name"`
	Secret    string `json:"client_secret,omitempty" maxLength:"256" doc:"the agent's secret"`
	Assertion string `json:"client_assertion,omitempty" maxLength:"16384" doc:"signed by a key of the agent (private_key_jwt), or a SPIFFE JWT-SVID"`
	Kind      string `json:"client_assertion_type,omitempty" maxLength:"128" doc:"as at /oauth/token"`
	For       string `json:"for,omitempty" doc:"how long it lives at most, such as 25h; agents.run where nothing is said"`
	Beat      string `json:"beat,omitempty" doc:"it is gone when it was not heard of for so long, such as 30s"`
}

// proof is what is given to prove the agent, by the names that OAuth has for it.
func (b instanceBody) proof() map[string]string {
	given := map[string]string{"enrolment": b.Enrolment, "client_id": b.Client, "client_secret": b.Secret, "client_assertion": b.Assertion, "client_assertion_type": b.Kind}
	maps.DeleteFunc(given, func(_, v string) bool { return v == "" })
	return given
}

type enrollInstanceIn struct {
	Proof string `header:"DPoP" doc:"proof of the key that the run is to have (RFC 9449); nobody else has that key"`
	Body  instanceBody
}

type instanceOut struct {
	Status int
	Body   Instance
}

type instancesOut struct {
	Next
	Body struct {
		Instances []Instance `json:"instances"`
		NextPage
	}
}

type InstancePath struct {
	ID stead.InstanceID `path:"id" maxLength:"64"`
}

type endInstanceIn struct {
	InstancePath
	Because string `query:"because" maxLength:"256" doc:"why, for the record"`
}

type taskBody struct {
	Task        string              `json:"task" minLength:"1" maxLength:"128" doc:"one that the agent has declared"`
	Reason      string              `json:"reason,omitempty" maxLength:"2000" doc:"the task's own purpose where nothing is said"`
	Ticket      string              `json:"ticket,omitempty" maxLength:"200"`
	Transaction string              `json:"transaction,omitempty" maxLength:"128" doc:"the only transaction that it is for, by the id that its service has for it: it ends with it"`
	Mode        stead.Mode          `json:"mode,omitempty" enum:"read-only,edit"`
	For         string              `json:"for,omitempty" doc:"how long, such as 2h; task and policy may shorten it"`
	Grants      []stead.Entitlement `json:"grants,omitempty" maxItems:"256" doc:"less than the task allows; all of it where nothing is said"`
}

type askTaskIn struct {
	Body taskBody
}

type narrowIn struct {
	ID   stead.MandateID `path:"id" maxLength:"64"`
	Body struct {
		Agent      string              `json:"agent" minLength:"1" maxLength:"128" doc:"to whom: a name or an id"`
		Task       string              `json:"task,omitempty" maxLength:"128" doc:"of that agent; the first that is enough where nothing is said"`
		Grants     []stead.Entitlement `json:"grants,omitempty" maxItems:"256" doc:"what of it; all that both allow where nothing is said"`
		Conditions map[string][]string `json:"conditions,omitempty" doc:"on arguments: the values allowed"`
		Mode       stead.Mode          `json:"mode,omitempty" enum:"read-only,edit"`
		For        string              `json:"for,omitempty" doc:"how long, such as 2h; never longer than the mandate itself"`
		Budget     map[string]int64    `json:"budget,omitempty" doc:"at most; what it uses counts for the mandate itself too"`
		Last       bool                `json:"last,omitempty" doc:"that agent passes it on to nobody"`
	}
}

type completeIn struct {
	ID   stead.MandateID `path:"id" maxLength:"64"`
	Body *completeBody
}

type completeBody struct {
	Result string `json:"result,omitempty" maxLength:"1024" doc:"what came of it, in a line"`
}

// A Lease is what an agent enters a connected system with.
type Lease struct {
	System   stead.AppID `json:"system"`
	URL      string      `json:"url" doc:"all of it in one line"`
	Host     string      `json:"host"`
	Port     uint16      `json:"port"`
	Database string      `json:"database"`
	User     string      `json:"user"`
	Password string      `json:"password"`
	Until    time.Time   `json:"until"`
	Given    []Given     `json:"given" doc:"where to find what was granted"`
}

// A Given says under which name a lease finds what was granted.
type Given struct {
	Resource string `json:"resource" doc:"as the entitlement names it"`
	Name     string `json:"name" doc:"as the system names it"`
}

type leaseOut struct {
	CacheControl string `header:"Cache-Control"`
	Status       int
	Body         Lease
}

func (a *API) lease(ctx context.Context, by authority.By, in *mandateIn) (*leaseOut, error) {
	l, err := a.Leases.Lease(ctx, by, in.ID)
	if err != nil {
		return nil, err
	}
	return &leaseOut{CacheControl: "no-store", Status: http.StatusCreated, Body: Lease{System: l.System, URL: l.URL, Host: l.Host, Port: l.Port, Database: l.Database,
		User: l.User, Password: l.Password, Until: l.Until, Given: each(l.Given, func(g authority.Given) Given { return Given(g) })}}, nil
}

func (a *API) tasks(d *door) {
	add(d, operation{method: "GET", path: "/v1/instances", id: "list-instances", tag: web.InSession, group: "agents", says: "List what runs of the agents that one may see"}, a.listInstances)
	add(d, operation{method: "POST", path: "/v1/instances", id: "enroll-instance", tag: web.Public, group: "agents", status: http.StatusCreated, says: "Begin a run of an agent, with a key of its own that is proved by DPoP: by a one-time token, or as the agent proves itself at /oauth/token"}, a.enrollInstance)
	add(d, operation{method: "POST", path: "/v1/instances/{id}/beat", id: "beat-instance", tag: web.InSession, group: "agents", status: http.StatusNoContent, says: "Give a sign of life of the calling instance"}, a.beat)
	add(d, operation{method: "DELETE", path: "/v1/instances/{id}", id: "end-instance", tag: web.InSession, group: "agents", status: http.StatusNoContent, says: "End a run, and what it holds"}, func(ctx context.Context, by authority.By, in *endInstanceIn) (*struct{}, error) {
		return nil, a.Verbs.GiveUp(ctx, by, in.ID, in.Because)
	})
	once(d, operation{method: "POST", path: "/v1/tasks", id: "ask-task", tag: web.InSession, group: "agents", status: http.StatusCreated, waits: true, says: "Ask for a mandate for a task of the calling agent"}, a.askTask, func(ctx context.Context, by authority.By, _ *askTaskIn, number uint64) (*mandateOut, error) {
		made, err := a.left(ctx, number, 1)
		if err != nil || len(made) == 0 {
			return nil, err
		}
		return a.waits(a.Verbs.Mandate(ctx, by, made[0].Mandate))
	})
	add(d, operation{method: "POST", path: "/v1/mandates/{id}/lease", id: "lease-mandate", tag: web.InSession, group: "agents", status: http.StatusCreated, says: "Get the login to the connected system of a mandate, for the instance that started it: it is shown once"}, a.lease)
	once(d, operation{method: "POST", path: "/v1/mandates/{id}/narrow", id: "narrow-mandate", tag: web.InSession, group: "agents", status: http.StatusCreated, says: "Pass a part of a mandate that the calling instance holds on to another agent, which starts it"}, a.narrow, func(ctx context.Context, by authority.By, _ *narrowIn, number uint64) (*mandateOut, error) {
		made, err := a.left(ctx, number, 1)
		if err != nil || len(made) == 0 {
			return nil, err
		}
		return a.waits(a.Verbs.Mandate(ctx, by, made[0].Mandate))
	})
	turn(a, d, "complete", web.InSession, "Say that the task is done: by the agent, or by who answers for it", func(ctx context.Context, by authority.By, in *completeIn) (stead.Mandate, error) {
		return a.Verbs.Complete(ctx, by, in.ID, said(in.Body).Result)
	})
}

func (a *API) listInstances(ctx context.Context, by authority.By, in *Page) (*instancesOut, error) {
	cards, err := a.Verbs.Cards(ctx, by)
	if err != nil {
		return nil, err
	}
	var all []stead.Instance
	for _, c := range cards {
		all = append(all, c.Instances...)
	}
	out := &instancesOut{}
	runs, page, next, err := piece(ctx, in, all, func(i stead.Instance) string { return string(i.ID) })
	out.Body.Instances, out.Body.NextPage, out.Next = each(runs, a.instance), page, next
	return out, err
}

// An Enroller tells for which agent a request speaks, with which key, and what that used up.
type Enroller interface {
	Proves(r *http.Request, given map[string]string) (authority.By, stead.AgentKey, []authority.Once, error)
}

func (a *API) enrollInstance(ctx context.Context, _ authority.By, in *enrollInstanceIn) (*instanceOut, error) {
	n := authority.NewInstance{}
	var err error
	if n.For, err = duration(in.Body.For); err != nil {
		return nil, err
	}
	if n.Beat, err = duration(in.Body.Beat); err != nil {
		return nil, err
	}
	if a.Enroller == nil {
		return nil, signIn("no instances are enrolled here")
	}
	var by authority.By
	if by, n.Key, n.Once, err = a.Enroller.Proves(ctx.Value(callKey{}).(*call).r, in.Body.proof()); err != nil {
		return nil, unproved(err)
	}
	i, err := a.Verbs.EnrollInstance(ctx, by, n)
	if err != nil {
		return nil, err
	}
	return &instanceOut{Status: http.StatusCreated, Body: a.instance(i)}, nil
}

func (a *API) narrow(ctx context.Context, by authority.By, in *narrowIn) (*mandateOut, error) {
	b := in.Body
	length, err := duration(b.For)
	if err != nil {
		return nil, err
	}
	return a.waits(a.Verbs.Narrow(ctx, by, in.ID, b.Agent, stead.Passing{Task: b.Task, Grants: b.Grants, Conditions: b.Conditions, Mode: b.Mode, For: length,
		Budget: b.Budget, Last: b.Last}))
}

func (a *API) beat(ctx context.Context, by authority.By, in *InstancePath) (*struct{}, error) {
	if in.ID != by.Instance {
		return nil, stead.E(stead.Missing, stead.ReasonNotYours, "there is no such instance")
	}
	return nil, a.Verbs.Beat(ctx, by)
}

func (a *API) askTask(ctx context.Context, by authority.By, in *askTaskIn) (*mandateOut, error) {
	length, err := duration(in.Body.For)
	if err != nil {
		return nil, err
	}
	var only map[string][]string
	if in.Body.Transaction != "" {
		only = map[string][]string{stead.Transaction: {in.Body.Transaction}}
	}
	return a.waits(a.Verbs.AskTask(ctx, by, authority.TaskAsk{Conditions: only, Task: in.Body.Task, Purpose: stead.Purpose{Reason: in.Body.Reason, Ticket: in.Body.Ticket},
		Mode: in.Body.Mode, For: length, Grants: in.Body.Grants}))
}
