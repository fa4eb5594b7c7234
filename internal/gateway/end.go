package gateway

import (
	"net/http"
	"net/url"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/web"
)

// endFacts are what the pages around an end say.
type endFacts struct {
	Title, Lead, Who      string
	Facts                 [][2]string
	Mandate, Button, Back string
	Again                 string // where to ask for a new one
	Unseen                bool   // the application shows nothing before this is acknowledged
}

// endPage says what acting ends here, or that it has ended, and offers the one button for it.
func (g *Gateway) endPage(w http.ResponseWriter, r *http.Request) error {
	st, _, err := g.mine(r)
	if err != nil {
		return g.orSignIn(w, r, err)
	}
	p, _ := g.at(r.Host)
	e := endFacts{Who: st.Actor.DisplayName(), Back: localPath(r.URL.Query().Get("return"))}
	again := *g.Console
	again.Path, again.RawQuery = "/act", url.Values{"app": {string(g.app(r.Host).ID)}}.Encode()
	switch unseen, ok := g.unseen(r, st); {
	case ok:
		e.Title, e.Lead = "Acting has ended", "Once you have seen this you go on as yourself. Pages that are still open may show somebody else's data: close them."
		e.Mandate, e.Button, e.Again, e.Unseen = string(unseen), "I have seen it", again.String(), true
		e.Facts = [][2]string{{"Mandate", e.Mandate}}
	case p.label != "" && (st.Mandate.ID == "" || !p.holds(&st.Mandate, r)):
		e.Title, e.Lead, e.Back = "Acting has ended", "This address belonged to one mandate, which is over. You are yourself at the application's own.", p.home(r, e.Back)
		e.Again = again.String()
	case st.Mandate.ID != "":
		m := st.Mandate
		e.Title, e.Mandate, e.Button = "End acting", string(m.ID), "End acting now"
		e.Lead = "You act for " + st.Subject.DisplayName() + " until " + clock(m.Until) + "."
		e.Facts = acting(st)
		if !st.Acting {
			e.Title, e.Button, e.Lead, e.Unseen = "Acting has ended", "I have seen it", "Its time is over.", true
		}
	default:
		e.Title, e.Lead = "Nobody is acted for", "You are here as yourself."
	}
	return web.WritePage(r.Context(), w, http.StatusOK, endView(e))
}

func clock(t time.Time) string { return t.UTC().Format("15:04") + " UTC" }

func acting(st authority.Status) [][2]string {
	mode := "Read-only"
	if st.Mandate.Mode == stead.Edit {
		mode = "Can edit"
	}
	facts := [][2]string{{"For", st.Subject.DisplayName()}, {"You are", st.Actor.DisplayName()}, {"Mode", mode},
		{"Until", clock(st.Mandate.Until)}, {"Mandate", string(st.Mandate.ID)}}
	if t := st.Mandate.Purpose.Ticket; t != "" {
		facts = append(facts, [2]string{"Ticket", t})
	}
	return facts
}

// unseen is the mandate whose end was not acknowledged at this host yet.
func (g *Gateway) unseen(r *http.Request, st authority.Status) (stead.MandateID, bool) {
	return st.Unseen.Mandate, g.here(r, st.Unseen.Apps)
}

// end ends what runs, or acknowledges what has ended. Only what a person sent by hand from a whole page counts as
// having seen it (R16).
func (g *Gateway) end(w http.ResponseWriter, r *http.Request) error {
	if err := (web.CrossSite{}).Check(r); err != nil {
		return err
	}
	f, err := form(w, r)
	if err != nil {
		return err
	}
	st, by, err := g.mine(r)
	if err != nil {
		return g.orSignIn(w, r, err)
	}
	unseen, pending := g.unseen(r, st)
	named := stead.MandateID(f.Get("mandate"))
	switch {
	case pending:
		err = g.acknowledge(r, by, unseen, named)
	case st.Mandate.ID == "":
		err = stead.E(stead.Conflict, stead.ReasonEnded, "nobody is acted for here")
	case named != "" && named != st.Mandate.ID:
		err = stead.E(stead.Conflict, stead.ReasonEnded, "that mandate has ended already; another one is in force")
	default:
		unseen, err = st.Mandate.ID, g.stop(r, by, st)
	}
	if err != nil {
		return err
	}
	return g.over(w, r, by, unseen, localPath(f.Get("return")))
}

// stop ends the mandate in force, and notes when it was a script that asked.
func (g *Gateway) stop(r *http.Request, by authority.By, st authority.Status) error {
	stop := g.Ends.End
	if !web.ByHand(r) {
		stop = g.Ends.EndUnseen
	}
	if _, err := stop(r.Context(), by, st.Mandate.ID); err != nil {
		return err
	}
	g.cutStreams(by, hostOf(r))
	return nil
}

func (g *Gateway) acknowledge(r *http.Request, by authority.By, unseen, named stead.MandateID) error {
	if !web.ByHand(r) || web.FromBrowser(r) && named != unseen || named != "" && named != unseen {
		return stead.E(stead.Refused, stead.ReasonUnseen, "acting has ended: open the end page and press its button yourself")
	}
	return g.Ends.Acknowledge(r.Context(), by)
}

// over answers an end: a person goes back to where he was, with a new pass; a script gets nothing to go on with. The
// host of the mandate is left for ever, and with it what the application kept there.
func (g *Gateway) over(w http.ResponseWriter, r *http.Request, by authority.By, ended stead.MandateID, back string) error {
	p, _ := g.at(r.Host)
	switch {
	case !web.ByHand(r):
	case p.label != "":
		g.Cookie.Clear(w)
		g.forget(w, r)
		w.Header().Set("Clear-Site-Data", `"cache", "storage"`)
		back = p.home(r, back)
	default:
		if err := g.renew(w, r, by); err != nil {
			return err
		}
		g.restore(w, r)
		w.Header().Set("Clear-Site-Data", `"cache"`)
	}
	if !web.PrefersHTML(r) {
		return web.WriteJSON(w, http.StatusOK, map[string]any{"acting": false, "ended": ended})
	}
	if !web.ByHand(r) {
		back = "/.stead/end"
	}
	return away(w, back)
}

// answers are what the gateway says itself while somebody acts: chatter, and the application's own sign-out, which is
// an end and forwarded nowhere (R18).
func (g *Gateway) answers(w http.ResponseWriter, r *http.Request, v *visit) bool {
	if !v.status.Acting || v.status.Mandate.State != stead.Active {
		return false
	}
	switch v.class.Class {
	case Quiet:
		rule := v.app.rule(v.class.Rule)
		g.mark(w.Header(), v)
		if rule.Type != "" {
			w.Header().Set("Content-Type", rule.Type)
		}
		w.Header().Set("X-Content-Type-Options", "nosniff")
		_, _ = w.Write([]byte(rule.Answer)) // a client that is gone misses nothing
		return true
	case Logout:
		g.Door.Serve(func(w http.ResponseWriter, r *http.Request) error {
			if err := g.stop(r, v.by, v.status); err != nil {
				return err
			}
			return g.over(w, r, v.by, v.status.Mandate.ID, "/.stead/end")
		}).ServeHTTP(w, r)
		return true
	}
	return false
}

func (a *App) rule(id string) *Rule {
	for i := range a.Rules {
		if a.Rules[i].ID == id {
			return &a.Rules[i]
		}
	}
	return &Rule{}
}
