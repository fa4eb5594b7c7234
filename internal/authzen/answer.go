package authzen

import (
	"errors"
	"net/http"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/web"
)

// An answer is a decision as it goes out.
type answer struct {
	Decision bool  `json:"decision"`
	Context  about `json:"context,omitzero"`
}

// What is told about a decision.
type about struct {
	ID          stead.DecisionID  `json:"id,omitempty"` // what stead why explains
	Reason      stead.Reason      `json:"reason,omitempty"`
	ReasonUser  map[string]string `json:"reason_user,omitempty"` // by language
	Obligations []obligation      `json:"obligations,omitempty"`
	Error       *failure          `json:"error,omitempty"`
	Evaluation  stead.DecisionID  `json:"evaluation_id,omitempty"` // ID once more, where it can be asked for
	Evaluated   string            `json:"evaluated_at,omitempty"`
	Access      *access           `json:"access_request,omitempty"`
	Next        step              `json:"next_action,omitempty"` // of a no to what was asked for
	After       int               `json:"retry_after,omitempty"` // seconds
}

// An obligation is what a yes asks for besides; who cannot do it must refuse.
type obligation struct {
	ID         string            `json:"id"`
	Type       string            `json:"type"`
	Properties map[string]string `json:"properties"`
}

type failure struct {
	Status  int    `json:"status"`
	Message string `json:"message"`
}

// evaluation answers one question.
func (d *Door) evaluation(a asking) (any, error) {
	e, err := a.body.evaluation()
	if err != nil {
		return nil, err
	}
	p, err := d.decide(a, e)
	if err != nil {
		return nil, err
	}
	return d.wait(p)
}

// A pending is an answer whose record is under way.
type pending struct {
	a asking
	e evaluation
	q stead.Question
	p *authority.Pending
}

func (d *Door) decide(a asking, e evaluation) (pending, error) {
	p := pending{a: a, e: e}
	if err := d.begin(a, e); err != nil {
		return p, err
	}
	var err error
	digest := d.Verbs.InForce()
	d.View.Read(func(s *authority.State) { p.q, err = d.question(s, digest, a.caller, e) })
	if err != nil {
		return p, err
	}
	p.p, err = d.Verbs.Decided(a, p.q)
	return p, err
}

func (d *Door) wait(p pending) (answer, error) {
	said, err := p.p.Wait()
	if err != nil {
		return answer{}, err
	}
	out := d.answer(p.q, said)
	if out.Decision {
		return out, nil
	}
	return out, d.lead(p, said, &out.Context)
}

func (d *Door) answer(q stead.Question, said stead.Decision) answer {
	out := answer{Decision: said.Allow, Context: about{ID: said.ID}}
	switch {
	case said.Allow:
		out.Context.Obligations = d.obligations(q, said)
	case q.Actor != "" && q.Subject != "" && told(said.Reason):
		out.Context.Reason, out.Context.ReasonUser = said.Reason, map[string]string{"en": said.Text}
	}
	return out
}

// told tells which reasons a service is given: those that speak of what is not its business to know look all alike.
func told(r stead.Reason) bool {
	switch r {
	case stead.ReasonNotYours, stead.ReasonNoRoute, stead.ReasonUnknown, stead.ReasonDisabled:
		return false
	}
	return true
}

// obligations are what everybody who lets somebody act must do: hold to the mode, and show who is really there.
func (d *Door) obligations(q stead.Question, said stead.Decision) (all []obligation) {
	if !q.Delegated() {
		return nil
	}
	d.View.Read(func(s *authority.State) {
		m, actor, subject := s.Mandate(q.Mandate), s.Principal(q.Actor), s.Principal(q.Subject)
		if m == nil || actor == nil || subject == nil {
			return
		}
		mode := m.Mode
		if said.Mode == stead.ReadOnly {
			mode = stead.ReadOnly
		}
		all = append(all, obligation{"mode", "custom", map[string]string{"mode": string(mode)}})
		if actor.ID != subject.ID {
			all = append(all, obligation{"banner", "custom", map[string]string{"actor": actor.DisplayName(), "subject": subject.DisplayName(),
				"until": m.Until.UTC().Format(time.RFC3339)}})
		}
	})
	return all
}

// textOf is what an error says to who caused it.
func textOf(err error) string {
	var e *stead.Error
	if errors.As(err, &e) && e.Kind != stead.Broken {
		return e.Text
	}
	return "it could not be decided"
}

// failed is an evaluation of a batch that was none.
func failed(err error) answer {
	status := web.StatusOf(err)
	if status == http.StatusOK {
		status = http.StatusInternalServerError
	}
	return answer{Context: about{Error: &failure{status, textOf(err)}}}
}
