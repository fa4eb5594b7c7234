package gateway

import (
	"bufio"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/web"
)

// A Test is a request and what the rules must say of it.
type Test struct {
	Line    int
	Request string // method and target
	Body    string
	Headers map[string]string
	Is      Class
	Rule    string // "" is any
}

func tests(f appFile, a *App, at where) error {
	names := []string{DefaultRule}
	for _, r := range a.Rules {
		names = append(names, r.ID)
	}
	for i, t := range f.Tests {
		here := at.in("tests").in(i)
		test := Test{Line: here.line(), Request: t.Request, Body: t.Body, Headers: map[string]string{}, Is: Class(t.Is), Rule: t.Rule}
		for name, text := range t.Headers {
			test.Headers[name] = text
		}
		switch {
		case t.Type != "":
			test.Headers["Content-Type"] = t.Type
		case t.Body != "":
			test.Headers["Content-Type"] = "application/x-www-form-urlencoded"
		}
		_, err := test.Ask(a)
		switch {
		case err != nil:
			return here.in("request").wrong("test %q: %s", t.Request, err)
		case !slices.Contains(classes, test.Is):
			return here.in("is").wrong("is: %q; known are %s", t.Is, oneOf(classes))
		case t.Rule != "" && !slices.Contains(names, t.Rule):
			return here.in("rule").wrong("there is no rule %q%s", t.Rule, stead.DidYouMean(t.Rule, names))
		}
		a.Tests = append(a.Tests, test)
	}
	return nil
}

// Ask is the request as the front parser lets it through.
func (t Test) Ask(a *App) (*http.Request, error) {
	method, target, ok := strings.Cut(t.Request, " ")
	if !ok {
		return nil, fmt.Errorf("a method and a target, such as GET /item/7?id=1")
	}
	if err := web.CheckTarget(target, a.Allows); err != nil {
		return nil, fmt.Errorf("it is a 400 before any rule: %w", err)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: %s\r\nContent-Length: %d\r\n", method, target, a.Canonical(), len(t.Body))
	for name, text := range t.Headers {
		fmt.Fprintf(&b, "%s: %s\r\n", name, text)
	}
	return http.ReadRequest(bufio.NewReader(strings.NewReader(b.String() + "\r\n" + t.Body)))
}

// A Tested is a test of a's rules and what came out. Failed is empty where it was as it must be.
type Tested struct {
	App    stead.AppID `json:"app"`
	Line   int         `json:"line"`
	Name   string      `json:"name"`
	Failed string      `json:"failed,omitempty"`
}

// A Report is what the tests of a file came to.
type Report struct {
	Tests     []Tested `json:"tests"`
	Rules     int      `json:"rules"`
	Unreached []string `json:"unreached,omitempty"` // app/rule of rules that decided no test
}

// RunTests runs the tests beside the rules.
func RunTests(apps []App) Report {
	r := Report{Tests: []Tested{}}
	for i := range apps {
		a, reached := &apps[i], map[string]bool{}
		for _, t := range a.Tests {
			out := Tested{App: a.ID, Line: t.Line, Name: t.Request}
			v, err := t.run(a)
			if err != nil {
				out.Failed = err.Error()
			}
			reached[v.Rule] = true
			r.Tests = append(r.Tests, out)
		}
		r.Rules += len(a.Rules)
		for _, rule := range a.Rules {
			if !reached[rule.ID] {
				r.Unreached = append(r.Unreached, string(a.ID)+"/"+rule.ID)
			}
		}
	}
	return r
}

func (t Test) run(a *App) (Verdict, error) {
	req, err := t.Ask(a)
	if err != nil {
		return Verdict{}, err
	}
	switch v := a.Classify(req); {
	case v.Class != t.Is:
		return v, fmt.Errorf("it is %s by rule %s, not %s", v.Class, v.Rule, t.Is)
	case t.Rule != "" && v.Rule != t.Rule:
		return v, fmt.Errorf("it is %s by rule %s, not by %s", v.Class, v.Rule, t.Rule)
	default:
		return v, nil
	}
}

// Failed counts the tests that came out otherwise than they must.
func (r Report) Failed() (n int) {
	for _, t := range r.Tests {
		if t.Failed != "" {
			n++
		}
	}
	return n
}

// Err is why rules with these tests are not accepted, nil where they are.
func (r Report) Err() error {
	var lines []string
	for _, t := range r.Tests {
		if t.Failed != "" {
			lines = append(lines, fmt.Sprintf("line %d: test failed: %s: %s", t.Line, t.Name, t.Failed))
		}
	}
	if len(lines) == 0 {
		return nil
	}
	return wrong("%s", strings.Join(lines, "\n"))
}
