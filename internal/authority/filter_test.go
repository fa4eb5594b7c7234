package authority_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
)

var filterNow = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func someone(s string) (stead.PrincipalID, error) {
	if s == "nobody" {
		return "", stead.E(stead.Invalid, stead.ReasonUnknown, "nobody")
	}
	return stead.PrincipalID("prn_" + s), nil
}

func TestFilter(t *testing.T) {
	amsterdam := time.FixedZone("CET", 3600)
	for text, want := range map[string]struct {
		q       authority.EventQuery
		written string // where it is not the same
	}{
		"":                              {},
		"dana refused":                  {authority.EventQuery{Words: []string{"dana"}, Outcome: stead.No}, "dana outcome:refused"},
		`dana "refused"  "wrong total"`: {authority.EventQuery{Words: []string{"dana", "refused", "wrong total"}}, `dana "refused" "wrong total"`},
		"actor:staff/sam kind:mandate. kind:request.d app:orders outcome:ok": {authority.EventQuery{Actor: "prn_staff/sam", Kinds: []string{"mandate.", "request.d"}, App: "orders", Outcome: stead.OK}, ""},
		"mandate:man_1 session:ses_1 decision:dec_1 subject:dana person:me":  {authority.EventQuery{Mandate: "man_1", Session: "ses_1", Decision: "dec_1", Subject: "prn_dana", Either: "prn_me"}, ""},
		"from:2026-11-01 to:2026-11-02":                                      {authority.EventQuery{From: time.Date(2026, 10, 31, 23, 0, 0, 0, time.UTC), To: time.Date(2026, 11, 2, 23, 0, 0, 0, time.UTC)}, ""},
		"from:2026-11-01T09:00:00Z to:2026-11-02T09:30":                      {authority.EventQuery{From: time.Date(2026, 11, 1, 9, 0, 0, 0, time.UTC), To: time.Date(2026, 11, 2, 8, 30, 0, 0, time.UTC)}, ""},
		"from:24h":                 {authority.EventQuery{From: filterNow.Add(-24 * time.Hour)}, ""},
		"from:today":               {authority.EventQuery{From: time.Date(2026, 11, 21, 23, 0, 0, 0, time.UTC)}, ""},
		`text:SUP-4711 text:"a b"`: {authority.EventQuery{Words: []string{"SUP-4711", "a b"}}, `SUP-4711 "a b"`},
		`"http://x/y" a:b:c`:       {authority.EventQuery{}, "error"},
		`"http://x/y"`:             {authority.EventQuery{Words: []string{"http://x/y"}}, ""},
		`"a \"b\" \\ c" d"e`:       {authority.EventQuery{Words: []string{`a "b" \ c`, `d"e`}}, `"a \"b\" \\ c" "d\"e"`},
		"x x":                      {authority.EventQuery{Words: []string{"x"}}, "x"},
		"/orders/7 :odd":           {authority.EventQuery{Words: []string{"/orders/7", ":odd"}}, `/orders/7 ":odd"`},
	} {
		f, err := authority.ParseFilter(text)
		if want.written == "error" {
			if err == nil {
				t.Errorf("%q is a filter", text)
			}
			continue
		}
		q, no := f.Query(filterNow, amsterdam, someone)
		if err != nil || no != nil {
			t.Errorf("%q: %v %v", text, err, no)
			continue
		}
		if d := cmp.Diff(want.q, q); d != "" {
			t.Errorf("%q: %s", text, d)
		}
		if want.written == "" {
			want.written = text
		}
		if f.String() != want.written {
			t.Errorf("%q is written %q", text, f)
		}
	}
}

func TestNoFilter(t *testing.T) {
	for text, want := range map[string]string{
		"acter:sam": "did you mean actor:?", "kind:mandate.strated": "did you mean mandate.started?", "kind:zebra.": "is ever recorded", "Kind:x": "did you mean kind:?", "zebra:1": "put a word with a colon into quotes", "outcome:maybe": "ok, refused or unknown",
		`"open`: "not closed", "actor:": "says nothing", `text:""`: "says nothing", "actor:a actor:b": "given twice", "from:yesterday": "is no time", "to:2026-13-01": "is no time",
		strings.Repeat("a ", 600): "at most", "a b c d e f g h i j k l m n o p q r s t u": "at most 20 parts",
	} {
		f, err := authority.ParseFilter(text)
		if err == nil || !strings.Contains(err.Error(), want) || stead.KindOf(err) != stead.Invalid {
			t.Errorf("%q: %q, %v", text, f, err)
		}
	}
	f, err := authority.ParseFilter("actor:nobody")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Query(filterNow, time.UTC, someone); stead.ReasonOf(err) != stead.ReasonUnknown {
		t.Errorf("%v", err)
	}
	for text, fits := range map[string]bool{"from:2026-12-01 to:2026-11-01": false, "from:24h to:48h": false, "from:2026-11-01 to:2026-11-01": true, "from:48h to:24h": true} {
		f, err := authority.ParseFilter(text)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Query(filterNow, time.UTC, someone); (err == nil) != fits || !fits && !strings.Contains(err.Error(), "ends before it begins") {
			t.Errorf("%q: %v", text, err)
		}
	}
	f, err = authority.ParseFilter("a kind:mandate. kind:request.denied from:24h")
	if err != nil || f.Without("kind").String() != "a from:24h" || f.Value("from") != "24h" || f.Value("to") != "" {
		t.Errorf("%v %v", f, err)
	}
}

// Whatever is read is written so that it is read the same.
func FuzzFilter(f *testing.F) {
	for _, s := range []string{"dana refused", `actor:staff/sam "wrong total" from:24h`, `text:"a:b"`, `":" x:`, "kind:a kind:b \"refused\""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		one, err := authority.ParseFilter(text)
		if err != nil {
			return
		}
		two, err := authority.ParseFilter(one.String())
		if err != nil || !slices.Equal(one, two) {
			t.Fatalf("%q: %q, then %q: %v", text, one, two, err)
		}
	})
}
