package api

import (
	"strings"
	"time"

	"github.com/steadhq/stead"
)

// Who is a principal as others see it.
type Who struct {
	ID        stead.PrincipalID `json:"id" doc:"prn_…, or stead for the server itself"`
	Kind      string            `json:"kind,omitempty"`
	Directory string            `json:"directory,omitempty"`
	Account   string            `json:"account,omitempty" doc:"account name, unique in its directory"`
	Name      string            `json:"name,omitempty" doc:"the name to show"`
}

func who(id stead.PrincipalID, p stead.Principal) Who {
	if p.ID == "" {
		return Who{ID: id}
	}
	return Who{ID: p.ID, Kind: string(p.Kind), Directory: p.Directory, Account: p.Name, Name: p.DisplayName()}
}

// A Mandate is the authority of one actor to act for one subject.
type Mandate struct {
	ID        stead.MandateID     `json:"id"`
	Version   uint64              `json:"version"`
	State     stead.State         `json:"state" enum:"asked,approved,active,suspended,ended"`
	Actor     Who                 `json:"actor"`
	Subject   Who                 `json:"subject"`
	Apps      []stead.AppID       `json:"apps"`
	Realms    []stead.RealmID     `json:"realms,omitempty"`
	Task      string              `json:"task,omitempty" doc:"of an agent: which of its declared tasks"`
	Grants    []stead.Entitlement `json:"grants,omitempty" doc:"of an agent: exactly these in a system"`
	Parent    stead.MandateID     `json:"parent,omitempty" doc:"what it was narrowed from: it ends with that"`
	Children  []stead.MandateID   `json:"children,omitempty" doc:"what was narrowed from it and has not ended, all the way down; where one mandate is shown"`
	Depth     int                 `json:"depth,omitempty" doc:"how many times in a row it may be passed on"`
	Delegates []string            `json:"delegates,omitempty" doc:"the agents it may be passed on to; where none is named, those whose own tasks allow it"`
	Budget    map[string]int64    `json:"budget,omitempty" doc:"at most"`
	Mode      stead.Mode          `json:"mode" enum:"read-only,edit"`
	Reason    string              `json:"reason"`
	Ticket    string              `json:"ticket,omitempty"`
	Target    string              `json:"target,omitempty"`
	Length    string              `json:"length" doc:"of one term, such as 10m"`
	Idle      string              `json:"idle,omitempty" doc:"it ends when nothing is done for so long"`
	Left      int                 `json:"extensions_left"`
	Digest    string              `json:"digest,omitempty" doc:"what a yes binds: hex SHA-256"`
	Rules     []stead.RuleRef     `json:"rules,omitempty"`
	Stages    []stead.Stage       `json:"stages,omitempty" doc:"who must agree"`
	Votes     []Vote              `json:"approvals,omitempty"`
	Word      *Word               `json:"word,omitempty" doc:"of another house, in the place of the person's own yes"`
	Unbound   bool                `json:"unbound,omitempty" doc:"a token was given for it that is bound to no key"`
	Standing  string              `json:"standing,omitempty" doc:"by which rules it was approved without anybody's yes, and why that is in order"`
	Comments  []Comment           `json:"comments,omitempty" doc:"what was said about it; no votes"`
	AskedAt   time.Time           `json:"asked_at"`
	StartBy   time.Time           `json:"start_by,omitzero"`
	StartedAt time.Time           `json:"started_at,omitzero"`
	Until     time.Time           `json:"until,omitzero"`
	EndedAt   time.Time           `json:"ended_at,omitzero"`
	Why       stead.Reason        `json:"why,omitempty" doc:"why it ended"`
	EndedBy   Who                 `json:"ended_by,omitzero" doc:"who ended it; the id stead is the server"`
	Spent     map[string]int64    `json:"spent,omitempty" doc:"of the budget; where one mandate is shown"`
	Limits    map[string][]string `json:"conditions,omitempty" doc:"of an agent: what arguments may be"`
	Call      string              `json:"call,omitempty" doc:"of an agent: the one call it is for, in JSON; the condition parameters is the SHA-256 of this text"`
	Claim     string              `json:"claim,omitempty" doc:"a link that only the actor can start it by, once, in his browser"`
}

// A Word is another house's.
type Word struct {
	Issuer  string `json:"issuer"`
	Subject string `json:"subject" doc:"as that house calls the person"`
	Letter  string `json:"letter" doc:"the jti of its assertion (ID-JAG)"`
}

// A Vote is one yes or no.
type Vote struct {
	By      Who       `json:"by"`
	Stage   *int      `json:"stage,omitempty" doc:"which of stages; missing of own"`
	Own     bool      `json:"own,omitempty" doc:"the yes of the person himself whom an agent acts for: it belongs to no stage"`
	Yes     bool      `json:"yes"`
	Comment string    `json:"comment,omitempty"`
	At      time.Time `json:"at"`
}

// A Comment is what somebody said about a request.
type Comment struct {
	By   Who       `json:"by"`
	Text string    `json:"text"`
	At   time.Time `json:"at"`
}

func (a *API) mandate(m stead.Mandate) Mandate {
	v := Mandate{
		ID: m.ID, Version: m.Version, State: m.State, Actor: a.show(m.Actor), Subject: a.show(m.Subject),
		Apps: m.Scope.Apps, Realms: m.Scope.Realms, Task: m.Task, Grants: m.Scope.Grants, Mode: m.Mode, Reason: m.Purpose.Reason, Ticket: m.Purpose.Ticket,
		Target: m.Target, Length: short(m.Bounds.Length), Idle: short(m.Bounds.Idle), Left: m.ExtensionsLeft(),
		Digest: m.Digest, Standing: m.Standing(), Rules: m.Rules, Stages: m.Stages, AskedAt: m.AskedAt, StartBy: m.StartBy,
		StartedAt: m.StartedAt, Until: m.Until, EndedAt: m.EndedAt, Why: m.Why, EndedBy: a.show(stead.PrincipalID(m.EndedBy)),
		Parent: m.Parent, Unbound: m.Unbound, Depth: m.MaxDepth, Delegates: m.Delegates, Budget: m.Bounds.Budget, Limits: m.Scope.Conditions, Call: m.Call,
	}
	if v.Mode == "" {
		v.Mode = stead.ReadOnly
	}
	if m.Word.Given() {
		v.Word = &Word{m.Word.Issuer, m.Word.Subject, m.Word.Letter}
	}
	for _, y := range m.Approvals {
		vote := Vote{By: a.show(y.By), Stage: &y.Stage, Yes: y.Yes, Comment: y.Comment, At: y.At}
		if m.OwnYes(y) {
			vote.Own, vote.Stage = true, nil
		}
		v.Votes = append(v.Votes, vote)
	}
	for _, c := range m.Comments {
		v.Comments = append(v.Comments, Comment{By: a.show(c.By), Text: c.Text, At: c.At})
	}
	if m.Task == "" && (m.State == stead.Asked || m.State == stead.Approved) {
		v.Claim = a.Public + "/claim/" + string(m.ID)
	}
	return v
}

// A Person is an account as an administrator sees it. Nothing of its credentials is ever shown.
type Person struct {
	Who
	Version    uint64            `json:"version"`
	Person     stead.PersonKey   `json:"person,omitempty" doc:"accounts with one key are one human"`
	Groups     []string          `json:"groups,omitempty"`
	Attributes map[string]string `json:"attributes,omitempty"`
	Disabled   bool              `json:"disabled"`
	Proofs     []string          `json:"proofs,omitempty" enum:"password,code" doc:"what he signs in with; where one account is shown"`
	Hands      []Hand            `json:"hands,omitempty" doc:"who made it or gave it what it counts by: beside them it is nobody's second person until somebody vouches; where one account is shown"`
	Vouched    *Who              `json:"vouched_by,omitempty" doc:"who said last that it is a person of his own; where one account is shown"`
	Others     []Who             `json:"other_accounts,omitempty" doc:"of the same human; where one account is shown"`
}

// A Hand is somebody who made an account, could use it, or gave it what it counts by.
type Hand struct {
	By   Who    `json:"by"`
	Mark string `json:"gave,omitempty" doc:"the group or attribute that he gave it, and no more; absent: the account itself is in his hand"`
}

func person(p stead.Principal) Person {
	return Person{
		Who: who(p.ID, p), Version: p.Version, Person: p.Person, Groups: p.Groups,
		Attributes: p.Attributes, Disabled: p.Disabled,
	}
}

// A Session is somebody's login.
type Session struct {
	ID        stead.SessionID `json:"id"`
	Version   uint64          `json:"version"`
	Person    Who             `json:"person"`
	AMR       []string        `json:"amr" doc:"how it was proved: RFC 8176"`
	Level     int             `json:"level"`
	Realm     stead.RealmID   `json:"realm,omitempty"`
	Hosts     []string        `json:"hosts,omitempty"`
	Since     time.Time       `json:"since"`
	Proved    time.Time       `json:"proved"`
	Idle      string          `json:"idle"`
	Until     time.Time       `json:"until"`
	ArmedTill time.Time       `json:"armed_till,omitzero"`
	Mine      bool            `json:"current,omitempty" doc:"the session that asks"`
}

func (a *API) session(s stead.Session, mine stead.SessionID) Session {
	v := Session{
		ID: s.ID, Version: s.Version, Person: a.show(s.Principal), AMR: s.AMR, Level: s.Level, Realm: s.Realm, Since: s.Since,
		Proved: s.Proved, Idle: short(s.IdleAfter), Until: s.Until, ArmedTill: s.ArmedTill, Mine: s.ID == mine,
	}
	for _, p := range s.Passes {
		v.Hosts = append(v.Hosts, p.Host)
	}
	return v
}

// short writes a duration without zero parts: 10m, not 10m0s. None is "".
func short(d stead.Duration) string {
	if d == 0 {
		return ""
	}
	s := time.Duration(d).String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// each views every element of a list; the list of nothing is [], never null.
func each[S, V any](list []S, view func(S) V) []V {
	out := make([]V, 0, len(list))
	for _, s := range list {
		out = append(out, view(s))
	}
	return out
}
