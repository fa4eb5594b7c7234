package console

import (
	"cmp"
	"net/http"
	"net/url"
	"strings"

	"github.com/a-h/templ"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/web"
)

// A deed is what cannot be taken back at an account, or not easily: it has a page of its own, which says what would
// happen, and it is done for whoever types the name of the account.
type deed struct {
	Path, Title, Says, Button string
	Why                       string // label of the reason; empty: none is asked for
	Done                      string // what the account's page says after it
	roles                     []authority.Role
	do                        func(*visit, stead.Principal, url.Values) (templ.Component, error) // a page of its own, or nil
}

// An offer is a deed at somebody's account, or why the reader is not the second person that it takes.
type offer struct {
	deed
	No string
}

// halves are the verbs of the deeds that take two people.
var halves = map[string]string{"vouch": "person.vouch", "factor-yes": "factor.allow", "resume": "agent.resume"}

// offered is a deed as the reader may do it.
func (v *visit) offered(d deed, id stead.PrincipalID) offer {
	if verb := halves[d.Path]; verb != "" {
		return offer{d, v.barred(verb, string(id))}
	}
	return offer{d, ""}
}

// deeds are all of them, the mildest first.
func (c *Console) deeds() []deed {
	admin := []authority.Role{authority.Admin}
	both := []authority.Role{authority.Admin, authority.Security}
	return []deed{
		{"vouch", "Vouch for this person", "Others made this account or gave it what it counts by, and beside them it is nobody's second person. You say that you know the human behind it, and that the authenticator in his hand is his own. It counts beside everybody from then on, and your name stands by it.",
			"Vouch", "How you know who it is", "You have vouched for this person.", both, (*visit).vouch},
		{"sign-out", "Sign it out everywhere", "Every session of this account ends, and what is done in them for others. Whoever has the password and the code signs in again.",
			"End every session", "", "Every session has ended.", both, (*visit).signOut},
		{"stop", "End every mandate", "Every mandate that it holds ends, and every one that it is acted under, those that wait too. What is needed still is asked for again.",
			"End every mandate", "Why", "Every mandate has ended.", both, (*visit).stop},
		{"factor", "Another authenticator", "For who has lost the old one, or is new. The old one counts no more from then on, and every session ends. A link to set up another one is shown here: it works once, for an hour, and asks for the password; whoever has none chooses it there. Of who has a role in Stead another person agrees first.",
			"Take the old one away", "How you know who asks", "It is asked for.", admin, (*visit).lostFactor},
		{"disable", "Disable", "Nobody signs in with it, acts by it or is acted for. Its sessions and every mandate it holds or is acted under end at once. It can be enabled again, and nothing of the trail is lost.",
			"Disable", "", "It is disabled.", admin, (*visit).disable},
		{"delete", "Delete", "The account is gone: its name is free again, its id is not. Sessions and mandates end at once. The trail keeps what was done.",
			"Delete the account", "", "The account is deleted.", admin, (*visit).remove},
		{"erase", "Erase the human", "Every account of this human is deleted, and the keys of what is recorded of him are destroyed: names, reasons and addresses in the trail can never be read again by anybody. The hashes stay valid. This cannot be undone.",
			"Erase for ever", "", "Every account of this human is deleted, and what was recorded of him is erased.", admin, (*visit).erase},
	}
}

// allowance is the other person's yes to another authenticator.
func (c *Console) allowance() deed {
	return deed{"factor-yes", "Agree to another authenticator", "Somebody asked for it. Make sure yourself that it is he who has lost the old one. From your yes on it counts no more, and every session ends; the link is shown here once.",
		"Agree", "", "", []authority.Role{authority.Admin, authority.Security}, (*visit).agreeFactor}
}

// putOut ends one session of somebody else's.
func (c *Console) putOut() deed {
	return deed{Path: "sessions/{session}/end", Title: "End this session", Button: "End it",
		Says:  "Whoever is there is signed out at once, and what is done in it for others ends with it. Whoever has the password and the code signs in again.",
		roles: []authority.Role{authority.Admin, authority.Security}, do: func(v *visit, _ stead.Principal, _ url.Values) (templ.Component, error) {
			return nil, v.c.Authority.EndSession(v.r.Context(), v.by, stead.SessionID(v.r.PathValue("session")))
		}}
}

func (c *Console) mountDeeds(add adder) {
	for _, d := range append(c.deeds(), c.allowance(), c.putOut()) {
		add("GET /people/{id}/"+d.Path, web.Admin, func(v *visit) error { return v.showDeed(http.StatusOK, d, nil, "") }, d.roles...)
		add("POST /people/{id}/"+d.Path, web.Admin, func(v *visit) error { return v.does(d) }, d.roles...)
	}
}

// A deedView asks whether it is meant.
type deedView struct {
	frame
	offer
	Problem string
	Facts   [][2]string
	Action  string
	Back    string
	Name    string // to be typed
	Label   string // of where it is; empty: it is an account's
	Typed   string
	Reason  string
	Version string
}

func (v *visit) showDeed(status int, d deed, f url.Values, problem string) error {
	who, err := v.c.Authority.Human(v.r.Context(), v.by, v.personID())
	if err != nil {
		return err
	}
	back := "/people/" + url.PathEscape(string(who.ID))
	p := deedView{frame: v.frame(d.Title, ""), offer: v.offered(d, who.ID), Problem: problem, Action: back + "/" + strings.ReplaceAll(d.Path, "{session}", v.r.PathValue("session")), Back: back, Name: who.Name,
		Typed: f.Get("typed"), Reason: f.Get("reason"), Version: versionWord(who.Version)}
	if p.Facts, err = v.effect(who); err != nil {
		return err
	}
	if v.r.PathValue("session") != "" {
		if p.Facts, err = v.oneSession(who); err != nil {
			return err
		}
	}
	return v.show(status, deedPage(p))
}

// effect tells what stands to be ended.
func (v *visit) effect(h authority.Human) ([][2]string, error) {
	var busy personView
	if err := v.busy(&busy, h.ID); err != nil {
		return nil, err
	}
	var others []string
	for _, o := range h.Others {
		others = append(others, o.DisplayName()+" ("+o.Directory+"/"+o.Name+")")
	}
	agents, err := v.agentsOf(h.ID)
	if err != nil {
		return nil, err
	}
	asked, err := v.c.Authority.FactorAsked(v.r.Context(), v.by, h.ID)
	if err != nil {
		return nil, err
	}
	said, because := "", ""
	if asked.By != "" && !asked.Made {
		said = v.c.account(asked.By) + ", good until " + v.c.at(asked.Until)
		found, err := v.events(authority.EventQuery{Kinds: []string{"factor.asked"}, Subject: h.ID, Outcome: stead.OK, Newest: true, Limit: 1})
		if err == nil && len(found) > 0 {
			because = found[0].Who["reason"]
		}
	}
	return known([][2]string{{"Account", h.DisplayName() + " (" + h.Directory + "/" + h.Name + ")"}, {"The same human", strings.Join(others, ", ")},
		{"Sessions", upTo(len(busy.Sessions), "session", "sessions")}, {"Acts for others", upTo(len(busy.Acts), "mandate", "mandates")},
		{"Is acted for", upTo(len(busy.Suffers), "mandate", "mandates")}, {"Agents it answers for", agents}, {"Asked for by", said}, {"How it is known who asks", because}}), nil
}

// agentsOf names the agents that an account answers for: they stop with it.
func (v *visit) agentsOf(id stead.PrincipalID) (string, error) {
	all, err := v.c.Authority.Cards(v.r.Context(), v.by)
	var names []string
	for _, a := range all {
		if a.Owner == id {
			names = append(names, a.Account.DisplayName())
		}
	}
	return strings.Join(names, ", "), err
}

// oneSession tells which session of somebody is meant.
func (v *visit) oneSession(h authority.Human) ([][2]string, error) {
	var busy personView
	if err := v.busy(&busy, h.ID); err != nil {
		return nil, err
	}
	for _, e := range busy.Sessions {
		if string(e.ID) == v.r.PathValue("session") {
			return [][2]string{{"Account", h.DisplayName() + " (" + h.Directory + "/" + h.Name + ")"}, {"Since", e.Since}, {"Until", e.Until}, {"With", e.How}}, nil
		}
	}
	return [][2]string{{"Account", h.DisplayName() + " (" + h.Directory + "/" + h.Name + ")"}, {"Session", "over already, or not among the newest"}}, nil
}

// meant tells whether the name that was typed is that of the account it is about. Errors: invalid.
func (v *visit) meant(f url.Values, id stead.PrincipalID) error {
	if name := v.c.called(id); name == "" || strings.TrimSpace(f.Get("typed")) != name {
		return stead.E(stead.Invalid, stead.ReasonRequest, "type the account name, %s, to say that it is meant", name)
	}
	return nil
}

func (p deedView) label() string { return cmp.Or(p.Label, meantLabel(p.Name)) }

func meantLabel(name string) string {
	return "Type the account name, " + name + ", to say that it is meant"
}

// called is the name of an account in its directory.
func (c *Console) called(id stead.PrincipalID) string {
	_, account := c.Authority.Name(id)
	_, name, _ := strings.Cut(account, "/")
	return name
}

// upTo counts what a page of a list shows.
func upTo(n int, one, many string) string {
	switch n {
	case 0:
		return "none"
	case fewOf:
		return count(n, one, many) + " or more"
	}
	return count(n, one, many)
}

// does what was meant: nothing is done, and nothing that was written is lost, where another name was typed.
func (v *visit) does(d deed) error {
	f, err := v.form()
	if err != nil {
		return err
	}
	p, err := v.c.Authority.Person(v.r.Context(), v.by, v.personID())
	if err != nil {
		return err
	}
	if strings.TrimSpace(f.Get("typed")) != p.Name {
		return v.showDeed(http.StatusBadRequest, d, f, "type the account name, "+p.Name+", to say that it is meant")
	}
	page, no := d.do(v, p, f)
	switch {
	case v.retell(no):
		return v.showDeed(web.StatusOf(no), d, f, saying(no))
	case no != nil:
		return no
	case page != nil:
		return v.show(http.StatusOK, page)
	case d.Path == "delete" || d.Path == "erase":
		return v.to("/people/" + url.PathEscape(string(p.ID)) + "/stopped?done=" + d.Path)
	case d.Done == "":
		return v.to("/people/" + url.PathEscape(string(p.ID)))
	}
	return v.to("/people/" + url.PathEscape(string(p.ID)) + "?done=" + d.Path)
}

// told is what a page says after a deed.
func (v *visit) told() string {
	switch v.r.URL.Query().Get("done") {
	case "enable":
		return "It is open again."
	case "groups":
		return "Its groups are as you wrote them."
	case "new":
		return "The account is made, and has no password yet. Another authenticator, below, makes a link by which whoever it is for chooses one; who is only acted for needs neither."
	}
	for _, d := range v.c.deeds() {
		if d.Path == v.r.URL.Query().Get("done") {
			return d.Done
		}
	}
	return ""
}
