package api

import (
	"context"
	"io"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
)

// Logins lets people in and tells who they are. Errors of Present: refused sign-in, session-idle, session-over,
// other-client.
type Logins interface {
	SignIn(context.Context, authority.SignIn) (authority.Signed, error)
	Present(context.Context, authority.Presented) (authority.By, error)
	StepUp(ctx context.Context, by authority.By, code string) (authority.Signed, error)
	SignOut(context.Context, authority.By) error
	May(authority.By, ...authority.Role) error
	// TurnAway records that somebody without the role asked for an operation, and gives the no back.
	TurnAway(ctx context.Context, by authority.By, operation string, no error) error
	// Done tells where the log says that by's request was done before under its key; 0 where it was not.
	Done(by authority.By) (number uint64, err error)
}

// Asker asks for mandates. Find never guesses: it gives all that match, none is missing.
type Asker interface {
	Arm(ctx context.Context, by authority.By, code string) (until time.Time, err error)
	Disarm(context.Context, authority.By) error
	Acknowledge(context.Context, authority.By) error
	Find(context.Context, authority.By, authority.Lookup) ([]stead.Principal, error)
	Ask(context.Context, authority.By, authority.Ask) (stead.Mandate, error)
	Status(context.Context, authority.By) (authority.Status, error)
}

// Runner moves one's own mandates.
type Runner interface {
	Claim(context.Context, authority.By, stead.MandateID) (stead.Mandate, error)
	Start(ctx context.Context, by authority.By, id stead.MandateID, code string) (stead.Mandate, error)
	Extend(ctx context.Context, by authority.By, id stead.MandateID, reason, code string) (stead.Mandate, error)
	End(context.Context, authority.By, stead.MandateID) (stead.Mandate, error)
	Withdraw(context.Context, authority.By, stead.MandateID) (stead.Mandate, error)
}

// Voter agrees or not, or only says something. Digest is what the voter has seen: it binds the yes.
type Voter interface {
	Approve(ctx context.Context, by authority.By, id stead.MandateID, digest, comment string) (stead.Mandate, error)
	Refuse(ctx context.Context, by authority.By, id stead.MandateID, digest, comment string) (stead.Mandate, error)
	Comment(ctx context.Context, by authority.By, id stead.MandateID, text string) (stead.Mandate, error)
}

// Stopper takes mandates back or holds them.
type Stopper interface {
	Revoke(ctx context.Context, by authority.By, id stead.MandateID, reason string) (stead.Mandate, error)
	Suspend(ctx context.Context, by authority.By, id stead.MandateID, reason string) (stead.Mandate, error)
	Resume(ctx context.Context, by authority.By, id stead.MandateID, reason string) (stead.Mandate, error)
}

// Lister shows mandates and sessions, one's own unless all is asked for and allowed.
type Lister interface {
	MandatePage(context.Context, authority.By, authority.MandateQuery) (page []stead.Mandate, next authority.Place, err error)
	Mandate(context.Context, authority.By, stead.MandateID) (stead.Mandate, error)
	SessionPage(ctx context.Context, by authority.By, of stead.PrincipalID, after authority.Place, limit int) (page []stead.Session, next authority.Place, err error)
	Session(context.Context, authority.By, stead.SessionID) (stead.Session, error)
	EndSession(context.Context, authority.By, stead.SessionID) error
}

// People keeps accounts. Enroll is all or nothing.
type People interface {
	PeoplePage(context.Context, authority.By, authority.PeopleQuery) (page []stead.Principal, more bool, err error)
	Human(context.Context, authority.By, stead.PrincipalID) (authority.Human, error)
	Enroll(context.Context, authority.By, []authority.NewPerson) ([]stead.Principal, error)
	Change(context.Context, authority.By, stead.PrincipalID, authority.Edit) (stead.Principal, error)
	Erase(context.Context, authority.By, stead.PrincipalID) error
	Vouch(ctx context.Context, by authority.By, id stead.PrincipalID, reason string) (stead.Principal, error)
}

// Rulers change policy and clock by two people, and explain decisions.
type Rulers interface {
	Stage(ctx context.Context, by authority.By, files map[string]string) (digest string, err error)
	Apply(ctx context.Context, by authority.By, digest string) (stead.Bundle, error)
	Plan(context.Context, authority.By) (authority.Planned, error)
	Policies(context.Context, authority.By) (inForce, staged stead.Bundle, err error)
	Why(context.Context, authority.By, stead.DecisionID) (authority.Reasoning, error)
	TrustClock(context.Context, authority.By) (stillNeeded int, err error)
}

// Owner does what everybody may with what is his own, and tells the groups to those who see everybody's.
type Owner interface {
	Preview(context.Context, authority.By, authority.Ask) (authority.Preview, error)
	SetFactor(context.Context, authority.By, authority.NewFactor) error
	SetPassword(context.Context, authority.By, authority.NewPassword) error
	Raise(ctx context.Context, by authority.By, id stead.MandateID, text string) error
	Groups(context.Context, authority.By) ([]authority.GroupCount, error)
}

// Agents keeps agents and their runs.
type Agents interface {
	Cards(context.Context, authority.By) ([]authority.Card, error)
	Card(ctx context.Context, by authority.By, agent string) (authority.Card, error)
	Register(context.Context, authority.By, authority.NewAgent) (stead.Registration, error)
	ChangeAgent(context.Context, authority.By, stead.PrincipalID, authority.NewAgent) (stead.Registration, error)
	SuspendAgent(ctx context.Context, by authority.By, id stead.PrincipalID, reason string) (stead.Registration, error)
	ResumeAgent(ctx context.Context, by authority.By, id stead.PrincipalID, reason string) (stead.Registration, error)
	RetireAgent(context.Context, authority.By, stead.PrincipalID) (stead.Registration, error)
	MakeSecret(context.Context, authority.By, stead.PrincipalID) (string, error)
	MakeEnrolment(ctx context.Context, by authority.By, id stead.PrincipalID, length time.Duration) (authority.Enrolment, error)
	AgentPast(context.Context, authority.By, stead.PrincipalID) (authority.Past, error)
	AgentUsed(context.Context, authority.By, stead.PrincipalID) (time.Time, error)
}

// Ends tells what ended with an act, and what is spent before an end.
type Ends interface {
	MandateStopped(context.Context, authority.By, stead.MandateID) (authority.Stopped, error)
	AccountStopped(context.Context, authority.By, stead.PrincipalID) (authority.Stopped, error)
	Spent(context.Context, authority.By, stead.MandateID) (map[string]int64, error)
	Usage(ctx context.Context, by authority.By, agent string, since time.Time, most int) ([]authority.GrantUse, error)
}

// Learns records what an agent needs, and proposes it.
type Learns interface {
	Learn(ctx context.Context, by authority.By, id stead.PrincipalID, task, reason string, length time.Duration) (stead.Registration, error)
	EndLearning(context.Context, authority.By, stead.PrincipalID) (stead.Registration, error)
	Proposal(ctx context.Context, by authority.By, agent string, since time.Time, most int, misfit func(stead.Entitlement) string) (authority.Card, stead.Proposal, error)
}

// Templates are what many agents have in common.
type Templates interface {
	Templates(context.Context, authority.By) ([]authority.TemplateCard, error)
	SetTemplate(context.Context, authority.By, stead.Template) (stead.Template, error)
	RetireTemplate(ctx context.Context, by authority.By, name string) (stead.Template, error)
	FromTemplate(context.Context, authority.By, stead.Registration) (stead.Registration, error)
}

// Duties keep apart what no one party may hold or do.
type Duties interface {
	AllExclusions(context.Context, authority.By) ([]stead.Exclusion, error)
	SetExclusion(context.Context, authority.By, stead.Exclusion) (stead.Exclusion, error)
	RetireExclusion(ctx context.Context, by authority.By, name string) (stead.Exclusion, error)
	UnknownActions(stead.Exclusion) []string
	Clashes(context.Context, authority.By) ([]authority.Clash, error)
}

// Segments keep agents in theirs.
type Segments interface {
	Segments(context.Context, authority.By) (all []authority.SegmentCard, inForce bool, err error)
	SetFlow(context.Context, authority.By, stead.Flow) (stead.Flow, error)
	RetireFlow(ctx context.Context, by authority.By, name string) (stead.Flow, error)
	Isolate(ctx context.Context, by authority.By, name, reason string) (stead.Segment, error)
	Reconnect(ctx context.Context, by authority.By, name, reason string) (stead.Segment, error)
}

// Tasks is what agents do themselves.
type Tasks interface {
	EnrollInstance(context.Context, authority.By, authority.NewInstance) (stead.Instance, error)
	Beat(context.Context, authority.By) error
	GiveUp(ctx context.Context, by authority.By, id stead.InstanceID, because string) error
	AskTask(context.Context, authority.By, authority.TaskAsk) (stead.Mandate, error)
	StartTask(context.Context, authority.By, stead.MandateID) (stead.Mandate, error)
	Complete(ctx context.Context, by authority.By, id stead.MandateID, result string) (stead.Mandate, error)
	Narrow(ctx context.Context, by authority.By, id stead.MandateID, to string, p stead.Passing) (stead.Mandate, error)
	// Tree lists a mandate and all that is below it.
	Tree(id stead.MandateID) []stead.MandateID
}

// Leases gives the calling instance a login to the system of its mandate, once.
type Leases interface {
	Lease(context.Context, authority.By, stead.MandateID) (authority.Lease, error)
}

// Systems tell what there is, and what of it may be granted.
type Systems interface {
	Systems(context.Context, authority.By) ([]authority.SystemCard, error)
	System(context.Context, authority.By, stead.AppID) (authority.SystemCard, error)
	Catalogues
}

// Catalogues tell what is really there to be granted.
type Catalogues interface {
	// Map makes of the needs of tasks what they are in the catalogue, and of those that had says too what they were; it refuses
	// tasks that need what a connected system does not have. Errors: invalid, missing, conflict.
	Map(ctx context.Context, tasks, had []stead.Task) ([]stead.Task, error)
	// Drift tells in what the needs of an agent would be something else if they were mapped now.
	Drift(context.Context, stead.Registration) []string
	// Misfit tells why no catalogue has something, "" where one has it or it cannot be known.
	Misfit(context.Context, stead.Entitlement) string
}

// Counter counts events, and records that some leave in a file. Errors: refused, broken.
type Counter interface {
	Counted(context.Context, authority.By, authority.EventQuery, authority.Counting) (authority.Counts, error)
	Export(context.Context, authority.By, authority.Exporting) error
}

// Verbs are all of them: what authority.Authority is.
type Verbs interface {
	Logins
	Asker
	Runner
	Voter
	Stopper
	Lister
	People
	Rulers
	Tuner
	Owner
	Agents
	Ends
	Tasks
	Duties
	Learns
	Templates
	Segments
	Counter
	Linker
}

// Trail reads the projection of events.
type Trail interface {
	// Events gives what a query chooses, in the order it asks for.
	Events(context.Context, authority.EventQuery) ([]authority.StoredEvent, error)
	// Settled returns when the event of that number can be read here, or ctx is over.
	Settled(ctx context.Context, number uint64) error
}

// Log proves what happened.
type Log interface {
	// Checkpoint is the signed head of the log (C2SP tlog-checkpoint).
	Checkpoint(context.Context) ([]byte, error)
	// Key is the verifier key in text form.
	Key() string
	// Prove gives the stored event at an index and its proof (C2SP tlog-proof). Errors: missing.
	Prove(ctx context.Context, index uint64) (event, proof []byte, err error)
	// Size is how many events the signed head is over.
	Size() uint64
	// Check reads on for a while, hashes again, and compares with the checkpoint at the end.
	Check(ctx context.Context, within time.Duration) (Checked, error)
	// Export writes what the query chooses, in a form that can be verified without Stead.
	Export(ctx context.Context, w io.Writer, e Export) error
}

// An Export says what is to be exported, and by whom.
type Export struct {
	Query  authority.EventQuery
	Text   string // the query as it was put
	By     string
	Splits []uint64                // sizes of checkpoints that the reader holds
	Record func(size uint64) error // told how many events the log has before the first of them leaves; nil is nobody
}

// A Register knows names. What is not there is zero.
type Register interface {
	Principal(stead.PrincipalID) stead.Principal
	Named(directory, name string) stead.PrincipalID
}

// Rules judges policy beside what is in force.
type Rules interface {
	Check(files map[string]string) (digest string, err error)
	Why(bundle string, c authority.Case, to authority.Reader) (authority.Explanation, error)
	Judge(bundle string, c authority.Case) stead.Verdict
}

// Bundles shows the policy in force and what waits. The zero Bundle is none.
type Bundles interface {
	Bundle(id string) stead.Bundle
}
