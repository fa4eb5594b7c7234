package agents

import (
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/house"
	"github.com/steadhq/stead/internal/store/pgtest"
)

const sales = `SET ROLE shop_owner;
CREATE TABLE sales_eu (id int, total int); CREATE TABLE sales_us (id int, total int);
GRANT SELECT ON sales_eu, sales_us TO stead_crm WITH GRANT OPTION;
RESET ROLE;
CREATE SCHEMA pay; CREATE TABLE pay.sales_pay (id int, total int);
GRANT USAGE ON SCHEMA pay TO stead_crm WITH GRANT OPTION; GRANT SELECT ON pay.sales_pay TO stead_crm WITH GRANT OPTION;`

// A3: what an agent needs is said in words of the catalogue, and it gets what that is when it is registered: not what fits
// later, not what is in another schema, and nothing while the database cannot be asked.
func TestNeeds(t *testing.T) {
	server, dsn := customers(t)
	server.Do(t, "crm", sales)
	for name, store := range map[string]string{"SQLite": "", "PostgreSQL": pgtest.Start(t).Create(t)} {
		t.Run(name, func(t *testing.T) {
			ahead, began := new(atomic.Int64), time.Now()
			now := func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
			w := newWorld(t, func(o *house.Options) {
				o.Wall, o.Boot = now, func() time.Duration { return now().Sub(began) }
				o.DSN, o.Systems = store, []house.System{{ID: "crm", DSN: dsn}}
			})
			needy(w, server, ahead)
		})
	}
}

func needy(w *world, server *pgtest.Server, ahead *atomic.Int64) {
	ctx, t := w.t.Context(), w.t
	alter := func(sql string) {
		t.Helper()
		server.Do(t, "crm", sql)
		ahead.Add(int64(2 * time.Minute)) // what is known of it is old by then
		w.root = w.Login("staff/root", "console.test")
	}
	var north stead.Registration
	drift := func() []string {
		t.Helper()
		must(w.System(ctx, w.root, "crm")) // which waits for the answer, as a page does not
		return w.Drift(ctx, north)
	}
	k := stead.Task{ID: "monthly", Purpose: "the report", Needs: []stead.Need{{Text: "crm read public.sales_*(id)"}}}
	mapped := must(w.Map(ctx, []stead.Task{k}, nil))
	if got := tables(mapped); !slices.Equal(got, []string{"public.sales_eu", "public.sales_us"}) {
		t.Fatal(got)
	}
	_, err := w.Register(ctx, w.root, authority.NewAgent{Name: "unmapped", Registration: w.registration(stead.Company, stead.LowTier, "staff/max", k)})
	w.no(err, stead.ReasonRequest)
	wider := mapped[0]
	wider.Needs = []stead.Need{{Text: "crm read public.sales_*(id)", Resources: []string{"pay.sales_pay"}}}
	_, err = w.Register(ctx, w.root, authority.NewAgent{Name: "wider", Registration: w.registration(stead.Company, stead.LowTier, "staff/max", wider)})
	w.no(err, stead.ReasonRequest)
	w.register("north", stead.Company, stead.LowTier, "staff/max", mapped...)
	w.Shut()
	w.Open()
	north = must(w.Card(ctx, w.root, "north")).Registration
	if got := tables(north.Tasks); len(got) != 2 || north.Tasks[0].Needs[0].Text != "crm read public.sales_*(id)" || len(drift()) != 0 {
		t.Fatal(got, north.Tasks[0].Needs, drift())
	}

	alter(`SET ROLE shop_owner; CREATE TABLE sales_2027 (id int); GRANT SELECT ON sales_2027 TO stead_crm WITH GRANT OPTION`)
	defer server.Do(t, "crm", "DROP TABLE sales_2027")
	if d := drift(); len(d) != 1 || !strings.Contains(d[0], "public.sales_2027 fits") {
		t.Error(d)
	}
	if again := must(w.Map(ctx, []stead.Task{k}, north.Tasks)); stead.Mapped(stead.Registration{Tasks: again}) != stead.Mapped(stead.Registration{Tasks: mapped}) {
		t.Error("the same is granted more:", tables(again))
	}
	anew := must(w.Map(ctx, []stead.Task{k}, nil))
	if got := tables(anew); len(got) != 3 || stead.Mapped(stead.Registration{Tasks: anew}) == stead.Mapped(stead.Registration{Tasks: mapped}) {
		t.Error("whoever looked does not see that it is another:", got)
	}
	by := w.run("north", "one")
	_, err = w.AskTask(ctx, by, authority.TaskAsk{Task: "monthly", Grants: []stead.Entitlement{{System: "crm", Action: "read", Resource: "public.sales_2027", Columns: []string{"id"}}}})
	w.no(err, stead.ReasonScope)
	if _, err := w.AskTask(ctx, by, authority.TaskAsk{Task: "monthly"}); err != nil {
		t.Error("what it was mapped to:", err)
	}

	alter(`ALTER TABLE sales_us RENAME TO sold_us`)
	if _, err := w.Map(ctx, []stead.Task{k}, north.Tasks); stead.KindOf(err) != stead.Invalid || !strings.Contains(err.Error(), "has no public.sales_us") || !strings.Contains(err.Error(), `"crm read public.sales_*(id)" came to it earlier: map it again (--remap)`) {
		t.Error("renamed:", err)
	}
	if d := strings.Join(drift(), "; "); !strings.Contains(d, "public.sales_us of crm read public.sales_*(id) is there no more") {
		t.Error(d)
	}
	alter(`ALTER TABLE sold_us RENAME TO sales_us; SET ROLE shop_owner; CREATE TABLE "sales_` + "\u202e" + `x" (id int); GRANT SELECT ON "sales_` + "\u202e" + `x" TO stead_crm WITH GRANT OPTION`)
	if _, err := w.Map(ctx, []stead.Task{k}, nil); stead.KindOf(err) != stead.Invalid || !strings.Contains(err.Error(), "cannot be shown") {
		t.Error("invisible:", err)
	}
	alter(`DROP TABLE "sales_` + "\u202e" + `x"`)
	for text, why := range map[string]stead.Reason{"nowhere read public.x": stead.ReasonNoRoute, "crm read *": stead.ReasonRequest, "crm read public.salaries": stead.ReasonRequest, "hr read x.*": stead.ReasonRequest} {
		_, err := w.Map(ctx, []stead.Task{{ID: "t", Purpose: "p", Needs: []stead.Need{{Text: text}}}}, nil)
		w.no(err, why)
	}
	alter(`ALTER ROLE stead_crm PASSWORD 'another'`)
	defer server.Do(t, "crm", "ALTER ROLE stead_crm PASSWORD 'crm'")
	if _, err := w.Map(ctx, []stead.Task{k}, nil); stead.KindOf(err) != stead.Conflict || !strings.Contains(err.Error(), "cannot be read now") {
		t.Error("away:", err)
	}
	if d := drift(); d != nil {
		t.Error("it is guessed:", d)
	}
}

func tables(tasks []stead.Task) (all []string) {
	for _, t := range tasks {
		for _, e := range t.Grants {
			all = append(all, e.Resource)
		}
	}
	return all
}
