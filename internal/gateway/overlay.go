package gateway

import (
	"net/http"
	"net/url"
	"slices"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/web"
)

// A visit is one request to an application, and all that is known of it before it is decided.
type visit struct {
	app     *App
	place   place
	names   *mapping // of what the application says, to what this host is called
	epoch   string   // that the page says it is of
	stale   bool     // it is of another
	from    string   // Origin, as the browser said it
	foreign bool     // a page of another mandate, or of nobody's, sent it
	guarded bool     // the answer carries the guard of a shared host, if it is a page
	around  bool     // a page of ours answers, with the application's in a frame of it
	class   Verdict
	first   firstVisit // never: nobody saw the subject in this application before, so the header Stead-First-Visit and the bar say
	by      authority.By
	status  authority.Status
	who     served
	q       stead.Question
}

func (v *visit) acting() bool { return v.who.mandate != nil }

// overlay is the way of a request to an application: who, what, whether, and only then the application.
func (g *Gateway) overlay(w http.ResponseWriter, r *http.Request) {
	v := &visit{}
	v.place, _ = g.at(r.Host)
	v.app = v.place.app
	if v.app.Forward {
		g.Door.Refuse(w, r, stead.E(stead.Missing, stead.ReasonNoRoute, "this application is behind a proxy of its own, which asks Stead: it is not to be had here"))
		return
	}
	in, out := g.mappings(v.place)
	v.from = r.Header.Get("Origin") // before it is mapped
	in.request(r)
	v.names = out
	v.epoch = takeEpoch(r, v.app.Shared)
	if v.class = v.app.Classify(r); v.class == (Verdict{Write, DefaultRule}) && icon(r) {
		v.class = Verdict{Quiet, ruleIcon}
	}
	if v.inner(r) {
		w = g.inFrame(w, r, v)
	}
	if v.class.Class == Public && !document(r) && !v.inner(r) && r.Header.Get("Service-Worker") == "" {
		g.public(w, r, v)
		return
	}
	err := g.who(r, v)
	switch {
	case v.class.Class == Public && (err != nil || !v.acting() && v.place.label == ""):
		g.public(w, r, v)
		return
	case err != nil && v.inner(r) && safe(r) && r.Header.Get("Sec-Fetch-Site") == "cross-site":
		g.askAgain(w, r)
		return
	case err != nil:
		g.stranger(w, r, err)
		return
	case v.class.Class == Public:
		v.class.Class = Read // what fills the window says for whom he acts, and what would fill it by itself is refused
	}
	if v.acting() && g.answers(w, r, v) {
		return
	}
	if v.strays() && document(r) && safe(r) {
		g.there(w, r, v)
		return
	}
	g.firstVisit(r.Context(), v)
	v.stale, v.foreign = g.outdated(r, v), !g.fromHere(r, v)
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
	v.guarded = v.app.Shared && (document(r) || framed(r)) && g.Ends.MayAct(r.Context(), v.by)
	// Whom he acts for now may not be whom he takes his open pages for: first he must have seen that they are over.
	// A mandate's own host has no pages of another.
	_, unseen := g.unseen(r, v.status)
	unseen = unseen && v.place.label == ""
	if m := &v.status.Mandate; m.ID != "" && slices.Contains(m.Scope.Apps, v.app.ID) && !unseen && v.place.holds(m, r) {
		v.who = served{actor: &v.status.Actor, subject: &v.status.Subject, mandate: m}
	}
	return nil
}

// icon tells whether a browser asks by itself for the picture beside a page's title: nobody did anything.
func icon(r *http.Request) bool {
	return r.Method == http.MethodGet && r.URL.Path == "/favicon.ico" && r.URL.RawQuery == "" && r.Header.Get("Sec-Fetch-Dest") == "image"
}

// strays tells whether a browser whose person acts elsewhere in this application is at its own host.
func (v *visit) strays() bool {
	m := &v.status.Mandate
	return !v.acting() && !v.app.Shared && v.place.label == "" && v.status.Acting && m.State == stead.Active && slices.Contains(m.Scope.Apps, v.app.ID)
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
	action := v.class.action(r)
	c := web.ClientOf(r)
	v.q = stead.Question{
		Session: v.by.Session, Actor: v.by.Principal, Subject: v.who.subject.ID, Action: action, Activity: activity(r),
		Resource: stead.Resource{App: v.app.ID, Realm: realm.ID, Path: r.URL.Path, Rule: v.class.Rule},
		Context:  stead.Context{Method: r.Method, URL: origin(r) + r.URL.RequestURI(), Address: address(c), Client: c.Mark},
	}
	if v.acting() {
		v.q.Mandate = v.who.mandate.ID
	}
	switch {
	case v.place.label != "" && !v.acting(): // here nobody is ever served as himself
		v.q.Action, v.class.Rule, v.q.Resource.Name = stead.ActionBarred, ruleOver, v.place.label
	case v.stale:
		v.q.Action, v.class.Rule = stead.ActionBarred, ruleStale
	case !v.acting(): // closed to whoever acts is what a script could do in his place:
	case !sheltered(r):
		v.q.Action, v.class.Rule = stead.ActionClosed, rulePlain
	case r.Header.Get("Service-Worker") != "":
		v.q.Action, v.class.Rule = stead.ActionClosed, ruleWorker
	case v.foreign:
		v.q.Action, v.class.Rule = stead.ActionClosed, ruleCross
	case v.ambiguous(r, realm):
		v.q.Action, v.class.Rule = stead.ActionClosed, rulePath
	default:
		if rule := v.barred(r.URL); rule != "" {
			v.q.Action, v.class.Rule = stead.ActionClosed, rule
		} else if v.outer(r) {
			v.around, v.q.Action, v.class.Rule = true, stead.ActionRead, ruleFrame
		}
	}
	v.q.Resource.Rule = v.class.Rule
}

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
	if v.around {
		g.outerPage(w, r, v, p.Wait)
		return
	}
	looks := v.q.Action == stead.ActionRead || v.q.Action == stead.ActionMark || v.q.Action == stead.ActionWatch || v.q.Action == stead.ActionExport
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
