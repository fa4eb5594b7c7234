package survey

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/steadhq/stead"
)

// A Learner walks through an application as one person and notes which requests change something.
type Learner struct {
	Person *Visitor
	Nobody *Visitor // says who no one is, for what is public
	Watch  Watch
	Closed func(target string) bool // whether rules say already that it is not to be asked for; nil is none

	Ignore *regexp.Regexp // changes that are none: own tables of sessions, caches; nil is none
	Trace  *regexp.Regexp // changes that are a trace of looking: recent lists, read marks; nil is none
	Skip   *regexp.Regexp // targets that are not asked for; nil is none
	Pages  int            // most requests
	Each   int            // most requests of one shape
	Settle time.Duration  // how long what a request changed may take to be seen
	Say    func(format string, args ...any)

	typed  map[string]bool
	shapes map[string]*Evidence
	queue  [2][]string // targets: plain ones go first, what has parameters or a verb later
	queued map[string]bool
	lesson Lesson
}

// A Lesson is what was seen.
type Lesson struct {
	Requests int
	Evidence []*Evidence
	Posts    []string   // paths, as shapes, that forms post to
	Logouts  []string   // targets that look like the sign-out, not asked for
	SignIns  [][]string // names of fields of forms that take a password
	Noise    []string   // what changes with any request, or with none
	Cut      bool       // there was more to see than time or pages
	Blind    bool       // nothing changed all the while, not even what a visit leaves: the watch may look elsewhere
}

// Evidence is what requests of one shape did.
type Evidence struct {
	shape
	Requests int
	Answered int      // with 2xx or 3xx
	Wrote    int      // of them changed something
	Changes  []string // what they changed
	Trace    bool     // only what is a trace
	Examples []string
	Public   int  // of them brought the same file to nobody
	Attached bool // the answer is a download
}

var (
	signsOut = regexp.MustCompile(`(?i)(log|sign)[-_]?(out|off)`)
	verbs    = regexp.MustCompile(`(?i)delete|remove|destroy|trash|purge|clear|reset|edit|save|update|create|add|new|toggle|subscribe|mark|vote|approve|revoke|send|archive|restore|install|run|start|stop`)
)

// Learn asks for the seeds and for what they lead to. The end of ctx ends the walk, not what it has seen.
func (l *Learner) Learn(ctx context.Context, seeds []string) (Lesson, error) {
	l.typed, l.shapes, l.queued, l.lesson.Blind = map[string]bool{}, map[string]*Evidence{}, map[string]bool{}, true
	if err := l.settleIn(ctx, seeds); err != nil {
		return l.lesson, err
	}
	for _, s := range seeds {
		l.add(s)
	}
	for l.lesson.Requests < l.Pages {
		target := l.next()
		if target == "" {
			break
		}
		if err := l.visit(ctx, target); err != nil {
			if ctx.Err() != nil {
				l.lesson.Cut = true
				break
			}
			return l.lesson, err
		}
	}
	l.lesson.Cut = l.lesson.Cut || len(l.queue[0])+len(l.queue[1]) > 0
	for _, e := range l.shapes {
		l.lesson.Evidence = append(l.lesson.Evidence, e)
	}
	slices.SortFunc(l.lesson.Evidence, func(a, b *Evidence) int { return strings.Compare(a.key(), b.key()) })
	return l.lesson, nil
}

// settleIn comes in, and finds what changes whatever one does: before that, a first visit writes what no later one does.
func (l *Learner) settleIn(ctx context.Context, seeds []string) error {
	if len(seeds) == 0 {
		return stead.E(stead.Invalid, stead.ReasonRequest, "there is nothing to begin with")
	}
	for range 2 {
		all, err := l.Person.Open(ctx, seeds[0], nil)
		if err != nil {
			return err
		}
		if last := all[len(all)-1]; last.Status >= 400 {
			return stead.E(stead.Refused, stead.ReasonRequest, "%s answers %d: is this person known there?", last.Target, last.Status)
		}
		if _, err := l.changes(ctx); err != nil {
			return err
		}
	}
	for range 2 {
		if _, err := l.Person.Get(ctx, "/stead-learn-asks-for-what-is-not-there", nil); err != nil {
			return err
		}
		found, err := l.changes(ctx)
		if err != nil {
			return err
		}
		for _, name := range found {
			if !slices.Contains(l.lesson.Noise, name) {
				l.lesson.Noise = append(l.lesson.Noise, name)
			}
		}
	}
	return nil
}

// visit asks for one target, and again where it changed something.
func (l *Learner) visit(ctx context.Context, target string) error {
	s, ok := shapeOf(target, l.typed)
	if !ok {
		return nil
	}
	e := l.shapes[s.key()]
	if e == nil {
		e = &Evidence{shape: s, Trace: true}
		l.shapes[s.key()] = e
	}
	if e.Requests >= l.Each {
		return nil
	}
	a, wrote, err := l.ask(ctx, e, target)
	if err != nil {
		return err
	}
	if wrote && e.Wrote == 1 { // a cache is filled once
		if _, _, err := l.ask(ctx, e, target); err != nil {
			return err
		}
	}
	l.follow(ctx, e, a)
	return nil
}

func (l *Learner) ask(ctx context.Context, e *Evidence, target string) (a Answer, wrote bool, err error) {
	if a, err = l.Person.Get(ctx, target, nil); err != nil {
		if ctx.Err() == nil { // it broke off: that is an answer too, and no evidence of reading
			l.Say("%s: %s", target, err)
			e.Requests++
			l.lesson.Requests++
			_, err = l.changes(ctx)
		}
		return a, false, err
	}
	found, err := l.changes(ctx)
	if err != nil {
		return a, false, err
	}
	l.lesson.Requests++
	e.Requests++
	if a.Status < 400 {
		e.Answered++
		e.Examples = append(e.Examples, target)
	}
	wrote = e.note(found, l)
	if wrote {
		l.Say("%s changes %s", target, strings.Join(e.Changes, ", "))
	}
	e.Attached = e.Attached || strings.HasPrefix(a.Header.Get("Content-Disposition"), "attachment")
	return a, wrote, nil
}

// note takes down what one request changed. Noise and what is to be ignored is nothing.
func (e *Evidence) note(found []string, l *Learner) bool {
	wrote := false
	for _, name := range found {
		if slices.Contains(l.lesson.Noise, name) || l.Ignore != nil && l.Ignore.MatchString(name) {
			continue
		}
		wrote = true
		e.Trace = e.Trace && l.Trace != nil && l.Trace.MatchString(name)
		if !slices.Contains(e.Changes, name) {
			e.Changes = append(e.Changes, name)
		}
	}
	if wrote {
		e.Wrote++
	}
	return wrote
}

// changes waits until what a request changed can be seen, and until no more of it comes.
func (l *Learner) changes(ctx context.Context) (all []string, err error) {
	for {
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(l.Settle):
		}
		found, err := l.Watch.Changes(ctx)
		if err != nil {
			return nil, errors.Join(errors.New("the watch sees nothing any more"), err)
		}
		fresh := slices.DeleteFunc(found, func(n string) bool { return slices.Contains(all, n) })
		if len(fresh) == 0 {
			l.lesson.Blind = l.lesson.Blind && len(all) == 0
			return all, nil
		}
		all = append(all, fresh...)
	}
}
