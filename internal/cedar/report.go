package cedar

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"
)

// A Report is everything that was found about a bundle.
type Report struct {
	Digest    string       `json:"digest"`
	Rules     int          `json:"rules"`
	Problems  []Problem    `json:"problems,omitempty"`
	Cases     []CaseResult `json:"cases,omitempty"`
	Unreached []string     `json:"unreached,omitempty"` // rules that decided no case
}

// A CaseResult is one test case and in what it failed.
type CaseResult struct {
	File   string   `json:"file"`
	Line   int      `json:"line"`
	Name   string   `json:"name"`
	Failed []string `json:"failed,omitempty"`
}

// Passed tells whether the answer was the one expected.
func (c CaseResult) Passed() bool { return len(c.Failed) == 0 }

// Err is why the bundle cannot be accepted, nil where it can. Its kind is invalid.
func (r Report) Err() error {
	problems := r.Problems
	for _, c := range r.Cases {
		if !c.Passed() {
			problems = append(problems[:len(problems):len(problems)], Problem{
				File: c.File, Line: c.Line, Text: "test failed: " + c.Name + ": " + strings.Join(c.Failed, "; "),
			})
		}
	}
	return invalid(problems)
}

// WriteText writes the report for people: problems, each case, and the rules no test reaches.
func (r Report) WriteText(w io.Writer) error {
	var b strings.Builder
	for _, p := range r.Problems {
		fmt.Fprintln(&b, p)
	}
	failed := 0
	for _, c := range r.Cases {
		word := "ok  "
		if !c.Passed() {
			word, failed = "FAIL", failed+1
		}
		fmt.Fprintf(&b, "%s %s:%d %s\n", word, c.File, c.Line, c.Name)
		for _, f := range c.Failed {
			fmt.Fprintf(&b, "       %s\n", f)
		}
	}
	fmt.Fprintf(&b, "%d rules, %d cases, %d failed", r.Rules, len(r.Cases), failed)
	if n := len(r.Unreached); n > 0 {
		fmt.Fprintf(&b, "; no test reaches %s", strings.Join(r.Unreached, ", "))
	} else if r.Rules > 0 {
		b.WriteString("; every rule is reached")
	}
	b.WriteString("\n")
	_, err := io.WriteString(w, b.String())
	return err
}

type junitSuite struct {
	XMLName  xml.Name    `xml:"testsuite"`
	Name     string      `xml:"name,attr"`
	Tests    int         `xml:"tests,attr"`
	Failures int         `xml:"failures,attr"`
	Cases    []junitCase `xml:"testcase"`
}

type junitCase struct {
	Class   string        `xml:"classname,attr"`
	Name    string        `xml:"name,attr"`
	File    string        `xml:"file,attr"`
	Line    int           `xml:"line,attr"`
	Failure *junitFailure `xml:"failure,omitempty"`
}

type junitFailure struct {
	Message string `xml:"message,attr"`
	Text    string `xml:",chardata"`
}

// WriteJUnit writes the report in the JUnit form that CI systems read. Problems count as failed cases.
func (r Report) WriteJUnit(w io.Writer) error {
	s := junitSuite{Name: "policy"}
	add := func(file string, line int, name string, failed []string) {
		c := junitCase{Class: file, Name: name, File: file, Line: line}
		if len(failed) > 0 {
			s.Failures++
			c.Failure = &junitFailure{Message: failed[0], Text: strings.Join(failed, "\n")}
		}
		s.Cases = append(s.Cases, c)
	}
	for _, p := range r.Problems {
		if !p.Warning {
			add(p.File, p.Line, "bundle", []string{p.String()})
		}
	}
	for _, c := range r.Cases {
		add(c.File, c.Line, c.Name, c.Failed)
	}
	s.Tests = len(s.Cases)
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	e := xml.NewEncoder(w)
	e.Indent("", "  ")
	if err := e.Encode(s); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}
