package main

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/steadhq/stead"
	"go.yaml.in/yaml/v3"
)

// A cedarEntity is one of a list, as Cedar writes it.
type cedarEntity struct {
	UID     any            `json:"uid" doc:"{type, id}, or {__entity: {type, id}}"`
	Attrs   map[string]any `json:"attrs,omitempty"`
	Parents []any          `json:"parents,omitempty"`
	Tags    map[string]any `json:"tags,omitempty"`
}

// supplied are the attributes that Stead itself says of people and groups: what a file says of them would not be heard.
var supplied = []string{"name", "directory", "disabled", "privileged"}

// entities reads a list of Cedar's: users are people, groups are groups, and all others things.
func (r *filesReader) entities(f *filler, n *yaml.Node) {
	for _, one := range n.Content {
		var c cedarEntity
		before := len(f.wrong)
		f.put(one, reflect.ValueOf(&c).Elem(), "entity")
		if len(f.wrong) > before {
			continue
		}
		if text := r.entity(c, place{f.file, one.Line}); text != "" {
			f.say(one, "%s", text)
		}
	}
}

func (r *filesReader) entity(c cedarEntity, at place) string {
	uid, ok := entityOf(c.UID)
	if !ok {
		return "uid is {type, id}, both of them texts"
	}
	parents := make([]anEntity, len(c.Parents))
	for i, p := range c.Parents {
		if parents[i], ok = entityOf(p); !ok {
			return fmt.Sprintf("parents[%d] is {type, id}, both of them texts", i)
		}
	}
	if len(c.Tags) > 0 {
		return "tags are never supplied: declare attributes"
	}
	switch uid.Type {
	case "User":
		return r.user(uid, c.Attrs, parents, at)
	case "Group":
		return r.groupEntity(uid, c.Attrs, parents, at)
	case "Agent", "Service", "App", "Realm", "Action":
		return fmt.Sprintf("%s is supplied by Stead: agents stand under agents:, the others come from the server's configuration", uid.Type)
	}
	r.out.things = append(r.out.things, aThing{place: at, Type: uid.Type, ID: uid.ID, Attributes: c.Attrs, In: parents})
	return ""
}

// entityOf reads {type, id}, also inside of {__entity: …}.
func entityOf(v any) (anEntity, bool) {
	m, _ := v.(map[string]any)
	if inner, there := m["__entity"]; there && len(m) == 1 {
		m, _ = inner.(map[string]any)
	}
	kind, one := m["type"].(string)
	id, two := m["id"].(string)
	return anEntity{kind, id}, one && two && len(m) == 2
}

func (r *filesReader) user(uid anEntity, attrs map[string]any, parents []anEntity, at place) string {
	p := aPerson{place: at, Attributes: &map[string]string{}}
	var whole bool
	if p.Directory, p.Name, whole = strings.Cut(uid.ID, "/"); !whole {
		return fmt.Sprintf("User::%q names no directory: write directory/name", uid.ID)
	}
	groups := []string{}
	for _, g := range parents {
		name, own := strings.CutPrefix(g.ID, p.Directory+"/")
		if g.Type != "Group" || !own {
			return fmt.Sprintf("%s is in groups of the directory %s, not in %s::%q", p.id(), p.Directory, g.Type, g.ID)
		}
		groups = append(groups, name)
	}
	p.Groups = &groups
	for name, v := range attrs {
		text, ok := attributeText(v)
		closed, is := v.(bool)
		switch {
		case name == "disabled" && is:
			p.Disabled = &closed
		case name == "name" && v == p.Name || name == "directory" && v == p.Directory:
		case slices.Contains(supplied, name):
			return fmt.Sprintf("%s of %s is what Stead says of it: leave it out", name, p.id())
		case !ok:
			return fmt.Sprintf("%s of %s: people have texts, whole numbers, true and false", name, p.id())
		default:
			(*p.Attributes)[name] = text
		}
	}
	r.out.people = append(r.out.people, p)
	return ""
}

// attributeText is how a directory writes what a rule reads as String, Long or Bool.
func attributeText(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case bool:
		return strconv.FormatBool(v), true
	case int64:
		return strconv.FormatInt(v, 10), true
	}
	return "", false
}

func (r *filesReader) groupEntity(uid anEntity, attrs map[string]any, parents []anEntity, at place) string {
	g := aGroup{place: at}
	var whole bool
	if g.Directory, g.Name, whole = strings.Cut(uid.ID, "/"); !whole || len(attrs) > 0 {
		return fmt.Sprintf("Group::%q is written directory/name, without attributes", uid.ID)
	}
	for _, p := range parents {
		name, own := strings.CutPrefix(p.ID, g.Directory+"/")
		if p.Type != "Group" || !own {
			return fmt.Sprintf("%s lies in groups of its own directory, not in %s::%q", g.id(), p.Type, p.ID)
		}
		g.In = append(g.In, name)
	}
	r.out.groups = append(r.out.groups, g)
	return ""
}

// person says what is wrong with an account by the one rule there is, and with what an import cannot carry.
func (r *filesReader) person(p aPerson) {
	who := stead.Principal{Directory: p.Directory, Name: p.Name, Groups: deref(p.Groups), Attributes: deref(p.Attributes), Shown: deref(p.Shown)}
	text := who.Wrong()
	for name, v := range deref(p.Attributes) {
		switch {
		case name != strings.TrimSpace(name):
			text = fmt.Sprintf("the attribute %q has white space at its ends", name)
		case v == "":
			text = fmt.Sprintf("the attribute %s says nothing: leave it out", name)
		case name == "email" && p.Email != nil && *p.Email != v:
			text = "email and attributes.email say different things"
		}
	}
	if text == "" && p.Email != nil {
		text = stead.WrongAttributes(map[string]string{"email": *p.Email})
	}
	for _, g := range deref(p.Groups) {
		if strings.Contains(g, ";") {
			text = fmt.Sprintf("the group %q has a ';' in its name, which an import cannot carry", g)
		}
	}
	if p.Directory == stead.Agents {
		text = "the directory agents is for agents: write them under agents:"
	}
	if text != "" {
		r.found = append(r.found, p.wrong("%s: %s", p.id(), text))
	}
}

func deref[T any](v *T) (out T) {
	if v != nil {
		out = *v
	}
	return out
}
