package gateway

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/a-h/templ"
	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/web"
)

// A visit is one request to an application, and all that is known of it before it is decided.
type visit struct {
	app    *App
	class  Verdict
	by     authority.By
	status authority.Status
	who    served
	q      stead.Question
}

func (v *visit) acting() bool { return v.who.mandate != nil }

// overlay is the way of a request to an application: who, what, whether, and only then the application.
func (g *Gateway) overlay(w http.ResponseWriter, r *http.Request) {
	v := &visit{app: g.app(r.Host)}
	v.class = v.app.Classify(r)
	if v.class.Class == Public {
		g.public(w, r, v)
		return
	}
	if err := g.who(r, v); err != nil {
		g.stranger(w, r, err)
		return
	}
	if v.acting() && g.answers(w, r, v) {
		return
	}
	v.ask(r)
	p, err := g.Decider.Decided(r.Context(), v.q)
	if err != nil {
		g.Door.Refuse(w, r, recordFailed(err))
		return
	}
	g.decided(w, r, v, p)
}

// who finds who sent r and for whom he acts here, if he does.
func (g *Gateway) who(r *http.Request, v *visit) (err error) {
	if v.by, err = g.present(r); err != nil {
		return err
	}
	if v.status, err = g.Ends.Status(r.Context(), v.by); err != nil {
		return err
	}
	v.who = served{actor: &v.status.Actor, subject: &v.status.Actor}
	// Whom he acts for now may not be whom he takes his open pages for: first he must have seen that they are over.
	_, unseen := g.unseen(r, v.status)
	if m := &v.status.Mandate; m.ID != "" && slices.Contains(m.Scope.Apps, v.app.ID) && !unseen {
		v.who = served{actor: &v.status.Actor, subject: &v.status.Subject, mandate: m}
	}
	return nil
}

// stranger sends browsers to sign in and refuses everybody else.
func (g *Gateway) stranger(w http.ResponseWriter, r *http.Request, err error) {
	if web.StatusOf(err) != http.StatusUnauthorized || !browses(r) {
		g.Door.Refuse(w, r, err)
		return
	}
	next := "/"
	if safe(r) {
		next = localPath(r.URL.RequestURI())
	}
	g.console(w, r, "/login", url.Values{"next": {origin(r) + next}})
}

// console sends the browser to a page of Stead's own.
func (g *Gateway) console(w http.ResponseWriter, _ *http.Request, path string, q url.Values) {
	u := *g.Console
	u.Path, u.RawQuery = path, q.Encode()
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Location", u.String())
	w.WriteHeader(http.StatusSeeOther)
}

// ask puts the question, and notes what the gateway refuses by itself.
func (v *visit) ask(r *http.Request) {
	realm, _ := v.app.RealmAt(r.URL.Path) // where none is, the answer is no, with its record
	action := v.class.Class.action()
	if upgrades(r) {
		action = stead.ActionOpen
	}
	c := web.ClientOf(r)
	v.q = stead.Question{
		Session: v.by.Session, Actor: v.by.Principal, Subject: v.who.subject.ID, Action: action, Activity: activity(r),
		Resource: stead.Resource{App: v.app.ID, Realm: realm.ID, Path: r.URL.Path, Rule: v.class.Rule},
		Context:  stead.Context{Method: r.Method, URL: origin(r) + r.URL.RequestURI(), Address: address(c), Client: c.Mark},
	}
	if !v.acting() {
		return
	}
	v.q.Mandate = v.who.mandate.ID
	switch { // closed to whoever acts: what a script could do in his place
	case !sheltered(r):
		v.q.Action, v.class.Rule = stead.ActionClosed, rulePlain
	case r.Header.Get("Service-Worker") != "":
		v.q.Action, v.class.Rule = stead.ActionClosed, ruleWorker
	case v.ambiguous(r, realm):
		v.q.Action, v.class.Rule = stead.ActionClosed, rulePath
	}
	v.q.Resource.Rule = v.class.Rule
}

// Rules that no application writes.
const (
	rulePlain  = "plain-http"
	ruleWorker = "service-worker"
	rulePath   = "ambiguous-path"
)

// ambiguous tells whether letter case, a trailing slash or another decoding would make r about another part of the
// application than ours: there nobody acts.
func (v *visit) ambiguous(r *http.Request, realm stead.Realm) bool {
	if len(v.app.Realms) < 2 {
		return false
	}
	folded := stead.App{Realms: slices.Clone(v.app.Realms)}
	for i := range folded.Realms {
		folded.Realms[i].Path = foldPath(folded.Realms[i].Path)
	}
	paths, plain := pathReadings(r.URL)
	return !plain || slices.ContainsFunc(paths, func(p string) bool {
		other, ok := folded.RealmAt(foldPath(p))
		return !ok || other.ID != realm.ID
	})
}

// decided does what the decision says. Nothing reaches the client before the record is there, and what changes
// something is not even sent.
func (g *Gateway) decided(w http.ResponseWriter, r *http.Request, v *visit, p *authority.Pending) {
	looks := v.q.Action == stead.ActionRead || v.q.Action == stead.ActionMark || v.q.Action == stead.ActionExport
	if p.Decision.Allow && looks {
		g.proxy(w, r, v, p.Decision, p.Wait)
		return
	}
	d, err := p.Wait()
	if err != nil || !d.Allow {
		g.denied(w, r, v, d, err)
		return
	}
	g.proxy(w, r, v, d, func() (stead.Decision, error) { return d, nil })
}

// denied writes a no with its rule, its decision, and what can be done.
func (g *Gateway) denied(w http.ResponseWriter, r *http.Request, v *visit, d stead.Decision, err error) {
	g.mark(w.Header(), v)
	if err != nil {
		g.Door.Refuse(w, r, web.Explain(recordFailed(err), d.ID, ""))
		return
	}
	text, hint := d.Text, ""
	switch d.Reason {
	case stead.ReasonReadOnly, stead.ReasonClosed:
		text += " (" + strings.TrimSpace(r.Method+" "+r.URL.Path+" "+v.app.rule(v.class.Rule).Says) + ", rule " + v.class.Rule + ")"
		hint = "Nothing was sent to the application. Go back to keep what you typed; to change something, end this and ask for a mandate to edit."
		switch {
		case d.Reason == stead.ReasonClosed && v.class.Rule != rulePlain:
			hint = "Nothing was sent to the application. No mandate opens this: only the person it belongs to can do it."
		case v.class.Rule == rulePlain:
			hint = "Open the application over https: on plain http a script cannot be told from a person, so nobody acts there."
		}
	case stead.ReasonUnseen, stead.ReasonExpired, stead.ReasonIdle, stead.ReasonEnded, stead.ReasonRevoked, stead.ReasonCompleted:
		hint = "Open " + origin(r) + "/.stead/end and confirm that you have seen it; then you are yourself here again."
	case stead.ReasonLevel:
		hint = "Prove your second factor at " + g.Console.String() + "/step-up and come back."
	}
	reason := cmp.Or(d.Reason, stead.ReasonPolicy)
	g.Door.Refuse(w, r, &web.Fault{Err: stead.E(stead.Refused, reason, "%s", text), Decision: d.ID, Hint: hint, More: g.more(r, v, d)})
}

// more is what people find on the page of a no: the bar while they act, and the ways on.
func (g *Gateway) more(r *http.Request, v *visit, d stead.Decision) templ.Component {
	var ways []web.Link
	switch d.Reason {
	case stead.ReasonUnseen, stead.ReasonExpired, stead.ReasonIdle, stead.ReasonEnded, stead.ReasonRevoked, stead.ReasonCompleted:
		ways = append(ways, web.Link{Text: "See what has ended", Href: "/.stead/end"})
	case stead.ReasonLevel:
		ways = append(ways, web.Link{Text: "Prove your second factor", Href: g.Console.String() + "/step-up"})
	}
	if d.ID != "" {
		ways = append(ways, web.Link{Text: "Why", Href: g.Console.JoinPath("why", string(d.ID)).String()})
	}
	if !v.acting() || !v.status.Acting {
		return refusedView(nil, ways)
	}
	b := g.bar(r, v, true)
	return refusedView(&b, ways)
}

// mark tells the client that somebody acts.
func (g *Gateway) mark(h http.Header, v *visit) {
	if v.acting() {
		h.Set("Stead-Acting", string(v.who.mandate.ID))
		h.Set("Cache-Control", "no-store")
	}
}

// recordFailed says so, where nothing better is known.
func recordFailed(err error) error {
	if stead.KindOf(err) != stead.Broken {
		return err
	}
	return &stead.Error{Kind: stead.Broken, Reason: stead.ReasonRecord, Text: "the decision could not be recorded", Err: err}
}

// cutter ends a visit's stream when what it was opened under is not so any more.
func (g *Gateway) cutter(r *http.Request, v *visit) (context.Context, func()) {
	ctx, cancel := context.WithCancel(r.Context())
	s := &stream{by: v.by, host: hostOf(r), app: v.app.ID, mandate: v.q.Mandate, cut: cancel}
	g.live.add(s)
	return ctx, func() { g.live.remove(s); cancel() }
}
