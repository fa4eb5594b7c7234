package stead

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// A Segment is what is known of a segment beside its name: whether it is cut off.
type Segment struct {
	Name     string      `json:"name"`
	Version  uint64      `json:"version"`
	Isolated bool        `json:"isolated,omitempty"`
	Reason   string      `json:"reason,omitempty"`
	By       PrincipalID `json:"by"`
	Person   PersonKey   `json:"person,omitempty"` // the human who did it: another one undoes it
	At       time.Time   `json:"at"`
}

// A Flow opens a way from one segment to another, for some actions or for all.
type Flow struct {
	Name    string      `json:"name"`
	Version uint64      `json:"version"`
	From    string      `json:"from"`
	To      string      `json:"to"`
	Actions []Action    `json:"actions,omitempty"` // empty: all
	Purpose string      `json:"purpose,omitempty"`
	Author  PrincipalID `json:"author"`
	At      time.Time   `json:"at"`
	Retired bool        `json:"retired,omitempty"`
}

// A Way is what the law of segments knows of a question of agents.
type Way struct {
	InForce  bool     // a segment is configured somewhere: without, none keeps anything apart
	From     []string // segments of the agents that ask: the actor's, and that of each agent it has its mandate from
	Flows    []*Flow  // that are open
	Isolated []string // segments that are cut off
}

// Opens tells whether a flow leads from one segment to another for an action.
func (w Flow) Opens(from, to string, a Action) bool {
	return !w.Retired && w.From == from && w.To == to && (len(w.Actions) == 0 || slices.Contains(w.Actions, a))
}

// Through adds an agent to those that ask; nil is none.
func (w *Way) Through(r *Registration) {
	if r != nil && !slices.Contains(w.From, r.Segment) {
		w.From = append(w.From, r.Segment)
	}
}

func segmentOf(a *App) string {
	if a == nil {
		return ""
	}
	return a.Segment
}

// segmented: an agent asks into its own segment or along a flow, and nothing goes into a segment that is cut off, or out of
// it. No policy lifts it. People are in no segment.
func segmented(q Question, f Facts, _ time.Time) *no { return reaches(f, q.Action) }

func reaches(f Facts, a Action) *no {
	to := segmentOf(f.App)
	for _, from := range f.Way.From {
		for _, s := range []string{from, to} {
			if slices.Contains(f.Way.Isolated, s) {
				return &no{ReasonIsolated, fmt.Sprintf("the segment %s is isolated: nothing goes in or out until security reconnects it", s), true}
			}
		}
		if !f.Way.InForce || from == to || slices.ContainsFunc(f.Way.Flows, func(w *Flow) bool { return w.Opens(from, to, a) }) {
			continue
		}
		return &no{ReasonSegment, fmt.Sprintf("no flow opens the way from %s to %s for %s", segmentName(from), segmentName(to), a), false}
	}
	return nil
}

func segmentName(s string) string {
	if s == "" {
		return "outside of all segments"
	}
	return "the segment " + s
}

// WrongSegment tells what is wrong with the name of a segment.
func WrongSegment(v string) string { return wrongName("segment", v, mostDirectory) }

// Wrong tells what is wrong with a flow and what to write instead, "" where nothing is.
func (w Flow) Wrong() string {
	if text := wrongName("flow", w.Name, mostName); text != "" {
		return text
	}
	for _, s := range []string{w.From, w.To} {
		if text := WrongSegment(s); s != "" && text != "" {
			return text
		}
	}
	switch {
	case w.From == w.To:
		return fmt.Sprintf("the flow %s leads nowhere: from and to are the same segment", w.Name)
	case len(w.Actions) > mostReaches || slices.Contains(w.Actions, ""):
		return fmt.Sprintf("the flow %s has up to %d actions, or none for all of them", w.Name, mostReaches)
	case strings.TrimSpace(w.Purpose) == "" || WrongText("purpose", w.Purpose, MostText) != "":
		return fmt.Sprintf("say in a sentence what the flow %s is for", w.Name)
	}
	return ""
}

// Says tells whether two flows say the same, whoever wrote them.
func (w Flow) Says(other Flow) bool {
	return w.Name == other.Name && w.From == other.From && w.To == other.To && slices.Equal(w.Actions, other.Actions) &&
		w.Purpose == other.Purpose && w.Retired == other.Retired
}

func (s Segment) Ref() RecordRef {
	return RecordRef{Kind: KindSegment, ID: s.Name, Version: s.Version}
}
func (s Segment) About() []PersonKey { return nil }
func (s Segment) Live() bool         { return true }

func (w Flow) Ref() RecordRef     { return RecordRef{Kind: KindFlow, ID: w.Name, Version: w.Version} }
func (w Flow) About() []PersonKey { return nil }
func (w Flow) Live() bool         { return true }

// Closed tells whether the way to what a mandate is for was closed: ReasonNone, or why it must end.
func (w Way) Closed(app *App, m Mandate) Reason {
	for _, e := range m.Scope.Grants {
		if n := reaches(Facts{App: app, Way: w}, e.Action); n != nil {
			return n.reason
		}
	}
	return ReasonNone
}
