package authzen_test

import (
	"fmt"
	"strings"
	"testing"
)

// One subject reads three places: yes, no, yes.
const three = `"subject":{"type":"user","id":"staff/root"},"action":{"name":"read"},"evaluations":[
	{"resource":{"type":"path","id":"orders/x"}},{"resource":{"type":"path","id":"orders/admin"}},{"resource":{"type":"path","id":"orders/y"}}]`

func TestBatch(t *testing.T) {
	w := newWorld(t, nil)
	for name, r := range map[string]struct{ body, want string }{
		"all":                     {`{` + three + `}`, "yes no yes"},
		"said so":                 {`{"options":{"evaluations_semantic":"execute_all"},` + three + `}`, "yes no yes"},
		"until a no":              {`{"options":{"evaluations_semantic":"deny_on_first_deny","other":1},` + three + `}`, "yes no"},
		"until a yes":             {`{"options":{"evaluations_semantic":"permit_on_first_permit"},` + three + `}`, "yes"},
		"a yes after noes":        {`{"options":{"evaluations_semantic":"permit_on_first_permit"},"action":{"name":"read"},"resource":{"type":"path","id":"orders/admin"},"subject":{"type":"user","id":"staff/root"},"evaluations":[{},{"resource":{"type":"path","id":"orders/x"}},{}]}`, "no yes"},
		"the item wins whole":     {`{"subject":{"type":"user","id":"staff/sam"},"action":{"name":"read"},"resource":{"type":"path","id":"orders/x"},"evaluations":[{},{"subject":{"type":"user","id":"staff/eve"}}]}`, "yes no"},
		"a context that wins":     {`{"subject":{"type":"user","id":"staff/sam"},"action":{"name":"read"},"resource":{"type":"path","id":"orders/x"},"context":{"mandate":"man_x"},"evaluations":[{},{"context":{}}]}`, "no yes"},
		"an item that is none":    {`{"subject":{"type":"user","id":"staff/sam"},"action":{"name":"read"},"evaluations":[{"resource":{"type":"path","id":"orders/x"}},{},7,{"resource":"x"}]}`, "yes 400 400 400"},
		"a wrong one stops it":    {`{"options":{"evaluations_semantic":"deny_on_first_deny"},"subject":{"type":"user","id":"staff/sam"},"action":{"name":"read"},"evaluations":[{},{"resource":{"type":"path","id":"orders/x"}}]}`, "400"},
		"a wrong one is no yes":   {`{"options":{"evaluations_semantic":"permit_on_first_permit"},"subject":{"type":"user","id":"staff/sam"},"action":{"name":"read"},"evaluations":[{},{"resource":{"type":"path","id":"orders/x"}}]}`, "400 yes"},
		"none, so it is one":      {fine, "one yes"},
		"an empty list, so too":   {strings.Replace(fine, "{", `{"evaluations":[],`, 1), "one yes"},
		"everything in the items": {`{"evaluations":[` + fine + `,` + fine + `]}`, "yes yes"},
	} {
		s := w.ask(desk, evaluations, r.body)
		var got []string
		if s.Decision != nil {
			got = append(got, "one", map[bool]string{true: "yes", false: "no"}[s.yes()])
		}
		for _, e := range s.Evaluations {
			switch {
			case e.Context.Error != nil:
				got = append(got, fmt.Sprint(e.Context.Error.Status))
				if e.yes() {
					t.Errorf("%s: an error that is a yes", name)
				}
			case e.yes():
				got = append(got, "yes")
			default:
				got = append(got, "no")
			}
		}
		if strings.Join(got, " ") != r.want {
			t.Errorf("%s: %v, want %s", name, got, r.want)
		}
	}
}

func TestBatchRefused(t *testing.T) {
	w := newWorld(t, nil)
	many := `{"evaluations":[` + strings.Repeat("{},", 10_000) + `{}]}`
	for name, body := range map[string]string{
		"evaluations that are no list":  `{"evaluations":{}}`,
		"evaluations that are nothing":  `{"evaluations":null}`,
		"another semantic":              `{"options":{"evaluations_semantic":"best_effort"},` + three + `}`,
		"a semantic of another kind":    `{"options":{"evaluations_semantic":1},` + three + `}`,
		"options of another kind":       `{"options":"all",` + three + `}`,
		"a subject of another kind":     strings.Replace("{"+three+"}", `{"type":"user","id":"staff/root"}`, `"root"`, 1),
		"a context of another kind":     `{"context":[],` + three + `}`,
		"too many":                      many,
		"none, and nothing of the rest": `{"evaluations":[]}`,
	} {
		if a := w.send(desk, evaluations, body); a.code != 400 {
			t.Errorf("%s: %d %.200s", name, a.code, a.body)
		}
	}
}

// G8: ten thousand at once, twice the same and about what is not theirs among them, are answered as each would be alone.
func TestBatchAsSingle(t *testing.T) {
	w := newWorld(t, nil)
	var kinds, want []string
	for _, subject := range []string{"staff/sam", "staff/root", "staff/eve", "dana", "customers/dana"} {
		for _, resource := range []string{`path","id":"orders/x`, `path","id":"orders/admin`, `object","id":"crm/t`, `object","id":"wiki/t`, `none","id":"x`} {
			one := fmt.Sprintf(`{"subject":{"type":"user","id":%q},"action":{"name":"read"},"resource":{"type":"%s"}}`, subject, resource)
			s := w.ask(kiosk, evaluation, one)
			kinds, want = append(kinds, one), append(want, fmt.Sprint(s.yes(), s.Context.Reason))
		}
	}
	var items []string
	for i := range 10_000 {
		items = append(items, kinds[i%len(kinds)])
	}
	w.Clock.Move(60 * 1e9) // its denials are not held up any more
	s := w.ask(kiosk, evaluations, `{"evaluations":[`+strings.Join(items, ",")+`]}`)
	if len(s.Evaluations) != len(items) {
		t.Fatal(len(s.Evaluations))
	}
	for i, e := range s.Evaluations {
		got := fmt.Sprint(e.yes(), e.Context.Reason)
		if want := want[i%len(want)]; got != want && !strings.HasSuffix(got, "too-many") || strings.HasPrefix(want, "true") != e.yes() {
			t.Fatalf("%d: %s, want %s", i, got, want)
		}
	}
}
