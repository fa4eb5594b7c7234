package console

import (
	"context"
	"net/http"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/web"
)

// Sessions are the verbs of one's own logins.
type Sessions interface {
	Present(context.Context, authority.Presented) (authority.By, error)
	Rotate(context.Context, authority.By) (authority.Signed, error)
	Seen(authority.By)
	Sessions(context.Context, authority.By) ([]stead.Session, error)
	EndSession(context.Context, authority.By, stead.SessionID) error
}

// Arming opens and closes acting, and takes a session to an application.
type Arming interface {
	Arm(ctx context.Context, by authority.By, code string) (time.Time, error)
	Disarm(context.Context, authority.By) error
	Status(context.Context, authority.By) (authority.Status, error)
	Hand(ctx context.Context, by authority.By, host string) (string, error)
}

// Asking leads to a mandate.
type Asking interface {
	MayAct(context.Context, authority.By) bool // a no is certain
	Find(context.Context, authority.By, authority.Lookup) ([]stead.Principal, error)
	Ask(context.Context, authority.By, authority.Ask) (stead.Mandate, error)
	Claim(context.Context, authority.By, stead.MandateID) (stead.Mandate, error)
	Start(ctx context.Context, by authority.By, id stead.MandateID, code string) (stead.Mandate, error)
	Withdraw(context.Context, authority.By, stead.MandateID) (stead.Mandate, error)
}

// Running is what is done with a mandate in force.
type Running interface {
	Extend(ctx context.Context, by authority.By, id stead.MandateID, reason, code string) (stead.Mandate, error)
	End(context.Context, authority.By, stead.MandateID) (stead.Mandate, error)
	Revoke(ctx context.Context, by authority.By, id stead.MandateID, reason string) (stead.Mandate, error)
	Acknowledge(context.Context, authority.By) error
}

// Voting is the part of those who agree.
type Voting interface {
	Mandates(ctx context.Context, by authority.By, all bool) ([]stead.Mandate, error)
	Mandate(context.Context, authority.By, stead.MandateID) (stead.Mandate, error)
	Approve(ctx context.Context, by authority.By, id stead.MandateID, digest, comment string) (stead.Mandate, error)
	Refuse(ctx context.Context, by authority.By, id stead.MandateID, digest, comment string) (stead.Mandate, error)
	Comment(ctx context.Context, by authority.By, id stead.MandateID, text string) (stead.Mandate, error)
}

// Reading tells what happened, and why.
type Reading interface {
	Events(context.Context, authority.By, authority.EventQuery) ([]authority.StoredEvent, error)
	Counted(context.Context, authority.By, authority.EventQuery, authority.Counting) (authority.Counts, error)
	Export(context.Context, authority.By, authority.Exporting) error
	Why(context.Context, authority.By, stead.DecisionID) (authority.Reasoning, error)
	People(context.Context, authority.By, authority.Lookup) ([]stead.Principal, error)
}

// Knowing tells names and roles.
type Knowing interface {
	Name(stead.PrincipalID) (shown, account string)
	May(authority.By, ...authority.Role) error
}

// Authority is every verb the pages ask.
type Authority interface {
	Sessions
	Arming
	Asking
	Running
	Voting
	Reading
	Knowing
	Ruling
	Owning
	Agency
	Templating
	Registering
	Segmenting
	Flowing
	Excluding
	Stopping
}

// An App is an application people can act in.
type App struct {
	ID     stead.AppID
	Label  string // "Acme Orders"; empty = the id
	Origin string // its own: "http://127.0.0.1:8421"
	Edit   bool   // the application may be opened for editing
}

func (a App) shown() string {
	if a.Label != "" {
		return a.Label
	}
	return string(a.ID)
}

// A Place tells where a mandate is acted under in an application. Errors: missing.
type Place func(stead.AppID, stead.MandateID) (host, origin string, err error)

// A Directory is one choice when a person is looked for.
type Directory struct{ ID, Label string }

// A Demo is what a demonstration shows besides: the code an authenticator would show, and the four steps to try.
type Demo interface {
	CodeOf(stead.PrincipalID) string
	Tour() []Step
}

// A Step is one step of the tour. Done is struck off.
type Step struct {
	Title, Text, Href string
	Done              bool
}

// A Console serves the pages. All members but the last three are needed.
type Console struct {
	Authority   Authority
	Apps        []App
	Directories []Directory
	Place       Place
	Cookie      web.Cookie
	Origin      string // of these pages: "https://stead.example.com"
	Now         func() time.Time
	Zone        *time.Location // in which times are shown
	Record      Record
	Reports     Reports
	Setup       Setup           // nil: there is nothing to set up
	Demo        Demo            // nil: this is no demonstration
	Rules       Rules           // judges policy beside what is in force
	Look        Look            // nil: the house tells nothing of its health
	Factors     Factors         // nil: second factors are given elsewhere
	Readings    func() FileRead // nil: there is no file that is read again

	Catalogue Catalogues // nil: nothing is known of what there is to be granted

	// Settled waits until what may be read of the trail has caught up with what is written; nil does not wait.
	Settled func(context.Context) error
}

// Mount adds the door's routes.
func (c *Console) Mount(t *web.Routes) {
	t.Add("GET "+sheetPath, web.Public, sheet)
	t.Add("GET "+scriptPath, web.Public, script)
	add := func(pattern string, tag web.Tag, p page, roles ...authority.Role) {
		t.Add(pattern, tag, c.in(tag, roles, p))
	}
	add("GET /{$}", web.InSession, c.home)
	c.mountActing(add)
	c.mountReading(add)
	c.mountRuling(add)
	c.mountOwning(add)
	c.mountAgents(add)
	c.mountTemplates(add)
	c.mountRegister(add)
	c.mountSegments(add)
	c.mountFlows(add)
	c.mountExclusions(add)
	if c.Factors != nil {
		t.Add("GET /factor", web.Public, c.newFactor)
		t.Add("POST /factor", web.Public, c.useLink)
	}
	if c.Setup != nil {
		t.Add("GET /setup", web.Public, c.setupForm)
		t.Add("POST /setup", web.Public, c.setupFirst)
		t.Add("POST /setup/code", web.Public, c.setupCode)
	}
}

// An adder adds a page. Where roles are named, one of them is asked for instead of the one that the tag stands for.
type adder func(pattern string, tag web.Tag, p page, roles ...authority.Role)

func (c *Console) mountActing(add adder) {
	add("GET /act", web.ActorSelf, c.choose)
	add("POST /act/arm", web.ActorSelf, c.arm)
	add("POST /act/disarm", web.ActorSelf, c.disarm)
	add("POST /act/preview", web.ActorSelf, c.preview)
	add("POST /act/ask", web.ActorSelf, c.ask)
	add("GET /act/{id}", web.ActorSelf, c.asked)
	add("GET /claim/{id}", web.ActorSelf, c.claim)
	add("POST /act/{id}/start", web.ActorSelf, c.start)
	add("POST /act/{id}/withdraw", web.ActorSelf, c.withdraw)
	add("GET /acting", web.ActorSelf, c.acting)
	add("POST /acting/extend", web.ActorSelf, c.extend)
	add("POST /acting/end", web.ActorSelf, c.end)
	add("POST /acting/go", web.ActorSelf, c.goOn)
	add("GET /end", web.ActorSelf, c.ended)
	add("POST /end/seen", web.ActorSelf, c.seen)
}

func (c *Console) mountReading(add adder) {
	add("GET /requests", web.Approver, c.requests)
	add("GET /requests/{id}", web.Approver, c.request)
	add("POST /requests/{id}/approve", web.Approver, c.approve)
	add("POST /requests/{id}/refuse", web.Approver, c.refuse)
	add("POST /requests/{id}/comment", web.InSession, c.comment)
	add("GET /mandates", web.InSession, c.mandates)
	add("GET /mandates/{id}", web.InSession, c.mandate)
	add("POST /mandates/{id}/end", web.ActorSelf, c.endOne)
	add("POST /mandates/{id}/revoke", web.InSession, c.revoke)
	add("GET /why/{decision}", web.InSession, c.why)
	add("GET /audit", web.Auditor, c.audit)
	add("GET /audit/export", web.Auditor, c.export)
	add("POST /audit/export", web.Auditor, c.makeExport)
	add("POST /audit/check", web.Auditor, c.checkOn)
	add("GET /audit/{number}", web.Auditor, c.event)
	add("GET /audit/{number}/event", web.Auditor, c.stored)
	add("GET /audit/{number}/proof", web.Auditor, c.proof)
	add("GET /reports", web.InSession, c.reports)
	add("POST /reports", web.InSession, c.makeReport)
	add("GET /reports/making", web.InSession, c.making)
}

// app finds an application by id.
func (c *Console) app(id stead.AppID) (App, bool) {
	for _, a := range c.Apps {
		if a.ID == id {
			return a, true
		}
	}
	return App{ID: id}, false
}

// sees asks for one of the roles, or for the one that a tag stands for. Tags without one leave it to the verbs.
func (c *Console) sees(by authority.By, tag web.Tag, roles []authority.Role) error {
	switch {
	case len(roles) > 0:
		return c.Authority.May(by, roles...)
	case tag == web.Admin:
		return c.Authority.May(by, authority.Admin)
	case tag == web.Auditor:
		return c.Authority.May(by, authority.Auditor)
	}
	return nil
}

func presented(r *http.Request, c web.Cookie) authority.Presented {
	who := web.ClientOf(r)
	return authority.Presented{Secret: c.Read(r), Host: r.Host, Client: who.Mark, Address: who.Addr.String()}
}
