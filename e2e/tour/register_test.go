package tour

import (
	"testing"

	"github.com/steadhq/stead/e2e/stage"
	"github.com/steadhq/stead/internal/authority"
	inside "github.com/steadhq/stead/internal/house"
)

// Without a file: who administers says what an agent needs, sees exactly what that is, and registers it; a way between two
// segments is opened and closed on a page too.
func TestTourRegister(t *testing.T) {
	w, b := newWorks(t, func(o *inside.Options) {
		for i, a := range o.Settings.Apps {
			if a.ID == "crm" {
				o.Settings.Apps[i].Segment = "finance"
			}
		}
	}), stage.Chromium(t, "")
	ada := byKeys(w.comes(b, "ada"))
	ada.goesTo("n", "/agents")
	ada.follows("Register one here")
	ada.looks("agents-register")
	for name, text := range map[string]string{"name": "month-end", "owner": "staff/max", "purpose": "closes the month", "segment": "reporting",
		"task1": "monthly", "for1": "the books", "needs1": "crm read public.order"} {
		ada.types(name, text)
	}
	ada.selects("kind", "The company's")
	ada.selects("tier", "Low")
	ada.wants(ada.presses("See what it would get"), 400, "what is not there")
	ada.reads("did you mean public.orders?", "Nothing was registered")
	ada.types("needs1", "crm read public.o*(id, total)")
	ada.follows("See what it would get")
	ada.reads("Nothing is registered yet", "crm read public.o*(id, total)", "public.orders", "no flow leads from the segment reporting to the segment finance")
	ada.readsNot("customers")
	ada.looks("agents-would")
	ada.follows("Register it")
	ada.reads("It is registered", "crm read public.o*(id, total)", "id, total")
	ada.looks("agent-needs")
	if a, err := w.Card(t.Context(), w.root, "month-end"); err != nil || len(a.Tasks) != 1 || a.Tasks[0].Grants[0].Resource != "public.orders" || a.Owner != w.People["staff/max"].ID {
		t.Errorf("%+v %v", a.Registration, err)
	}

	ada.gets(w.seen.Console + "/segments")
	ada.reads("No flow is open")
	ada.follows("Open a way")
	for name, text := range map[string]string{"name": "books", "purpose": "the books", "actions": "read", "typed": "book"} {
		ada.types(name, text)
	}
	ada.selects("from", "reporting")
	ada.selects("to", "finance")
	ada.wants(ada.presses("Open it"), 400, "another name")
	ada.looks("flow-new")
	ada.types("typed", "books")
	ada.follows("Open it")
	ada.reads("The way is open", "the books")
	ada.looks("segments-open")
	ada.gets(w.seen.Console + "/flows/books/close")
	ada.looks("flow-close")
	ada.types("typed", "books")
	ada.follows("Close it")
	ada.reads("The way is closed", "No flow is open")
	w.Store.View().Read(func(s *authority.State) {
		if f := s.Flow("books"); f == nil || !f.Retired || f.From != "reporting" || f.To != "finance" {
			t.Errorf("%+v", f)
		}
	})
}
