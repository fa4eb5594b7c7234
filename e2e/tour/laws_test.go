package tour

import (
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/e2e/stage"
	"github.com/steadhq/stead/internal/authority"
	inside "github.com/steadhq/stead/internal/house"
)

// A7, A11: who looks after the house sees what lies where and what is kept apart, cuts a segment off with one act that shows
// first what would stop and then when each door refused, and sets a law of his own; another gives it back. By keys alone.
func TestLawsByKeys(t *testing.T) {
	w, b := newWorks(t, func(o *inside.Options) {
		for i := range o.Settings.Apps {
			if o.Settings.Apps[i].ID == "crm" {
				o.Settings.Apps[i].Segment = "finance"
			}
		}
	}), stage.Chromium(t, "")
	w.placed("tidy-bot", "max", "finance", monthly())
	w.registers("night-bot", "Night bot", "Reads at night.", "ida", stead.LowTier, counted())
	if _, err := w.SetFlow(t.Context(), w.root, stead.Flow{Name: "night", From: "reporting", To: "finance", Actions: []stead.Action{stead.ActionRead}, Purpose: "the nightly figures"}); err != nil {
		t.Fatal(err)
	}
	by := w.runs("tidy-bot", "k1")
	url := w.reads(by, w.asks(by, "monthly"))

	w.alike("report")

	olga := byKeys(w.comes(b, "olga"))
	olga.goesTo("n", "/agents")
	olga.follows("Templates")
	olga.reads("Reports of ${team}", "north or south", "report-north", "it was made from version 1")
	olga.looks("templates")
	olga.follows("Segments")
	olga.reads("finance", "reporting", "tidy-bot", "night-bot")
	olga.looks("segments")
	olga.opensItem("finance")
	olga.reads("the nightly figures", "tidy-bot", "crm")
	olga.looks("segment")
	olga.follows("Isolate it")
	olga.reads("1 mandate", "Tidy bot")
	olga.types("reason", "odd reading at night")
	olga.types("typed", "reporting")
	olga.wants(olga.presses("Isolate"), 400, "another name")
	olga.types("typed", "finance")
	olga.looks("segment-isolate")
	olga.follows("Isolate")
	olga.reads("It is isolated", "What ended when it was isolated", "every decision")
	olga.becomes(`!!document.body && document.body.innerText.includes("Everything was refused within")`)
	olga.looks("segment-isolated")
	if c, err := pgx.Connect(t.Context(), url); err == nil {
		_ = c.Close(t.Context())
		t.Error("the login is good after its segment was isolated")
	}

	ada := byKeys(w.comes(b, "ada"))
	ada.gets(w.seen.Console + "/segments/finance/reconnect")
	ada.types("reason", "the reading was ours")
	ada.types("typed", "finance")
	ada.follows("Reconnect")
	ada.reads("Its agents may ask again", "Reconnected by")
	ada.follows("Exclusions")
	ada.reads("Nothing is kept apart")
	ada.follows("Keep two things apart")
	ada.looks("exclusion-new")
	for name, text := range map[string]string{"name": "two-hands", "purpose": "who reads customers does not read orders", "first": "crm read public.customers", "second": "crm read public.orders", "typed": "two-hands"} {
		ada.types(name, text)
	}
	ada.follows("Put it in force")
	ada.reads("It is in force", "tidy-bot", "night-bot")
	ada.looks("exclusion")
	ada.gets(w.seen.Console + "/exclusions")
	ada.reads("two-hands", "holding both", "hold both now")
	ada.looks("exclusions")
	olga.gets(w.seen.Console + "/exclusions/two-hands/retire")
	olga.types("typed", "two-hands")
	olga.follows("Retire it")
	olga.reads("It is retired", "Nothing is kept apart")
}

// alike makes an agent from a template, which is another then.
func (w *works) alike(name string) {
	w.t.Helper()
	k := monthly()
	t := stead.Template{Name: name, Kind: stead.Company, Tier: stead.LowTier, Purpose: "Reports of ${team}", Tasks: []stead.Task{k},
		Values: []stead.TemplateValue{{Name: "team", Of: []string{"north", "south"}}}}
	got, err := w.SetTemplate(w.t.Context(), w.root, t)
	r := stead.Registration{Owner: w.People["staff/ida"].ID, Made: stead.Made{Template: name, Set: map[string]string{"team": "north"}}}
	if err == nil {
		r, err = w.FromTemplate(w.t.Context(), w.root, r)
	}
	if err == nil {
		_, err = w.Register(w.t.Context(), w.root, authority.NewAgent{Name: name + "-north", Registration: r})
	}
	if got.Tasks = append(got.Tasks, counted()); err == nil {
		_, err = w.SetTemplate(w.t.Context(), w.root, got)
	}
	if err != nil {
		w.t.Fatal(err)
	}
}

// placed registers an agent in a segment.
func (w *works) placed(name, owner, segment string, tasks ...stead.Task) {
	w.t.Helper()
	r := stead.Registration{Kind: stead.Company, Tier: stead.LowTier, Owner: w.People["staff/"+owner].ID, Purpose: "Keeps the figures tidy.", Segment: segment, Tasks: tasks,
		Keys: []stead.AgentKey{{Thumbprint: name + "'s key", JWK: "{}"}}}
	if _, err := w.Register(w.t.Context(), w.root, authority.NewAgent{Name: name, Shown: "Tidy bot", Registration: r}); err != nil {
		w.t.Fatal(err)
	}
}
