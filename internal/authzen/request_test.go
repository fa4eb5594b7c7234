package authzen_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/store"
)

const agreedRules = `
@id("report") @owner("data protection") @approval("staff/security")
permit (principal is Agent, action == Action::"act", resource) when { context.app == "crm" };
`

// job is an agent with a declared task and two instances, and no mandate.
func (w *world) job() {
	w.t.Helper()
	ctx, root := w.t.Context(), w.Login("staff/root", "stead.test")
	r := stead.Registration{Kind: stead.Company, Tier: stead.LowTier, Owner: w.People["staff/maya"].ID, Purpose: "reports",
		Keys: []stead.AgentKey{{Thumbprint: "own", JWK: "{}"}}, Tasks: []stead.Task{{ID: "monthly", Purpose: "the report",
			Grants: []stead.Entitlement{{System: "crm", Action: stead.ActionRead, Resource: "public.orders"}}}}}
	if _, err := w.Register(ctx, root, authority.NewAgent{Name: "report", Registration: r}); err != nil {
		w.t.Fatal(err)
	}
	by, err := w.PresentKey(ctx, authority.PresentedKey{Agent: "report", Thumbprint: "own"})
	for _, key := range []string{"k1", "k2"} {
		if err == nil {
			_, err = w.EnrollInstance(ctx, by, authority.NewInstance{Key: stead.AgentKey{Thumbprint: key}})
		}
	}
	if err != nil {
		w.t.Fatal(err)
	}
}

// orders is the question of the job: what, with which key, under which approval, and what else the body says.
func orders(columns, key, approval, more string) string {
	context := fmt.Sprintf(`{"confirmation":{"jkt":%q}}`, key)
	if approval != "" {
		context = fmt.Sprintf(`{"confirmation":{"jkt":%q},"approval":{"id":%q}}`, key, approval)
	}
	return `{"subject":{"type":"agent","id":"report"},"action":{"name":"read"},"resource":{"type":"object","id":"crm/public.orders","properties":{"columns":[` +
		columns + `]}},"context":` + context + more + `}`
}

func denial(s said) string {
	return fmt.Sprintf(`,"denial":{"evaluation_id":%q,"binding_token":%q,"expires_at":%q}`, s.Context.ID, s.Context.Access.Token, s.Context.Access.Expires)
}

type task struct {
	Task   struct{ ID, Status, Status_endpoint string }
	Result *struct {
		Mode     string
		Approval struct {
			At time.Time `json:"approved_at"`
		}
	}
}

func (w *world) task(a reply, code int, status string) (out task) {
	w.t.Helper()
	if err := json.Unmarshal([]byte(a.body), &out); a.code != code || err != nil || out.Task.Status != status {
		w.t.Fatalf("%d %s %v, want %d %s", a.code, a.body, err, code, status)
	}
	return out
}

const requests = "/access/v1/requests"

// A refused question is asked for, agreed to, and goes through once, exactly as it was agreed to; another does not.
func TestAskedFor(t *testing.T) {
	w := newWorld(t, map[string]string{"agents.cedar": agreedRules})
	w.job()
	refused := w.ask(desk, evaluation, orders(`"id","total"`, "k1", "", ""))
	if refused.yes() || refused.Context.Access == nil || refused.Context.Of != refused.Context.ID || refused.Context.Next != "" || refused.Context.Access.Endpoint != "https://stead.test"+requests {
		t.Fatalf("%+v", refused)
	}
	told := denial(refused)
	for name, r := range map[string]struct {
		secret, body, problem string
		code                  int
	}{
		"without the refusal":       {desk, orders(`"id","total"`, "k1", "", ""), "invalid_denial_binding", 400},
		"for more than was refused": {desk, orders(`"id","iban"`, "k1", "", told), "invalid_denial_binding", 400},
		"with another key":          {desk, orders(`"id","total"`, "k2", "", told), "invalid_denial_binding", 400},
		"by another service":        {kiosk, orders(`"id","total"`, "k1", "", told), "invalid_denial_binding", 400},
		"with a longer time":        {desk, orders(`"id","total"`, "k1", "", strings.Replace(told, "expires_at\":\"2", "expires_at\":\"3", 1)), "invalid_denial_binding", 400},
		"of a kind":                 {desk, orders(`"id"`, "k1", "", `,"denial":7`), "", 400},
		"without who asks":          {"", orders(`"id","total"`, "k1", "", told), "", 401},
		"without what is asked for": {desk, `{"subject":{"type":"agent","id":"report"}}`, "", 400},
	} {
		if a := w.send(r.secret, requests, r.body); a.code != r.code || !strings.Contains(a.body, r.problem) {
			t.Errorf("%s: %d %s", name, a.code, a.body)
		}
	}
	asked := w.task(w.send(desk, requests, orders(`"id","total"`, "k1", "", told)), 202, "pending")
	if again := w.task(w.send(desk, requests, orders(`"id","total"`, "k1", "", told)), 202, "pending"); again.Task.ID != asked.Task.ID {
		t.Error("the same is asked for twice")
	}
	id := asked.Task.ID
	no := func(what, secret, body string) {
		t.Helper()
		if s := w.ask(secret, evaluation, body); s.yes() {
			t.Errorf("%s goes through", what)
		}
	}
	for _, told := range []string{`"progress":{"awaiting":"staff/security","current_step":1,"total_steps":1}`, `"cancel":"https://stead.test` + requests + "/" + id + `/cancel"`} {
		if a := w.get(requests+"/"+id, desk); !strings.Contains(a.body, told) {
			t.Errorf("%s lacks %s", a.body, told)
		}
	}
	if s := w.ask(desk, evaluation, orders(`"id","total"`, "k1", id, "")); s.yes() || s.Context.Next != "retry" || s.Context.After == 0 || s.Context.Access != nil {
		t.Errorf("what waits: %+v", s)
	}
	if s := w.ask(desk, evaluation, orders(`"id"`, "k1", id, "")); s.yes() || s.Context.Next != "request" || s.Context.After != 0 || s.Context.Access == nil {
		t.Errorf("another, while it waits: %+v", s)
	}
	m, err := w.Requested(t.Context(), "service:desk", stead.MandateID(id))
	if sum := sha256.Sum256([]byte(m.Call)); m.Scope.Conditions[stead.Parameters][0] != hex.EncodeToString(sum[:]) || fmt.Sprint(m.Said()) != `[[columns ["id","total"]]]` {
		t.Errorf("who must agree sees %q: %v", m.Call, m.Said())
	}
	for name, columns := range map[string]string{"what cannot be shown": "\"i\u202ed\"", "what nobody reads": `"` + strings.Repeat("x", 5000) + `"`} {
		no := w.ask(desk, evaluation, orders(columns, "k1", "", ""))
		if a := w.send(desk, requests, orders(columns, "k1", "", denial(no))); a.code != 400 || !strings.Contains(a.body, "bad-request") {
			t.Errorf("%s: %d %s", name, a.code, a.body)
		}
	}
	if err == nil {
		_, err = w.Approve(t.Context(), w.Login("staff/omar", "stead.test"), m.ID, m.Digest, "")
	}
	if err != nil {
		t.Fatal(err)
	}
	if got := w.task(w.get(requests+"/"+id, desk), 200, "approved"); got.Result == nil || got.Result.Mode != "reevaluate" || got.Result.Approval.At.Before(m.AskedAt) {
		t.Errorf("%+v", got)
	}
	for _, a := range []reply{w.get(requests+"/"+id, kiosk), w.get(requests+"/man_none", desk)} {
		if a.code != 404 || !strings.Contains(a.body, "unknown_task") {
			t.Errorf("%d %s", a.code, a.body)
		}
	}
	no("less", desk, orders(`"id"`, "k1", id, ""))
	no("the columns turned round", desk, orders(`"total","id"`, "k1", id, ""))
	no("without a key", desk, orders(`"id","total"`, "", id, ""))
	no("by who checks no keys", kiosk, orders(`"id","total"`, "k1", id, ""))
	no("without the approval", desk, orders(`"id","total"`, "k1", "", ""))
	once := w.ask(desk, evaluation, orders(`"id","total"`, "k1", id, ""))
	if !once.yes() {
		t.Fatalf("what was agreed to: %+v", once)
	}
	w.events("request.allowed")
	if why, err := w.Why(t.Context(), w.Login("staff/omar", "stead.test"), once.Context.ID); err != nil || why.Event.What["parameters"] == "" {
		t.Errorf("%+v %v", why.Event, err)
	}
	no("less, now", desk, orders(`"id"`, "k1", id, ""))
	no("with another's key", desk, orders(`"id","total"`, "k2", id, ""))
	if s := w.ask(desk, evaluation, orders(`"id","total"`, "k1", id, "")); s.yes() || s.Context.Reason != stead.ReasonBudget || s.Context.Access == nil ||
		s.Context.Next != "request" || s.Context.Of != s.Context.ID {
		t.Errorf("a second time: %+v", s)
	}
}

// Two at once are not two yeses.
func TestOnceAtOnce(t *testing.T) {
	w := newWorld(t, map[string]string{"agents.cedar": agentRules})
	w.job()
	refused := w.ask(desk, evaluation, orders(`"id"`, "k1", "", ""))
	got := w.task(w.send(desk, requests, orders(`"id"`, "k1", "", denial(refused))), 201, "approved")
	one := orders(`"id"`, "k1", got.Task.ID, "")
	all := w.ask(desk, evaluations, `{"evaluations":[`+one+strings.Repeat(","+one, 19)+`]}`)
	yes := 0
	for _, s := range all.Evaluations {
		if s.yes() {
			yes++
		}
		if s.Context.Error != nil {
			t.Errorf("%+v", s.Context.Error)
		}
	}
	if yes != 1 {
		t.Errorf("%d of %d went through", yes, len(all.Evaluations))
	}
}

// A gate is the real store with something that happens before the next decision is recorded.
type gate struct {
	*store.Store
	before func() error
}

func (g *gate) Append(ctx context.Context, e authority.Entry) (stead.Receipt, error) {
	if before := g.before; before != nil && len(e.Changes) > 0 && e.Changes[0].Event.Kind == "request.allowed" {
		g.before = nil
		if err := before(); err != nil {
			return stead.Receipt{}, err
		}
	}
	return g.Store.Append(ctx, e)
}

// What somebody else changes meanwhile takes nothing from the one call: it is paid once, however often it is looked at.
func TestOnceBesideOthers(t *testing.T) {
	w := newWorld(t, map[string]string{"agents.cedar": agentRules})
	w.job()
	refused := w.ask(desk, evaluation, orders(`"id"`, "k1", "", ""))
	got := w.task(w.send(desk, requests, orders(`"id"`, "k1", "", denial(refused))), 201, "approved")
	root, none := w.Login("staff/root", "stead.test"), []string{}
	w.Authority.Store = &gate{w.Store, func() error {
		_, err := w.Change(context.Background(), root, w.People["customers/erin"].ID, authority.Edit{Groups: &none})
		return err
	}}
	if s := w.ask(desk, evaluation, orders(`"id"`, "k1", got.Task.ID, "")); !s.yes() {
		t.Errorf("%+v", s)
	}
	if s := w.ask(desk, evaluation, orders(`"id"`, "k1", got.Task.ID, "")); s.yes() {
		t.Error("a second time")
	}
}

// What nobody could be given is not offered, and a refusal is good for a while.
func TestNotAskedFor(t *testing.T) {
	w := newWorld(t, map[string]string{"agents.cedar": agreedRules})
	w.job()
	for name, s := range map[string]said{
		"a table of no task":    w.one(desk, "agent:report", "read", "object:crm/public.salaries", `{"confirmation":{"jkt":"k1"}}`),
		"a write of no task":    w.one(desk, "agent:report", "write", "object:crm/public.orders", `{"confirmation":{"jkt":"k1"}}`),
		"without a key":         w.one(desk, "agent:report", "read", "object:crm/public.orders", ""),
		"by who checks no keys": w.one(kiosk, "agent:report", "read", "object:crm/public.orders", `{"confirmation":{"jkt":"k1"}}`),
		"a person":              w.one(desk, "user:staff/root", "read", "path:orders/admin", `{"confirmation":{"jkt":"k1"}}`),
		"for somebody":          w.one(desk, "user:staff/sam", "read", "object:crm/public.orders", `{"confirmation":{"jkt":"k1"},"act":{"sub":"report"}}`),
	} {
		if s.yes() || s.Context.Access != nil {
			t.Errorf("%s: %+v", name, s)
		}
	}
	refused := w.ask(desk, evaluation, orders(`"id"`, "k1", "", ""))
	w.Clock.Move(15 * time.Minute)
	if a := w.send(desk, requests, orders(`"id"`, "k1", "", denial(refused))); a.code != 410 || !strings.Contains(a.body, "expired_denial") {
		t.Errorf("%d %s", a.code, a.body)
	}
	refused = w.ask(desk, evaluation, orders(`"id"`, "k1", "", ""))
	asked := w.task(w.send(desk, requests, orders(`"id"`, "k1", "", denial(refused))), 202, "pending")
	m, err := w.Requested(t.Context(), "service:desk", stead.MandateID(asked.Task.ID))
	if err == nil {
		_, err = w.Refuse(t.Context(), w.Login("staff/omar", "stead.test"), m.ID, m.Digest, "no")
	}
	if err != nil {
		t.Fatal(err)
	}
	w.task(w.get(requests+"/"+asked.Task.ID, desk), 200, "denied")
	if s := w.ask(desk, evaluation, orders(`"id"`, "k1", asked.Task.ID, "")); s.yes() {
		t.Error("what was refused goes through")
	}
}

// What is not begun is taken back by a service that checks keys, once; on record, whoever tries.
func TestCancelled(t *testing.T) {
	for _, rules := range []string{agreedRules, agentRules} { // it waits; nobody had to agree
		w := newWorld(t, map[string]string{"agents.cedar": rules})
		w.job()
		wanted := func() string {
			var out task
			a := w.send(desk, requests, orders(`"id"`, "k1", "", denial(w.ask(desk, evaluation, orders(`"id"`, "k1", "", "")))))
			if err := json.Unmarshal([]byte(a.body), &out); err != nil || out.Task.ID == "" {
				t.Fatalf("%d %s", a.code, a.body)
			}
			return out.Task.ID
		}
		id := wanted()
		cancel := func(secret, id string) reply { return w.send(secret, requests+"/"+id+"/cancel", "") }
		if a := cancel("", id); a.code != 401 {
			t.Errorf("without a secret: %d %s", a.code, a.body)
		}
		for _, a := range []reply{cancel(kiosk, id), cancel(desk, "man_none")} {
			if a.code != 404 || !strings.Contains(a.body, "unknown_task") {
				t.Errorf("%d %s", a.code, a.body)
			}
		}
		w.task(cancel(desk, id), 200, "cancelled")
		if e := w.events("mandate.withdrawn"); len(e) != 1 || e[0].Actor != "service:desk" || string(e[0].Mandate) != id {
			t.Errorf("%+v", e)
		}
		if e := w.events("mandate.withdraw.refused"); len(e) != 2 {
			t.Errorf("%+v", e)
		}
		if a := cancel(desk, id); a.code != 409 || !strings.Contains(a.body, "invalid_task_state") {
			t.Errorf("twice: %d %s", a.code, a.body)
		}
		if s := w.ask(desk, evaluation, orders(`"id"`, "k1", id, "")); s.yes() || s.Context.Next != "request" {
			t.Errorf("what was cancelled: %+v", s)
		}
		late := wanted()
		w.Clock.Move(8 * 24 * time.Hour)
		if a := cancel(desk, late); a.code != 410 || !strings.Contains(a.body, "task_expired") {
			t.Errorf("late: %d %s", a.code, a.body)
		}
	}
	w := newWorld(t, map[string]string{"agents.cedar": agentRules})
	w.job()
	used := w.task(w.send(desk, requests, orders(`"id"`, "k1", "", denial(w.ask(desk, evaluation, orders(`"id"`, "k1", "", ""))))), 201, "approved").Task.ID
	if s := w.ask(desk, evaluation, orders(`"id"`, "k1", used, "")); !s.yes() {
		t.Fatalf("%+v", s)
	}
	if a := w.send(desk, requests+"/"+used+"/cancel", ""); a.code != 409 || !strings.Contains(a.body, "invalid_task_state") {
		t.Errorf("what is begun: %d %s", a.code, a.body)
	}
}
