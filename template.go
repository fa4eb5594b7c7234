package stead

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"
)

// A Template is what many agents have in common. Where they differ stands ${name}.
type Template struct {
	Name    string          `json:"name"`
	Version uint64          `json:"version"`
	Author  PrincipalID     `json:"author"`
	Person  PersonKey       `json:"person"`
	At      time.Time       `json:"at"`
	Retired bool            `json:"retired,omitempty"`
	Values  []TemplateValue `json:"values,omitempty"`
	Kind    AgentKind       `json:"kind"`
	Purpose string          `json:"purpose"`
	Tier    Tier            `json:"tier"`
	Segment string          `json:"segment,omitempty"`
	Tasks   []Task          `json:"tasks"`
}

// A TemplateValue is something that agents of one template differ in.
type TemplateValue struct {
	Name string   `json:"name"`
	Of   []string `json:"of,omitempty"` // one of these; none: any text of letters, digits and ._-
}

// A Made says which template an agent is made from.
type Made struct {
	Template string            `json:"template"`
	Version  uint64            `json:"version"`
	Set      map[string]string `json:"set,omitempty"`
}

const (
	mostValues    = 32
	mostOfValue   = 256
	mostValue     = 64 // bytes
	mostValueName = 32
)

// Wrong tells what is wrong with a template and what to write instead, "" where nothing is.
func (t Template) Wrong() string {
	if text := wrongName("template", t.Name, mostName); text != "" {
		return text
	}
	if len(t.Values) > mostValues {
		return fmt.Sprintf("the template %s has at most %d values", t.Name, mostValues)
	}
	some := map[string]string{}
	for _, v := range t.Values {
		if _, twice := some[v.Name]; twice || !valueName(v.Name) {
			return fmt.Sprintf("the template %s: %.40q names no value of its own: small letters, digits and _, each once", t.Name, v.Name)
		}
		if len(v.Of) > mostOfValue || slices.ContainsFunc(v.Of, func(one string) bool { return !plainValue(one) }) {
			return fmt.Sprintf("the template %s: ${%s} is one of at most %d texts of letters, digits and ._-", t.Name, v.Name, mostOfValue)
		}
		if some[v.Name] = "x"; len(v.Of) > 0 {
			some[v.Name] = v.Of[0]
		}
		if !slices.ContainsFunc(t.texts(), func(text *string) bool { return strings.Contains(*text, "${"+v.Name+"}") }) {
			return fmt.Sprintf("the template %s never says ${%s}", t.Name, v.Name)
		}
	}
	if len(t.Tasks) == 0 {
		return fmt.Sprintf("the template %s has no task: say what its agents are there for", t.Name)
	}
	r, err := t.Make(some)
	if err != nil {
		return err.Error()
	}
	r.Owner = Server
	for i, k := range r.Tasks {
		if r.Tasks[i], err = k.asSaid(); err != nil {
			return err.Error()
		}
	}
	return r.Wrong()
}

func valueName(name string) bool {
	return name != "" && len(name) <= mostValueName && !strings.ContainsFunc(name, func(r rune) bool { return r != '_' && (r < '0' || r > '9') && (r < 'a' || r > 'z') })
}

// plainValue tells whether a value ends no quotation and begins nothing of its own, wherever it is put.
func plainValue(v string) bool {
	return v != "" && len(v) <= mostValue && !strings.ContainsFunc(v, func(r rune) bool {
		return r != '_' && r != '-' && r != '.' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	})
}

// Make is what an agent of the template has with these values. Errors: invalid.
func (t Template) Make(set map[string]string) (Registration, error) {
	for _, v := range t.Values {
		switch got, there := set[v.Name]; {
		case !there:
			return Registration{}, E(Invalid, ReasonRequest, "the template %s asks for %s", t.Name, v.Name)
		case !plainValue(got):
			return Registration{}, E(Invalid, ReasonRequest, "%s is at most %d letters, digits and ._-, not %.80q", v.Name, mostValue, got)
		case len(v.Of) > 0 && !slices.Contains(v.Of, got):
			return Registration{}, E(Invalid, ReasonRequest, "%s is one of %s, not %s", v.Name, strings.Join(v.Of, ", "), got)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(set)) {
		if !slices.ContainsFunc(t.Values, func(v TemplateValue) bool { return v.Name == name }) {
			return Registration{}, E(Invalid, ReasonRequest, "the template %s has no value %.80q", t.Name, name)
		}
	}
	t = t.clone()
	for _, text := range t.texts() {
		filled, err := fill(*text, set)
		if err != nil {
			return Registration{}, Because(err, "make an agent of the template "+t.Name)
		}
		*text = filled
	}
	r := Registration{Kind: t.Kind, Purpose: t.Purpose, Tier: t.Tier, Segment: t.Segment, Tasks: t.Tasks,
		Made: Made{Template: t.Name, Version: t.Version, Set: maps.Clone(set)}}
	return r, nil
}

// fill puts values in the place of their names. A $ that begins no name is refused.
func fill(text string, set map[string]string) (string, error) {
	var b strings.Builder
	for {
		before, rest, more := strings.Cut(text, "$")
		if b.WriteString(before); !more {
			return b.String(), nil
		}
		name, after, closed := strings.Cut(strings.TrimPrefix(rest, "{"), "}")
		value, there := set[name]
		if !strings.HasPrefix(rest, "{") || !closed || !there {
			return "", E(Invalid, ReasonRequest, "%.80q: a $ begins ${NAME}, of a value that the template names", "$"+rest)
		}
		b.WriteString(value)
		text = after
	}
}

// texts are where ${name} may stand.
func (t *Template) texts() []*string {
	all := []*string{&t.Purpose, &t.Segment}
	for i := range t.Tasks {
		k := &t.Tasks[i]
		all = append(all, &k.ID, &k.Purpose)
		for j := range k.Delegates {
			all = append(all, &k.Delegates[j])
		}
		for j := range k.Needs {
			all = append(all, &k.Needs[j].Text)
		}
		for j := range k.Grants {
			e := &k.Grants[j]
			all = append(all, &e.Resource, &e.Rows)
			for c := range e.Columns {
				all = append(all, &e.Columns[c])
			}
		}
	}
	return all
}

func (t Template) clone() Template {
	t.Tasks = slices.Clone(t.Tasks)
	for i, k := range t.Tasks {
		t.Tasks[i].Delegates, t.Tasks[i].Grants = slices.Clone(k.Delegates), slices.Clone(k.Grants)
		t.Tasks[i].Needs = slices.Clone(k.Needs)
		for j, e := range k.Grants {
			t.Tasks[i].Grants[j].Columns = slices.Clone(e.Columns)
		}
	}
	return t
}

// From is a registration with what it leaves open as the template has it. Errors: invalid.
func (r Registration) From(t Template, set map[string]string) (Registration, error) {
	made, err := t.Make(set)
	if err != nil {
		return r, err
	}
	r.Kind, r.Tier, r.Made = cmp.Or(r.Kind, made.Kind), cmp.Or(r.Tier, made.Tier), made.Made
	r.Purpose, r.Segment = cmp.Or(r.Purpose, made.Purpose), cmp.Or(r.Segment, made.Segment)
	if len(r.Tasks) == 0 {
		r.Tasks = made.Tasks
	}
	return r, nil
}

// Drift tells in what a registration is not as its template says now.
func (t Template) Drift(r Registration) (all []string) {
	if r.Made.Version != t.Version {
		all = append(all, fmt.Sprintf("it was made from version %d of the template, which is at %d", r.Made.Version, t.Version))
	}
	made, err := t.Make(r.Made.Set)
	if err != nil {
		return append(all, err.Error())
	}
	for _, x := range [][3]string{{"kind", string(r.Kind), string(made.Kind)}, {"tier", string(r.Tier), string(made.Tier)}, {"purpose", r.Purpose, made.Purpose}, {"segment", r.Segment, made.Segment}} {
		if x[1] != x[2] {
			all = append(all, fmt.Sprintf("its %s is %q, not %q", x[0], x[1], x[2]))
		}
	}
	for _, k := range made.Tasks {
		if had := r.Task(k.ID); had == nil {
			all = append(all, "it has no task "+k.ID)
		} else {
			all = append(all, had.drift(k)...)
		}
	}
	for _, k := range r.Tasks {
		if made.Task(k.ID) == nil {
			all = append(all, "it has a task "+k.ID+" of its own")
		}
	}
	return all
}

func (t Task) drift(made Task) (all []string) {
	said := Task{}
	for _, n := range made.Needs {
		if e, err := ReadNeed(n.Text); err != nil {
			all = append(all, err.Error())
		} else if had := t.need(e.words()); had != nil {
			said.Grants = append(said.Grants, had.Entitlements()...)
		} else {
			all = append(all, "the task "+t.ID+" has not what it needs: "+e.words())
		}
	}
	for _, e := range t.Grants {
		if one := []Entitlement{e}; !made.Allows(one) && !said.Allows(one) {
			all = append(all, "the task "+t.ID+" has more: "+e.String())
		}
	}
	for _, e := range made.Grants {
		if !t.Allows([]Entitlement{e}) {
			all = append(all, "the task "+t.ID+" has not all of: "+e.String())
		}
	}
	t.Grants, made.Grants, t.Needs, made.Needs = nil, nil, nil, nil
	if !reflect.DeepEqual(t, made) {
		all = append(all, "the task "+t.ID+" differs in its purpose, mode, length, budget or whom it is passed on to")
	}
	return all
}

// Says tells whether two templates say the same, whoever wrote them.
func (t Template) Says(other Template) bool {
	for _, x := range []*Template{&t, &other} {
		x.Version, x.Author, x.Person, x.At, x.Retired = 0, "", "", time.Time{}, false
	}
	a, _ := json.Marshal(t) // texts and numbers alone
	b, _ := json.Marshal(other)
	return bytes.Equal(a, b)
}

func (t Template) Ref() RecordRef {
	return RecordRef{Kind: KindTemplate, ID: t.Name, Version: t.Version}
}
func (t Template) About() []PersonKey { return nil }
func (t Template) Live() bool         { return true } // its name is not given again from the beginning
