package cedar

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
)

// mostQuestions bounds what the invariants of one bundle may ask.
const mostQuestions = 200_000

// runTests runs every test of the bundle into r and finds the rules that none of them reached.
func runTests(b *bundle, files map[string]string, r *Report) {
	run := testRun{bundle: b, report: r, reached: map[string]bool{}, left: mostQuestions}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if kindOfFile(name) != testsFile {
			continue
		}
		f, problems := readTests(name, files[name])
		r.Problems = append(r.Problems, problems...)
		if f == nil || len(problems) > 0 {
			continue
		}
		for i := range f.Cases {
			run.one(f, &f.Cases[i], f.line("cases", i))
		}
		for i := range f.Never {
			run.never(f, &f.Never[i], f.line("never", i))
		}
	}
	for _, rule := range b.index.rules {
		if !run.reached[rule.ref.ID] {
			r.Unreached = append(r.Unreached, rule.ref.ID)
		}
	}
}

type testRun struct {
	bundle  *bundle
	report  *Report
	reached map[string]bool // rules that decided a case
	left    int
}

func (r *testRun) one(f *testFile, t *testCase, line int) {
	result := CaseResult{File: f.name, Line: line, Name: t.String()}
	c, err := f.ask(t)
	if err != nil {
		result.Failed = []string{err.Error()}
	} else {
		v, e, err := r.answer(&c)
		if err != nil {
			result.Failed = []string{err.Error()}
		} else {
			result.Failed = t.differs(v, e)
		}
		for _, rule := range v.Rules {
			r.reached[rule.ID] = true
		}
	}
	r.report.Cases = append(r.report.Cases, result)
}

func (r *testRun) answer(c *authority.Case) (stead.Verdict, authority.Explanation, error) {
	e, err := r.bundle.why(c, authority.Overseer)
	return r.bundle.judge(c), e, err
}

// never asks for everybody of the file, in both modes where the test names none.
func (r *testRun) never(f *testFile, t *testNever, line int) {
	result := CaseResult{File: f.name, Line: line, Name: "never " + t.Who + " for " + t.For + ": " + string(t.Do)}
	who, subjects := f.matching(t.Who), f.matching(t.For)
	if len(who) == 0 || len(subjects) == 0 {
		result.Failed = append(result.Failed, "nobody matches, so it says nothing: correct who or for")
	}
	questions := f.questions(t, who, subjects)
	if len(result.Failed) == 0 && len(questions) == 0 {
		result.Failed = append(result.Failed, "it asks nothing: name an app, here or under apps, and two people at least")
	}
	broken := 0
	for _, q := range questions {
		if r.left--; r.left < 0 {
			result.Failed = append(result.Failed, fmt.Sprintf("more than %d questions: name fewer people", mostQuestions))
			break
		}
		c, err := f.ask(&q)
		if err != nil {
			result.Failed = append(result.Failed, err.Error())
			break
		}
		if v := r.bundle.judge(&c); v.Allow {
			if broken++; broken == 1 {
				result.Failed = append(result.Failed, q.String()+" is allowed: "+said(v, authority.Explanation{}))
			}
		}
	}
	if broken > 1 {
		result.Failed = append(result.Failed, fmt.Sprintf("and %d more", broken-1))
	}
	r.report.Cases = append(r.report.Cases, result)
}

func (f *testFile) questions(t *testNever, who, subjects []string) []testCase {
	apps := []string{t.App}
	if t.App == "" {
		apps = slices.Sorted(maps.Keys(f.Apps))
	}
	modes := []stead.Mode{t.Ctx.Mode}
	if t.Ctx.Mode == "" {
		modes = []stead.Mode{stead.ReadOnly, stead.Edit}
	}
	var all []testCase
	for _, app := range apps {
		for _, mode := range modes {
			for _, a := range who {
				for _, s := range subjects {
					if a != s && len(all) <= mostQuestions {
						q := testCase{Who: a, For: s, Do: t.Do, App: app, Realm: t.Realm, Ctx: t.Ctx}
						q.Ctx.Mode = mode
						all = append(all, q)
					}
				}
			}
		}
	}
	return all
}

// matching lists the people of the file that a pattern means.
func (f *testFile) matching(pattern string) []string {
	var found []string
	for _, name := range slices.Sorted(maps.Keys(f.people)) {
		if matches(pattern, name, f.people[name]) {
			found = append(found, name)
		}
	}
	return found
}

func matches(pattern, name string, p *stead.Principal) bool {
	kind, rest, kinded := strings.Cut(pattern, ":")
	switch {
	case pattern == "any":
		return true
	case kinded && kind == "group":
		directory, group, _ := strings.Cut(rest, "/")
		return p.Directory == directory && p.In(group)
	case kinded && kind != string(p.Kind):
		return false
	case kinded:
		pattern = rest
	}
	before, star := strings.CutSuffix(pattern, "*")
	return pattern == name || (star && strings.HasPrefix(name, before))
}
