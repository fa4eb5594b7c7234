package survey

import (
	"bytes"
	"context"
	"slices"
	"strings"
)

// follow finds where an answer leads.
func (l *Learner) follow(ctx context.Context, e *Evidence, a Answer) {
	switch {
	case a.Status/100 == 2 && isStatic(a.kind()) && e.Wrote == 0:
		l.public(ctx, e, a)
	case a.Location != "":
		l.add(a.Location)
	case a.isHTML() && a.Status < 400:
		p := l.Person.page(a)
		for _, f := range p.forms {
			l.form(f)
		}
		for _, to := range p.links {
			l.add(to)
		}
	}
}

func (l *Learner) form(f form) {
	if f.secret() {
		var names []string
		for _, one := range f.fields {
			if one.kind != "hidden" && one.kind != "submit" && one.kind != "checkbox" && !slices.Contains(names, one.name) {
				names = append(names, one.name)
			}
		}
		if !slices.ContainsFunc(l.lesson.SignIns, func(n []string) bool { return slices.Equal(n, names) }) {
			l.lesson.SignIns = append(l.lesson.SignIns, names)
		}
		return
	}
	for _, one := range f.fields {
		if slices.Contains(free, one.kind) {
			l.typed[one.name] = true
		}
	}
	if to := f.target(); to != "" {
		l.add(to)
		return
	}
	if s, ok := shapeOf(f.action, nil); ok && f.method == "POST" && !slices.Contains(l.lesson.Posts, s.path) {
		l.lesson.Posts = append(l.lesson.Posts, s.path)
	}
}

// add puts a target into the queue, if it is one to ask for.
func (l *Learner) add(target string) {
	target, _, _ = strings.Cut(target, "#")
	switch {
	case l.queued[target]:
		return
	case signsOut.MatchString(target):
		l.lesson.Logouts = append(l.lesson.Logouts, target)
	case l.Skip != nil && l.Skip.MatchString(target), l.Closed != nil && l.Closed(target):
	case strings.Contains(target, "?") || verbs.MatchString(target):
		l.queue[1] = append(l.queue[1], target)
	default:
		l.queue[0] = append(l.queue[0], target)
	}
	l.queued[target] = true
}

func (l *Learner) next() (target string) {
	for i := range l.queue {
		if len(l.queue[i]) > 0 {
			target, l.queue[i] = l.queue[i][0], l.queue[i][1:]
			return target
		}
	}
	return ""
}

// public asks for the same file as nobody.
func (l *Learner) public(ctx context.Context, e *Evidence, a Answer) {
	b, err := l.Nobody.Get(ctx, a.Target, nil)
	l.lesson.Requests++
	_, seen := l.changes(ctx)
	if err == nil && seen == nil && b.Status == a.Status && bytes.Equal(a.Body, b.Body) && len(a.Header["Set-Cookie"])+len(b.Header["Set-Cookie"]) == 0 {
		e.Public++
	}
}

func isStatic(kind string) bool {
	return strings.HasPrefix(kind, "image/") || strings.HasPrefix(kind, "font/") || kind == "text/css" || strings.Contains(kind, "javascript") ||
		kind == "application/manifest+json"
}
