package agents

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
)

// A3: what may be granted of a connected database is what is really there; a task that needs something else is told what is
// nearest; a database that is away says so, and what was known stays.
func TestCatalogue(t *testing.T) {
	w, server, ahead := connected(t)
	ctx := t.Context()
	card := must(w.System(ctx, w.root, "crm"))
	var orders *authority.Permission
	for i, p := range card.Permissions {
		if p.Resource == "public.orders" {
			orders = &card.Permissions[i]
		}
	}
	if card.Kind != "postgresql" || orders == nil || len(orders.Columns) == 0 || orders.Actions[0] != stead.ActionRead || card.PermissionsAt.IsZero() {
		t.Fatalf("%+v", card)
	}
	for resource, says := range map[string]string{"public.order": "did you mean public.orders?", "public.zzzzzzzzzzzz": "has no public.zzzzzzzzzzzz"} {
		err := w.Fit(ctx, []stead.Task{task("t", resource)})
		if w.no(err, stead.ReasonRequest); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", resource, err)
		}
	}
	column := task("t", "public.customers")
	column.Grants[0].Columns = []string{"nam"}
	if err := w.Fit(ctx, []stead.Task{column}); err == nil || !strings.Contains(err.Error(), "no column nam: did you mean name?") {
		t.Error(err)
	}
	deletes := task("t", "public.customers")
	deletes.Grants[0].Action = "destroy"
	if err := w.Fit(ctx, []stead.Task{deletes}); err == nil || !strings.Contains(err.Error(), "may not grant destroy") {
		t.Error(err)
	}
	if err := w.Fit(ctx, []stead.Task{task("t", "public.orders"), {Grants: []stead.Entitlement{{System: "orders", Action: "read", Resource: "x"}}}}); err != nil {
		t.Error("what is there, and what nobody knows of:", err)
	}
	_, err := w.System(ctx, w.root, "nowhere")
	w.no(err, stead.ReasonNoRoute)
	_, err = w.System(ctx, w.Login("staff/sam", "console.test"), "crm")
	w.no(err, stead.ReasonNotYours)
	_, err = w.Systems(ctx, w.Login("staff/sam", "console.test"))
	w.no(err, stead.ReasonNotYours)
	needed := stead.Registration{Tasks: must(w.Map(ctx, []stead.Task{{ID: "t", Purpose: "p", Needs: []stead.Need{{Text: "crm read public.ord*"}}}}, nil))}
	if err := server.Pause(); err != nil {
		t.Fatal(err)
	}
	ahead.Add(int64(2 * time.Minute))
	w.root = w.Login("staff/root", "console.test")
	began := time.Now()
	d, lacks := w.Drift(ctx, needed), w.Misfit(ctx, stead.Entitlement{System: "crm", Action: "read", Resource: "public.zzz"})
	if took := time.Since(began); took > 2*time.Second || len(d) != 0 || !strings.Contains(lacks, "has no public.zzz") {
		t.Errorf("a page waited %s for a database that hangs, and shows %q, %q", took, d, lacks)
	}
	soon, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	if card := must(w.System(soon, w.root, "crm")); len(card.Permissions) == 0 {
		t.Errorf("what was known is gone: %+v", card)
	}
	if err := server.Continue(); err != nil {
		t.Fatal(err)
	}
	if card := must(w.System(ctx, w.root, "crm")); card.Unread != "" {
		t.Errorf("it answers again: %+v", card)
	}
	if err := w.SettleSystems(ctx); err != nil {
		t.Fatal(err)
	}
	server.Do(t, "postgres", "ALTER ROLE stead_crm PASSWORD 'another'")
	ahead.Add(int64(2 * time.Minute))
	if err := w.SettleSystems(ctx); err == nil {
		t.Error("it can still be asked")
	}
	card = must(w.System(ctx, w.root, "crm"))
	if card.Unread == "" || card.State != "away" || card.Error == "" || len(card.Permissions) == 0 {
		t.Errorf("%+v", card)
	}
	for _, c := range must(w.Systems(ctx, w.root)) {
		if c.ID == "crm" && (c.State != "away" || len(c.Permissions) > 0) || c.ID == "orders" && c.Kind != "application" {
			t.Errorf("%+v", c)
		}
	}
}
