package cedar

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/steadhq/stead"
)

// A testFile is one of tests/*.yaml. What it does not know is an error: a misspelt expectation would never fail.
type testFile struct {
	Now    time.Time           `yaml:"now"`
	People map[string]testWho  `yaml:"people"` // "staff/sam": …
	Apps   map[string]*testApp `yaml:"apps"`   // those not named here have one realm, main, that opens acting
	Cases  []testCase          `yaml:"cases"`
	Never  []testNever         `yaml:"never"`

	name   string
	people map[string]*stead.Principal
	lines  map[string][]int // of the items of cases and never
}

type testWho struct {
	Kind       stead.PrincipalKind `yaml:"kind"` // person where nothing is said
	Human      string              `yaml:"human"`
	Groups     []string            `yaml:"groups"`
	Attributes map[string]string   `yaml:"attributes"`
	Disabled   bool                `yaml:"disabled"`
}

type testApp struct {
	Privileged []string              `yaml:"privileged"`
	Aware      bool                  `yaml:"aware"`
	Realms     map[string]*testRealm `yaml:"realms"`
}

type testRealm struct {
	Kind   stead.RealmKind `yaml:"kind"`
	Level  int             `yaml:"level"`
	Acting *bool           `yaml:"acting"` // true where nothing is said
}

// A testCase is one question and what is expected. Needs, Mode, Max, Approvals and Notify are compared where they
// are written.
type testCase struct {
	Who   string       `yaml:"who"`
	For   string       `yaml:"for"`
	Do    stead.Action `yaml:"do"`
	App   string       `yaml:"app"`
	Realm string       `yaml:"realm"`
	At    time.Time    `yaml:"at"` // instead of the file's now
	Ctx   testContext  `yaml:"ctx"`

	Expect    string         `yaml:"expect"`  // allow | deny
	By        string         `yaml:"by"`      // a rule that must be among those that decided
	Because   string         `yaml:"because"` // of a no: a rule that forbade, or part of the clause that failed in the nearest permit
	Needs     *[]string      `yaml:"needs"`
	Mode      *stead.Mode    `yaml:"mode"`
	Max       *time.Duration `yaml:"max"`
	Approvals *string        `yaml:"approvals"` // as in @approval; "" is none
	Notify    *[]string      `yaml:"notify"`
	Ticket    *string        `yaml:"ticket"` // the form that is asked for
}

type testContext struct {
	Mode    stead.Mode `yaml:"mode"`
	Minutes int        `yaml:"minutes"`
	Reason  string     `yaml:"reason"`
	Ticket  string     `yaml:"ticket"`
	Level   int        `yaml:"level"`
	AMR     []string   `yaml:"amr"`
	Address string     `yaml:"address"`
	Path    string     `yaml:"path"`
}

// A testNever is an invariant: nobody of who may do it for anybody of for, in whatever mode.
type testNever struct {
	Who     string       `yaml:"who"` // any | staff/sam | staff/* | group:staff/support | agent:*
	For     string       `yaml:"for"`
	Do      stead.Action `yaml:"do"`
	App     string       `yaml:"app"` // every app of the file where nothing is said
	Realm   string       `yaml:"realm"`
	Ctx     testContext  `yaml:"ctx"`
	Because string       `yaml:"because"` // for the reader
}

var yamlLine = regexp.MustCompile(`line (\d+): `)

func readTests(name, text string) (*testFile, []Problem) {
	f := &testFile{name: name, people: map[string]*stead.Principal{}}
	d := yaml.NewDecoder(strings.NewReader(text))
	d.KnownFields(true)
	if err := d.Decode(f); err != nil && !errors.Is(err, io.EOF) {
		return nil, yamlProblems(name, err)
	}
	if err := d.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return nil, []Problem{{File: name, Text: "a test file is one YAML document: move what follows --- to another file"}}
	}
	f.lines = itemLines([]byte(text))
	var problems []Problem
	for _, who := range slices.Sorted(maps.Keys(f.People)) {
		p, err := f.People[who].principal(who)
		if err != nil {
			problems = append(problems, Problem{File: name, Text: err.Error()})
			continue
		}
		f.people[who] = p
	}
	return f, append(problems, f.appProblems()...)
}

func (f *testFile) appProblems() []Problem {
	var problems []Problem
	for _, id := range slices.Sorted(maps.Keys(f.Apps)) {
		a := f.Apps[id]
		if a == nil || strings.Contains(id, "/") {
			problems = append(problems, Problem{File: f.name, Text: fmt.Sprintf("application %q needs a body, such as {}, and a name without a slash", id)})
			continue
		}
		for _, realm := range slices.Sorted(maps.Keys(a.Realms)) {
			if a.Realms[realm] == nil {
				problems = append(problems, Problem{File: f.name, Text: fmt.Sprintf("realm %q of %q needs a body, such as {}", realm, id)})
			}
		}
	}
	return problems
}

func yamlProblems(name string, err error) []Problem {
	lines := []string{err.Error()}
	var several *yaml.TypeError
	if errors.As(err, &several) {
		lines = several.Errors
	}
	var problems []Problem
	for _, text := range lines {
		p := Problem{File: name, Text: strings.TrimPrefix(text, "yaml: ")}
		if m := yamlLine.FindStringSubmatch(text); m != nil {
			p.Line, _ = strconv.Atoi(m[1])
			p.Text = strings.Replace(p.Text, m[0], "", 1)
		}
		p.Text = strings.Replace(p.Text, "not found in type cedar.", "is not known in ", 1)
		problems = append(problems, p)
	}
	return problems
}

func (w testWho) principal(who string) (*stead.Principal, error) {
	directory, name, ok := strings.Cut(who, "/")
	if !ok || directory == "" || name == "" {
		return nil, fmt.Errorf("%q under people is no name: write directory/name, such as staff/sam", who)
	}
	p := &stead.Principal{
		ID: stead.PrincipalID(stead.PrefixPrincipal + who), Version: 1, Kind: w.Kind, Directory: directory, Name: name,
		Person: stead.PersonKey(w.Human), Groups: w.Groups, Attributes: w.Attributes, Disabled: w.Disabled,
	}
	if p.Kind == "" {
		p.Kind = stead.Person
	}
	if kindOf(p) == "" {
		return nil, fmt.Errorf("%s is a %q, and can be a person, an agent or a service", who, w.Kind)
	}
	return p, nil
}

// itemLines finds where each item of the two lists begins.
func itemLines(text []byte) map[string][]int {
	lines := map[string][]int{}
	var doc yaml.Node
	if err := yaml.NewDecoder(bytes.NewReader(text)).Decode(&doc); err != nil || len(doc.Content) == 0 {
		return lines
	}
	top := doc.Content[0].Content
	for i := 0; i+1 < len(top); i += 2 {
		for _, item := range top[i+1].Content {
			lines[top[i].Value] = append(lines[top[i].Value], item.Line)
		}
	}
	return lines
}

func (f *testFile) line(list string, i int) int {
	if ls := f.lines[list]; i < len(ls) {
		return ls[i]
	}
	return 0
}
