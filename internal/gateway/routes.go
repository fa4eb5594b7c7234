package gateway

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/web"
)

// Routes are the gateway's own, under /.stead/ on every application's host.
func (g *Gateway) Routes() *web.Routes {
	t := &web.Routes{}
	t.Add("GET /.stead/in", web.Public, g.in)
	t.Add("GET /.stead/hop", web.InSession, g.hop)
	t.Add("GET /.stead/act", web.Public, g.actElsewhere)
	t.Add("POST /.stead/act", web.ActorSelf, g.act)
	t.Add("GET /.stead/status", web.InSession, g.status)
	t.Add("GET /.stead/extend", web.Public, g.extendElsewhere)
	t.Add("POST /.stead/extend", web.ActorSelf, g.extend)
	t.Add("GET /.stead/end", web.InSession, g.endPage)
	t.Add("POST /.stead/end", web.ActorSelf, g.end)
	t.Add("GET /.stead/out", web.InSession, g.outPage)
	t.Add("POST /.stead/out", web.ActorSelf, g.out)
	t.Add("POST /.stead/hidden", web.InSession, g.hidden)
	t.Add("POST "+clicksPath, web.InSession, g.clicks)
	t.Add("GET "+barStyle, web.Public, sheet)
	t.Add("GET "+barScript, web.Public, g.script.serve)
	t.Add("GET "+frameScript, web.Public, g.framing.serve)
	t.Add("GET "+guardScript, web.Public, g.guard.serve)
	t.Add("GET "+web.StaticPath+"{name}", web.Public, web.Static)
	return t
}

func (g *Gateway) ownRoutes() (http.Handler, error) {
	mux := http.NewServeMux()
	if err := g.Routes().Mount(mux, g.Door); err != nil {
		return nil, err
	}
	nothing := g.Door.Serve(func(http.ResponseWriter, *http.Request) error {
		return stead.E(stead.Missing, stead.ReasonNoRoute, "nothing of Stead's is at this address")
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, pattern := mux.Handler(r); pattern == "" {
			nothing.ServeHTTP(w, r)
			return
		}
		mux.ServeHTTP(w, r)
	}), nil
}

// in takes the one-time code that sign-in sent along and gives a cookie of this host for it.
func (g *Gateway) in(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	if len(q["code"]) != 1 || len(q["next"]) > 1 || !web.TopLevel(r) {
		return wrong("this address is where a sign-in ends: begin at the application")
	}
	before, errBefore := g.present(r)
	s, err := g.Passes.Redeem(r.Context(), g.presented(r, q.Get("code")))
	if err != nil {
		return err
	}
	if errBefore == nil && before.Principal != s.By.Principal {
		// Somebody else's link must not make this browser act as him unnoticed.
		return stead.E(stead.Conflict, stead.ReasonState,
			"you are signed in here as somebody else: sign out at %s/.stead/out first", origin(r))
	}
	g.Cookie.Set(w, s.Secret, 0)
	w.Header().Set("Clear-Site-Data", `"cache"`)
	return away(w, g.onward(r, q.Get("next")))
}

const hopPath = "/.stead/hop"

// onward is where a pass that was just given leads: where its owner wanted to go, after the other hosts that his mandate
// has for the application have given him theirs (R24).
func (g *Gateway) onward(r *http.Request, next string) string {
	p, _ := g.at(r.Host)
	switch {
	case p.label == "" || len(p.app.Hosts) < 2:
		return localPath(next)
	case strings.HasPrefix(next, hopPath+"?"): // it checks what follows itself
		return next
	}
	return hopPath + "?" + url.Values{"next": {localPath(next)}}.Encode()
}

// hop leads a browser on to the next of a mandate's hosts, and from the last one to the first.
func (g *Gateway) hop(w http.ResponseWriter, r *http.Request) error {
	p, _ := g.at(r.Host)
	next := localPath(r.URL.Query().Get("next"))
	if p.label == "" || !web.TopLevel(r) {
		return away(w, next)
	}
	scheme := web.ClientOf(r).Scheme()
	if p.n+1 == len(p.app.Hosts) {
		return away(w, scheme+"://"+g.sibling(p, 0)+next)
	}
	to := url.URL{Scheme: scheme, Host: g.sibling(p, p.n+1), Path: hopPath, RawQuery: url.Values{"next": {next}}.Encode()}
	g.console(w, r, "/login", url.Values{"next": {to.String()}})
	return nil
}

// away sends the browser on.
func away(w http.ResponseWriter, to string) error {
	w.Header().Set("Location", to)
	w.WriteHeader(http.StatusSeeOther)
	return nil
}

// actElsewhere and extendElsewhere send people to Stead's own origin: a script of the application could read and fake
// what happens here (R11).
func (g *Gateway) actElsewhere(w http.ResponseWriter, r *http.Request) error {
	q := url.Values{"app": {string(g.app(r.Host).ID)}}
	if to := r.URL.Query().Get("target"); to != "" {
		q.Set("target", localPath(to))
	}
	g.console(w, r, "/act", q)
	return nil
}

func (g *Gateway) extendElsewhere(w http.ResponseWriter, r *http.Request) error {
	q := url.Values{"app": {string(g.app(r.Host).ID)}}
	if by, err := g.present(r); err == nil {
		if st, err := g.Ends.Status(r.Context(), by); err == nil && st.Acting {
			q.Set("extend", string(st.Mandate.ID))
		}
	}
	g.console(w, r, "/act", q)
	return nil
}

// outPage asks; out ends the session, and durably first whatever hangs on it (R18).
func (g *Gateway) outPage(w http.ResponseWriter, r *http.Request) error {
	st, _, err := g.mine(r)
	if err != nil {
		return g.orSignIn(w, r, err)
	}
	return web.WritePage(r.Context(), w, http.StatusOK, outView(false, st.Actor.DisplayName()))
}

func (g *Gateway) out(w http.ResponseWriter, r *http.Request) error {
	if err := (web.CrossSite{}).Check(r); err != nil {
		return err
	}
	if !web.ByHand(r) {
		return stead.E(stead.Refused, stead.ReasonRequest, "open the page and press its button yourself: no script signs anybody out")
	}
	by, err := g.present(r)
	if err != nil {
		return err
	}
	if err := g.Passes.SignOut(r.Context(), by); err != nil {
		return err
	}
	g.cutStreams(by, by.Host)
	g.Cookie.Clear(w)
	w.Header().Set("Clear-Site-Data", `"cache"`)
	if !web.PrefersHTML(r) {
		return web.WriteJSON(w, http.StatusOK, map[string]bool{"signed_out": true})
	}
	return web.WritePage(r.Context(), w, http.StatusOK, outView(true, ""))
}

// mine is the caller's own status.
func (g *Gateway) mine(r *http.Request) (authority.Status, authority.By, error) {
	by, err := g.present(r)
	if err != nil {
		return authority.Status{}, by, err
	}
	st, err := g.Ends.Status(r.Context(), by)
	return st, by, err
}

// orSignIn sends a browser that is not signed in to do so and come back.
func (g *Gateway) orSignIn(w http.ResponseWriter, r *http.Request, err error) error {
	if web.StatusOf(err) != http.StatusUnauthorized || !browses(r) {
		return err
	}
	g.console(w, r, "/login", url.Values{"next": {origin(r) + "/"}})
	return nil
}

// here tells whether the mandate covers the application at this host.
func (g *Gateway) here(r *http.Request, apps []stead.AppID) bool {
	return slices.Contains(apps, g.app(r.Host).ID)
}

// form reads the fields of a post; a post without a body has none.
func form(w http.ResponseWriter, r *http.Request) (url.Values, error) {
	if r.ContentLength == 0 {
		return url.Values{}, nil
	}
	if err := web.ReadForm(w, r); err != nil {
		return nil, err
	}
	for name, v := range r.PostForm {
		if strings.ContainsRune(name+v[0], 0) {
			return nil, wrong("a field holds a NUL byte")
		}
	}
	return r.PostForm, nil
}
