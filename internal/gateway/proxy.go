package gateway

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/web"
)

// proxy sends r on and lets its answer out when wait says so. The outcome is recorded, whatever it is.
func (g *Gateway) proxy(w http.ResponseWriter, r *http.Request, v *visit, d stead.Decision, wait func() (stead.Decision, error)) {
	ctx, done := g.cutter(w, r, v)
	defer done()
	h := &hold{ResponseWriter: w, head: http.Header{}, buffers: &g.buffers}
	if r.ProtoMajor > 1 {
		h.slowest = g.slowest()
	}
	t := &trip{g: g, v: v, in: r, hold: h, decision: d}
	h.wait = func() (d stead.Decision, err error) {
		t.decision, err = wait()
		return t.decision, err
	}
	h.refuse = func(d stead.Decision, err error) { g.denied(w, r, v, d, err) }
	defer t.outcome()
	if err := t.sign(); err != nil {
		t.failed(h, r, err)
	} else {
		t.send(ctx)
	}
	h.finish()
	t.whole = true
}

// A trip is one request on its way to an application and back.
type trip struct {
	g         *Gateway
	v         *visit
	in        *http.Request
	hold      *hold
	decision  stead.Decision
	assertion string
	jar       *jar     // of the mandate
	carried   []cookie // the application's, as far as they are opened
	own       []cookie // the actor's own that are put aside with this answer; nil when that was done
	cut       func()   // breaks off an answer that does not go on; nil where it may take its time
	page      *page    // what is read of it for the record
	whole     bool     // the answer went out to its end
}

func (t *trip) send(ctx context.Context) {
	defer t.fetch(ctx)()
	if t.v.app.Reach.Idle > 0 {
		ctx, t.cut = context.WithCancel(ctx)
		defer t.cut()
	}
	p := httputil.ReverseProxy{
		Rewrite: t.rewrite, ModifyResponse: t.answered, ErrorHandler: t.failed, Transport: t.g.to(t.v.app),
		ErrorLog: t.g.quiet, BufferPool: &t.g.buffers,
	}
	p.ServeHTTP(t.hold, t.in.WithContext(ctx))
}

// outcome records how it went. An answer that was broken off has an unknown one.
func (t *trip) outcome() {
	broken := recover()
	if !t.hold.settled { // broken off before anything got out: the decision stands all the same
		if d, err := t.hold.wait(); err != nil || !d.Allow {
			t.hold.no = true
		}
	}
	if !t.hold.no {
		t.g.Decider.Served(t.v.q, t.decision, authority.Outcome{
			Status: t.hold.code, Size: t.hold.size.Load(), Title: t.page.title(), Page: t.v.class.Rule, Evidence: "gateway",
			Assets: t.g.tally.take(t.v.by.Session), Unknown: !t.whole,
		})
	}
	if broken != nil && !(t.hold.no && t.hold.settled) {
		panic(broken)
	}
}

// rewrite makes the request for the application: its own host, our word on who is there, and nothing that a client
// could prove itself with.
func (t *trip) rewrite(p *httputil.ProxyRequest) {
	app, out := t.v.app, p.Out
	out.URL.Scheme, out.URL.Host = app.Upstream.Scheme, app.Upstream.Host
	out.URL.RawQuery = t.in.URL.RawQuery // what was classified is what is sent
	out.Host = t.v.place.own()
	t.g.trailers(t.in, out)
	h := out.Header
	without(h, credentials)
	maps.DeleteFunc(h, func(name string, _ []string) bool { return overrides(name) || t.v.acting() && proves(name) })
	if t.v.names != nil {
		h.Set("Accept-Encoding", "identity") // it is read on the way back
	}
	canonical(t.in, t.v.place, h)
	web.Forward(t.in, h)
	h.Set("X-Forwarded-Host", t.v.place.own())
	for _, name := range app.told() {
		h.Del(name)
		delete(h, name)
	}
	if t.v.class.Class == Public {
		h.Del("Cookie")
		return
	}
	t.sends(h)
	t.speaks(h)
	if t.v.acting() || t.v.draws(t.in) {
		if h.Get("If-Range") != "" {
			h.Del("Range") // a part of what may be another by now
		}
		without(h, conditions) // what this browser keeps is the actor's own, or does not say that he acts elsewhere
		if document(t.in) || t.v.guarded {
			h.Del("Range")
			h.Set("Accept-Encoding", "identity")
		}
	}
	t.identify(h)
}

// conditions are what a browser asks with about what it keeps.
var conditions = []string{"If-None-Match", "If-Modified-Since", "If-Match", "If-Unmodified-Since", "If-Range"}

// without deletes names that are written as net/http writes them.
func without(h http.Header, names []string) {
	for _, name := range names {
		delete(h, name)
	}
}

// canonical maps our host to the one the application knows, where the browser says where it was.
func canonical(r *http.Request, p place, h http.Header) {
	for _, name := range []string{"Origin", "Referer", "Destination"} {
		text := h.Get(name)
		if text == "" {
			continue
		}
		u, err := url.Parse(text)
		if err == nil && u.Host != "" && strings.EqualFold(u.Host, r.Host) {
			u.Host = p.own()
			h.Set(name, u.String())
		}
	}
	if u, err := url.Parse(h.Get("Referer")); err == nil && strings.HasPrefix(u.Path, "/.stead/") {
		h.Del("Referer") // a one-time code may stand in it
	}
}

// identify says who is there. Whoever has no name is nobody, and then nothing is sent (C11).
func (t *trip) identify(h http.Header) {
	who := t.v.who
	set := func(name, text string) {
		if value, ok := who.header(text); ok {
			h[name] = []string{value}
		}
	}
	set("X-Stead-Subject", "{subject.full}")
	set("X-Stead-Actor", "{actor.full}")
	set("X-Stead-Mandate", "{mandate}")
	set("X-Stead-Mode", "{mode}")
	h.Set("X-Stead-Assertion", t.assertion)
	if name := t.v.app.Assertion; name != "" {
		h[name] = []string{t.assertion}
	}
	told := t.v.app.identity(who)
	for _, extra := range told.Headers {
		set(extra.Name, extra.Text)
	}
	if told.Basic == nil {
		return
	}
	if value, ok := who.basic(told.Basic); ok {
		h.Set("Authorization", value)
	}
}

// identity is how an application is told of who is served: while somebody acts, by his mode where that has an account of
// its own.
func (a *App) identity(who served) Identity {
	if who.mandate != nil {
		if told, ok := a.ByMode[who.mandate.Mode]; ok {
			return told
		}
	}
	return Identity{a.Headers, a.Basic}
}

// failed is the answer when there is none from the application, or none that may go on.
func (t *trip) failed(_ http.ResponseWriter, r *http.Request, err error) {
	if t.hold.no || t.hold.hijacked {
		return
	}
	t.hold.head, t.hold.code = http.Header{}, 0
	t.g.mark(t.hold.Header(), t.v)
	var e *stead.Error
	switch {
	case errors.As(err, &e):
	case errors.Is(r.Context().Err(), context.Canceled) && t.in.Context().Err() == nil:
		err = stead.E(stead.Refused, stead.ReasonEnded, "this was cut off: who you act for has changed since you asked")
	default:
		t.g.Door.Log.WarnContext(r.Context(), "application failed", "app", t.v.app.ID, "error", err)
		code, text := noAnswerFor(err)
		if !safe(t.in) {
			text += "; whether it did what was asked is not known, so look before you try again"
		}
		err = web.Status(code, stead.E(stead.Conflict, stead.ReasonBroken, "%s", text))
	}
	t.g.Door.Refuse(t.hold, t.in, &web.Fault{Err: err, Code: web.StatusOf(err), Decision: t.decision.ID})
}

// buffers are what answers are copied through and held in.
type buffers struct{ pool sync.Pool }

func (b *buffers) Get() []byte {
	if p, ok := b.pool.Get().(*[]byte); ok {
		return *p
	}
	return make([]byte, maxHeld)
}

func (b *buffers) Put(p []byte) { b.pool.Put(&p) }
