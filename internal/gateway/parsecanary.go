package gateway

import (
	"bytes"
	"reflect"
	"regexp"
	"strings"

	"github.com/steadhq/stead/internal/web"
	"go.yaml.in/yaml/v3"
)

// A Canary is one write to an application that its own record must name the actor of (R26).
type Canary struct {
	Write  []Step // {canary} stands for the text that is looked for
	Undo   []Step
	Record Step   // where the application says who wrote it
	As     string // who reads the record, as directory/name; "" is the subject
	Entry  string // regular expression for the one entry, with {canary}
	Actor  *regexp.Regexp
	Remain string // what is left when all is undone, for people
}

type canaryFile struct {
	Write   stepsFile  `yaml:"write" need:"1" doc:"What the actor sends: one step, or a list, written as those of at_end. {canary} stands for a text that is nowhere else."`
	Record  recordFile `yaml:"record" need:"1" doc:"Where the application says who wrote it."`
	Undo    stepsFile  `yaml:"undo" doc:"What takes it back, as the actor too."`
	Remains string     `yaml:"remains" doc:"For people: what is left of it and how to remove that."`
}

type recordFile struct {
	Get   string `yaml:"get" need:"1" doc:"Page of the history, read as the application shows it, not by way of the gateway."`
	As    string `yaml:"as" doc:"Who reads it: directory/name of a person of the test. Not given: the subject."`
	Entry string `yaml:"entry" need:"1" doc:"Regular expression (RE2) for an entry of it, with {canary} where it holds that text. The one that is new after the write counts. No longer than it must be: a name anywhere in it counts."`
	Actor string `yaml:"actor" doc:"Regular expression (RE2) for the actor's name as the application writes it. Not given: the account name as a word of its own."`
}

// ParseCanary reads a file of one canary, for the application that it is for.
func ParseCanary(text []byte, a *App) (c Canary, err error) {
	var root yaml.Node
	d := yaml.NewDecoder(bytes.NewReader(text))
	if err := d.Decode(&root); err != nil {
		return c, wrong("%s", strings.TrimPrefix(err.Error(), "yaml: "))
	}
	if err := strict(root.Content[0], reflect.TypeFor[canaryFile]()); err != nil {
		return c, err
	}
	var f canaryFile
	if err := root.Content[0].Decode(&f); err != nil {
		return c, wrong("%s", strings.TrimPrefix(err.Error(), "yaml: "))
	}
	return f.canary(where{root.Content[0], nil}, a.Allows)
}

func (f canaryFile) canary(at where, allows web.Tokens) (c Canary, err error) {
	c = Canary{As: f.Record.As, Entry: f.Record.Entry, Remain: f.Remains}
	if len(f.Write) == 0 {
		return c, at.wrong("write needs a step, such as { post: /note, form: { text: \"{canary}\" } }")
	}
	if c.Write, err = f.Write.steps(at.in("write"), allows, canaryName); err != nil {
		return c, err
	}
	if !speaks(c.Write) {
		return c, at.in("write").wrong("write: nothing that is sent holds {canary}")
	}
	if c.Undo, err = f.Undo.steps(at.in("undo"), allows, canaryName); err != nil {
		return c, err
	}
	here := at.in("record")
	if c.Record, err = (stepFile{Get: f.Record.Get}).step(here, allows); err != nil {
		return c, err
	}
	if re, err := regexp.Compile(c.Pattern("stead-canary-x")); err != nil || re.MatchString("") {
		return c, here.in("entry").wrong("entry %q: a pattern for one entry of the record", c.Entry)
	}
	if f.Record.Actor != "" {
		if c.Actor, err = regexp.Compile(f.Record.Actor); err != nil || c.Actor.MatchString("") {
			return c, here.in("actor").wrong("actor %q: a pattern for the name, which does not match everything", f.Record.Actor)
		}
	}
	return c, nil
}

const canaryName = "canary"

// Pattern is what finds entries, with the text of the canary in it.
func (c Canary) Pattern(text string) string {
	return strings.ReplaceAll(c.Entry, "{"+canaryName+"}", regexp.QuoteMeta(text))
}

// speaks tells whether what is sent holds the canary.
func speaks(all []Step) bool {
	for _, s := range all {
		for _, name := range s.blanks() {
			if name == canaryName && s.Method != "GET" {
				return true
			}
		}
	}
	return false
}
