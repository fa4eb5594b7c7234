package survey

import (
	"fmt"
	"regexp"
	"strings"
)

// maxEntry is how long an entry of a record may be: a longer one takes in names that are not of it.
const maxEntry = 2000

// A Trace is what an application's own record is asked for after a write: who did it.
type Trace struct {
	Actor, Subject string         // account names
	Entry          *regexp.Regexp // finds the entries, or the one of the write
	Names          *regexp.Regexp // the actor's name as the application writes it; nil is the account name as a word
}

// Look judges a record (R26): the one entry that was not there before names the actor, or the subject alone, or neither.
func (t Trace) Look(before, after []byte) Finding {
	known := map[string]bool{}
	for _, e := range t.Entry.FindAll(before, -1) {
		known[string(e)] = true
	}
	var fresh []string
	for _, e := range t.Entry.FindAll(after, -1) {
		if !known[string(e)] {
			fresh = append(fresh, string(e))
		}
	}
	if len(fresh) != 1 {
		return Finding{"record", Bad, fmt.Sprintf("%d new entries, not one: the write is not recorded there, or entry does not fit, or somebody else wrote too", len(fresh)), "aware: false"}
	}
	entry := fresh[0]
	if len(entry) > maxEntry {
		return Finding{"record", Bad, fmt.Sprintf("entry takes in %d bytes, more than an entry has: names in it prove nothing", len(entry)), "aware: false"}
	}
	shown := "“" + short(entry) + "”"
	switch actor, subject := t.NamesActor(entry), alone(t.Subject).MatchString(entry); {
	case actor && subject:
		return Finding{"record", OK, "names " + t.Actor + " and " + t.Subject + ": " + shown, "aware: true"}
	case actor:
		return Finding{"record", OK, "names " + t.Actor + ", but not for whom: " + shown, "aware: true"}
	case subject:
		return Finding{"record", Bad, "names " + t.Subject + " alone: what " + t.Actor + " changes would be hers. " + shown, "aware: false"}
	}
	return Finding{"record", Bad, "names neither " + t.Actor + " nor " + t.Subject + ": " + shown, "aware: false"}
}

// NamesActor tells whether a text has the actor's name.
func (t Trace) NamesActor(text string) bool {
	if t.Names != nil {
		return t.Names.MatchString(text)
	}
	return alone(t.Actor).MatchString(text)
}

// alone finds a name that stands alone: "sam" is not in "same".
func alone(name string) *regexp.Regexp {
	return regexp.MustCompile(`(?i)(?:^|[^\pL\pN_])` + regexp.QuoteMeta(name) + `(?:[^\pL\pN_]|$)`)
}

var (
	element = regexp.MustCompile(`<[^>]*>`)
	blanks  = regexp.MustCompile(`\s+`)
)

// short is what a reader sees of an entry.
func short(entry string) string {
	text := strings.TrimSpace(blanks.ReplaceAllString(element.ReplaceAllString(entry, " "), " "))
	if r := []rune(text); len(r) > 160 {
		return string(r[:160]) + "…"
	}
	return text
}
