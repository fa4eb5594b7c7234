package main

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/steadhq/stead/client/admin"
)

// filed is what files want a house to be. What they do not name stays as it is.
type filed struct {
	people     []aPerson
	groups     []aGroup
	things     []aThing
	policies   []aPolicy
	templates  []aTemplate
	agents     []anAgent
	exclusions []anExclusion
	flows      []aFlow
}

func (w *filed) size() int {
	return len(w.people) + len(w.groups) + len(w.things) + len(w.policies) + len(w.templates) + len(w.agents) + len(w.exclusions) + len(w.flows)
}

// A place is where in which file something stands.
type place struct {
	file string
	line int
}

func (p place) String() string {
	if p.line == 0 {
		return p.file
	}
	return fmt.Sprintf("%s:%d", p.file, p.line)
}

func (p place) at() place { return p }

// wrong is a finding there.
func (p place) wrong(format string, args ...any) string {
	return p.String() + ": " + fmt.Sprintf(format, args...)
}

type aPerson struct {
	place
	Directory  string             `json:"directory" doc:"where he signs in"`
	Name       string             `json:"name" doc:"of the account: no spaces, no '/'"`
	Shown      *string            `json:"shown,omitempty" doc:"the name to show"`
	Email      *string            `json:"email,omitempty" doc:"where he is written to: the attribute email"`
	Groups     *[]string          `json:"groups,omitempty" doc:"all groups that he is in; not given: they stay as they are"`
	Attributes *map[string]string `json:"attributes,omitempty" doc:"all of them; not given: they stay as they are"`
	Disabled   *bool              `json:"disabled,omitempty" doc:"the account is closed"`
}

func (p aPerson) id() string { return p.Directory + "/" + p.Name }

type aGroup struct {
	place
	Directory string    `json:"directory" doc:"whose people are in it"`
	Name      string    `json:"name" doc:"no spaces, no '/'"`
	Members   *[]string `json:"members,omitempty" doc:"names of accounts that are in it; others stay, unless with --prune"`
	In        []string  `json:"in,omitempty" doc:"groups that everybody of this one is in too"`
}

func (g aGroup) id() string { return g.Directory + "/" + g.Name }

type aThing struct {
	place
	Type       string         `json:"type" doc:"an entity that the schema of the policy gives an application: @app(\"records\") entity record"`
	ID         string         `json:"id"`
	Attributes map[string]any `json:"attributes,omitempty" doc:"as Cedar writes them in JSON; another entity is {__entity: {type: User, id: staff/sam}}"`
	In         []anEntity     `json:"in,omitempty" doc:"things that hold it"`
}

func (t aThing) id() string { return t.Type + "/" + t.ID }

// An anEntity names an entity of Cedar's.
type anEntity struct {
	Type string `json:"type"`
	ID   string `json:"id"`
}

type aPolicy struct {
	place
	Folder string `json:"folder" doc:"of *.cedar, the schema, tests/*.yaml and entities/*.json, seen from this file"`
	files  map[string]string
}

func (p aPolicy) id() string { return "policy" }

type aTemplate struct {
	place
	Name string `json:"name"`
	admin.TemplateBody
}

func (t aTemplate) id() string { return t.Name }

type anAgent struct {
	place
	admin.AgentBody
}

func (a anAgent) id() string { return a.Name }

type anExclusion struct {
	place
	Name string `json:"name"`
	admin.ExclusionBody
}

func (x anExclusion) id() string { return x.Name }

type aFlow struct {
	place
	Name    string   `json:"name"`
	From    string   `json:"from,omitempty" doc:"segment of the agents; not given: those in none"`
	To      string   `json:"to,omitempty" doc:"segment of the systems; not given: those in none"`
	Purpose string   `json:"purpose"`
	Actions []string `json:"actions,omitempty" doc:"not given: all"`
}

func (f aFlow) id() string { return f.Name }

// A fileKind is what a document may be. Its list is what many of them stand under.
type fileKind struct {
	name, list, says string
	of               reflect.Type
	add              func(*filed, reflect.Value, place)
}

func kindOf[T any](name, list, says string, at func(*filed) *[]T, in func(*T) *place) fileKind {
	return fileKind{name, list, says, reflect.TypeFor[T](), func(w *filed, v reflect.Value, where place) {
		one := v.Interface().(T)
		*in(&one) = where
		*at(w) = append(*at(w), one)
	}}
}

// fileKinds are all there are, in the order in which they are put in force.
func fileKinds() []fileKind {
	return []fileKind{
		kindOf("Person", "people", "the account of a human", func(w *filed) *[]aPerson { return &w.people }, func(v *aPerson) *place { return &v.place }),
		kindOf("Group", "groups", "people of a directory under one name", func(w *filed) *[]aGroup { return &w.groups }, func(v *aGroup) *place { return &v.place }),
		kindOf("Thing", "things", "what policy knows of a thing of an application's own", func(w *filed) *[]aThing { return &w.things }, func(v *aThing) *place { return &v.place }),
		kindOf("Policy", "policies", "the rules: staged, and put in force by another person", func(w *filed) *[]aPolicy { return &w.policies }, func(v *aPolicy) *place { return &v.place }),
		kindOf("Exclusion", "exclusions", "two sides that no one party has both of", func(w *filed) *[]anExclusion { return &w.exclusions }, func(v *anExclusion) *place { return &v.place }),
		kindOf("Flow", "flows", "where agents of one segment may reach another", func(w *filed) *[]aFlow { return &w.flows }, func(v *aFlow) *place { return &v.place }),
		kindOf("AgentTemplate", "templates", "what many agents have in common: ${name} stands where they differ", func(w *filed) *[]aTemplate { return &w.templates }, func(v *aTemplate) *place { return &v.place }),
		kindOf("Agent", "agents", "an agent, who answers for it, and its tasks", func(w *filed) *[]anAgent { return &w.agents }, func(v *anAgent) *place { return &v.place }),
	}
}

// lone is the kind that has no document of its own: what an agent's kind is, it says itself.
const lone = "Agent"

// elsewhere are nouns that do not come by these files, and where they do.
var elsewhere = map[string]string{
	"Agent":     "agents stand in a list, agents: […], for kind is what an agent itself is: company, employee or peer",
	"Role":      "a role is a group that the server's configuration names under roles: write kind: Group",
	"Team":      "a team is a group: write kind: Group",
	"User":      "somebody who signs in is written kind: Person",
	"Resource":  "a resource of an application's own is written kind: Thing",
	"Entity":    "an entity is written kind: Person, Group or Thing, or as Cedar does, in a JSON list",
	"System":    "systems come from the server's configuration: systems and authzen.systems",
	"App":       "applications come from the server's configuration: apps",
	"Realm":     "realms of applications come from the server's configuration: apps",
	"Directory": "directories come from the server's configuration: directories",
	"Segment":   "segments come from the server's configuration: segments",
}

// twice finds what is named a second time.
func twice[T interface {
	id() string
	at() place
}](what string, all []T) (found []string) {
	seen := map[string]place{}
	for _, one := range all {
		if first, there := seen[one.id()]; there {
			found = append(found, one.at().wrong("%s is there twice: first at %s", strings.TrimSpace(what+" "+one.id()), first))
			continue
		}
		seen[one.id()] = one.at()
	}
	return found
}
