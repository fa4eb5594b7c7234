package authzen

import (
	"net/http"
	"strings"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/web"
)

// A step is what a service does next after a no to what it had asked for.
type step string

const (
	askAgain step = "request"
	tryAgain step = "retry"
	noStep   step = "none"
)

// retryAfter is how soon a request that waits for people is looked at again.
const retryAfter = 10 * time.Second

// lead says how a no can be asked for and, where it had been asked for already, what to do next.
func (d *Door) lead(p pending, said stead.Decision, out *about) (err error) {
	no, next := said.Reason, step("")
	if p.e.Context.Approval != "" {
		if no, next, err = d.shown(p, no); err != nil {
			return err
		}
	}
	if next == tryAgain {
		out.Next, out.After = next, int(retryAfter.Seconds())
		return nil
	}
	offer, err := d.askable(p, no)
	if offer == nil {
		out.Next = next
		return err
	}
	out.Evaluation, out.Evaluated, out.Access = said.ID, moment(d.Now()), offer
	if next != "" {
		out.Next = askAgain
	}
	return err
}

// shown tells what a no comes to where an approval was shown that did not do: one that waits is nothing yet, and for this very call worth
// waiting for.
func (d *Door) shown(p pending, no stead.Reason) (reason stead.Reason, next step, err error) {
	_, conditions, err := p.e.once()
	if err != nil {
		return no, "", err
	}
	reason, next = no, noStep
	d.View.Read(func(s *authority.State) {
		m := s.Mandate(stead.MandateID(p.e.Context.Approval))
		switch {
		case m == nil || m.Actor != p.q.Actor || d.stands(*m) != isPending:
		case same(s, p.q, conditions, d.Now()) == m:
			next = tryAgain
		default:
			reason = stead.ReasonScope
		}
	})
	return reason, next, nil
}

// A standing is what became of a request.
type standing string

const (
	isPending   standing = "pending"
	isApproved  standing = "approved"
	isDenied    standing = "denied"
	isExpired   standing = "expired"
	isCancelled standing = "cancelled"
)

func (d *Door) stands(m stead.Mandate) standing {
	switch {
	case m.State == stead.Asked && d.Now().Before(m.StartBy):
		return isPending
	case m.State == stead.Asked || m.Why == stead.ReasonNotStarted || m.State == stead.Approved && !d.Now().Before(m.StartBy):
		return isExpired
	case m.Why == stead.ReasonRefused:
		return isDenied
	case m.Why == stead.ReasonWithdrawn || m.State == stead.Ended && m.StartedAt.IsZero(): // revoked, or it fell with what it hung on
		return isCancelled
	}
	return isApproved
}

// status tells what became of a request.
func (d *Door) status(w http.ResponseWriter, r *http.Request) error {
	echo(w, r)
	c, err := d.caller(r)
	if err != nil {
		return err
	}
	m, err := d.Verbs.Requested(r.Context(), c.ID, stead.MandateID(r.PathValue("id")))
	return d.tell(w, m, err)
}

// cancel takes back what was asked for and is not used yet.
func (d *Door) cancel(w http.ResponseWriter, r *http.Request) error {
	echo(w, r)
	c, err := d.caller(r)
	if err != nil {
		return err
	}
	by := from(r)
	by.Principal = c.ID
	m, err := d.Verbs.WithdrawRequest(r.Context(), by, stead.MandateID(r.PathValue("id")))
	switch {
	case stead.KindOf(err) == stead.Expired || stead.KindOf(err) == stead.Conflict && d.stands(m) == isExpired:
		return refuse(w, http.StatusGone, "task_expired", "its time is over; there is nothing to cancel")
	case stead.KindOf(err) == stead.Conflict:
		return refuse(w, http.StatusConflict, "invalid_task_state", textOf(err))
	}
	return d.tell(w, m, err)
}

// tell answers with a request as it stands.
func (d *Door) tell(w http.ResponseWriter, m stead.Mandate, err error) error {
	if stead.KindOf(err) == stead.Missing {
		return refuse(w, http.StatusNotFound, "unknown_task", "")
	}
	if err != nil {
		return err
	}
	return web.WriteJSON(w, http.StatusOK, d.told(m))
}

// told is a request as it stands.
func (d *Door) told(m stead.Mandate) map[string]any {
	at, status := d.Origin+requestsAt+"/"+string(m.ID), d.stands(m)
	task := map[string]any{"id": m.ID, "status": status, "status_endpoint": at, "expires_at": moment(m.StartBy)}
	if m.State == stead.Asked || m.State == stead.Approved {
		task["links"] = map[string]string{"cancel": at + "/cancel"}
	}
	if status == isPending {
		task["progress"] = progress(m)
	}
	out := map[string]any{"task": task}
	if status == isApproved {
		out["result"] = map[string]any{"mode": "reevaluate",
			"approval": map[string]any{"id": m.ID, "approved_at": moment(agreedAt(m)), "approved_until": moment(m.StartBy)}}
	}
	return out
}

// progress tells in which of its stages a request is, and whose yes it waits for.
func progress(m stead.Mandate) map[string]any {
	all := map[string]any{"total_steps": len(m.Stages)}
	if at := m.Voted(); at < len(m.Stages) {
		all["current_step"], all["awaiting"] = at+1, strings.Join(m.Stages[at].Groups, " or ")
	}
	return all
}

// agreedAt is when the last yes was given; where nobody had to, when it was asked for.
func agreedAt(m stead.Mandate) time.Time {
	at := m.AskedAt
	for _, a := range m.Approvals {
		if a.Yes && a.At.After(at) {
			at = a.At
		}
	}
	return at
}

func moment(t time.Time) string { return t.UTC().Format(time.RFC3339) }
