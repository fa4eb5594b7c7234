package authzen

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/web"
)

// askFor is how long after a no it can be asked for.
const askFor = 15 * time.Minute

// An access says how what was refused can be asked for (AuthZEN access request and approval profile, draft 1).
type access struct {
	Endpoint string `json:"endpoint"`
	Expires  string `json:"expires_at"`
	Token    string `json:"binding_token"`
}

// askable tells how a no can be asked for: by an agent that has proved its key, as far as one of its tasks goes.
func (d *Door) askable(p pending, no stead.Reason) (*access, error) {
	switch no {
	case stead.ReasonEnded, stead.ReasonScope, stead.ReasonBudget, stead.ReasonExpired, stead.ReasonCompleted:
	default:
		return nil, nil
	}
	var task *stead.Task
	d.View.Read(func(s *authority.State) { task = d.task(s, p.q) })
	if task == nil {
		return nil, nil
	}
	until := d.Now().Add(askFor).UTC().Truncate(time.Second).Format(time.RFC3339)
	token, err := d.binding(p.a.caller, p.e, until)
	return &access{d.Origin + requestsAt, until, token}, err
}

// task is the declared task that what is asked is part of; nil is none.
func (d *Door) task(s *authority.State, q stead.Question) *stead.Task {
	right, i, r := d.Settings.Evaluator(q.Asserted), s.Proved(q.Key), s.Agent(q.Actor)
	if right == nil || !right.Keys || !slices.Contains(right.Apps, q.Resource.App) || q.Key == "" || i == nil || r == nil ||
		i.Agent != q.Actor || q.Subject != q.Actor {
		return nil
	}
	for at := range r.Tasks {
		if r.Tasks[at].Allows([]stead.Entitlement{q.Wants()}) {
			return &r.Tasks[at]
		}
	}
	return nil
}

// binding ties a request to the no that it comes from: same service, same question, same key, in time.
func (d *Door) binding(c *Caller, e evaluation, until string) (string, error) {
	raw, err := json.Marshal([]any{"authzen denial", c.ID, e.Subject, e.Action, e.Resource, e.Context.Key, e.Context.Transaction, until})
	if err != nil {
		return "", stead.Because(err, "write what was refused")
	}
	h := hmac.New(sha256.New, d.Key)
	h.Write(raw)
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil)), nil
}

// A refusal is a no of the profile, by its own names.
type refusal struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail,omitempty"`
}

func refuse(w http.ResponseWriter, status int, name, detail string) error {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	return json.NewEncoder(w).Encode(refusal{"urn:openid:authzen:access-request:error:" + name, name, status, detail})
}

// request asks for what was refused: a mandate for exactly that, once.
func (d *Door) request(w http.ResponseWriter, r *http.Request) error {
	echo(w, r)
	c, err := d.caller(r)
	if err != nil {
		return err
	}
	body, err := read(w, r)
	if err != nil {
		return err
	}
	e, err := body.evaluation()
	if err != nil {
		return err
	}
	switch name, err := d.denied(c, body, e); {
	case err != nil:
		return err
	case name == "expired_denial":
		return refuse(w, http.StatusGone, name, "ask again whether it may be done, and then for it")
	case name != "":
		return refuse(w, http.StatusBadRequest, name, "this was not refused, or not so: send back what came with the refusal")
	}
	m, task, err := d.wish(asking{r.Context(), c, body}, e)
	if err != nil {
		return err
	}
	if task == "" {
		return refuse(w, http.StatusBadRequest, "not_requestable", "no declared task needs this, or its key was not proved")
	}
	status := http.StatusAccepted
	if m.State != stead.Asked {
		status = http.StatusCreated
	}
	return web.WriteJSON(w, status, d.told(m))
}

// denied checks that a request comes from a no of ours: "" is yes.
func (d *Door) denied(c *Caller, body fields, e evaluation) (string, error) {
	denial, err := body.object("denial")
	if err != nil {
		return "", err
	}
	token, err := denial.text("binding_token")
	if err != nil {
		return "", err
	}
	until, err := denial.text("expires_at")
	if err != nil {
		return "", err
	}
	want, err := d.binding(c, e, until)
	if err != nil {
		return "", err
	}
	at, bad := time.Parse(time.RFC3339, until)
	switch {
	case bad != nil || !hmac.Equal([]byte(token), []byte(want)):
		return "invalid_denial_binding", nil
	case !d.Now().Before(at):
		return "expired_denial", nil
	}
	return "", nil
}

// wish asks for it, or finds what was asked for it before and is not used yet.
func (d *Door) wish(a asking, e evaluation) (m stead.Mandate, task string, err error) {
	by, err := d.Verbs.PresentKey(a, authority.PresentedKey{Thumbprint: e.Context.Key})
	if err != nil {
		return m, "", nil
	}
	call, conditions, err := e.once()
	if err != nil {
		return m, "", err
	}
	var q stead.Question
	var declared *stead.Task
	var before *stead.Mandate
	digest := d.Verbs.InForce()
	d.View.Read(func(s *authority.State) {
		if q, err = d.question(s, digest, a.caller, e); err == nil && q.Actor == by.Principal {
			declared, before = d.task(s, q), same(s, q, conditions, d.Now())
		}
	})
	if err != nil || declared == nil {
		return m, "", err
	}
	if before != nil {
		return *before, declared.ID, nil
	}
	mode := stead.ReadOnly
	if declared.Mode == stead.Edit && q.Action != stead.ActionRead {
		mode = stead.Edit
	}
	m, err = d.Verbs.AskTask(a, by, authority.TaskAsk{Task: declared.ID, Mode: mode, Grants: []stead.Entitlement{q.Wants()},
		Conditions: conditions, Budget: map[string]int64{stead.Calls: 1}, Asserted: a.caller.ID, Call: call})
	return m, declared.ID, err
}

// once is the call, and the conditions of a mandate for it alone.
func (e evaluation) once() (call string, conditions map[string][]string, err error) {
	call, arguments, err := e.call()
	conditions = map[string][]string{}
	for name, v := range arguments {
		conditions[name] = []string{v}
	}
	return call, conditions, err
}

// same finds a request for the same that waits, or waits to be used.
func same(s *authority.State, q stead.Question, conditions map[string][]string, now time.Time) *stead.Mandate {
	for _, id := range s.MandatesBy(q.Actor) {
		m := s.Mandate(id)
		if (m.State == stead.Asked || m.State == stead.Approved) && now.Before(m.StartBy) && maps.EqualFunc(m.Scope.Conditions, conditions, slices.Equal) &&
			len(m.Scope.Grants) == 1 && m.Scope.Grants[0].String() == q.Wants().String() {
			return m
		}
	}
	return nil
}

// begin puts an approved request in force with its first use, by the instance whose key was proved. Whatever is wrong
// with it the laws say.
func (d *Door) begin(a asking, e evaluation) error {
	right := d.Settings.Evaluator(a.caller.ID)
	if e.Context.Approval == "" || e.Context.Key == "" || right == nil || !right.Keys {
		return nil
	}
	m, err := d.Verbs.Requested(a, a.caller.ID, stead.MandateID(e.Context.Approval))
	if err != nil || m.State != stead.Approved {
		return only(err, stead.Broken)
	}
	_, parameters, err := e.call()
	if err != nil {
		return err
	}
	for name, allowed := range m.Scope.Conditions {
		if !slices.Contains(allowed, parameters[name]) {
			return nil
		}
	}
	by, err := d.Verbs.PresentKey(a, authority.PresentedKey{Thumbprint: e.Context.Key})
	if err == nil {
		_, err = d.Verbs.StartTask(a, by, m.ID)
	}
	return only(err, stead.Broken)
}

// complete says that a transaction is over, which the path names, or the body.
func (d *Door) complete(w http.ResponseWriter, r *http.Request) error {
	echo(w, r)
	c, err := d.caller(r)
	if err != nil {
		return err
	}
	id := r.PathValue("id")
	if id == "" {
		body, err := read(w, r)
		if err == nil {
			id, err = body.text(stead.Transaction)
		}
		if err != nil {
			return err
		}
	}
	by := from(r)
	by.Principal = c.ID
	n, err := d.Verbs.CompleteTransaction(r.Context(), by, id)
	if err != nil {
		return err
	}
	return web.WriteJSON(w, http.StatusOK, map[string]int{"completed": n})
}

// only is err where it is of a kind.
func only(err error, kind stead.Kind) error {
	if err != nil && stead.KindOf(err) == kind {
		return err
	}
	return nil
}
