package stead

import (
	"encoding/json"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"
)

// An Exclusion keeps two sides apart: no one party holds both, or does both on one thing.
type Exclusion struct {
	Name    string      `json:"name"`
	Version uint64      `json:"version"`
	Purpose string      `json:"purpose"` // told to whom it refuses
	First   []Reach     `json:"first"`
	Second  []Reach     `json:"second"`
	Same    string      `json:"same,omitempty"`   // "": about holding; SameResource or "argument:NAME": about doing, on one thing
	Within  Duration    `json:"within,omitempty"` // how long what was done counts; 0: for ever
	Author  PrincipalID `json:"author"`
	Person  PersonKey   `json:"person,omitempty"` // the human who wrote it
	At      time.Time   `json:"at"`
	Retired bool        `json:"retired,omitempty"` // it binds nobody; its name keeps its history
}

// SameResource says that an exclusion is about doing both on one resource.
const SameResource = "resource"

const sameArgument = "argument:"

// A Reach is what one side of an exclusion is about: an action in a system, on resources of a pattern.
type Reach struct {
	System   AppID  `json:"system"`
	Action   Action `json:"action"`   // "*": any
	Resource string `json:"resource"` // pattern: * is any text, {thing} what it is done to, up to the next /
}

// A Side is one of the two of an exclusion, in bits: what is on both is excluded from itself.
type Side int

const (
	First  Side = 1
	Second Side = 2
)

// Other is the side that must not meet s.
func (s Side) Other() Side { return First + Second - s }

// A Duty is an exclusion that a question or a wish touches, and what is known of the party.
type Duty struct {
	Exclusion *Exclusion
	Wants     Entitlement // what touches it
	Side      Side
	Thing     string      // on what it is done, of an exclusion about doing
	Other     string      // in words that anybody may read: that the other side is held, or was done; "" is by nobody
	Beside    PrincipalID // the agent that holds it, for those alone who may know of it
	Marks     []string    // counters that a yes leaves its side in
}

// Doing tells whether x is about what is done, and not about what is held.
func (x *Exclusion) Doing() bool { return x.Same != "" }

// Touches tells on which sides of x an entitlement is, 0 is none, and on what thing.
func (x *Exclusion) Touches(e Entitlement) (on Side, thing string) {
	for i, side := range [][]Reach{x.First, x.Second} {
		for _, r := range side {
			if r.System != e.System || r.Action != e.Action && r.Action != "*" {
				continue
			}
			if ok, named := like(r.Resource, e.Resource); ok {
				on |= Side(i + 1)
				if thing == "" {
					thing = named
				}
			}
		}
	}
	if thing == "" {
		thing = e.Resource
	}
	return on, thing
}

// Duty is x as a question touches it; false where it does not.
func (x *Exclusion) Duty(q Question) (Duty, bool) {
	d := Duty{Exclusion: x, Wants: q.Wants()}
	if q.Resource.Name == "" {
		d.Wants.Resource = q.Resource.Path
	}
	d.Side, d.Thing = x.Touches(d.Wants)
	if name, argued := strings.CutPrefix(x.Same, sameArgument); argued {
		d.Thing = q.argument(name)
	}
	return d, d.Side != 0
}

// argument is what a question says under a name, "" where that is nothing, or nothing that names one thing.
func (q Question) argument(name string) string {
	if v := q.Arguments[name]; v != "" && name != Transaction && name != Parameters { // these are about the mandate
		return v
	}
	for _, said := range []map[string]any{q.Given, q.Said} {
		switch v := said[name].(type) {
		case string:
			return v
		case json.Number:
			return integer(v.String())
		case float64, int64, bool:
			text, _ := json.Marshal(v) // these are always written
			return string(text)
		}
	}
	return ""
}

// integer is a number as everybody writes it, "" for any other spelling: 100, 1e2 and 100.0 would be three things.
func integer(text string) string {
	if n, ok := new(big.Int).SetString(text, 10); ok && n.String() == text {
		return text
	}
	return ""
}

// against says in words why a duty refuses, "" where it does not.
func (d Duty) against() string {
	x := d.Exclusion
	switch {
	case d.Side == First+Second && !x.Doing():
		return fmt.Sprintf("the exclusion %s keeps two things apart (%s), and this is both", x.Name, x.Purpose)
	case x.Doing() && d.Thing == "":
		return fmt.Sprintf("the exclusion %s (%s) must know what this is done to, and the request does not say: name %s", x.Name, x.Purpose, strings.TrimPrefix(x.Same, sameArgument))
	case d.Side == First+Second:
		return fmt.Sprintf("the exclusion %s keeps two things apart (%s), and this would do both", x.Name, x.Purpose)
	case d.Other != "":
		return fmt.Sprintf("the exclusion %s keeps this apart from something else (%s): %s", x.Name, x.Purpose, d.Other)
	}
	return ""
}

// against is the first duty that refuses; nil is none.
func against(all []Duty) *Duty {
	if i := slices.IndexFunc(all, func(d Duty) bool { return d.against() != "" }); i >= 0 {
		return &all[i]
	}
	return nil
}

// separated: no party does both sides of an exclusion, nor one while it holds the other. No policy lifts it.
func separated(_ Question, f Facts, _ time.Time) *no {
	if d := against(f.Duties); d != nil {
		return &no{ReasonDuty, d.against(), false}
	}
	return nil
}

// apart holds the laws of segments and duties against what an agent wishes for a task: what is done later is asked then.
func apart(f Facts, grants []Entitlement) error {
	for _, e := range grants {
		if n := reaches(f, e.Action); n != nil {
			return ByLaw(segmentOf(f.App), n.reason, "%s", n.text)
		}
		for _, d := range f.Duties {
			if text := d.against(); text != "" && !d.Exclusion.Doing() && d.Wants.alike(e) {
				return ByLaw(d.Exclusion.Name, ReasonDuty, "%s", text)
			}
		}
	}
	return nil
}

// alike: what an exclusion speaks of, it speaks of however little of it is wished for.
func (e Entitlement) alike(other Entitlement) bool {
	return e.System == other.System && e.Action == other.Action && e.Resource == other.Resource
}

// lawOf names the object by which a law refused: an exclusion, or a segment.
func lawOf(f Facts, r Reason) string {
	switch r {
	case ReasonDuty:
		if d := against(f.Duties); d != nil {
			return d.Exclusion.Name
		}
	case ReasonSegment, ReasonIsolated:
		return segmentOf(f.App)
	}
	return ""
}

const (
	mostReaches = 64
	mostPattern = 256
	mostStars   = 3
)

// Wrong tells what is wrong with an exclusion and what to write instead, "" where nothing is.
func (x Exclusion) Wrong() string {
	if text := wrongName("exclusion", x.Name, mostName); text != "" {
		return text
	}
	switch {
	case strings.TrimSpace(x.Purpose) == "" || WrongText("purpose", x.Purpose, MostText) != "":
		return "say in a sentence why the exclusion " + x.Name + " keeps these apart"
	case len(x.First) == 0 || len(x.Second) == 0 || len(x.First) > mostReaches || len(x.Second) > mostReaches:
		return fmt.Sprintf("the exclusion %s needs two sides, first and second, of 1 to %d each", x.Name, mostReaches)
	case x.Same != "" && x.Same != SameResource && (!strings.HasPrefix(x.Same, sameArgument) || x.Same == sameArgument || len(x.Same) > mostName):
		return fmt.Sprintf("the exclusion %s: same is resource or argument:NAME, not %q", x.Name, x.Same)
	case x.Within < 0 || x.Within > 0 && !x.Doing():
		return fmt.Sprintf("the exclusion %s: within is a time, for what is done on the same thing", x.Name)
	}
	for _, r := range slices.Concat(x.First, x.Second) {
		if text := r.wrong(x.Doing() && x.Same == SameResource); text != "" {
			return "the exclusion " + x.Name + ": " + text
		}
	}
	return ""
}

const thingMark = "{thing}"

func (r Reach) wrong(thing bool) string {
	switch {
	case r.System == "" || r.Action == "" || r.Resource == "":
		return "each side names a system, an action and a resource"
	case len(r.Resource) > mostPattern || strings.Count(r.Resource, "*") > mostStars || WrongText("resource", r.Resource, mostPattern) != "":
		return fmt.Sprintf("%.40q: a pattern has at most %d bytes and %d of *", r.Resource, mostPattern, mostStars)
	case strings.Count(r.Resource, thingMark) > 1 || strings.Contains(r.Resource, thingMark+"*") || strings.Contains(r.Resource, "*"+thingMark):
		return fmt.Sprintf("%.40q: {thing} stands there once, and not beside a *", r.Resource)
	case strings.Contains(r.Resource, thingMark) && !thing:
		return fmt.Sprintf("%.40q: {thing} is for same: resource", r.Resource)
	}
	return ""
}

// like tells whether text is of a pattern, and what stands there for the thing.
func like(pattern, text string) (ok bool, thing string) {
	for pattern != "" {
		switch rest, named := strings.CutPrefix(pattern, thingMark); {
		case named:
			for n := 1; n <= len(text) && text[n-1] != '/'; n++ {
				if ok, _ := like(rest, text[n:]); ok {
					return true, text[:n]
				}
			}
			return false, ""
		case pattern[0] == '*':
			for n := 0; n <= len(text); n++ {
				if ok, thing := like(pattern[1:], text[n:]); ok {
					return true, thing
				}
			}
			return false, ""
		case text == "" || pattern[0] != text[0]:
			return false, ""
		}
		pattern, text = pattern[1:], text[1:]
	}
	return text == "", ""
}

// Same things: what an exclusion says beside who wrote it and when.
func (x Exclusion) says() string {
	x.Version, x.Author, x.Person, x.At = 0, "", "", time.Time{}
	text, _ := json.Marshal(x) // texts alone
	return string(text)
}

// Says tells whether two exclusions say the same, whoever wrote them.
func (x Exclusion) Says(other Exclusion) bool { return x.says() == other.says() }

func (x Exclusion) Ref() RecordRef {
	return RecordRef{Kind: KindExclusion, ID: x.Name, Version: x.Version}
}
func (x Exclusion) About() []PersonKey { return nil }
func (x Exclusion) Live() bool         { return true } // retired ones too: another by that name is its next version
