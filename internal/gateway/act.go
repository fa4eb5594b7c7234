package gateway

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/web"
)

// act arms and starts in one, for clients that are no browsers. A browser is sent to Stead's own origin, and what it
// posted is not even read (R11).
func (g *Gateway) act(w http.ResponseWriter, r *http.Request) error {
	if web.FromBrowser(r) {
		return g.actElsewhere(w, r)
	}
	if err := (web.CrossSite{}).Check(r); err != nil {
		return err
	}
	if !sheltered(r) {
		return stead.E(stead.Refused, stead.ReasonRequest, "acting for somebody needs https here")
	}
	f, err := form(w, r)
	if err != nil {
		return err
	}
	st, by, err := g.mine(r)
	if err != nil {
		return err
	}
	wish, err := g.wish(r, f)
	if err != nil {
		return err
	}
	return g.start(w, r, by, st, f, wish)
}

// wish reads what is asked for, all but for whom.
func (g *Gateway) wish(r *http.Request, f url.Values) (authority.Ask, error) {
	a := authority.Ask{
		App: g.app(r.Host).ID, Purpose: stead.Purpose{Reason: strings.TrimSpace(f.Get("reason")), Ticket: strings.TrimSpace(f.Get("ticket"))},
		Mode: stead.Mode(f.Get("mode")), Target: f.Get("target"),
	}
	if a.Mode != "" && a.Mode != stead.ReadOnly && a.Mode != stead.Edit {
		return a, wrong("mode %q: read-only or edit", a.Mode)
	}
	if a.Target != "" && localPath(a.Target) != a.Target {
		return a, wrong("target: give a path of this application, such as /orders")
	}
	if text := f.Get("for"); text != "" {
		d, err := time.ParseDuration(text)
		if err != nil || d <= 0 {
			return a, wrong("for %q: a length such as 10m", text)
		}
		a.For = d
	}
	return a, nil
}

func (g *Gateway) start(w http.ResponseWriter, r *http.Request, by authority.By, st authority.Status, f url.Values, wish authority.Ask) error {
	ctx, code := r.Context(), f.Get("code")
	if !st.Armed.After(g.Now()) {
		if _, err := g.Starts.Arm(ctx, by, code); err != nil {
			return err
		}
		code = "" // it is spent, and still fresh
	}
	found, err := g.Starts.Find(ctx, by, lookup(f))
	if err != nil {
		return err
	}
	if len(found) != 1 {
		return ambiguous(w, r, g.Door.Docs, found)
	}
	wish.Subject = found[0].ID
	m, err := g.asked(ctx, by, wish)
	if err != nil {
		return err
	}
	if m.State == stead.Asked {
		w.Header().Set("Location", "/.stead/status")
		return web.WriteJSON(w, http.StatusAccepted, map[string]string{"mandate": string(m.ID), "status_url": origin(r) + "/.stead/status"})
	}
	if m, err = g.Starts.Start(ctx, by, m.ID, code); err != nil {
		return err
	}
	if err := g.renew(w, r, by); err != nil {
		return err
	}
	w.Header().Set("Stead-Acting", string(m.ID))
	return away(w, localPath(wish.Target))
}

// asked asks, or takes up what this session has asked for already and still waits for its approvals or its start: a
// program that was told to wait puts the same request again.
func (g *Gateway) asked(ctx context.Context, by authority.By, wish authority.Ask) (stead.Mandate, error) {
	if m, ok := g.pending(ctx, by, wish.App); ok && m.Subject == wish.Subject && m.Mode == cmp.Or(wish.Mode, stead.ReadOnly) {
		return m, nil
	}
	return g.Starts.Ask(ctx, by, wish)
}

// pending is what the session has asked for in an application and has not begun.
func (g *Gateway) pending(ctx context.Context, by authority.By, app stead.AppID) (stead.Mandate, bool) {
	all, err := g.Starts.Mandates(ctx, by, false)
	if err != nil {
		return stead.Mandate{}, false // who is that is said by the verb that comes next
	}
	for _, m := range all {
		mine := m.Actor == by.Principal && m.Session == by.Session && slices.Contains(m.Scope.Apps, app)
		if mine && (m.State == stead.Asked || m.State == stead.Approved) && m.Over(g.Now(), time.Time{}) == stead.ReasonNone {
			return m, true
		}
	}
	return stead.Mandate{}, false
}

// renew gives a new pass and cuts what was opened with the old one.
func (g *Gateway) renew(w http.ResponseWriter, r *http.Request, by authority.By) error {
	s, err := g.Passes.Rotate(r.Context(), by)
	if err != nil {
		return err
	}
	g.Cookie.Set(w, s.Secret, 0)
	g.cutStreams(by, hostOf(r))
	return nil
}

func lookup(f url.Values) authority.Lookup {
	l := authority.Lookup{Name: strings.TrimSpace(f.Get("subject")), Directory: f.Get("directory"), Attributes: map[string]string{}}
	for name := range f {
		if attr, ok := strings.CutPrefix(name, "attr."); ok && f.Get(name) != "" {
			l.Attributes[attr] = f.Get(name)
		}
	}
	return l
}

// A person is how somebody is told apart from others of the same name.
type person struct {
	ID        stead.PrincipalID `json:"id"`
	Name      string            `json:"name"`
	Directory string            `json:"directory,omitempty"`
	Shown     string            `json:"shown,omitempty"`
}

func personOf(p stead.Principal) *person {
	if p.ID == "" {
		return nil
	}
	return &person{p.ID, p.Name, p.Directory, p.Shown}
}

// ambiguous lists who could be meant; nobody is chosen for him.
func ambiguous(w http.ResponseWriter, r *http.Request, docs string, found []stead.Principal) error {
	err := stead.E(stead.Conflict, stead.ReasonAmbiguous, "%d people could be meant: add directory or attr.NAME", len(found))
	answer := struct {
		web.Problem
		Candidates []*person `json:"candidates"`
	}{Problem: web.ProblemOf(r, docs, err)}
	for _, p := range found {
		answer.Candidates = append(answer.Candidates, personOf(p))
	}
	raw, failed := json.Marshal(answer)
	if failed != nil {
		return stead.Because(failed, "list the candidates")
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(answer.Status)
	_, failed = w.Write(raw)
	return failed
}

// extend asks for one more term, for clients that are no browsers.
func (g *Gateway) extend(w http.ResponseWriter, r *http.Request) error {
	if web.FromBrowser(r) {
		return g.extendElsewhere(w, r)
	}
	if err := (web.CrossSite{}).Check(r); err != nil {
		return err
	}
	f, err := form(w, r)
	if err != nil {
		return err
	}
	st, by, err := g.mine(r)
	if err != nil {
		return err
	}
	if st.Mandate.ID == "" {
		return stead.E(stead.Conflict, stead.ReasonEnded, "nobody is acted for here: ask for a new mandate")
	}
	if _, err := g.Ends.Extend(r.Context(), by, st.Mandate.ID, f.Get("reason"), f.Get("code")); err != nil {
		return err
	}
	return g.status(w, r)
}
