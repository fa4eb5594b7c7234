package cedar

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/cedar-policy/cedar-go/types"
	"github.com/cedar-policy/cedar-go/x/exp/schema"
	"github.com/cedar-policy/cedar-go/x/exp/schema/resolved"
	"github.com/cedar-policy/cedar-go/x/exp/schema/validate"

	"github.com/steadhq/stead"
)

// SchemaName is the schema of a bundle that brings none, and its place in the default bundle.
const SchemaName = "schema.cedarschema"

var accounts = []types.EntityType{"User", "Agent", "Service"}

// A shape is a resolved schema and what the keeper needs of it on every question.
type shape struct {
	check  *validate.Validator
	acts   map[types.EntityUID]resolved.Action
	custom map[types.EntityType]map[types.String]resolved.IsType // attributes that come from the directory
	kinds  map[types.EntityType]kind                             // types that applications have of their own
	given  map[types.String]map[types.String]resolved.IsType     // what callers may say of an action, by action
	things types.EntityMap                                       // what the bundle's files know of such things
}

func readSchema(file, text string) (*resolved.Schema, []Problem) {
	var s schema.Schema
	s.SetFilename(file)
	if err := s.UnmarshalCedar([]byte(text)); err != nil {
		p := unparsed(file, err)
		p.Text = strings.Replace(p.Text, "as Cedar ", "as a Cedar schema ", 1)
		return nil, []Problem{p}
	}
	r, err := s.Resolve()
	if err != nil {
		return nil, []Problem{{File: file, Text: "the schema names something it does not declare: " + err.Error()}}
	}
	return r, nil
}

// newShape checks that a schema promises nothing that Stead does not supply: the validator believes the schema, so a
// promise that is not kept would let a rule fail when it is asked. One without the action read would lock everybody out.
func newShape(file string, r, supplied *resolved.Schema) (*shape, []Problem) {
	c := comparison{file: file}
	s := &shape{check: validate.New(r), acts: r.Actions, custom: map[types.EntityType]map[types.String]resolved.IsType{}}
	s.kinds, s.given = c.kinds(r, supplied), map[types.String]map[types.String]resolved.IsType{}
	for _, name := range slices.Sorted(maps.Keys(r.Entities)) {
		mine, known := supplied.Entities[name]
		if _, own := s.kinds[name]; own {
			continue
		}
		if !known {
			c.wrong("entity %s is never supplied: only User, Agent, Service, Group, App and Realm are, and what says @app(\"…\") whose it is", name)
			continue
		}
		s.custom[name] = c.entity(r.Entities[name], mine)
	}
	for _, uid := range sortedActions(r) {
		mine, known := supplied.Actions[uid]
		if a := r.Actions[uid].AppliesTo; a != nil && !known && s.ofThings(a) {
			s.given[uid.ID] = c.ownAction(uid, a, supplied)
		} else if a != nil && (!known || mine.AppliesTo == nil) {
			c.wrong("action %s is never asked: the actions are act, read, mark, watch, write, open, export and closed", uid.ID)
		} else if a != nil {
			c.action(uid, a, mine.AppliesTo, s.kinds)
		}
	}
	return s, append(c.problems, leftOut(file, r, supplied)...)
}

// leftOut finds the actions that a schema leaves out: what it does not know is refused to everybody.
func leftOut(file string, r, supplied *resolved.Schema) []Problem {
	var missing []string
	for _, uid := range sortedActions(supplied) {
		if supplied.Actions[uid].AppliesTo != nil && r.Actions[uid].AppliesTo == nil && stead.Action(uid.ID) != stead.ActionWatch {
			missing = append(missing, string(uid.ID))
		}
	}
	if len(missing) == 0 {
		return nil
	}
	p := Problem{File: file, Warning: !slices.Contains(missing, "read"), Text: "the schema does not say what these actions apply to: " +
		strings.Join(missing, ", ") + "; they would be refused to everybody, whatever the rules say"}
	if !p.Warning {
		p.Text += ", so nobody could open any page"
	}
	p.Text += ": declare them as " + SchemaName + " of the default policy does, or bring no schema"
	return []Problem{p}
}

func sortedActions(r *resolved.Schema) []types.EntityUID {
	return slices.SortedFunc(maps.Keys(r.Actions), func(a, b types.EntityUID) int {
		return strings.Compare(string(a.ID), string(b.ID))
	})
}

type comparison struct {
	file     string
	problems []Problem
}

func (c *comparison) wrong(format string, args ...any) {
	c.problems = append(c.problems, Problem{File: c.file, Text: fmt.Sprintf(format, args...)})
}

// entity returns the attributes that e declares beyond what Stead itself supplies.
func (c *comparison) entity(e, supplied resolved.Entity) map[types.String]resolved.IsType {
	custom := map[types.String]resolved.IsType{}
	if e.Tags != nil {
		c.wrong("entity %s declares tags, which are never supplied: declare optional attributes", e.Name)
	}
	for _, parent := range e.ParentTypes {
		if !slices.Contains(supplied.ParentTypes, parent) {
			c.wrong("entity %s is never in a %s", e.Name, parent)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(e.Shape)) {
		a := e.Shape[name]
		mine, known := supplied.Shape[name]
		switch {
		case known && !mine.Optional && reflect.DeepEqual(a.Type, mine.Type):
		case known && !mine.Optional:
			c.wrong("attribute %s of %s is supplied with another type", name, e.Name)
		case !slices.Contains(accounts, e.Name):
			c.wrong("attribute %s of %s is never supplied", name, e.Name)
		case !a.Optional:
			c.wrong("attribute %s of %s must be optional (%s?: …): not every directory entry has it", name, e.Name, name)
		case !convertible(a.Type):
			c.wrong("attribute %s of %s must be a String, a Bool or a Long: directories hold text", name, e.Name)
		default:
			custom[name] = a.Type
		}
	}
	return custom
}

func convertible(t resolved.IsType) bool {
	switch t.(type) {
	case resolved.StringType, resolved.BoolType, resolved.LongType:
		return true
	}
	return false
}

func (c *comparison) action(uid types.EntityUID, a, supplied *resolved.AppliesTo, own map[types.EntityType]kind) {
	for _, t := range a.Principals {
		if !slices.Contains(supplied.Principals, t) {
			c.wrong("action %s is never asked for a %s", uid.ID, t)
		}
	}
	for _, t := range a.Resources {
		if _, thing := own[t]; !slices.Contains(supplied.Resources, t) && (!thing || stead.Action(uid.ID) == stead.ActionAct) {
			c.wrong("action %s is never asked on a %s", uid.ID, t)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(a.Context)) {
		have, known := supplied.Context[name]
		switch want := a.Context[name]; {
		case !known:
			c.wrong("context.%s is never supplied to %s", name, uid.ID)
		case !reflect.DeepEqual(bare(want.Type), bare(have.Type)):
			c.wrong("context.%s is supplied to %s with another type", name, uid.ID)
		case have.Optional && !want.Optional:
			c.wrong("context.%s is not always there: declare it %s?", name, name)
		}
	}
}

// bare drops what is inside a record, so that annotations do not count as differences.
func bare(t resolved.IsType) resolved.IsType {
	if _, ok := t.(resolved.RecordType); ok {
		return resolved.RecordType{}
	}
	return t
}
