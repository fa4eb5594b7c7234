package console

import (
	"cmp"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/steadhq/stead"
)

// A ruleFile is one file of a policy as it is read.
type ruleFile struct {
	Name  string
	Parts []rulePart
	Open  bool // rules are shown at once, tests and schema when asked for
}

// A rulePart is a rule with what is written about it, or text between rules.
type rulePart struct{ ID, Effect, Text string }

// ruleID and ruleEffect find the beginning of a rule as people read it; what a rule means is the keeper's to know.
var (
	ruleID     = regexp.MustCompile(`(?m)^\s*@id\("((?:[^"\\]|\\.)*)"\)`)
	ruleEffect = regexp.MustCompile(`(?m)^\s*(permit|forbid)\b`)
)

// rulebook lays out the files of a policy: rules first.
func rulebook(files map[string]string) []ruleFile {
	var out []ruleFile
	for name, text := range files {
		f := ruleFile{Name: name, Open: strings.HasSuffix(name, ".cedar"), Parts: []rulePart{{Text: text}}}
		if f.Open {
			f.Parts = ruleParts(text)
		}
		out = append(out, f)
	}
	slices.SortFunc(out, func(a, b ruleFile) int {
		if a.Open != b.Open {
			return map[bool]int{true: -1, false: 1}[a.Open]
		}
		return cmp.Compare(a.Name, b.Name)
	})
	return out
}

// ruleParts cuts a text behind every line that ends a rule.
func ruleParts(text string) []rulePart {
	var out []rulePart
	var b strings.Builder
	flush := func() {
		t := strings.Trim(b.String(), "\n")
		if at := strings.LastIndex(t, "\n\n@id("); at > 0 {
			out = append(out, rulePart{Text: strings.Trim(t[:at], "\n")})
			t = t[at+2:]
		}
		if t != "" {
			p := rulePart{Text: t}
			if m := ruleID.FindStringSubmatch(t); m != nil {
				p.ID = m[1]
			}
			if m := ruleEffect.FindStringSubmatch(t); m != nil {
				p.Effect = m[1]
			}
			out = append(out, p)
		}
		b.Reset()
	}
	for line := range strings.Lines(text) {
		b.WriteString(line)
		code, _, _ := strings.Cut(line, "//")
		if strings.HasSuffix(strings.TrimSpace(code), ";") {
			flush()
		}
	}
	flush()
	return out
}

// rules are those of all files, by id.
func rules(files map[string]string) map[string]string {
	all := map[string]string{}
	for _, f := range rulebook(files) {
		for _, p := range f.Parts {
			if f.Open && p.ID != "" {
				all[p.ID] = p.Text
			}
		}
	}
	return all
}

// ruleChanges tells which rules are added, changed and removed.
func ruleChanges(before, after map[string]string) (added, changed, removed []string) {
	was, will := rules(before), rules(after)
	for id, text := range will {
		switch old, there := was[id]; {
		case !there:
			added = append(added, id)
		case old != text:
			changed = append(changed, id)
		}
	}
	for id := range was {
		if _, there := will[id]; !there {
			removed = append(removed, id)
		}
	}
	for _, l := range [][]string{added, changed, removed} {
		slices.Sort(l)
	}
	return added, changed, removed
}

// A fileDiff is what becomes of one file.
type fileDiff struct {
	Name, How string
	Lines     []diffLine
}

func fileDiffs(before, after map[string]string) []fileDiff {
	names := slices.Sorted(maps.Keys(before))
	for name := range after {
		if _, there := before[name]; !there {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	var out []fileDiff
	for _, name := range names {
		old, was := before[name]
		text, is := after[name]
		how := "changed"
		switch {
		case old == text && was == is:
			continue
		case !was:
			how = "added"
		case !is:
			how = "removed"
		}
		out = append(out, fileDiff{name, how, differ(old, text)})
	}
	return out
}

// ruleHref leads to a rule of the policy in force.
func ruleHref(id string) string { return "/policies#" + url.PathEscape("rule-"+id) }

// bundleFacts says of a policy where it comes from, as far as the reader was told.
func (c *Console) bundleFacts(b stead.Bundle, staged bool) [][2]string {
	rows := [][2]string{{"Version", versionWord(b.Version)}, {"Digest", b.Digest}, {"Author", c.account(b.Author)}}
	if staged {
		return append(rows, [2]string{"Staged", c.at(b.At)})
	}
	return known(append(rows, [2]string{"Applied by", c.account(b.Applied)}, [2]string{"In force since", c.at(b.At)}))
}
