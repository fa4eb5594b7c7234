package stead

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// A Need is what a task was said to need, in words of the catalogue, and what that was when it was mapped.
type Need struct {
	Text      string   `json:"text"`                // as ReadNeed reads it
	Resources []string `json:"resources,omitempty"` // that it came to, exactly; none: it is not mapped, as in a template
}

const (
	mostNeeds = 64
	mostFits  = 64 // that one pattern may give
)

// words are an entitlement in the words of the catalogue, which have none for rows.
func (e Entitlement) words() string {
	text := string(e.System) + " " + string(e.Action) + " " + e.Resource
	if len(e.Columns) > 0 {
		text += "(" + strings.Join(e.Columns, ", ") + ")"
	}
	return text
}

// Entitlements are what a need came to.
func (n Need) Entitlements() (all []Entitlement) {
	e, err := ReadNeed(n.Text)
	if err != nil {
		return nil
	}
	for _, r := range n.Resources {
		e.Resource = r
		all = append(all, e)
	}
	return all
}

// wrong tells why a need did not come to what it says.
func (n Need) wrong() string {
	e, err := ReadNeed(n.Text)
	switch {
	case err != nil:
		return err.Error()
	case n.Text != e.words():
		return fmt.Sprintf("the need %q is written %q", n.Text, e.words())
	case len(n.Resources) == 0 || len(n.Resources) > mostFits:
		return fmt.Sprintf("the need %q is mapped to %d things: 1 to %d", n.Text, len(n.Resources), mostFits)
	case slices.ContainsFunc(n.Resources, func(r string) bool { return r != e.Resource && !saysName(e.Resource, r) }):
		return fmt.Sprintf("the need %q came to what it does not say", n.Text)
	}
	return wrongPattern(e)
}

// wrongPattern tells why a need says more than one thing at once in a way that it may not.
func wrongPattern(e Entitlement) string {
	before, _, many := strings.Cut(e.Resource, "*")
	switch {
	case strings.Contains(string(e.System)+string(e.Action), "*"):
		return fmt.Sprintf("%.120q: a system and an action are named in full", e.words())
	case many && strings.LastIndex(before, ".") <= 0:
		return fmt.Sprintf("%.120q: a * stands behind the name of what that lies in, such as public.sales_*", e.words())
	}
	return ""
}

// saysName tells whether a name is one that a pattern says: a * is any letters of the last part of a plain name.
func saysName(pattern, name string) bool {
	parts := strings.Split(pattern, "*")
	if len(parts) == 1 {
		return pattern == name
	}
	within, last := strings.LastIndex(parts[0], ".")+1, len(parts)-1
	rest, ok := strings.CutPrefix(name, parts[0])
	if !ok || strings.ContainsAny(name[within:], `."`) {
		return false
	}
	for _, p := range parts[1:last] {
		if _, rest, ok = strings.Cut(rest, p); !ok {
			return false
		}
	}
	return strings.HasSuffix(rest, parts[last])
}

// Map is a task with each of its needs as what it is in the catalogue, its grants among them. One that had says the same stays
// what it came to. Errors: those of Catalogue.Map and of catalogue.
func (t Task) Map(had *Task, catalogue func(AppID) (Catalogue, error)) (Task, error) {
	if len(t.Needs) > mostNeeds {
		return t, E(Invalid, ReasonRequest, "the task %s says at most %d needs", t.ID, mostNeeds)
	}
	said := t.Needs
	t.Needs, t.Grants = nil, slices.Clone(t.Grants)
	for _, n := range said {
		e, err := ReadNeed(n.Text)
		if err != nil {
			return t, err
		}
		was := had.need(e.words())
		if was == nil {
			c, err := catalogue(e.System)
			if err != nil {
				return t, err
			}
			now, err := c.Map(n.Text)
			if err != nil {
				return t, err
			}
			was = &now
		}
		if !slices.ContainsFunc(t.Needs, func(n Need) bool { return n.Text == was.Text }) {
			t.Needs = append(t.Needs, *was)
		}
		for _, e := range was.Entitlements() {
			if !t.Allows([]Entitlement{e}) {
				t.Grants = append(t.Grants, e)
			}
		}
	}
	return t, nil
}

// need finds what a task was said to need; of no task that is nothing.
func (t *Task) need(text string) *Need {
	if t == nil {
		return nil
	}
	for i := range t.Needs {
		if n := &t.Needs[i]; n.Text == text && len(n.Resources) > 0 {
			return n
		}
	}
	return nil
}

// NeedFor is the need that came to an entitlement; nil: none.
func (t Task) NeedFor(e Entitlement) *Need {
	i := slices.IndexFunc(t.Needs, func(n Need) bool {
		return slices.ContainsFunc(n.Entitlements(), func(x Entitlement) bool { return samePlace(x, e) })
	})
	if i < 0 {
		return nil
	}
	return &t.Needs[i]
}

// wrongNeeds tells whether a task was said to need something else than it is granted.
func (t Task) wrongNeeds() string {
	if len(t.Needs) > mostNeeds {
		return fmt.Sprintf("the task %s says at most %d needs", t.ID, mostNeeds)
	}
	for _, n := range t.Needs {
		if text := n.wrong(); text != "" {
			return fmt.Sprintf("the task %s: %s", t.ID, text)
		}
		if !t.Allows(n.Entitlements()) {
			return fmt.Sprintf("the task %s is not granted what it says it needs: %s", t.ID, n.Text)
		}
	}
	return ""
}

// standing are the needs of a task that it is still granted whole.
func (t Task) standing() []Need {
	return slices.DeleteFunc(slices.Clone(t.Needs), func(n Need) bool { return !t.Allows(n.Entitlements()) })
}

// asSaid is a task whose needs are read, and mapped on nothing: what can be told of it without a catalogue.
func (t Task) asSaid() (Task, error) {
	t.Grants = slices.Clone(t.Grants)
	for _, n := range t.Needs {
		e, err := ReadNeed(n.Text)
		if err == nil && wrongPattern(e) != "" {
			err = E(Invalid, ReasonRequest, "%s", wrongPattern(e))
		}
		if err != nil {
			return t, err
		}
		t.Grants = append(t.Grants, e)
	}
	t.Needs = nil
	return t, nil
}

// System is where a task lies; "" of one that needs nothing.
func (t Task) System() AppID {
	if len(t.Grants) > 0 {
		return t.Grants[0].System
	}
	if len(t.Needs) > 0 {
		e, _ := ReadNeed(t.Needs[0].Text)
		return e.System
	}
	return ""
}

// Mapped is a digest of what an agent is and all that it is entitled to: whoever looked at it sees whether it became another.
func Mapped(r Registration) Hash {
	raw, _ := json.Marshal(Registration{Kind: r.Kind, Owner: r.Owner, Purpose: r.Purpose, Tier: r.Tier, Segment: r.Segment, Tasks: r.Tasks, Made: r.Made}) // texts and numbers alone
	return sha256.Sum256(raw)
}
