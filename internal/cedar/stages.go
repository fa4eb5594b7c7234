package cedar

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/steadhq/stead"
)

// readStages reads "staff/team-lead, staff/security:1; staff/security:2 within 2h then staff/board": stages, the groups of
// each, how many distinct humans must agree, how long they have, and who may agree too when that is over.
func readStages(value string) ([]stead.Stage, error) {
	var stages []stead.Stage
	for _, text := range strings.Split(value, ";") {
		s, err := readStage(text)
		if err != nil {
			return nil, fmt.Errorf("@approval(%q)%w", value, err)
		}
		stages = append(stages, s)
	}
	return stages, nil
}

// thenWord stands between those who are asked first and those who may agree too when they take too long.
var thenWord = regexp.MustCompile(`(?:^|\s+)then(?:\s+|$)`)

func readStage(text string) (stead.Stage, error) {
	s := stead.Stage{Count: 1}
	for i, part := range thenWord.Split(strings.TrimSpace(text), -1) {
		groups, within, timed := cutWord(part, "within")
		groups, count, counted := strings.Cut(groups, ":")
		step := stead.Step{Groups: list(groups, ",")}
		slices.Sort(step.Groups)
		step.Groups = slices.Compact(step.Groups)
		switch {
		case len(step.Groups) == 0 && i == 0:
			return s, fmt.Errorf(" has a stage without groups: write \"staff/security:1\"")
		case len(step.Groups) == 0:
			return s, fmt.Errorf(": nobody comes after \"then\": name groups, or leave it out and the request ends when the time is over")
		case counted && i > 0:
			return s, fmt.Errorf(": how many must agree is said once, for the first groups: %q", strings.TrimSpace(part))
		case i > 0 && s.Steps()[i-1].Within == 0:
			return s, fmt.Errorf(": %q would never be asked: write before \"then\" how long the others have, such as \"within 2h\"", strings.TrimSpace(part))
		case slices.ContainsFunc(step.Groups, ofAgents):
			return s, fmt.Errorf(" asks agents: an agent approves nothing, name a group of people")
		}
		if counted {
			n, err := strconv.Atoi(strings.TrimSpace(count))
			if err != nil || n < 1 || n > 100 {
				return s, fmt.Errorf(": %q is no number of people: write 1 to 100 after the colon", strings.TrimSpace(count))
			}
			s.Count = n
		}
		if timed {
			d, err := time.ParseDuration(strings.TrimSpace(within))
			if err != nil || d < time.Second || d > longestWait {
				return s, fmt.Errorf(": %q is no time to wait: write one such as \"within 30m\" or \"within 2h\", at most %s", strings.TrimSpace(within), longestWait)
			}
			step.Within = stead.Duration(d)
		}
		if i == 0 {
			s.Groups, s.Within = step.Groups, step.Within
		} else {
			s.Then = append(s.Then, step)
		}
	}
	return s, nil
}

// longestWait is how long one group may be waited for.
const longestWait = 90 * stead.Day

func ofAgents(group string) bool { return strings.HasPrefix(group, stead.Agents+"/") }

// cutWord cuts around a word that stands by itself.
func cutWord(text, word string) (before, after string, found bool) {
	fields := strings.Fields(text)
	i := slices.Index(fields, word)
	if i < 0 {
		return text, "", false
	}
	return strings.Join(fields[:i], " "), strings.Join(fields[i+1:], " "), true
}

// joinedStage is what two stages of the same groups come to: the larger number. Nobody steps in whom only one of them names,
// and the shorter time ends it, because both rules ask.
func joinedStage(a, b stead.Stage) stead.Stage {
	a.Count = max(a.Count, b.Count)
	if sameSteps(a.Then, b.Then) {
		a.Within = shorter(a.Within, b.Within)
		return a
	}
	a.Within, a.Then = shorter(stead.Duration(a.Life()), stead.Duration(b.Life())), nil
	return a
}

func sameSteps(a, b []stead.Step) bool {
	return slices.EqualFunc(a, b, func(x, y stead.Step) bool { return x.Within == y.Within && slices.Equal(x.Groups, y.Groups) })
}

// shorter is the shorter of two times, 0 being none.
func shorter(a, b stead.Duration) stead.Duration {
	if a == 0 || b > 0 && b < a {
		return b
	}
	return a
}

// stagesText writes stages as @approval has them.
func stagesText(stages []stead.Stage) string {
	var all []string
	for _, s := range stages {
		text := ""
		for i, step := range s.Steps() {
			if i > 0 {
				text += " then "
			}
			text += strings.Join(step.Groups, ", ")
			if i == 0 {
				text += ":" + strconv.Itoa(s.Count)
			}
			if step.Within > 0 {
				text += " within " + shortTime(time.Duration(step.Within))
			}
		}
		all = append(all, text)
	}
	if len(all) == 0 {
		return "none"
	}
	return strings.Join(all, "; ")
}
