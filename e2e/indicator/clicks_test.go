package indicator

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
)

const buttons = `<!doctype html><title>Buttons</title><body style="padding:4rem"><p><input name=note value="typed secret"> <input type=password name=pass value="hidden secret">
<p><button name=save type=button>Save <b>the order</b></button> <button name=holds type=button>x<input value="field secret"></button>
<p contenteditable><button name=written type=button>written secret</button><p><a name=on href="/p?scene=plain&amp;csp=query+secret">Go on</a>`

// What is clicked is recorded as the browser says it, where the rules say so, and the bar tells; what is typed never is
// (R30, R34). Leaving the page loses none.
func TestClicks(t *testing.T) {
	w := newWorldBy(t, strings.Replace(rules, "    aware: true", "    aware: true\n    capture: { clicks: true }", 1))
	w.act(stead.ReadOnly)
	w.opens("/p?scene=buttons")
	w.sees("that clicks are recorded", func(b *Bar) bool { return b.Drawn && b.OnTop && strings.Contains(b.Text, "Clicks are recorded") })
	tell[bool](w, `(() => { document.querySelector("[name=save]").click(); return true })()`) // by no person
	for _, name := range []string{"note", "pass"} {
		w.clicksOn("input", name)
	}
	for _, name := range []string{"save", "holds", "written"} {
		w.clicksOn("button", name)
	}
	w.clicksOn("a", "on")
	w.reads("Dana's orders")
	var got []string
	for began := time.Now(); len(got) < 4 && time.Since(began) < patience; time.Sleep(50 * time.Millisecond) {
		got = w.clicked()
	}
	want := "button Save the order /p|button  /p|button  /p|link Go on /p"
	if strings.Join(got, "|") != want {
		t.Errorf("recorded %q, want %q", got, want)
	}
}

// Where the rules say nothing, nothing is recorded and nothing is told.
func TestNoClicks(t *testing.T) {
	w := newWorld(t)
	w.act(stead.ReadOnly)
	w.opens("/p?scene=buttons")
	w.sees("the bar", func(b *Bar) bool { return b.Drawn && b.OnTop && !strings.Contains(b.Text, "Clicks") })
	w.clicksOn("button", "save")
	w.clicksOn("a", "on")
	w.reads("Dana's orders")
	if got := w.clicked(); len(got) != 0 {
		t.Errorf("recorded %q", got)
	}
}

// clicked is what is recorded of clicks.
func (w *world) clicked() (all []string) {
	w.t.Helper()
	w.house.Flush()
	events, err := w.house.Store.Events(context.Background(), authority.EventQuery{Kinds: []string{"page.clicked"}})
	if err != nil {
		w.t.Fatal(err)
	}
	for _, e := range events {
		if e.Mandate != w.mandate.ID || e.What["evidence"] != "browser" || strings.Contains(e.What["label"]+e.What["path"], "secret") {
			w.t.Errorf("%+v", e.Event)
		}
		all = append(all, e.What["control"]+" "+e.What["label"]+" "+e.What["path"])
	}
	return all
}
