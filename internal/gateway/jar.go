package gateway

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
)

// Bounds of what this node remembers.
const (
	maxJars    = 10_000
	maxInJar   = 64
	maxLearned = 512 // names of cookies of one application
)

// primeFor is how long requests wait for the answer to the first.
const primeFor = 10 * time.Second

// A jar is what an application has given under one mandate, as far as this node has seen. The browser's cookies count;
// the jar serves the requests that left before it had any, and the end.
type jar struct {
	id  jarID
	app *App
	by  authority.By
	who served

	turn   chan struct{} // held by the request that runs alone
	primed chan struct{} // closed when the head of the first answer is there

	mu      sync.Mutex
	cookies []cookie
	first   firstVisit
}

type jarID struct {
	mandate stead.MandateID
	app     stead.AppID
}

// jars are those of the mandates in force that this node has served, and what it learned of applications' cookies.
type jars struct {
	mu      sync.Mutex
	open    map[jarID]*jar
	learned map[stead.AppID]map[string]string // name: path
	closing sync.WaitGroup
}

// of is the jar of a visit. A former one of the same people in the same application is closed: it would be a second
// session there.
func (g *Gateway) jarOf(v *visit) *jar {
	id := jarID{v.who.mandate.ID, v.app.ID}
	g.jars.mu.Lock()
	defer g.jars.mu.Unlock()
	if j := g.jars.open[id]; j != nil {
		return j
	}
	j := &jar{id: id, app: v.app, by: v.by, who: v.who.copy(), turn: make(chan struct{}, 1), primed: make(chan struct{})}
	if g.jars.open == nil {
		g.jars.open = map[jarID]*jar{}
	}
	for other, former := range g.jars.open {
		again := other.app == id.app && former.who.actor.ID == j.who.actor.ID && former.who.subject.ID == j.who.subject.ID
		if again || len(g.jars.open) >= maxJars {
			delete(g.jars.open, other)
			g.atEnd(former)
		}
	}
	g.jars.open[id] = j
	return j
}

func (s served) copy() served {
	actor, subject, mandate := *s.actor, *s.subject, *s.mandate
	return served{actor: &actor, subject: &subject, mandate: &mandate}
}

// list are the jars that are open.
func (s *jars) list() []*jar {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]*jar, 0, len(s.open))
	for _, j := range s.open {
		all = append(all, j)
	}
	return all
}

// drop takes a jar out, and tells whether it was there.
func (s *jars) drop(j *jar) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	there := s.open[j.id] == j
	if there {
		delete(s.open, j.id)
	}
	return there
}

// learn notes that an application sets a cookie itself, and where.
func (s *jars) learn(app stead.AppID, c cookie, now time.Time) {
	if c.over(now) {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.learned == nil {
		s.learned = map[stead.AppID]map[string]string{}
	}
	if s.learned[app] == nil {
		s.learned[app] = map[string]string{}
	}
	if known := s.learned[app]; len(known) < maxLearned || known[c.name] != "" {
		known[c.name] = c.path
	}
}

// setAt is where an application sets a cookie; "" is not known.
func (s *jars) setAt(app stead.AppID, name string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.learned[app][name]
}

// keep notes cookies: of two that are the same the younger counts.
func (j *jar) keep(now time.Time, list ...cookie) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, c := range list {
		at := slices.IndexFunc(j.cookies, c.same)
		switch {
		case at >= 0 && j.cookies[at].made.After(c.made):
			continue
		case at >= 0:
			j.cookies = slices.Delete(j.cookies, at, at+1)
		case len(j.cookies) >= maxInJar:
			j.cookies = slices.Delete(j.cookies, 0, 1)
		}
		if !c.over(now) {
			j.cookies = append(j.cookies, c)
		}
	}
}

// all are the cookies in the jar.
func (j *jar) all(now time.Time) []cookie {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.cookies = slices.DeleteFunc(j.cookies, func(c cookie) bool { return c.over(now) })
	return slices.Clone(j.cookies)
}

// prime lets one request run alone until the head of an answer is there; others wait for that, but not for long. Done
// must be called when the request is over, whatever became of it.
func (j *jar) prime(ctx context.Context) (done func()) {
	select {
	case <-j.primed:
		return func() {}
	default:
	}
	ctx, cancel := context.WithTimeout(ctx, primeFor)
	defer cancel()
	select {
	case j.turn <- struct{}{}:
		return func() { <-j.turn }
	case <-j.primed:
	case <-ctx.Done():
	}
	return func() {}
}

// answer notes that the head of an answer is there.
func (j *jar) answered() {
	j.mu.Lock()
	defer j.mu.Unlock()
	select {
	case <-j.primed:
	default:
		close(j.primed)
	}
}

// fetch gets what is sent to the application beside the request itself: the cookies that came with it, or, where none
// did, those of the jar.
func (t *trip) fetch(ctx context.Context) (done func()) {
	if !t.v.acting() {
		return func() {}
	}
	t.jar = t.g.jarOf(t.v)
	t.carried = t.g.carried(t.v, pairs(t.in.Header))
	if len(t.carried) > 0 {
		t.jar.keep(t.g.Now(), t.carried...)
		return func() {}
	}
	done = t.jar.prime(ctx)
	t.carried = t.jar.all(t.g.Now())
	return done
}

// sweepJars closes the jars of mandates that are over, however they ended.
func (g *Gateway) sweepJars(ctx context.Context) {
	now := map[stead.SessionID]authority.Status{}
	for _, j := range g.jars.list() {
		st, known := now[j.by.Session]
		if !known {
			st, _ = g.Ends.Status(ctx, j.by) // a session that is over acts for nobody
			now[j.by.Session] = st
		}
		if (!st.Acting || st.Mandate.ID != j.id.mandate) && g.jars.drop(j) {
			g.atEnd(j)
		}
	}
}
