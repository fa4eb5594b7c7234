package agents

import (
	"strings"
	"testing"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/house"
	"github.com/steadhq/stead/internal/store/pgtest"
)

// A3, R38: an agent is made from the template as it stands, by admins alone; a template that is in use is not taken away, and
// a start forgets none of it.
func TestTemplate(t *testing.T) {
	t.Run("SQLite", func(t *testing.T) { templated(newWorld(t)) })
	t.Run("PostgreSQL", func(t *testing.T) {
		dsn := pgtest.Start(t).Create(t)
		templated(newWorld(t, func(o *house.Options) { o.DSN = dsn }))
	})
}

func templated(w *world) {
	ctx, t := w.t.Context(), w.t
	x := stead.Template{Name: "report", Kind: stead.Company, Tier: stead.LowTier, Purpose: "reports of ${team}", Values: []stead.TemplateValue{{Name: "team"}},
		Tasks: []stead.Task{task("monthly", "${team}.orders")}}
	max := w.Login("staff/max", "console.test")
	_, err := w.SetTemplate(ctx, max, x)
	w.no(err, stead.ReasonNotYours)
	must(w.SetTemplate(ctx, w.root, x))
	if again := must(w.SetTemplate(ctx, w.root, x)); again.Version != 1 {
		t.Error("the same is another version")
	}
	nowhere := x
	nowhere.Name, nowhere.Tasks = "nowhere", []stead.Task{{ID: "t", Purpose: "p", Grants: []stead.Entitlement{{System: "none", Action: "read", Resource: "${team}"}}}}
	_, err = w.SetTemplate(ctx, w.root, nowhere)
	w.no(err, stead.ReasonNoRoute)
	wish := stead.Registration{Owner: max.Principal, Made: stead.Made{Template: "report", Set: map[string]string{"team": "north"}}}
	_, err = w.FromTemplate(ctx, max, wish)
	w.no(err, stead.ReasonNotYours)
	made := must(w.FromTemplate(ctx, w.root, wish))
	x.Purpose = "all reports of ${team}"
	must(w.SetTemplate(ctx, w.root, x))
	_, err = w.Register(ctx, w.root, authority.NewAgent{Name: "north", Registration: made})
	w.no(err, stead.ReasonStale)
	made = must(w.FromTemplate(ctx, w.root, wish))
	must(w.Register(ctx, w.root, authority.NewAgent{Name: "north", Registration: made}))
	w.Shut()
	w.Open()
	card := must(w.Card(ctx, max, "north"))
	if card.Purpose != "all reports of north" || card.Tasks[0].Grants[0].Resource != "north.orders" || len(card.Drift) != 0 || card.Made.Version != 2 {
		t.Errorf("%+v", card.Registration)
	}
	_, err = w.RetireTemplate(ctx, w.root, "report")
	if w.no(err, stead.ReasonState); err == nil || !strings.Contains(err.Error(), "north") {
		t.Error(err)
	}
	_, err = w.RetireTemplate(ctx, max, "report")
	w.no(err, stead.ReasonNotYours)
	x.Tier = stead.HighTier
	must(w.SetTemplate(ctx, w.root, x))
	if card = must(w.Card(ctx, max, "north")); len(card.Drift) != 2 {
		t.Errorf("%q", card.Drift)
	}
	must(w.RetireAgent(ctx, w.root, card.Principal))
	must(w.RetireTemplate(ctx, w.root, "report"))
	_, err = w.FromTemplate(ctx, w.root, wish)
	w.no(err, stead.ReasonUnknown)
	if again := must(w.SetTemplate(ctx, w.root, x)); again.Version != 5 {
		t.Errorf("its name begins anew: %d", again.Version)
	}
	if _, err := w.Templates(ctx, max); stead.ReasonOf(err) != stead.ReasonNotYours {
		t.Error(err)
	}
}
