package api

import (
	"cmp"
	"context"
	"maps"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/web"
)

// An Event is what happened, as it is read. What was sealed under keys that are gone is missing.
type Event struct {
	Index    uint64            `json:"index" doc:"the place in the log, from 0"`
	ID       stead.EventID     `json:"id"`
	Kind     stead.EventKind   `json:"kind"`
	At       time.Time         `json:"at"`
	Actor    Who               `json:"actor" doc:"who really did it"`
	Subject  Who               `json:"subject" doc:"for whom"`
	Mandate  stead.MandateID   `json:"mandate,omitempty"`
	Session  stead.SessionID   `json:"session,omitempty"`
	Decision stead.DecisionID  `json:"decision,omitempty"`
	Of       stead.EventID     `json:"of,omitempty" doc:"the intent whose outcome this is"`
	Outcome  stead.Outcome     `json:"outcome"`
	Reason   stead.Reason      `json:"reason,omitempty"`
	App      stead.AppID       `json:"app,omitempty"`
	Policy   string            `json:"policy,omitempty"`
	Status   int               `json:"status,omitempty"`
	Size     int64             `json:"size,omitempty"`
	Who      map[string]string `json:"who,omitempty" doc:"of the actor alone: name, address, client"`
	What     map[string]string `json:"what,omitempty" doc:"of both: subject's name, reason, page, title"`
	Leaf     stead.Hash        `json:"leaf" doc:"its leaf hash in the log"`
}

// A Filter is how events are chosen, here, in the CLI and in exports.
type Filter struct {
	Kind     []string         `query:"kind" maxItems:"20" doc:"prefixes of kinds: mandate. or request.denied"`
	Actor    string           `query:"actor" maxLength:"256" doc:"who did it: an id, or directory/name"`
	Subject  string           `query:"subject" maxLength:"256" doc:"for whom: an id, or directory/name"`
	Person   string           `query:"person" maxLength:"256" doc:"as actor or as subject"`
	Mandate  stead.MandateID  `query:"mandate" maxLength:"64"`
	Session  stead.SessionID  `query:"session" maxLength:"64"`
	Decision stead.DecisionID `query:"decision" maxLength:"64"`
	App      stead.AppID      `query:"app" maxLength:"64"`
	Outcome  stead.Outcome    `query:"outcome" enum:"ok,refused,unknown"`
	From     time.Time        `query:"from" doc:"RFC 3339, inclusive"`
	To       time.Time        `query:"to" doc:"RFC 3339, exclusive"`
	Text     string           `query:"text" maxLength:"256" doc:"anywhere in what was recorded"`
	Written  string           `query:"q" maxLength:"1000" doc:"a filter as people write it, beside the other parameters: dana outcome:refused from:2026-11-01"`
}

type eventsIn struct {
	Filter
	Page
	Order  string `query:"order" enum:"newest,oldest" default:"newest"`
	Accept string `header:"Accept" doc:"text/event-stream: what comes, as it comes"`
	Last   string `header:"Last-Event-ID" maxLength:"20" doc:"of a stream: go on after this one"`
}

// Events is a page of them.
type Events struct {
	Events []Event `json:"events"`
	NextPage
}

type eventsOut struct {
	Body func(huma.Context)
}

func (a *API) events(d *door) {
	schema := d.huma.OpenAPI().Components.Schemas.Schema(typeOf[Events](), true, "Events")
	add(d, operation{
		method: "GET", path: "/v1/events", id: "list-events", tag: web.InSession, group: "audit",
		says: "Read the trail: all of it for auditors, one's own for everybody",
		answer: &huma.Response{Description: "A page, or a stream", Content: map[string]*huma.MediaType{
			"application/json":  {Schema: schema},
			"text/event-stream": {Schema: &huma.Schema{Type: huma.TypeString}},
		}},
	}, a.readEvents)
}

// lookWithin is how long is looked for events until a page is given with those that were found: fewer than it has room for.
const lookWithin = 60 * time.Millisecond

func (a *API) readEvents(ctx context.Context, by authority.By, in *eventsIn) (*eventsOut, error) {
	if strings.Contains(in.Accept, "text/event-stream") {
		return a.stream(ctx, by, in)
	}
	q, own, err := a.query(by, in.Filter)
	if err != nil {
		return nil, err
	}
	q.Newest, q.Limit, q.Within = in.Order != "oldest", in.Limit, lookWithin
	if err := cursor(ctx, &q, in.Token); err != nil {
		return nil, err
	}
	if in.Token == "" {
		a.caughtUp(ctx)
	}
	found, err := a.Trail.Events(ctx, q)
	at, err := authority.Shorted(err)
	if err != nil {
		return nil, err
	}
	out := Events{Events: each(found, func(e authority.StoredEvent) Event { return a.event(e, by, own) })}
	if len(found) == q.Limit {
		at = found[len(found)-1].Number()
	}
	next := ""
	if at > 0 {
		next = strconv.FormatUint(at, 10)
	}
	var link Next
	out.NextPage, link = onward(ctx, next)
	return &eventsOut{Body: func(hc huma.Context) { write(hc, out, link.Link) }}, nil
}

func write(hc huma.Context, body any, link string) {
	hc.SetHeader("Content-Type", "application/json")
	if link != "" {
		hc.SetHeader("Link", link)
	}
	hc.SetStatus(200)
	// The status has gone out: a client that is not there any more is nobody's to tell.
	_ = huma.DefaultJSONFormat.Marshal(hc.BodyWriter(), body)
}

// query reads a filter. Who is no auditor reads what he did and what was done in his name, and own is true.
func (a *API) query(by authority.By, f Filter) (q authority.EventQuery, own bool, err error) {
	no := a.Verbs.May(by, authority.Auditor)
	if stead.ReasonOf(no) == stead.ReasonLevel {
		return q, own, no // an auditor who would else take a part for the whole
	}
	own = no != nil
	if q, err = a.written(f.Written, by, own); err != nil {
		return q, own, err
	}
	for _, kind := range f.Kind {
		if _, err = (authority.Filter{}).Add("kind", kind); err != nil {
			return q, own, err
		}
	}
	f.into(&q)
	if err := authority.Period(q.From, q.To); err != nil {
		return q, own, err
	}
	for _, one := range []struct {
		name string
		id   *stead.PrincipalID
	}{{f.Actor, &q.Actor}, {f.Subject, &q.Subject}, {f.Person, &q.Either}} {
		if one.name == "" {
			continue
		}
		if *one.id, err = a.named(one.name, by, own); err != nil {
			return q, own, err
		}
	}
	if own {
		q.Either = by.Principal
	}
	return q, own, nil
}

// written reads the filter that is given as one text.
func (a *API) written(text string, by authority.By, own bool) (authority.EventQuery, error) {
	f, err := authority.ParseFilter(text)
	if err != nil {
		return authority.EventQuery{}, err
	}
	zone := a.Zone
	if zone == nil {
		zone = time.UTC
	}
	return f.Query(a.Now(), zone, func(name string) (stead.PrincipalID, error) { return a.named(name, by, own) })
}

// into puts what is given by parameters over what was written.
func (f *Filter) into(q *authority.EventQuery) {
	if len(f.Kind) > 0 {
		q.Kinds = f.Kind
	}
	q.Mandate, q.Session, q.Decision = cmp.Or(f.Mandate, q.Mandate), cmp.Or(f.Session, q.Session), cmp.Or(f.Decision, q.Decision)
	q.App, q.Outcome, q.Text = cmp.Or(f.App, q.App), cmp.Or(f.Outcome, q.Outcome), f.Text
	q.From, q.To = cmp.Or(f.From, q.From), cmp.Or(f.To, q.To)
}

// named reads an id or directory/name. Who is no auditor learns nothing of whom there is.
func (a *API) named(name string, by authority.By, own bool) (stead.PrincipalID, error) {
	name = strings.TrimPrefix(name, "person:")
	switch {
	case name == "" || name == "stead" || strings.HasPrefix(name, stead.PrefixPrincipal):
		return stead.PrincipalID(name), nil
	case name == "me":
		return by.Principal, nil
	}
	dir, account, ok := strings.Cut(name, "/")
	if !ok {
		return "", stead.E(stead.Invalid, stead.ReasonRequest, "%q is neither an id nor directory/name", name)
	}
	if id := a.Register.Named(dir, account); id != "" && !own {
		return id, nil
	}
	return "", stead.E(stead.Missing, stead.ReasonUnknown, "nobody is called %s", name)
}

// event shows a stored event; to the subject without where the actor sat.
func (a *API) event(e authority.StoredEvent, by authority.By, own bool) Event {
	v := Event{
		Index: e.Index, ID: e.ID, Kind: e.Kind, At: e.At, Actor: a.show(e.Actor), Subject: a.show(e.Subject),
		Mandate: e.Mandate, Session: e.Session, Decision: e.Decision, Of: e.Of, Outcome: e.Outcome, Reason: e.Reason,
		App: e.App, Policy: e.Policy, Status: e.Status, Size: e.Size,
		Who: maps.Clone(e.Event.Who), What: e.What, Leaf: e.Leaf,
	}
	if own && e.Actor != by.Principal {
		delete(v.Who, "address")
		delete(v.Who, "client")
		v.Session = ""
	}
	return v
}

// cursor goes on where the page before ended.
func cursor(ctx context.Context, q *authority.EventQuery, token string) error {
	at, err := place(ctx, token)
	if at == "" || err != nil {
		return err
	}
	n, err := strconv.ParseUint(at, 10, 64)
	if err != nil || n == 0 {
		return stead.E(stead.Invalid, stead.ReasonRequest, "page_token is none that a page gave")
	}
	if q.Newest {
		q.Before = n
	} else {
		q.After = n
	}
	return nil
}
