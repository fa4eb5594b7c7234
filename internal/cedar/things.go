package cedar

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/cedar-policy/cedar-go/types"
	"github.com/cedar-policy/cedar-go/x/exp/schema/resolved"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
)

// A kind is a type of things that an application has of its own: @app("records") entity record { … }.
type kind struct {
	app   stead.AppID
	shape resolved.RecordType
}

// kinds finds the types that a schema declares for applications. Nothing is sure to be known of a thing, so every
// attribute must be optional.
func (c *comparison) kinds(r, supplied *resolved.Schema) map[types.EntityType]kind {
	all := map[types.EntityType]kind{}
	for _, name := range slices.Sorted(maps.Keys(r.Entities)) {
		e := r.Entities[name]
		app := stead.AppID(e.Annotations["app"])
		if _, known := supplied.Entities[name]; known || app == "" {
			continue
		}
		if e.Tags != nil {
			c.wrong("entity %s declares tags, which are never supplied: declare optional attributes", name)
		}
		for _, attr := range slices.Sorted(maps.Keys(e.Shape)) {
			if !e.Shape[attr].Optional {
				c.wrong("attribute %s of %s must be optional (%s?: …): not every one of them is known", attr, name, attr)
			}
		}
		all[name] = kind{app, e.Shape}
	}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		for _, parent := range r.Entities[name].ParentTypes {
			if all[parent].app != all[name].app {
				c.wrong("entity %s is never in a %s: only what is of the same application holds it", name, parent)
			}
		}
	}
	return all
}

// ofThings tells whether an action is done to applications' own things alone.
func (s *shape) ofThings(a *resolved.AppliesTo) bool {
	return len(a.Resources) > 0 && !slices.ContainsFunc(a.Resources, func(t types.EntityType) bool { _, own := s.kinds[t]; return !own })
}

// ownAction checks an action of an application's own, and returns what callers may say of it: whatever of its context
// Stead does not supply.
func (c *comparison) ownAction(uid types.EntityUID, a *resolved.AppliesTo, supplied *resolved.Schema) map[types.String]resolved.IsType {
	read := supplied.Actions[types.EntityUID{Type: "Action", ID: types.String(stead.ActionRead)}].AppliesTo
	ours := *a
	ours.Resources, ours.Context = nil, resolved.RecordType{}
	said := map[types.String]resolved.IsType{}
	for _, name := range slices.Sorted(maps.Keys(a.Context)) {
		attr := a.Context[name]
		_, supplies := read.Context[name]
		switch {
		case supplies:
			ours.Context[name] = attr
		case !attr.Optional:
			c.wrong("context.%s of %s is what callers say: declare it %s?", name, uid.ID, name)
		case !sayable(attr.Type):
			c.wrong("context.%s of %s must be a String, a Bool, a Long, or a Set of them: callers say it in JSON", name, uid.ID)
		default:
			said[name] = attr.Type
		}
	}
	c.action(uid, &ours, read, nil)
	return said
}

// sayable tells which types a caller can say in JSON.
func sayable(t resolved.IsType) bool {
	set, ok := t.(resolved.SetType)
	if ok {
		return convertible(set.Element)
	}
	return convertible(t)
}

// verb makes one text of the two in which the JSON library of cedar-go tells the same error: it takes one by chance
// at each start, and a problem has one text.
var verb = strings.NewReplacer("unable to", "cannot")

// load reads what the files of a bundle know of things.
func (s *shape) load(files map[string]string) (problems []Problem) {
	s.things = types.EntityMap{}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if kindOfFile(name) != thingsFile {
			continue
		}
		var found types.EntityMap
		if err := json.Unmarshal([]byte(files[name]), &found); err != nil {
			problems = append(problems, Problem{File: name, Text: "these are no entities as Cedar writes them in JSON, a list of {uid, attrs, parents}: " + verb.Replace(err.Error())})
			continue
		}
		for _, uid := range slices.SortedFunc(maps.Keys(found), func(a, b types.EntityUID) int { return slices.Compare([]byte(a.String()), []byte(b.String())) }) {
			_, twice := s.things[uid]
			_, own := s.kinds[uid.Type]
			switch err := s.check.Entity(found[uid]); {
			case !own:
				problems = append(problems, Problem{File: name, Text: fmt.Sprintf("%s is no type that the schema gives an application with @app: people and realms come from elsewhere", uid)})
			case twice:
				problems = append(problems, Problem{File: name, Text: fmt.Sprintf("%s is there twice", uid)})
			case err != nil:
				problems = append(problems, Problem{File: name, Text: fmt.Sprintf("%s does not fit the schema: %v", uid, err)})
			}
			s.things[uid] = found[uid]
		}
	}
	return problems
}

// addThing adds what is known and said of a thing, and returns its kin: itself and everything it is in.
func (s *shape) addThing(f *facts, c *authority.Case) (kin, error) {
	uid := types.EntityUID{Type: types.EntityType(c.Thing.Type), ID: types.String(c.Thing.ID)}
	k, own := s.kinds[uid.Type]
	if !own || k.app != c.App.ID {
		return nil, fmt.Errorf("the schema knows no %s of the application %s", uid.Type, c.App.ID)
	}
	f.more = s.things
	e := s.things[uid]
	m := types.RecordMap{}
	for name, v := range e.Attributes.All() {
		m[name] = v
	}
	for name, attr := range k.shape {
		v, said := c.Thing.Said[string(name)]
		if _, known := m[name]; known || !said || !sayable(attr.Type) {
			continue // what the policy's files say of a thing no caller changes
		}
		value, err := meant(v, attr.Type)
		if err != nil {
			return nil, fmt.Errorf("%s of %s: %w", name, uid.Type, err)
		}
		m[name] = value
	}
	f.known = append(f.known, types.Entity{UID: uid, Parents: e.Parents, Attributes: types.NewRecord(m)})
	all := kin{uid}
	for i := 0; i < len(all); i++ {
		for parent := range s.things[all[i]].Parents.All() {
			if !slices.Contains(all, parent) {
				all = append(all, parent)
			}
		}
	}
	return all, nil
}

// addGiven adds to a context what a caller says of the action.
func (s *shape) addGiven(r types.Record, c *authority.Case) (types.Record, error) {
	said := s.given[types.String(c.Action)]
	if len(said) == 0 || len(c.Thing.Given) == 0 {
		return r, nil
	}
	m := types.RecordMap{}
	for name, v := range r.All() {
		m[name] = v
	}
	for name, t := range said {
		v, there := c.Thing.Given[string(name)]
		if !there {
			continue
		}
		value, err := meant(v, t)
		if err != nil {
			return r, fmt.Errorf("%s of the action: %w", name, err)
		}
		m[name] = value
	}
	return types.NewRecord(m), nil
}

// meant is a value of JSON as Cedar has it. What does not fit is an error, and so a no.
func meant(v any, t resolved.IsType) (types.Value, error) {
	switch v := v.(type) {
	case bool:
		if _, ok := t.(resolved.BoolType); ok {
			return types.Boolean(v), nil
		}
	case string:
		if _, ok := t.(resolved.StringType); ok {
			return types.String(v), nil
		}
	case json.Number:
		if _, ok := t.(resolved.LongType); ok {
			return convert(v.String(), t)
		}
	case []any:
		if set, ok := t.(resolved.SetType); ok {
			var all []types.Value
			for _, one := range v {
				value, err := meant(one, set.Element)
				if err != nil {
					return nil, err
				}
				all = append(all, value)
			}
			return types.NewSet(all...), nil
		}
	}
	return nil, fmt.Errorf("what is said of it is of another type than the schema's")
}

// AppOf tells of which application a type of things is, under the bundle of that digest; "" is none.
func (k *Keeper) AppOf(digest, thing string) stead.AppID {
	if b := k.bundle(digest); b != nil {
		return b.shape.kinds[types.EntityType(thing)].app
	}
	return ""
}

// Things are the ids of what the bundle knows of a type, in order.
func (k *Keeper) Things(digest, thing string) (ids []string) {
	b := k.bundle(digest)
	if b == nil {
		return nil
	}
	for uid := range b.shape.things {
		if string(uid.Type) == thing {
			ids = append(ids, string(uid.ID))
		}
	}
	slices.Sort(ids)
	return ids
}

// ActionsOn are the actions that can be asked about a type of things, or about realms where thing is "", in order.
func (k *Keeper) ActionsOn(digest, thing string) (all []stead.Action) {
	b := k.bundle(digest)
	if b == nil {
		return nil
	}
	if thing == "" {
		thing = "Realm"
	}
	for uid, a := range b.shape.acts {
		if a.AppliesTo != nil && slices.Contains(a.AppliesTo.Resources, types.EntityType(thing)) {
			all = append(all, stead.Action(uid.ID))
		}
	}
	slices.Sort(all)
	return all
}
