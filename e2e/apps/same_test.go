package apps

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/steadhq/stead/e2e/stage"
)

// words are the pieces that two visits may differ in: a token, a number, a time.
var words = regexp.MustCompile(`[A-Za-z0-9_+/=%-]+|[^A-Za-z0-9_+/=%-]`)

// same tells how a page differs from what somebody saw herself: "" is not at all, but for the words in which her own
// visits differ, and how long something took.
func same(took *regexp.Regexp, got stage.Answer, own ...stage.Answer) string {
	a := split(took, got)
	visits := make([][]string, len(own))
	for i, o := range own {
		if got.Status != o.Status {
			return fmt.Sprintf("%d, hers is %d\n%.600s", got.Status, o.Status, got.Body)
		}
		visits[i] = split(took, o)
	}
	for i := range max(len(a), len(visits[0])) {
		differs, hers := false, true
		for _, v := range visits {
			differs = differs || around(v, i, 0) != around(visits[0], i, 0)
			hers = hers && around(v, i, 0) == around(a, i, 0)
		}
		if !hers && (!differs || len(a) != len(visits[0])) {
			return fmt.Sprintf("%q, hers %q (%d words, hers %d)", around(a, i, 30), around(visits[0], i, 30), len(a), len(visits[0]))
		}
	}
	return ""
}

func split(took *regexp.Regexp, a stage.Answer) []string {
	text := a.Body
	if took != nil {
		text = took.ReplaceAllString(text, "some time")
	}
	return words.FindAllString(text, -1)
}

// around are the words beside one of them.
func around(all []string, i, n int) string {
	return strings.Join(all[min(max(i-n, 0), len(all)):min(i+n+1, len(all))], "")
}
