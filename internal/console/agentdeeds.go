package console

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/a-h/templ"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/web"
)

// agentDeeds are what ends something at an agent, or lets it go on: each is done for whoever types its name.
func agentDeeds() []deed {
	return []deed{
		{Path: "suspend", Title: "Suspend it", Button: "Suspend", Why: "Why", Done: "It is suspended, and what it held has ended.",
			Says: "Every mandate it holds ends at once, and it asks for none until it is resumed. Who answers for it does not resume it.",
			do: func(v *visit, p stead.Principal, f url.Values) (templ.Component, error) {
				_, err := v.c.Authority.SuspendAgent(v.r.Context(), v.tied(f, stead.KindAgent, p.ID), p.ID, f.Get("reason"))
				return nil, err
			}},
		{Path: "resume", Title: "Let it ask again", Button: "Resume", Why: "Why", Done: "It may ask again.",
			Says: "It may ask for mandates again; what has ended stays ended. Look at its build first: another one is why agents are suspended.",
			do: func(v *visit, p stead.Principal, f url.Values) (templ.Component, error) {
				_, err := v.c.Authority.ResumeAgent(v.r.Context(), v.tied(f, stead.KindAgent, p.ID), p.ID, f.Get("reason"))
				return nil, err
			}},
		{Path: "learn", Title: "Let it learn for a week", Button: "Let it learn", Why: "Why", Done: "It learns. What it asks for beyond its tasks is refused as ever, and on record.",
			Says: "What it asks for beyond its tasks is refused as ever, and on record as what it was. Nothing is granted. It ends by itself after seven days.",
			do: func(v *visit, p stead.Principal, f url.Values) (templ.Component, error) {
				_, err := v.c.Authority.Learn(v.r.Context(), v.tied(f, stead.KindAgent, p.ID), p.ID, "", f.Get("reason"), 7*stead.Day)
				return nil, err
			}},
		{Path: "unlearn", Title: "End its learning", Button: "End it", Done: "It learns no more. What it learned stays on record.",
			Says: "Its refusals say no more what it wanted. What it learned stays on record.",
			do: func(v *visit, p stead.Principal, f url.Values) (templ.Component, error) {
				_, err := v.c.Authority.EndLearning(v.r.Context(), v.tied(f, stead.KindAgent, p.ID), p.ID)
				return nil, err
			}},
		{Path: "retire", Title: "Retire it", Button: "Retire it for good", Done: "The agent is retired.",
			Says: "It ends for good, with everything that runs of it and every mandate it holds. Its name is free again; what it did stays in the trail.",
			do: func(v *visit, p stead.Principal, f url.Values) (templ.Component, error) {
				_, err := v.c.Authority.RetireAgent(v.r.Context(), v.tied(f, stead.KindAgent, p.ID), p.ID)
				return nil, err
			}},
		{Path: "runs/{run}/end", Title: "End this run", Button: "End it", Done: "The run has ended.",
			Says: "This run of the agent ends, with the mandates that it has started. The agent may begin another one.",
			do: func(v *visit, _ stead.Principal, _ url.Values) (templ.Component, error) {
				return nil, v.c.Authority.EndInstance(v.r.Context(), v.by, stead.InstanceID(v.r.PathValue("run")))
			}},
	}
}

// tied is the caller with the version that his page showed: what was changed since is looked at again first.
func (v *visit) tied(f url.Values, kind stead.RecordKind, id stead.PrincipalID) authority.By {
	by := v.by
	by.Proviso = authority.Proviso{Kind: kind, ID: string(id), Tags: f.Get("version")}
	return by
}

// stopsAgent tells whether the reader may stop it: who answers for it, security and admins.
func (v *visit) stopsAgent(a authority.Card) bool {
	return a.Owner == v.by.Principal || v.c.revokes(v.by)
}

// deedsOfAgent are those that the reader may do now.
func (v *visit) deedsOfAgent(a authority.Card) (may []offer) {
	for _, d := range agentDeeds() {
		switch {
		case strings.Contains(d.Path, "{"), d.Path == "suspend" && a.Suspended:
		case d.Path == "learn" || d.Path == "unlearn":
			on := a.Learning.On(v.c.Now())
			if on == (d.Path == "unlearn") && (a.Owner == v.by.Principal || v.c.Authority.May(v.by, authority.Admin) == nil) {
				may = append(may, v.offered(d, a.Principal))
			}
		case d.Path == "resume":
			if a.Suspended && a.Owner != v.by.Principal && v.c.revokes(v.by) {
				may = append(may, v.offered(d, a.Principal))
			}
		case v.stopsAgent(a):
			may = append(may, v.offered(d, a.Principal))
		}
	}
	return may
}

func (v *visit) showAgentDeed(status int, d deed, f url.Values, problem string) error {
	a, err := v.c.Authority.Card(v.r.Context(), v.by, v.r.PathValue("id"))
	if err != nil {
		return err
	}
	if !v.stopsAgent(a) {
		return stead.E(stead.Missing, stead.ReasonNotYours, "there is no such agent, or it is not yours to stop")
	}
	back := agentHref(a.Principal)
	run := v.r.PathValue("run")
	p := deedView{frame: v.frame(d.Title, ""), offer: v.offered(d, a.Principal), Problem: problem, Action: back + "/" + strings.ReplaceAll(d.Path, "{run}", url.PathEscape(run)), Back: back,
		Name: a.Account.Name, Typed: f.Get("typed"), Reason: f.Get("reason"), Version: versionWord(a.Version)}
	state, _ := agentState(a)
	p.Facts = known([][2]string{{"Agent", a.Account.DisplayName() + " (" + a.Account.Directory + "/" + a.Account.Name + ")"}, {"Owner", v.c.account(a.Owner)},
		{"Run", run}, {"State", upper(state)}, {"Runs now", number(uint64(len(a.Instances)))}, {"Mandates", number(uint64(len(a.Mandates)))}})
	return v.show(status, deedPage(p))
}

// doesToAgent does what was meant: nothing, where another name was typed.
func (v *visit) doesToAgent(d deed) error {
	f, err := v.form()
	if err != nil {
		return err
	}
	a, err := v.c.Authority.Card(v.r.Context(), v.by, v.r.PathValue("id"))
	if err != nil {
		return err
	}
	if no := v.meant(f, a.Principal); no != nil && v.stopsAgent(a) {
		return v.showAgentDeed(http.StatusBadRequest, d, f, saying(no))
	}
	page, no := d.do(v, stead.Principal{ID: a.Principal}, f)
	switch {
	case v.retell(no) && v.stopsAgent(a):
		return v.showAgentDeed(web.StatusOf(no), d, f, saying(no))
	case no != nil:
		return no
	case page != nil:
		return v.show(http.StatusOK, page)
	case d.Path == "retire":
		return v.to("/agents?done=retire")
	}
	done := d.Path
	if strings.Contains(done, "{") {
		done = "run"
	}
	return v.to(agentHref(a.Principal) + "?done=" + done)
}

// agentSaid is what a page says after a deed at an agent.
func agentSaid(done string) string {
	if done == "register" {
		return "It is registered. It holds nothing yet: it asks, with a key, a secret or a one-time token that you give it."
	}
	for _, d := range agentDeeds() {
		if done != "" && (d.Path == done || done == "run" && strings.HasPrefix(d.Path, "runs/")) {
			return d.Done
		}
	}
	return ""
}
