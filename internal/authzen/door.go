package authzen

import (
	"context"
	"net/http"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/web"
)

// Verbs are what the door asks of the authority.
type Verbs interface {
	Decided(context.Context, stead.Question) (*authority.Pending, error)
	Consider(stead.Question) stead.Decision
	InForce() (digest string)
	PresentKey(context.Context, authority.PresentedKey) (authority.By, error)
	AskTask(context.Context, authority.By, authority.TaskAsk) (stead.Mandate, error)
	StartTask(context.Context, authority.By, stead.MandateID) (stead.Mandate, error)
	Requested(context.Context, stead.PrincipalID, stead.MandateID) (stead.Mandate, error)
	WithdrawRequest(context.Context, authority.By, stead.MandateID) (stead.Mandate, error)
	CompleteTransaction(ctx context.Context, by authority.By, id string) (n int, err error)
	TurnAway(ctx context.Context, by authority.By, operation string, no error) error
}

// A Door answers services. Fields are set before Mount and never after.
type Door struct {
	Verbs       Verbs
	View        *authority.View
	Settings    *authority.Settings
	Vocabulary  Vocabulary
	Key         []byte // of the tokens of pages and refusals
	Now         func() time.Time
	Callers     Callers
	Directories []string // where a bare name is looked for
	Origin      string   // of Stead's own pages
}

// The paths of AuthZEN.
const (
	configurationAt = "/.well-known/authzen-configuration"
	evaluationAt    = "/access/v1/evaluation"
	evaluationsAt   = "/access/v1/evaluations"
	subjectAt       = "/access/v1/search/subject"
	resourceAt      = "/access/v1/search/resource"
	actionAt        = "/access/v1/search/action"
	requestsAt      = "/access/v1/requests"
	transactionsAt  = "/access/v1/transactions"
)

// Mount adds the routes to t.
func (d *Door) Mount(t *web.Routes) {
	t.Add("GET "+configurationAt, web.Public, d.configuration)
	t.Add("POST "+evaluationAt, web.Service, d.asked(d.evaluation))
	t.Add("POST "+evaluationsAt, web.Service, d.asked(d.evaluations))
	t.Add("POST "+subjectAt, web.Service, d.asked(d.searchSubject))
	t.Add("POST "+resourceAt, web.Service, d.asked(d.searchResource))
	t.Add("POST "+actionAt, web.Service, d.asked(d.searchAction))
	t.Add("POST "+requestsAt, web.Service, d.request)
	t.Add("GET "+requestsAt+"/{id}", web.Service, d.status)
	t.Add("POST "+requestsAt+"/{id}/cancel", web.Service, d.cancel)
	t.Add("POST "+transactionsAt+"/{id}/complete", web.Service, d.complete)
	t.Add("POST "+transactionsAt+"/complete", web.Service, d.complete) // of ids that no path holds
}

// configuration tells where everything is (Authorization API 1.0, 9).
func (d *Door) configuration(w http.ResponseWriter, r *http.Request) error {
	echo(w, r)
	return web.WriteJSON(w, http.StatusOK, map[string]any{
		"policy_decision_point":       d.Origin,
		"access_evaluation_endpoint":  d.Origin + evaluationAt,
		"access_evaluations_endpoint": d.Origin + evaluationsAt,
		"search_subject_endpoint":     d.Origin + subjectAt,
		"search_resource_endpoint":    d.Origin + resourceAt,
		"search_action_endpoint":      d.Origin + actionAt,
		"access_request_endpoint":     d.Origin + requestsAt,
		"capabilities":                []string{"urn:openid:authzen:capability:access-request"},
	})
}

// An asking is what a service that is known asks.
type asking struct {
	context.Context
	caller *Caller
	body   fields
}

// asked finds out who asks, and reads what.
func (d *Door) asked(answer func(asking) (any, error)) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		echo(w, r)
		c, err := d.caller(r)
		if err != nil {
			return err
		}
		body, err := read(w, r)
		if err != nil {
			return err
		}
		out, err := answer(asking{r.Context(), c, body})
		if err != nil {
			return err
		}
		return web.WriteJSON(w, http.StatusOK, out)
	}
}

// mostID is the longest X-Request-ID that is said back.
const mostID = 256

// echo says the request's own id back. Ours stands in the server's log.
func echo(w http.ResponseWriter, r *http.Request) {
	ids := r.Header.Values("X-Request-Id")
	if len(ids) != 1 || ids[0] == "" || len(ids[0]) > mostID {
		return
	}
	for _, c := range []byte(ids[0]) {
		if c <= ' ' || c >= 0x7f {
			return
		}
	}
	w.Header().Set("X-Request-Id", ids[0])
}

func bad(format string, args ...any) error {
	return stead.E(stead.Invalid, stead.ReasonRequest, format, args...)
}
