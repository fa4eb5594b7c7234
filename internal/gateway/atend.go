package gateway

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httputil"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/web"
)

// atEndFor bounds the requests that close an application's session.
const atEndFor = 10 * time.Second

// atEnd closes the session that an application keeps for a mandate that is over: by requests of the gateway's own, with
// the jar and as the subject, whose answers nobody gets. What the jar does not hold is nobody's session. How it went is
// recorded under the mandate.
func (g *Gateway) atEnd(j *jar) {
	if len(j.app.AtEnd) == 0 || len(j.all(g.Now())) == 0 {
		return
	}
	g.jars.closing.Go(func() {
		ctx, cancel := context.WithTimeout(context.Background(), atEndFor)
		defer cancel()
		status, err := g.leave(ctx, j)
		l := authority.Leaving{Mandate: j.id.mandate, Actor: j.who.actor.ID, Subject: j.who.subject.ID, App: j.id.app, Status: status}
		log := g.Door.Log.With("app", l.App, "mandate", l.Mandate, "actor", l.Actor, "subject", l.Subject)
		if err != nil {
			l.Failed = short(err.Error()) // which may hold as much as the application likes
			log.Warn("the application's session was not closed at the end of a mandate", "error", l.Failed)
		}
		told, done := context.WithTimeout(context.Background(), atEndFor) // its time-out is told too
		defer done()
		if err := g.Decider.Left(told, l); err != nil {
			log.Error("the end of an application's session is not recorded", "error", err)
		}
	})
}

// leave asks for one step after the other. Each has what the answers before it set and said.
func (g *Gateway) leave(ctx context.Context, j *jar) (status int, err error) {
	values := map[string]string{}
	for _, s := range j.app.AtEnd {
		if status, err = g.step(ctx, j, s, values); err != nil {
			return status, err
		}
	}
	return status, nil
}

func (g *Gateway) step(ctx context.Context, j *jar, s Step, values map[string]string) (status int, err error) {
	p := place{app: j.app}
	if web.CheckTarget(s.At(values), j.app.Allows) != nil { // as of everybody's: what an answer said leads nowhere else
		return 0, fmt.Errorf("what is taken for %s makes no path of it", s.path())
	}
	in, err := s.Request(ctx, "http://"+p.own(), values)
	if err != nil {
		return 0, err
	}
	v := &visit{app: j.app, place: p, by: j.by, who: j.who, class: Verdict{Logout, "at_end"}}
	t := &trip{g: g, v: v, in: in, jar: j, carried: j.all(g.Now())}
	t.decision.ID = stead.DecisionID(g.NewID("req_")) // nothing was decided: its end was
	if err := t.sign(); err != nil {
		return 0, err
	}
	out := &httputil.ProxyRequest{In: in, Out: in.Clone(ctx)}
	t.rewrite(out)
	res, err := g.to(j.app).RoundTrip(out.Out)
	if err != nil {
		return 0, stead.Because(err, "ask the application for "+s.path())
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, maxStep))
	_ = res.Body.Close() // it was read as far as it counts
	for _, line := range res.Header["Set-Cookie"] {
		if c, ok := readCookie(line, bare(p.own()), pathOf(in.URL), g.Now()); ok {
			j.keep(g.Now(), c)
		}
	}
	switch {
	case err != nil:
		return res.StatusCode, stead.Because(err, "read the answer of "+s.path())
	case res.StatusCode >= http.StatusBadRequest:
		return res.StatusCode, fmt.Errorf("the application answered %d to %s %s", res.StatusCode, s.Method, s.path())
	}
	return res.StatusCode, s.Learn(res.Header, body, values)
}

// maxStep is how much of an answer is looked at for what a later step needs.
const maxStep = 1 << 20

// closed is closed when no application is being told of an end.
func (s *jars) closed() <-chan struct{} {
	done := make(chan struct{})
	go func() {
		s.closing.Wait()
		close(done)
	}()
	return done
}
