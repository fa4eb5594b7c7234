package console

import (
	"cmp"
	"context"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
)

// A Record proves the trail: the log under it.
type Record interface {
	Head() stead.Head
	Key() string // with which checkpoints are verified
	// Prove gives a stored event, from 0, and the proof that the log holds it. Errors: missing.
	Prove(ctx context.Context, index uint64) (event, proof []byte, err error)
	// Check reads on in the record for a while, and compares it with the checkpoint once it has come to its end.
	Check(ctx context.Context, within time.Duration) (Checked, error)
	// File writes events so that they can be verified without Stead.
	File(ctx context.Context, w io.Writer, f File) error
}

// Checked is how far the record was read and compared since the server has started.
type Checked struct {
	Upto     uint64 // the events 1 to this one hash to what the log says
	Head     uint64 // number of events of the signed checkpoint that they led to; 0: to none yet
	Of       uint64 // events there are
	Pruned   uint64 // of these only the hashes are left
	At       time.Time
	Wrong    string // what is not as it must be; empty: nothing
	Together bool   // somebody else checks at this moment
	Going    bool   // the server reads on by itself
}

// A File is which events are wanted, and what stands above them.
type File struct {
	Query authority.EventQuery
	Text  string
	By    stead.PrincipalID

	// Recorded puts on record that the rows leave: after it is settled how far the file reaches, before its first byte.
	Recorded func() error
}

const (
	lookBriefly = 8 * time.Millisecond
	lookLong    = 2 * time.Second
)

// A badge says what was checked, and when.
type badge struct {
	Checked
	When string
	All  bool // up to the newest event that there was
}

// brief is the badge in some words.
func (b badge) brief() string {
	switch {
	case b.Wrong != "":
		return "✕ not as it was signed"
	case b.All:
		return "✓ verified"
	}
	s := "verified to " + number(b.Upto) + " of " + number(b.Of)
	if b.Going {
		s += ", going on"
	}
	return s
}

// compared says what was done, and when.
func (b badge) compared() string {
	if b.Upto == 0 {
		return "Nothing was read since the server has started: what was verified before that is not taken on trust."
	}
	s := "Since the server has started every stored event up to there was hashed again, the hashes compared with the leaves of the log"
	if b.Head > 0 {
		s += ", and these with the checkpoint of " + number(b.Head) + " events that the key of the log signed"
	}
	return s + ": at " + b.When + "."
}

func (v *visit) badge() (badge, error) { return v.check(lookBriefly) }

func (v *visit) check(within time.Duration) (badge, error) {
	if v.c.Record == nil {
		return badge{}, nil
	}
	k, err := v.c.Record.Check(v.r.Context(), within)
	return badge{Checked: k, When: v.c.at(k.At), All: k.Wrong == "" && k.Head > 0 && k.Head >= k.Upto && k.Upto >= k.Of}, err
}

// checkOn reads further than a page has time for.
func (c *Console) checkOn(v *visit) error {
	if _, err := v.form(); err != nil {
		return err
	}
	if _, err := v.check(lookLong); err != nil {
		return err
	}
	return v.to("/audit#badge")
}

// An eventView is one event with everything that is known of it.
type eventView struct {
	frame
	Line    line
	Kind    string
	Means   string
	Facts   []fact
	Said    [][2]string // who and what
	Leaf    string
	Key     string
	Head    string
	Index   string // from 0, as programs count
	Number  string
	Newer   string
	Older   string
	Similar []choice
	Badge   badge
}

// A fact may lead somewhere.
type fact struct{ Name, Text, Href string }

func (c *Console) event(v *visit) error {
	e, err := v.numbered()
	if err != nil {
		return err
	}
	l := c.line(e)
	p := eventView{frame: v.frame("Event "+number(e.Number()), ""), Line: l, Kind: string(e.Kind), Means: meaning(e.Kind), Facts: c.facts(e),
		Leaf: e.Leaf.String(), Index: strconv.FormatUint(e.Index, 10), Number: strconv.FormatUint(e.Number(), 10), Said: said(e), Similar: c.similar(e)}
	if e.Index > 0 {
		p.Older = "/audit/" + strconv.FormatUint(e.Number()-1, 10)
	}
	if c.Record != nil {
		p.Key = c.Record.Key()
		head := c.Record.Head()
		p.Head = number(head.Size)
		if e.Number() < head.Size {
			p.Newer = "/audit/" + strconv.FormatUint(e.Number()+1, 10)
		}
	}
	if p.Badge, err = v.badge(); err != nil {
		return err
	}
	return v.show(http.StatusOK, eventPage(p))
}

// numbered is the event that the address names.
func (v *visit) numbered() (e authority.StoredEvent, err error) {
	n := asNumber(v.r.PathValue("number"))
	if n == 0 {
		return e, stead.E(stead.Missing, stead.ReasonUnknown, "there is no such event")
	}
	found, err := v.events(authority.EventQuery{After: n - 1, Before: n + 1, Limit: 1})
	if err == nil && len(found) == 0 {
		err = stead.E(stead.Missing, stead.ReasonUnknown, "there is no event %d, or it was pruned", n)
	}
	if err != nil {
		return e, err
	}
	return found[0], nil
}

// meaning is what the reference of events says of a kind.
func meaning(k stead.EventKind) string {
	for _, row := range authority.Kinds {
		if row.Kind == k {
			return row.Says
		}
		if row.Verb != "" && stead.EventKind(row.Verb+".refused") == k {
			return "somebody was refused this: " + row.Verb
		}
	}
	return ""
}

// facts are the members of an event that say something.
func (c *Console) facts(e authority.StoredEvent) []fact {
	a, _ := c.app(e.App)
	var all []fact
	add := func(name, text, href string) {
		if text != "" {
			all = append(all, fact{name, text, href})
		}
	}
	add("When", c.at(e.At)+" · "+e.At.UTC().Format("2006-01-02T15:04:05.000000Z"), "")
	add("Who did it", c.account(e.Actor), narrowed("actor", string(e.Actor)))
	if e.Subject != e.Actor {
		add("For whom", c.account(e.Subject), narrowed("subject", string(e.Subject)))
	}
	add("Outcome", string(e.Outcome), "")
	add("Reason", reasonText(e.Reason), "")
	if e.App != "" {
		add("Where", a.shown(), narrowed("app", string(e.App)))
	}
	if e.Mandate != "" {
		add("Mandate", string(e.Mandate), "/mandates/"+string(e.Mandate))
	}
	if e.Decision != "" {
		add("Decision", string(e.Decision), "/why/"+string(e.Decision))
	}
	if e.Session != "" {
		add("Session", string(e.Session), narrowed("session", string(e.Session)))
	}
	add("Outcome of", string(e.Of), "")
	add("Policy", shortDigest(e.Policy), "")
	if e.Status != 0 {
		add("Answer", strconv.Itoa(e.Status)+" · "+size(e.Size), "")
	}
	for _, r := range e.Records {
		add("Wrote", string(r.Kind)+" "+r.ID+", version "+strconv.FormatUint(r.Version, 10), "")
	}
	add("Id", string(e.ID), "")
	return all
}

func reasonText(r stead.Reason) string {
	if words := reasonWords[r]; words != "" {
		return words + " (" + string(r) + ")"
	}
	return string(r)
}

func narrowed(name, value string) string {
	f, err := authority.Filter{}.Add(name, value)
	if err != nil {
		return "/audit"
	}
	return address(f, 0, 0)
}

// similar are ways on from an event.
func (c *Console) similar(e authority.StoredEvent) []choice {
	all := []choice{{Text: "Everything of " + c.who(e.Actor), Href: narrowed("person", string(e.Actor))},
		{Text: "Every " + string(e.Kind), Href: narrowed("kind", string(e.Kind))}}
	if e.Subject != e.Actor && e.Subject != "" {
		all = append(all, choice{Text: "Everything about " + c.who(e.Subject), Href: narrowed("person", string(e.Subject))})
	}
	return all
}

// said are the texts of an event, who before what.
func said(e authority.StoredEvent) [][2]string {
	var all [][2]string
	for _, f := range []stead.Fields{e.Who, e.What} {
		for _, name := range slices.Sorted(maps.Keys(f)) {
			all = append(all, [2]string{name, f[name]})
		}
	}
	return all
}

// stored hands out the bytes that the leaf is the hash of; proof how they lead to the checkpoint.
func (c *Console) stored(v *visit) error { return v.prove("json", true) }
func (c *Console) proof(v *visit) error  { return v.prove("proof", false) }

func (v *visit) prove(ending string, event bool) error {
	e, err := v.numbered()
	if err != nil {
		return err
	}
	stored, proof, err := v.c.Record.Prove(v.r.Context(), e.Index)
	if err != nil {
		return err
	}
	v.download("event-"+strconv.FormatUint(e.Number(), 10)+"."+ending, map[bool]string{true: "application/json", false: "text/plain; charset=utf-8"}[event])
	_, err = v.w.Write(map[bool][]byte{true: stored, false: proof}[event])
	return err
}

// download says that what follows is a file.
func (v *visit) download(name, kind string) {
	h := v.w.Header()
	h.Set("Content-Type", cmp.Or(kind, "application/octet-stream"))
	h.Set("Content-Disposition", `attachment; filename="`+name+`"`)
}
