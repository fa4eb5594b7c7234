package stead

import (
	"cmp"
	"slices"
	"time"
)

// A Sighting is one thing that the record says an agent asked for.
type Sighting struct {
	Want
	Task    string // for which of its tasks, as far as it said
	Allowed bool
	At      time.Time
	Event   EventID
}

// A Use is one entitlement of a registration, and when it was last made use of.
type Use struct {
	Task  string
	Grant Entitlement
	Last  time.Time // to the hour; zero: never, as far as is known
}

// Evidence is what a proposal is made from.
type Evidence struct {
	Since  time.Time // what was used before counts no more
	Seen   []Sighting
	Used   []Use
	Whole  bool           // Seen is all there is since then
	Leased map[AppID]bool // systems that were entered by a login: which columns were read there is not known
	Before []Task         // the tasks as they were at Since; none: that is not known
	// Misfit tells why no catalogue has something, "" where one has it or nobody can know.
	Misfit func(Entitlement) string
}

// A Proposal is the smallest set of entitlements that covers what was seen, beside those that are declared.
type Proposal struct {
	Since   time.Time
	Whole   bool
	Add     []Addition
	Remove  []Removal
	Keep    []Use
	Unknown []Addition // what is not proposed, and why
	Tasks   []Task     // what the tasks would be
	Edits   []string   // tasks that would be more than read-only, and are not now
}

// An Addition is something that was asked for and is not declared.
type Addition struct {
	Task        string
	Grant       Entitlement
	Times       int
	First, Last time.Time
	Events      []EventID // the newest of them
	Why         string    // of what is not proposed
}

// A Removal is something that is declared and was not used.
type Removal struct {
	Task  string
	Grant Entitlement
	Left  []string // the columns that stay; none: none of it does
	Twice bool     // another one covers it
	Last  time.Time
}

// mostShownEvents is how many events an addition names.
const mostShownEvents = 10

// Learned begins the name of a task for what was asked for without one.
const Learned = "learned-"

// Propose makes a proposal for a registration. It is the same for the same evidence, in any order.
func Propose(r Registration, in Evidence) Proposal {
	p := Proposal{Since: in.Since, Whole: in.Whole}
	d := draft{tasks: slices.Clone(r.Tasks), wants: map[string][]Entitlement{}}
	for _, u := range in.Used {
		d.wants[u.Task] = append(d.wants[u.Task], in.stays(u)...)
	}
	seen := slices.Clone(in.Seen)
	slices.SortFunc(seen, earlierSighting)
	for _, s := range seen {
		if s.Allowed || s.Part && r.Allows([]Entitlement{s.Entitlement()}) {
			continue
		}
		e := s.Entitlement()
		why := in.Misfit(e)
		if s.Part && why == "" {
			why = "it asked for some of the rows: write which, or grant all of them"
		}
		if why != "" {
			p.Unknown = counted(p.Unknown, s, s.Task, e, why)
			continue
		}
		task := d.place(s)
		if i := slices.IndexFunc(r.Tasks, func(t Task) bool { return t.Allows([]Entitlement{e}) }); i >= 0 {
			task = r.Tasks[i].ID // it was declared since
		}
		d.wants[task] = append(d.wants[task], e)
		if t := r.Task(task); t == nil || !t.Allows([]Entitlement{e}) {
			p.Add = counted(p.Add, s, task, e, "")
		}
	}
	slices.SortStableFunc(p.Add, oftener)
	slices.SortStableFunc(p.Unknown, oftener)
	p.Tasks, p.Edits = d.made(r)
	p.differ(in.Used)
	return p
}

// oftener puts first what was asked for most.
func oftener(a, b Addition) int {
	return cmp.Or(cmp.Compare(b.Times, a.Times), cmp.Compare(a.Task, b.Task), cmp.Compare(a.Grant.String(), b.Grant.String()))
}

func earlierSighting(a, b Sighting) int {
	if c := a.At.Compare(b.At); c != 0 {
		return c
	}
	if a.Event < b.Event {
		return -1
	} else if a.Event > b.Event {
		return 1
	}
	return 0
}

// Fresh tells whether an entitlement was granted since: that it was not used says nothing yet.
func (in Evidence) Fresh(u Use) bool {
	return len(in.Before) > 0 && !slices.ContainsFunc(in.Before, func(t Task) bool {
		return t.ID == u.Task && slices.ContainsFunc(t.Grants, func(e Entitlement) bool { return e.String() == u.Grant.String() })
	})
}

// stays is what of a declared entitlement is still needed: nothing where it was not used, some columns where it is known that
// no others were.
func (in Evidence) stays(u Use) []Entitlement {
	if u.Last.Before(in.Since.Truncate(time.Hour)) && !in.Fresh(u) {
		return nil
	}
	if !in.Whole || in.Leased[u.Grant.System] || u.Grant.Rows != "" {
		return []Entitlement{u.Grant}
	}
	var some []Entitlement
	for _, s := range in.Seen {
		if e := s.Entitlement(); s.Allowed && s.Task == u.Task && u.Grant.Covers(e) {
			if len(e.Columns) == 0 {
				return []Entitlement{u.Grant}
			}
			some = append(some, e)
		}
	}
	if len(some) == 0 {
		return []Entitlement{u.Grant}
	}
	return some
}

// counted adds one sighting of an entitlement to a list.
func counted(all []Addition, s Sighting, task string, e Entitlement, why string) []Addition {
	i := slices.IndexFunc(all, func(a Addition) bool {
		return a.Task == task && a.Why == why && samePlace(a.Grant, e)
	})
	if i < 0 {
		all, i = append(all, Addition{Task: task, Grant: e, First: s.At, Why: why}), len(all)
	}
	a := &all[i]
	a.Grant = Smallest([]Entitlement{a.Grant, e})[0]
	a.Times, a.Last = a.Times+1, s.At
	a.Events = append(a.Events[max(0, len(a.Events)+1-mostShownEvents):len(a.Events):len(a.Events)], s.Event)
	return all
}

// A draft is the tasks of an agent while it is seen what each needs.
type draft struct {
	tasks []Task
	wants map[string][]Entitlement
}

// place finds the task that something belongs to: the one it was asked for, the only one in that system, or a new one.
func (d *draft) place(s Sighting) string {
	in := func(t Task) bool { return t.System() == s.System }
	if i := slices.IndexFunc(d.tasks, func(t Task) bool { return t.ID == s.Task }); i >= 0 && in(d.tasks[i]) {
		return s.Task
	} else if i < 0 && s.Task != "" && wrongName("task", s.Task, mostName) == "" {
		return d.add(s.Task, s.System)
	}
	if i := slices.IndexFunc(d.tasks, in); i >= 0 && !slices.ContainsFunc(d.tasks[i+1:], in) {
		return d.tasks[i].ID
	}
	id := Learned + string(s.System)
	for slices.ContainsFunc(d.tasks, func(t Task) bool { return t.ID == id && !in(t) }) {
		id += "-" // somebody called a task of another system so
	}
	return d.add(id, s.System)
}

func (d *draft) add(id string, system AppID) string {
	if !slices.ContainsFunc(d.tasks, func(t Task) bool { return t.ID == id }) {
		t := Task{ID: id, Purpose: "what it was seen to need in " + string(system), Grants: []Entitlement{{System: system}}}
		d.tasks = append(d.tasks, t)
	}
	return id
}

// made is the tasks with what each needs. What a declared entitlement says already is left in its words.
func (d *draft) made(r Registration) (all []Task, edits []string) {
	for _, t := range d.tasks {
		declared := t.Grants
		if t.Grants = Smallest(d.wants[t.ID]); len(t.Grants) == 0 {
			continue
		}
		for i, e := range t.Grants {
			if j := slices.IndexFunc(declared, func(g Entitlement) bool { return g.Covers(e) && e.Covers(g) }); j >= 0 {
				t.Grants[i] = declared[j]
			}
		}
		if t.Mode != Edit && slices.ContainsFunc(t.Grants, func(e Entitlement) bool { return changes(e.Action) }) {
			t.Mode, edits = Edit, append(edits, t.ID)
		}
		t.Needs = t.standing()
		all = append(all, t)
	}
	return all, edits
}

// differ says what becomes of each declared entitlement.
func (p *Proposal) differ(used []Use) {
	for _, u := range used {
		var left []string
		kept, twice := false, false
		for _, e := range p.grants(u.Task) {
			if !samePlace(e, u.Grant) || e.Rows != u.Grant.Rows && e.Rows != "" {
				continue
			}
			left = e.Columns
			if e.Covers(u.Grant) {
				twice = !u.Grant.Covers(e) && slices.ContainsFunc(used, func(o Use) bool { return o.Task == u.Task && e.Covers(o.Grant) && o.Grant.Covers(e) })
				kept = !twice
				break
			}
		}
		if kept {
			p.Keep = append(p.Keep, u)
			continue
		}
		if len(u.Grant.Columns) > 0 {
			left = slices.DeleteFunc(slices.Clone(left), func(c string) bool { return !slices.Contains(u.Grant.Columns, c) })
		}
		if twice {
			left = nil
		}
		p.Remove = append(p.Remove, Removal{Task: u.Task, Grant: u.Grant, Left: left, Twice: twice, Last: u.Last})
	}
}

func (p *Proposal) grants(task string) []Entitlement {
	for _, t := range p.Tasks {
		if t.ID == task {
			return t.Grants
		}
	}
	return nil
}
