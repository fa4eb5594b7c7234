package authzen_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
)

const transactions = "/access/v1/transactions/"

// bound is a mandate of the agent's for one transaction, in force or waiting for its start.
func (w *world) bound(by authority.By, transaction string, start bool) stead.Mandate {
	w.t.Helper()
	m, err := w.AskTask(w.t.Context(), by, authority.TaskAsk{Task: "monthly", Conditions: map[string][]string{stead.Transaction: {transaction}}})
	if err == nil && start {
		m, err = w.StartTask(w.t.Context(), by, m.ID)
	}
	if err != nil {
		w.t.Fatal(err)
	}
	return m
}

// in asks for some columns under a mandate, as part of a transaction: JSON, or nothing.
func (w *world) in(m stead.Mandate, transaction string) reply {
	w.t.Helper()
	context := fmt.Sprintf(`{"mandate":%q,"confirmation":{"jkt":"k1"}`, m.ID)
	if transaction != "" {
		context += `,"transaction":` + transaction
	}
	return w.send(desk, evaluation, `{"subject":{"type":"agent","id":"report"},"action":{"name":"read"},"resource":{"type":"object","id":"crm/public.orders",`+
		`"properties":{"columns":["total"]}},"context":`+context+`}}`)
}

func (w *world) says(what string, a reply, code int, part string) {
	w.t.Helper()
	if a.code != code || !strings.Contains(a.body, part) {
		w.t.Errorf("%s: %d %s, want %d with %s", what, a.code, a.body, code, part)
	}
}

// A mandate for one transaction is of use in that one alone, and ends with it, when its service says so.
func TestTransaction(t *testing.T) {
	w := newWorld(t, map[string]string{"agents.cedar": agentRules})
	by, free := w.report()
	m, waits, other := w.bound(by, "refund-4711", true), w.bound(by, "refund-4711", false), w.bound(by, "refund-4712", true)
	w.says("in its transaction", w.in(m, `"refund-4711"`), 200, `"decision":true`)
	w.says("in another", w.in(m, `"refund-4712"`), 200, `"reason":"scope"`)
	w.says("in the other's", w.in(other, `"refund-4712"`), 200, `"decision":true`)
	w.says("in none", w.in(m, ""), 200, `"reason":"scope"`)
	w.says("one that is for any", w.in(free, `"refund-4711"`), 200, `"decision":true`)
	w.says("in several, each of its own", w.send(desk, "/access/v1/evaluations", `{"subject":{"type":"agent","id":"report"},"action":{"name":"read"},
		"resource":{"type":"object","id":"crm/public.orders","properties":{"columns":["total"]}},"evaluations":[
		{"context":{"mandate":"`+string(m.ID)+`","confirmation":{"jkt":"k1"},"transaction":"refund-4712"}},
		{"context":{"mandate":"`+string(m.ID)+`","confirmation":{"jkt":"k1"},"transaction":"refund-4711"}}]}`), 200, `"decision":true`)
	for what, transaction := range map[string]string{"a number": "4711", "nothing": `""`, "of a kind": `["refund-4711"]`, "with a space": `"refund 4711"`,
		"too long": `"` + strings.Repeat("a", 129) + `"`, "that turns round": `"refund-\u202e4711"`, "null": "null"} {
		w.says(what, w.in(m, transaction), 400, "transaction")
	}

	w.says("by nobody", w.send(nobody, transactions+"refund-4711/complete", ""), 401, "")
	w.says("without a secret", w.send("", transactions+"refund-4711/complete", ""), 401, "")
	w.says("by a service of other applications", w.send(kiosk, transactions+"refund-4711/complete", ""), 200, `"completed":0`)
	w.says("another's", w.send(desk, transactions+"refund-47/complete", ""), 200, `"completed":0`)
	w.says("that cannot be", w.send(desk, transactions+"%20/complete", ""), 400, "without spaces")
	w.says("in force yet", w.in(m, `"refund-4711"`), 200, `"decision":true`)

	var ended sync.Map
	var all sync.WaitGroup
	for i := range 10 { // at once
		all.Go(func() { ended.Store(i, w.send(desk, transactions+"refund-4711/complete", "").body) })
	}
	all.Wait()
	said := map[string]int{}
	ended.Range(func(_, v any) bool { said[strings.TrimSpace(v.(string))]++; return true })
	if said[`{"completed":2}`] != 1 || said[`{"completed":0}`] != 9 {
		t.Errorf("ten at once said %v", said)
	}
	w.says("when it is over", w.in(m, `"refund-4711"`), 200, `"decision":false`)
	if _, err := w.StartTask(t.Context(), by, waits.ID); stead.KindOf(err) != stead.Conflict && stead.KindOf(err) != stead.Expired {
		t.Errorf("what waited is started: %v", err)
	}
	w.says("the other's goes on", w.in(other, `"refund-4712"`), 200, `"decision":true`)
	w.says("one that is for any goes on", w.in(free, ""), 200, `"decision":true`)
	if asked := w.events("mandate.asked"); len(asked) != 4 || asked[0].What["transaction"] != "refund-4712" || asked[3].What["transaction"] != "" {
		t.Errorf("on record: %d asked, %+v", len(asked), asked[0].Event)
	}
	told := w.events("mandate.completed")
	for _, e := range told {
		if e.Actor != "service:desk" || e.What["transaction"] != "refund-4711" || e.What["holder"] != string(m.Actor) || e.Mandate != m.ID && e.Mandate != waits.ID {
			t.Errorf("on record: %+v", e.Event)
		}
	}
	if no := w.events("mandate.complete.refused"); len(told) != 2 || len(no) != 1 || no[0].Reason != stead.ReasonRequest || no[0].Actor != "service:desk" {
		t.Errorf("on record: %d ends, %+v", len(told), no)
	}
}

// What was refused in a transaction is asked for in that one alone.
func TestTransactionAskedFor(t *testing.T) {
	w := newWorld(t, map[string]string{"agents.cedar": agreedRules})
	w.job()
	in := func(transaction, approval, more string) string {
		return strings.Replace(orders(`"id"`, "k1", approval, more), `"context":{`, `"context":{"transaction":"`+transaction+`",`, 1)
	}
	told := denial(w.ask(desk, evaluation, in("refund-1", "", "")))
	w.says("for another", w.send(desk, requests, in("refund-2", "", told)), 400, "invalid_denial_binding")
	w.says("for none", w.send(desk, requests, orders(`"id"`, "k1", "", told)), 400, "invalid_denial_binding")
	id := w.task(w.send(desk, requests, in("refund-1", "", told)), 202, "pending").Task.ID
	second := denial(w.ask(desk, evaluation, in("refund-2", "", "")))
	if two := w.task(w.send(desk, requests, in("refund-2", "", second)), 202, "pending"); two.Task.ID == id {
		t.Error("one request is for two transactions")
	}
	m, err := w.Requested(t.Context(), "service:desk", stead.MandateID(id))
	if err == nil {
		_, err = w.Approve(t.Context(), w.Login("staff/omar", "stead.test"), m.ID, m.Digest, "")
	}
	if err != nil {
		t.Fatal(err)
	}
	for what, body := range map[string]string{"in another": in("refund-2", id, ""), "in none": orders(`"id"`, "k1", id, "")} {
		if s := w.ask(desk, evaluation, body); s.yes() {
			t.Errorf("%s: %+v", what, s)
		}
		if m, err = w.Requested(t.Context(), "service:desk", m.ID); err != nil || m.State != stead.Approved {
			t.Errorf("%s: it was begun: %s, %v", what, m.State, err)
		}
	}
	if s := w.ask(desk, evaluation, in("refund-1", id, "")); !s.yes() {
		t.Errorf("what was agreed to: %+v", s)
	}
}

// An id that no path holds is named in the body; one that is two, or that looks like another, is none.
func TestTransactionNamed(t *testing.T) {
	w := newWorld(t, map[string]string{"agents.cedar": agentRules})
	by, _ := w.report()
	slashed := w.bound(by, "orders/4711?a=b", true)
	w.says("whose id no path holds", w.in(slashed, `"orders/4711?a=b"`), 200, `"decision":true`)
	w.says("over, by its body", w.send(desk, transactions+"complete", `{"transaction":"orders/4711?a=b"}`), 200, `"completed":1`)
	w.says("over", w.in(slashed, `"orders/4711?a=b"`), 200, `"decision":false`)
	for what, body := range map[string]string{"without one": `{}`, "of a number": `{"transaction":7}`, "of nothing": ""} {
		w.says("a body "+what, w.send(desk, transactions+"complete", body), 400, "")
	}
	for what, ids := range map[string][]string{"twice": {"T", "T"}, "two": {"T", "U"}, "none": {}, "one that looks like another": {"a\ufe0f"}, "one that is not seen": {"\u3164"}} {
		if _, err := w.AskTask(t.Context(), by, authority.TaskAsk{Task: "monthly", Conditions: map[string][]string{stead.Transaction: ids}}); stead.KindOf(err) != stead.Invalid {
			t.Errorf("%s: %v", what, err)
		}
	}
}
