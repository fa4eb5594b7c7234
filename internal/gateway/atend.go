package gateway

import (
	"context"
	"io"
	"net/http"
	"net/http/httputil"
	"time"

	"github.com/steadhq/stead"
)

// atEndFor bounds the request that closes an application's session.
const atEndFor = 10 * time.Second

// atEnd closes the session that an application keeps for a mandate that is over: by one request of the gateway's own,
// with the jar and as the subject, whose answer nobody gets. What the jar does not hold is nobody's session.
func (g *Gateway) atEnd(j *jar) {
	if j.app.AtEnd == "" || len(j.all(g.Now())) == 0 {
		return
	}
	g.jars.closing.Go(func() {
		ctx, cancel := context.WithTimeout(context.Background(), atEndFor)
		defer cancel()
		status, err := g.leave(ctx, j)
		log := g.Door.Log.With("app", j.id.app, "mandate", j.id.mandate, "actor", j.who.actor.ID, "subject", j.who.subject.ID)
		if err != nil {
			log.Warn("the application's session was not closed at the end of a mandate", "error", err)
			return
		}
		log.Info("the application's session was closed at the end of a mandate", "status", status)
	})
}

func (g *Gateway) leave(ctx context.Context, j *jar) (status int, err error) {
	p := place{app: j.app}
	in, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+p.own()+j.app.AtEnd, nil)
	if err != nil {
		return 0, stead.Because(err, "make the request")
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
		return 0, stead.Because(err, "ask the application")
	}
	_, _ = io.CopyN(io.Discard, res.Body, maxLooked) // so that the connection may be used again
	return res.StatusCode, res.Body.Close()
}

// closed is closed when no application is being told of an end.
func (s *jars) closed() <-chan struct{} {
	done := make(chan struct{})
	go func() {
		s.closing.Wait()
		close(done)
	}()
	return done
}
