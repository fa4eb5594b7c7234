package cedar

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/steadhq/stead"
)

func span(d time.Duration) stead.Duration { return stead.Duration(d) }

func TestReadStages(t *testing.T) {
	for text, want := range map[string][]stead.Stage{
		"staff/lead":              {{Groups: []string{"staff/lead"}, Count: 1}},
		"b, a:2 within 90m; c":    {{Groups: []string{"a", "b"}, Count: 2, Within: span(90 * time.Minute)}, {Groups: []string{"c"}, Count: 1}},
		"a within 2h then  b, c ": {{Groups: []string{"a"}, Count: 1, Within: span(2 * time.Hour), Then: []stead.Step{{Groups: []string{"b", "c"}}}}},
		"a:1  within 2h then b within 1h then c": {{Groups: []string{"a"}, Count: 1, Within: span(2 * time.Hour),
			Then: []stead.Step{{Groups: []string{"b"}, Within: span(time.Hour)}, {Groups: []string{"c"}}}}},
		"then-team within 1s": {{Groups: []string{"then-team"}, Count: 1, Within: span(time.Second)}},
	} {
		got, err := readStages(text)
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%q: %v %s", text, err, diff)
		}
	}
	for text, part := range map[string]string{
		"":                               "without groups",
		"a; :2":                          "without groups",
		"then a":                         "without groups",
		"a then b":                       "never be asked",
		"a within 2h then b then c":      "never be asked",
		"a within 2h then":               "nobody comes after",
		"a within":                       "no time to wait",
		"a within soon":                  "no time to wait",
		"a within 0s":                    "no time to wait",
		"a within -2h":                   "no time to wait",
		"a within 9999h":                 "no time to wait",
		"a within 1h within 2h":          "no time to wait",
		"a within 2h:2":                  "no time to wait",
		"a within 2h then b:2":           "said once",
		"a:x within 2h":                  "no number of people",
		"agents/triage":                  "an agent approves nothing",
		"a within 1h then agents/triage": "an agent approves nothing",
	} {
		if _, err := readStages(text); err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%q: %v, not %q", text, err, part)
		}
	}
}

// Two rules that ask the same groups: what both allow, whichever comes first.
func TestJoinedStages(t *testing.T) {
	for _, r := range [][3]string{
		{"a", "a:2", "a:2"},
		{"a", "a within 2h", "a:1 within 2h"},
		{"a within 1h", "a within 2h", "a:1 within 1h"},
		{"a within 2h then b", "a within 1h then b", "a:1 within 1h then b"},
		{"a within 2h then b", "a", "a:1"},
		{"a within 2h then b", "a within 1h then c", "a:1"},
		{"a within 2h then b within 1h", "a within 1h then c", "a:1 within 3h"},
		{"a within 2h then b within 1h", "a within 1h", "a:1 within 1h"},
	} {
		x, errX := readStages(r[0])
		y, errY := readStages(r[1])
		if errX != nil || errY != nil {
			t.Fatal(errX, errY)
		}
		for _, two := range [][]stead.Stage{{x[0], y[0]}, {y[0], x[0]}} {
			if got := stagesText([]stead.Stage{joinedStage(two[0], two[1])}); got != r[2] {
				t.Errorf("%s and %s: %s, want %s", r[0], r[1], got, r[2])
			}
		}
	}
}

// A reason is one line of text, on permits alone.
func TestReason(t *testing.T) {
	var d duties
	if err := d.readAnnotation("reason", "  low risk:\n reads only "); err != nil || d.reason != "low risk: reads only" {
		t.Errorf("%q, %v", d.reason, err)
	}
	if err := d.readAnnotation("reason", " \n"); err == nil {
		t.Error("an empty reason is taken")
	}
	if slices.Contains(describing, annReason) {
		t.Error("a forbid has no standing approval to give a reason for")
	}
}
