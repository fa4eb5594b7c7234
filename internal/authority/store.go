package authority

import (
	"context"
	"time"

	"github.com/steadhq/stead"
)

// A Store keeps objects in versions and one ordered log of events, with one writer.
type Store interface {
	// Append runs the entry at the head of the log. A nil error means: events, leaves, records and counters are on
	// disk, in one transaction, and the view has reached the index returned. Cancelling ctx gives up the waiting,
	// never the write. Errors: what Decide returned; conflict (a counter refused, a version was taken); broken, with
	// record-failed (nothing was written, and will not be) or in-doubt (that is not known: look). A Decide that is not
	// urgent and whose turn has not come in time is taken back.
	Append(ctx context.Context, e Entry) (stead.Receipt, error)

	// Submit is Append for whoever has something else to do meanwhile: the entry is on its way when it returns, and
	// the ticket's Wait tells what Append would have told. Nobody need wait for it.
	Submit(ctx context.Context, e Entry) Ticket

	// Get reads one version of an object, 0 being the latest, ended ones included. Errors: missing, broken.
	Get(ctx context.Context, kind stead.RecordKind, id string, version uint64) (stead.Record, error)

	// At reads an object as it was when the event at index was written. Errors: missing, broken.
	At(ctx context.Context, kind stead.RecordKind, id string, index uint64) (stead.Record, error)

	// Events gives what a query chooses, in the order it asks for; it follows the log within 200 ms. Errors: broken; a
	// Short with what was found where q.Within was over.
	Events(ctx context.Context, q EventQuery) ([]StoredEvent, error)

	// Settled returns when Events knows of the event of that number, or ctx is over.
	Settled(ctx context.Context, number uint64) error

	// Counted counts what Events would give without its limit, by spans of time. Where Within is over before all are
	// counted, Whole is false and what there is are the newest. Errors: broken.
	Counted(ctx context.Context, q EventQuery, c Counting) (Counts, error)

	// Erase forgets a person: what is sealed under the key becomes unreadable for ever, every hash stays valid.
	Erase(ctx context.Context, person stead.PersonKey) error

	// View is what is true now, as far as this node has heard.
	View() *View

	// Latest brings the view to the end of the log as it is now, where other nodes write too. Errors: broken.
	Latest(ctx context.Context) error

	// Broken tells why the store takes nothing any more, nil while it does.
	Broken() error
}

// An Entry is what is asked of the one writer: changes already made, or a rule to be run at the head of the log.
type Entry struct {
	// Decide sees everything that stands before it, entries of the same batch included. It must be pure and quick.
	// What it returns is written whole or not at all; an error writes nothing. Nil: Changes are written as they are.
	Decide  func(*State) ([]stead.Change, error)
	Changes []stead.Change
	Urgent  bool // the lane of ending and revoking: goes before what waits
	Patient bool // nobody waits for it: it may wait some milliseconds for others to share a commit with
}

// A Ticket is an entry on its way to the disk.
type Ticket interface {
	// Wait gives the answer, every time the same. It is for one goroutine.
	Wait() (stead.Receipt, error)
}

// A Policy judges under the bundle of the given digest. It must be safe for concurrent use.
type Policy interface {
	// Judge answers a case. A bundle that is not compiled, or a rule that fails, is in Verdict.Errors: a no.
	Judge(bundle string, c Case) stead.Verdict
	// LetsAct tells whether any rule may let p act for somebody. A no is certain, a yes is not.
	LetsAct(bundle string, p *stead.Principal) bool
	// Actions are those that the schema of a bundle knows, by name; of a bundle that is not compiled none.
	Actions(bundle string) []string
	// Check compiles a bundle, runs its tests and gives its digest. Errors: invalid, with file and line.
	Check(files map[string]string) (digest string, err error)
	// Why explains a verdict, and for a plain no the nearest permit and the clause that failed.
	Why(bundle string, c Case, to Reader) (Explanation, error)
}

// A Capacity is in whose right a principal is asked about (R1).
type Capacity string

const (
	Self     Capacity = "self"
	ForOther Capacity = "for-other"
)

// A Case is one question to policy.
type Case struct {
	Action    stead.Action
	Capacity  Capacity
	Principal *stead.Principal // who is asked about: the actor, or the subject in its own right
	Subject   *stead.Principal // of act: whom he wants to act for; else for whom
	App       *stead.App
	Realm     *stead.Realm
	Path      string
	Mode      stead.Mode
	Purpose   stead.Purpose
	Unbound   bool   // of act, by an agent: for a token that is bound to no key
	Task      string // of act: which of its declared tasks an agent asks for
	Length    time.Duration
	Level     int
	AMR       []string
	Now       time.Time
	Zone      *time.Location // of the organisation: local hour and weekday in context (R7); nil = UTC
	Address   string
	Thing     *Thing // what is done something to, where the application has things of its own; nil is the realm
}

// A Thing is an entity of a type that the policy's schema declares for an application: a record, a folder.
type Thing struct {
	Type, ID string
	Said     map[string]any // what the caller says of it, as JSON has it: it fills in what the policy's files leave open
	Given    map[string]any // what he says of the action
}

// A Reader is whom an explanation is for: what a rule asks about a person is told to who may know of him.
type Reader struct {
	Principal bool // he may know of the principal of the case, and of the request
	Subject   bool // and of whom it is for
}

// Overseer reads everything.
var Overseer = Reader{Principal: true, Subject: true}

// An Explanation says in words why a verdict is as it is.
type Explanation struct {
	Allow   bool              `json:"allow"`
	Rules   []RuleTrace       `json:"rules,omitempty"`   // those that decided
	Nearest *RuleTrace        `json:"nearest,omitempty"` // of a plain no: the permit that came closest
	Errors  []string          `json:"errors,omitempty"`
	Winners map[string]string `json:"winners,omitempty"`
}

// A RuleTrace is one rule and how its clauses went.
type RuleTrace struct {
	ID     string   `json:"id"`
	File   string   `json:"file,omitempty"`
	Line   int      `json:"line,omitempty"`
	Effect string   `json:"effect"`           // permit | forbid
	True   int      `json:"true"`             // clauses that held
	Failed []string `json:"failed,omitempty"` // clauses that did not, as written; what is not for the reader is only said to be there
	Advice string   `json:"advice,omitempty"`
	Reason string   `json:"reason,omitempty"` // of a permit: why what it permits is in order
}
