package stead

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// AgentKind tells whose an agent is.
type AgentKind string

const (
	Company  AgentKind = "company"  // the organisation's own
	Employee AgentKind = "employee" // one employee's: it never has more than he has, and counts as him
	Peer     AgentKind = "peer"     // deals with agents of others
)

// Tier is how much harm an agent could do.
type Tier string

const (
	LowTier    Tier = "low"
	MediumTier Tier = "medium"
	HighTier   Tier = "high"
)

// Agents is the directory that agents live in: "agent:agents/monthly-report".
const Agents = "agents"

// A Registration is what is known of an agent beside its principal. It and the principal together are the Agent of the
// vocabulary.
type Registration struct {
	Principal PrincipalID   `json:"principal"`
	Version   uint64        `json:"version"`
	Person    PersonKey     `json:"person"` // that of its principal
	Kind      AgentKind     `json:"kind"`
	Owner     PrincipalID   `json:"owner"`             // answers for it: it stops when he is gone
	Sponsor   PrincipalID   `json:"sponsor,omitempty"` // who wanted it
	Purpose   string        `json:"purpose"`
	Tier      Tier          `json:"tier"`
	Segment   string        `json:"segment,omitempty"`
	Build     Build         `json:"build,omitzero"`
	Keys      []AgentKey    `json:"keys,omitempty"`
	SPIFFE    []string      `json:"spiffe,omitempty"` // ids of the workloads that are this agent, each exactly
	Tasks     []Task        `json:"tasks,omitempty"`
	Redirects []string      `json:"redirects,omitempty"` // where the browsers of those go back to who let it act for them
	Public    bool          `json:"public,omitempty"`    // it keeps no secret: the keys of its runs are all that proves it
	Document  string        `json:"document,omitempty"`  // where it describes itself, which is its client_id; "" of one that was registered by hand
	Suspended bool          `json:"suspended,omitempty"`
	Builder   PrincipalID   `json:"builder,omitempty"`  // who last said that it is of another build: he does not resume it
	Equipped  []PrincipalID `json:"equipped,omitempty"` // who gave it what it proves itself with: they could ask as it, and do not agree to it
	Retired   bool          `json:"retired,omitempty"`
	Since     time.Time     `json:"since,omitzero"` // when it was registered: of two that exclude each other the later one is refused
	Learning  Learning      `json:"learning,omitzero"`
	Made      Made          `json:"made,omitzero"` // from which template
}

// A Build is the version of an agent: what it is made of, as digests or names. Another one asks for a review.
type Build struct {
	Model string `json:"model,omitempty"`
	Code  string `json:"code,omitempty"`
	Tools string `json:"tools,omitempty"`
}

// An AgentKey is a public key that an agent proves itself with.
type AgentKey struct {
	Thumbprint string    `json:"thumbprint"`     // RFC 7638, SHA-256, base64url
	JWK        string    `json:"jwk"`            // public members alone
	Since      time.Time `json:"since,omitzero"` // when it was registered; of an instance's key the instance says it
}

// A Task is one thing an agent is there for, and exactly what it needs for it.
type Task struct {
	ID      string           `json:"id"`
	Purpose string           `json:"purpose"`
	Mode    Mode             `json:"mode,omitempty"`   // empty: read-only
	Length  Duration         `json:"length,omitempty"` // 0: 24 h, which is 86,400 s (R37)
	Budget  map[string]int64 `json:"budget,omitempty"`
	Grants  []Entitlement    `json:"grants"`          // all of it, exactly
	Needs   []Need           `json:"needs,omitempty"` // in which words it was said, as far as it was

	Depth     int      `json:"depth,omitempty"`     // how many times in a row it may be passed on; 0: never
	Delegates []string `json:"delegates,omitempty"` // names of the agents it may be passed on to; empty: whose own tasks allow it
}

// Day is how long a task may take where nothing else is said.
const Day = 24 * time.Hour

// An Entitlement is one permission in one system.
type Entitlement struct {
	System   AppID    `json:"system"`
	Action   Action   `json:"action"`            // "read", "write" or what the system calls it
	Resource string   `json:"resource"`          // as the system names it: "public.orders"
	Columns  []string `json:"columns,omitempty"` // of a table; empty: all of them
	Rows     string   `json:"rows,omitempty"`    // filter on a table's rows, in the system's own language; empty: all of them
}

// Covers tells whether e allows all that other allows.
func (e Entitlement) Covers(other Entitlement) bool {
	if e.System != other.System || e.Action != other.Action || e.Resource != other.Resource || e.Rows != "" && e.Rows != other.Rows {
		return false
	}
	if len(e.Columns) == 0 {
		return true
	}
	return len(other.Columns) > 0 && !slices.ContainsFunc(other.Columns, func(c string) bool { return !slices.Contains(e.Columns, c) })
}

// hides tells whether it holds what cannot be seen.
func (e Entitlement) hides() bool {
	return hides(e.Resource + string(e.Action) + e.Rows + strings.Join(e.Columns, ""))
}

// String writes an entitlement in one unambiguous line.
func (e Entitlement) String() string {
	return fmt.Sprintf("%q %q %q columns %q rows %q", e.System, e.Action, e.Resource, e.Columns, e.Rows)
}

// EquippedBy is r when by has given it a key, a secret, a workload or a one-time token.
func (r Registration) EquippedBy(by PrincipalID) Registration {
	if by != "" && !slices.Contains(r.Equipped, by) {
		r.Equipped = append(slices.Clip(r.Equipped), by)
	}
	return r
}

// behind are those who could ask as the agent: who answers for it, and who gave it what it proves itself with.
func (r *Registration) behind(who func(PrincipalID) Principal) (all []Principal) {
	for _, id := range append([]PrincipalID{r.Owner}, r.Equipped...) {
		if p := who(id); p.ID != "" {
			all = append(all, p)
		}
	}
	return all
}

// Task finds a declared task; nil is none.
func (r *Registration) Task(id string) *Task {
	for i := range r.Tasks {
		if r.Tasks[i].ID == id {
			return &r.Tasks[i]
		}
	}
	return nil
}

// Allows tells whether the registration still entitles to all of wanted, by one of its tasks.
func (r *Registration) Allows(wanted []Entitlement) bool {
	return slices.ContainsFunc(r.Tasks, func(t Task) bool { return t.Allows(wanted) })
}

// Allows tells whether the task entitles to all of wanted.
func (t Task) Allows(wanted []Entitlement) bool {
	return !slices.ContainsFunc(wanted, func(w Entitlement) bool {
		return !slices.ContainsFunc(t.Grants, func(e Entitlement) bool { return e.Covers(w) })
	})
}

// Wrong tells what is wrong with a registration and what to write instead, "" where nothing is.
func (r Registration) Wrong() string {
	switch {
	case r.Kind != Company && r.Kind != Employee && r.Kind != Peer:
		return fmt.Sprintf("an agent is company, employee or peer, not %q", r.Kind)
	case r.Tier != LowTier && r.Tier != MediumTier && r.Tier != HighTier:
		return fmt.Sprintf("the tier of an agent is low, medium or high, not %q", r.Tier)
	case r.Owner == "":
		return "an agent needs an owner who answers for it"
	case strings.TrimSpace(r.Purpose) == "":
		return "say what the agent is for"
	case hides(r.Purpose + r.Build.Model + r.Build.Code + r.Build.Tools):
		return "what the agent is for, or its build, holds characters that cannot be shown: take them away"
	case len(r.SPIFFE) > mostWorkloads || slices.ContainsFunc(r.SPIFFE, noWorkload):
		return fmt.Sprintf("an agent is at most %d workloads, each written in full: spiffe://acme.example/report", mostWorkloads)
	case len(r.Tasks) > mostTasks:
		return fmt.Sprintf("one agent has at most %d tasks", mostTasks)
	case len(r.Redirects) > mostRedirects:
		return fmt.Sprintf("one agent has at most %d addresses to return to", mostRedirects)
	case r.Public && len(r.Redirects) == 0:
		return "a public client gets tokens by the yes of a person alone: say where browsers return to"
	}
	for _, address := range r.Redirects {
		if text := WrongRedirect(address); text != "" {
			return text
		}
	}
	for i, t := range r.Tasks {
		if slices.ContainsFunc(r.Tasks[:i], func(u Task) bool { return u.ID == t.ID }) {
			return fmt.Sprintf("the task %s stands there twice", t.ID)
		}
		if text := t.wrong(); text != "" {
			return text
		}
	}
	return ""
}

const (
	mostTasks     = 64
	mostGrants    = 256
	mostWorkloads = 8
	mostWorkload  = 2048 // bytes, as SPIFFE has it
)

// noWorkload tells what is no SPIFFE id of a workload.
func noWorkload(id string) bool {
	rest, ok := strings.CutPrefix(id, "spiffe://")
	domain, path, _ := strings.Cut(rest, "/")
	return !ok || len(id) > mostWorkload || domain == "" || path == "" || strings.ContainsAny(id, " *?#%\\") || strings.ToLower(domain) != domain
}

func (t Task) wrong() string {
	if text := wrongName("task", t.ID, mostName); text != "" {
		return text
	}
	switch {
	case strings.TrimSpace(t.Purpose) == "":
		return fmt.Sprintf("say what the task %s is for", t.ID)
	case hides(t.Purpose):
		return fmt.Sprintf("what the task %s is for holds characters that cannot be shown: take them away", t.ID)
	case t.Mode != "" && t.Mode != ReadOnly && t.Mode != Edit:
		return fmt.Sprintf("the task %s is read-only or edit, not %q", t.ID, t.Mode)
	case t.Length < 0:
		return fmt.Sprintf("the task %s cannot last %s", t.ID, time.Duration(t.Length))
	case len(t.Grants) == 0 || len(t.Grants) > mostGrants:
		return fmt.Sprintf("the task %s needs 1 to %d grants", t.ID, mostGrants)
	}
	for _, e := range t.Grants {
		switch {
		case e.System != t.Grants[0].System:
			return fmt.Sprintf("the task %s lies in two systems: make two tasks of it", t.ID)
		case e.System == "" || e.Action == "" || e.Resource == "":
			return fmt.Sprintf("a grant of the task %s lacks its system, action or resource", t.ID)
		case e.hides():
			return fmt.Sprintf("a grant of the task %s holds characters that cannot be shown: take them away", t.ID)
		case e.Action == ActionBarred || e.Action == ActionClosed || e.Action == ActionAct:
			return fmt.Sprintf("the task %s: %s is never granted", t.ID, e.Action)
		case changes(e.Action) && t.Mode != Edit:
			return fmt.Sprintf("the task %s is read-only, so it cannot be granted %s", t.ID, e.Action)
		}
	}
	if text := cmp.Or(t.wrongNeeds(), t.wrongDepth()); text != "" {
		return text
	}
	if text := wrongBudget(t.Budget); text != "" {
		return "the task " + t.ID + ": " + text
	}
	return ""
}

func (t Task) wrongDepth() string {
	switch {
	case t.Depth < 0 || t.Depth > MostDepth:
		return fmt.Sprintf("the task %s is passed on 0 to %d times, not %d", t.ID, MostDepth, t.Depth)
	case len(t.Delegates) > 0 && t.Depth == 0:
		return fmt.Sprintf("the task %s names whom it is passed on to, and has no depth", t.ID)
	case len(t.Delegates) > mostTasks:
		return fmt.Sprintf("the task %s is passed on to at most %d agents", t.ID, mostTasks)
	}
	for _, name := range t.Delegates {
		if text := wrongName("agent", name, mostName); text != "" {
			return text
		}
	}
	return ""
}

// An Instance is one ephemeral run of an agent, with a key of its own.
type Instance struct {
	ID      InstanceID  `json:"id"`
	Version uint64      `json:"version"`
	Agent   PrincipalID `json:"agent"`
	Person  PersonKey   `json:"person"`
	Key     AgentKey    `json:"key"`
	Proof   string      `json:"proof,omitempty"` // what it was enrolled with: it ends when that counts no more
	Beat    Duration    `json:"beat,omitempty"`  // it is gone when it was not heard of for so long; 0: it need not be heard of
	Since   time.Time   `json:"since"`
	Until   time.Time   `json:"until"`
	Ended   time.Time   `json:"ended,omitzero"`
	Why     Reason      `json:"why,omitempty"`
}

// Over tells whether the instance has ended or must count as ended at now: ReasonNone, or why. Heard is its last sign of
// life.
func (i Instance) Over(now, heard time.Time) Reason {
	switch {
	case !i.Ended.IsZero() && i.Why != ReasonNone:
		return i.Why
	case !i.Ended.IsZero():
		return ReasonEnded
	case !now.Before(i.Until):
		return ReasonExpired
	case i.Beat > 0 && !now.Before(later(heard, i.Since).Add(time.Duration(i.Beat))):
		return ReasonLost
	}
	return ReasonNone
}

func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

// Close ends an instance.
func (i Instance) Close(why Reason, now time.Time) Instance {
	i.Ended, i.Why, i.Version = now, why, i.Version+1
	return i
}

func (r Registration) Ref() RecordRef {
	return RecordRef{Kind: KindAgent, ID: string(r.Principal), Version: r.Version}
}
func (r Registration) About() []PersonKey { return about(r.Person) }
func (r Registration) Live() bool         { return !r.Retired }

func (i Instance) Ref() RecordRef {
	return RecordRef{Kind: KindInstance, ID: string(i.ID), Version: i.Version}
}
func (i Instance) About() []PersonKey { return about(i.Person) }
func (i Instance) Live() bool         { return i.Ended.IsZero() }
