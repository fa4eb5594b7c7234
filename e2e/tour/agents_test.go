package tour

import (
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/jackc/pgx/v5"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/e2e/stage"
	"github.com/steadhq/stead/internal/authority"
)

func monthly() stead.Task {
	return stead.Task{ID: "monthly", Purpose: "the monthly report", Grants: []stead.Entitlement{
		{System: "crm", Action: stead.ActionRead, Resource: "public.orders", Columns: []string{"id", "total"}, Rows: "year = 2026"},
		{System: "crm", Action: stead.ActionRead, Resource: "public.customers"}}}
}

func counted() stead.Task {
	t := stead.Task{ID: "tidy", Purpose: "finding what is there twice", Budget: map[string]int64{"calls": 20, "rows": 5000}}
	t.Grants = []stead.Entitlement{{System: "crm", Action: stead.ActionRead, Resource: "public.customers"}}
	return t
}

// People and agents: who approves sees exactly what is asked, who owns one stops it with one click and sees when each door
// refused, who runs the house sees them all. Everybody here has a keyboard alone.
func TestAgentsByKeys(t *testing.T) {
	w, b := newWorks(t), stage.Chromium(t, "")
	w.registers("monthly-report", "Monthly report", "Writes the monthly report for the board.", "max", stead.HighTier, monthly())
	w.registers("triage-bot", "Triage", "Sorts what comes in.", "ida", stead.LowTier, counted())
	by := w.runs("monthly-report", "k1")
	m := w.asks(by, "monthly")
	triage := w.runs("triage-bot", "k2")
	tidy := w.asks(triage, "tidy")
	if _, err := w.StartTask(t.Context(), triage, tidy.ID); err != nil {
		t.Fatal(err)
	}
	w.uses(triage, tidy.ID, 17)

	ida := byKeys(w.comes(b, "ida"))
	ida.opensItem("Monthly report")
	ida.reads("May Monthly report do this?", "Writes the monthly report for the board.", "Max Novak", "High", "model m-4, code 3f1c", "It has asked for nothing before.",
		"public.orders", "id, total", "year = 2026", "public.customers", "One person of staff/ai-operations")
	ida.looks("request-agent")
	ida.do(chromedp.KeyEvent("a"))
	ida.wants(ida.goes("approve", chromedp.KeyEvent(kb.Enter)), 200, "approve")
	cole := w.comes(b, "cole")
	cole.follows("Monthly report…")
	cole.follows("Approve")
	url := w.reads(by, m)

	max := byKeys(w.comes(b, "max"))
	max.goesTo("i", "/me")
	max.reads("Agents that you answer for", "Monthly report", "in use", "read public.orders, public.customers in crm", "left")
	max.looks("me-agents")
	max.goesTo("n", "/agents")
	max.opensItem("monthly-report")
	max.reads("Writes the monthly report for the board.", "What it may ask for", "It asked once: 1 agreed to, 0 refused.", "In force")
	max.looks("agent")
	max.follows("What it was seen to need")
	max.reads("This changes nothing", "To take away", "Unchanged", "Last used", "stead agent propose monthly-report")
	max.looks("agent-proposal")
	max.goesTo("i", "/me")
	max.follows("Stop this job")
	max.reads("What ended, and when it was refused")
	max.becomes(`!!document.body && document.body.innerText.includes("Everything was refused within")`)
	max.reads("Agreed to by Ida Bergman, Cole Adeyemi", "The login of Monthly report to crm", "The connections of Monthly report", "The role of Monthly report", "at once", "ms", "was given a login to the system", "took the login back")
	max.looks("mandate-agent-over")
	if c, err := pgx.Connect(t.Context(), url); err == nil {
		_ = c.Close(t.Context())
		t.Error("the login is good after the job was stopped")
	}

	olga := byKeys(w.comes(b, "olga"))
	olga.goesTo("n", "/agents")
	olga.reads("monthly-report", "triage-bot", "Max Novak", "just now")
	olga.looks("agents")
	olga.types("name", "triage")
	olga.follows("Find")
	olga.readsNot("monthly-report")
	olga.opensItem("triage-bot")
	olga.opensItem("finding what is there twice")
	olga.reads("was let read", "17 of 20", "Calls", "Rows", "Type the account name, triage-bot")
	olga.looks("mandate-agent")
	olga.goesTo("n", "/agents")
	olga.opensItem("triage-bot")
	olga.follows("Suspend it")
	olga.types("typed", "triage")
	olga.types("reason", "it asks too often")
	olga.wants(olga.presses("Suspend"), 400, "another name")
	olga.types("typed", "triage-bot")
	olga.looks("agent-suspend")
	olga.follows("Suspend")
	olga.reads("It is suspended, and what it held has ended.", "suspended", "What ended with it", "Everything was refused at once")
	olga.looks("agent-suspended")
	olga.follows("Let it ask again")
	olga.types("typed", "triage-bot")
	olga.types("reason", "it was looked at")
	olga.follows("Resume")
	olga.reads("It may ask again.")
}

// uses spends calls of a mandate's budget.
func (w *works) uses(by authority.By, m stead.MandateID, calls int64) {
	w.t.Helper()
	d, err := w.Decide(w.t.Context(), stead.Question{Actor: by.Principal, Subject: by.Principal, Mandate: m, Key: by.Key, Action: stead.ActionRead,
		Resource: stead.Resource{App: "crm", Realm: "all", Path: "/", Name: "public.customers"}, Context: stead.Context{Cost: map[string]int64{"calls": calls, "rows": 120}}})
	if err != nil || !d.Allow {
		w.t.Fatalf("%+v %v", d, err)
	}
}

// The employee leaves: one press, and the page tells what of his ended and after what time each door refused; so it does when
// the account is gone for good.
func TestLeaves(t *testing.T) {
	w, b := newWorks(t), stage.Chromium(t, "")
	w.registers("weekly-report", "Weekly report", "Writes the weekly figures.", "max", stead.LowTier, monthly())
	by := w.runs("weekly-report", "k1")
	url := w.reads(by, w.asks(by, "monthly"))
	max := w.comes(b, "max")

	ada := byKeys(w.comes(b, "ada"))
	ada.goesTo("n", "/agents")
	ada.follows("Register another one")
	ada.follows("As a file")
	ada.types("name", "month-end")
	ada.follows("Write the file")
	ada.reads(`name: "month-end"`, "stead apply -f agents.yaml")
	ada.looks("agents-new")
	ada.gets(w.seen.Console + "/people?name=Max")
	ada.opensItem("Max Novak")
	ada.follows("Disable")
	ada.reads("Agents it answers for", "Weekly report")
	ada.looks("person-leaves")
	ada.types("typed", "max")
	began := time.Now()
	ada.follows("Disable")
	if c, err := pgx.Connect(t.Context(), url); err == nil && time.Since(began) > time.Second {
		_ = c.Close(t.Context())
		t.Error("the login is good a second after he left")
	}
	if _, err := w.PresentKey(t.Context(), authority.PresentedKey{Agent: "weekly-report", Thumbprint: "k1"}); stead.ReasonOf(err) != stead.ReasonOwnerless {
		t.Errorf("a run of his agent: %v", err)
	}
	ada.reads("It is disabled", "What ended when it was closed")
	ada.becomes(`!!document.body && document.body.innerText.includes("Everything was refused within")`)
	ada.reads("Session", "Agent Weekly report", "Run", "Mandate", "The login of Weekly report to crm", "The role of Weekly report")
	ada.looks("person-left")
	max.opens(w.seen.Console + "/me")
	if tell[string](max, "location.pathname") != "/login" {
		t.Errorf("he is at %s", max.at())
	}
	ada.goesTo("n", "/agents")
	ada.reads("nobody answers for it")
	ada.looks("agents-orphan")
	ada.gets(w.seen.Console + "/people?name=Max")
	ada.opensItem("Max Novak")
	ada.follows("Delete")
	ada.types("typed", "max")
	ada.follows("Delete the account")
	ada.reads("The account is deleted.", "What ended with staff/max")
	ada.looks("person-gone")
}
