package cedar

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/steadhq/stead"
)

// A Problem is something wrong with a bundle, with its place and what to do about it.
type Problem struct {
	File    string `json:"file"`
	Line    int    `json:"line,omitempty"`
	Column  int    `json:"column,omitempty"`
	Text    string `json:"text"`
	Warning bool   `json:"warning,omitempty"` // worth knowing, and no reason to refuse the bundle
}

func (p Problem) String() string {
	place := p.File
	if p.Line > 0 {
		place += ":" + strconv.Itoa(p.Line)
	}
	if p.Column > 0 {
		place += ":" + strconv.Itoa(p.Column)
	}
	if p.Warning {
		return place + ": warning: " + p.Text
	}
	return place + ": " + p.Text
}

// shownProblems bounds the text of one error: who sees twenty problems mends those first.
const shownProblems = 20

// invalid is the error of a bundle with problems, nil where all are warnings.
func invalid(problems []Problem) error {
	var lines []string
	for _, p := range problems {
		if !p.Warning {
			lines = append(lines, p.String())
		}
	}
	if len(lines) == 0 {
		return nil
	}
	if more := len(lines) - shownProblems; more > 0 {
		lines = append(lines[:shownProblems], fmt.Sprintf("and %d more", more))
	}
	return stead.E(stead.Invalid, stead.ReasonRequest, "the policy was not accepted:\n%s", strings.Join(lines, "\n"))
}

func sortProblems(ps []Problem) {
	slices.SortStableFunc(ps, func(a, b Problem) int {
		return cmp.Or(strings.Compare(a.File, b.File), a.Line-b.Line, a.Column-b.Column)
	})
}

var parsePlace = regexp.MustCompile(`^(?:parser error: )?(?:parse error at )?(?:<input>|[^:]*):(\d+):(\d+):? ?(?s:(.*))$`)

// unparsed turns what the parser says into a Problem of the file.
func unparsed(file string, err error) Problem {
	p := Problem{File: file, Text: err.Error()}
	if m := parsePlace.FindStringSubmatch(err.Error()); m != nil {
		p.Line, _ = strconv.Atoi(m[1])
		p.Column, _ = strconv.Atoi(m[2])
		p.Text = m[3]
	}
	p.Text = "this cannot be read as Cedar (" + p.Text + "): correct it at this place or just before"
	return p
}
