package gateway_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/steadhq/stead"
)

var beacon = []string{"Accept: */*", "Content-Type: text/plain;charset=UTF-8", "Sec-Fetch-Site: same-origin", "Sec-Fetch-Mode: no-cors", "Sec-Fetch-Dest: empty"}

func newClicks(t *testing.T, capture string) *gate {
	t.Helper()
	return newGate(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprint(w, paper)
	}), func(host, up string) []byte {
		return fmt.Appendf(nil, strings.Replace(paperRules, "    aware: true\n", "    aware: true\n    secrets: ['key-\\K[0-9]+']\n"+capture, 1), host, up)
	})
}

// Clicks are recorded under actor, mandate and subject as the browser's word, and no secret with them (R30).
func TestClicks(t *testing.T) {
	g := newClicks(t, "    capture: { clicks: true }\n")
	sam := g.acting()
	if page := sam.get("/page", browser...); !strings.Contains(page.body, "&#34;clicks&#34;:true") {
		t.Errorf("the indicator's script is not told: %s", page.body)
	}
	g.Flush()
	before := g.size()
	said := `{"mandate":"` + string(sam.last) + `","page":"/page","clicks":[{"kind":"button","label":"Save  \n key-4711 ` + strings.Repeat("é", 90) + `"},{"kind":"link","label":""}]}`
	if a := sam.do("POST", "/.stead/clicks", said, beacon...); a.StatusCode != http.StatusNoContent {
		t.Fatal(a.Status, a.body)
	}
	all := g.leaves(before, "page.clicked", "page.clicked")
	dana, me := g.People["customers/dana"], g.People["staff/sam"]
	e := all[0]
	if e.Actor != me.ID || e.Subject != dana.ID || e.Mandate != sam.last || e.App != "paper" || e.Outcome != stead.OK || e.Session == "" {
		t.Errorf("%+v", e.Event)
	}
	if w := e.What; w["evidence"] != "browser" || w["control"] != "button" || w["path"] != "/page" || !strings.HasPrefix(w["label"], "Save key-xxxx é") || len([]rune(w["label"])) != 80 {
		t.Errorf("%+v", w)
	}
	if _, there := all[1].What["label"]; there || all[1].What["control"] != "link" {
		t.Errorf("%+v", all[1].What)
	}
}

// What a forger or a stale page sends is refused, recorded as other refusals, and no click (R30).
func TestForgedClicks(t *testing.T) {
	g := newClicks(t, "    capture: { clicks: true }\n")
	sam, other := g.enter("staff/sam"), g.enter("staff/sam")
	report := func(mandate stead.MandateID, clicks string) string {
		return `{"mandate":"` + string(mandate) + `","page":"/page","clicks":[` + clicks + `]}`
	}
	const one = `{"kind":"button","label":"Save"}`
	refused := func(what string, v *visitor, status int, body string, head ...string) {
		t.Helper()
		g.Flush()
		before := g.size()
		a := v.do("POST", "/.stead/clicks", body, append(append([]string{}, beacon...), head...)...)
		if a.StatusCode != status {
			t.Errorf("%s: %s %s", what, a.Status, a.body)
		}
		g.Flush()
		if g.size() != before {
			for _, e := range g.recorded(before, int(g.size()-before)) {
				if e.Kind == "page.clicked" {
					t.Errorf("%s is recorded as a click", what)
				}
			}
		}
	}
	refused("without a mandate", sam, 403, report("man_x", one))
	if a := sam.act(); a.StatusCode != http.StatusSeeOther {
		t.Fatal(a.Status)
	}
	good := report(sam.last, one)
	refused("another session", other, 403, good)
	refused("nobody", &visitor{g: g}, 401, good)
	refused("another mandate", sam, 403, report("man_x", one))
	refused("another site", sam, 403, good, "Sec-Fetch-Site: cross-site")
	refused("another site of this domain", sam, 403, good, "Sec-Fetch-Site: same-site")
	refused("another origin", sam, 403, good, "Origin: http://evil.test")
	refused("a program", sam, 403, good, "Sec-Fetch-Site: none")
	refused("too large", sam, 400, report(sam.last, `{"kind":"button","label":"`+strings.Repeat("x", 9<<10)+`"}`))
	refused("no JSON", sam, 400, "clicks=1")
	refused("two reports", sam, 400, good+good)
	refused("an unknown member", sam, 400, report(sam.last, `{"kind":"button","label":"a","value":"secret"}`))
	refused("no clicks", sam, 400, report(sam.last, ""))
	refused("too many", sam, 400, report(sam.last, one+strings.Repeat(","+one, 20)))
	refused("of a field", sam, 400, report(sam.last, `{"kind":"input","label":"a"}`))
	refused("with a query", sam, 400, strings.Replace(good, "/page", "/page?token=1", 1))
	refused("of another host", sam, 400, strings.Replace(good, "/page", "//evil.test/", 1))
	twenty := report(sam.last, one+strings.Repeat(","+one, 19))
	for range 6 {
		if a := sam.do("POST", "/.stead/clicks", twenty, beacon...); a.StatusCode != http.StatusNoContent {
			t.Fatal(a.Status, a.body)
		}
	}
	refused("faster than a person", sam, 403, good)
	g.Clock.Move(time.Minute)
	if a := sam.do("POST", "/.stead/clicks", good, beacon...); a.StatusCode != http.StatusNoContent {
		t.Errorf("a minute later: %s", a.Status)
	}
	sam.post("/.stead/end", nil, browser...)
	refused("after the end", sam, 403, good)
}

// Nothing is recorded unless the application's rules say so, and then the bar does not either (R34).
func TestNoClicks(t *testing.T) {
	g := newClicks(t, "")
	sam := g.acting()
	if page := sam.get("/page", browser...); strings.Contains(page.body, "&#34;clicks&#34;") {
		t.Error("the indicator's script records")
	}
	if a := sam.do("POST", "/.stead/clicks", `{"mandate":"`+string(sam.last)+`","page":"/page","clicks":[{"kind":"link","label":"a"}]}`, beacon...); a.StatusCode != http.StatusNotFound {
		t.Errorf("%s %s", a.Status, a.body)
	}
}
