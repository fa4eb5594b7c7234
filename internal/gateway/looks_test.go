package gateway

import (
	"regexp"
	"strings"
	"testing"
	"time"
)

var tags = regexp.MustCompile("<[^>]*>")

// The look says nothing alone: each has its words.
func TestLooks(t *testing.T) {
	noon := time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)
	for want, b := range map[string]barFacts{
		"stead-read Viewing as Dana — you are Sam Read-only until 12:10 UTC End session":                                {},
		"stead-edit Viewing as Dana — you are Sam CAN EDIT — saved as you until 12:10 UTC End session":                  {Edit: true},
		"stead-agent Sam acts for Dana Read-only until 12:10 UTC End session":                                           {Agent: true},
		"stead-last Viewing as Dana — you are Sam Read-only less than a minute left until 12:10 UTC Extend End session": {Last: true, Extensions: 1},
	} {
		b.Subject, b.Actor, b.Until, b.Now, b.Forms = "Dana", "Sam", noon.Add(10*time.Minute), noon, true
		var s strings.Builder
		if err := barView(b).Render(t.Context(), &s); err != nil {
			t.Fatal(err)
		}
		look, words, _ := strings.Cut(want, " ")
		_, bar, _ := strings.Cut(s.String(), "<section")
		got := strings.ReplaceAll(strings.Join(strings.Fields(tags.ReplaceAllString("<section"+bar, " ")), " "), "⚠ ", "")
		if got != words || !strings.Contains(s.String(), `class="`+look+`"`) {
			t.Errorf("%s reads %q, want %q\n%s", look, got, words, s.String())
		}
	}
}
