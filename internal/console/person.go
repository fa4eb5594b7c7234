package console

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/web"
)

// A personView is everything about one account.
type personView struct {
	frame
	Problem  string
	Path     string // of this page
	Facts    [][2]string
	Groups   []string
	Others   []personRow
	Sessions []session
	Acts     []card // as actor
	Suffers  []card // as subject
	Did      string // address of his trail; empty: the reader reads none
	Done     string // address of what was done for him
	MayEdit  bool
	MayEnd   bool
	Closed   bool
	Account  string
	Name     string // to be typed
	Version  string
	Said     string // that something was done
	Alone    string // groups that nobody else is in, where they were just written
	Deeds    []offer
	Asked    string // who asked for another authenticator that waits for a second person
	MayAgree bool
	NoAgree  string       // why the reader is not that person
	Wished   string       // groups as they were typed
	Stopped  *stoppedView // of a closed one
}

// fewOf is how many sessions and mandates of somebody stand on his page.
const fewOf = 50

func (v *visit) personID() stead.PrincipalID { return stead.PrincipalID(v.r.PathValue("id")) }

func (c *Console) person(v *visit) error { return v.showPerson(http.StatusOK, "", nil) }

func (v *visit) showPerson(status int, problem string, typed url.Values) error {
	c, ctx := v.c, v.r.Context()
	who, err := c.Authority.Human(ctx, v.by, v.personID())
	if err != nil {
		return err
	}
	p := personView{frame: v.frame(who.DisplayName(), ""), Problem: problem, Path: "/people/" + url.PathEscape(string(who.ID)), Groups: who.Groups,
		Facts: personFacts(who), Closed: !who.Active(), Account: who.Directory + "/" + who.Name, Name: who.Name, Version: strconv.FormatUint(who.Version, 10),
		MayEdit: c.Authority.May(v.by, authority.Admin) == nil, MayEnd: c.revokes(v.by), Wished: strings.Join(who.Groups, ", ")}
	if v.audits() {
		p.Did, p.Done = narrowed("actor", string(who.ID)), narrowed("subject", string(who.ID))
	}
	if typed.Has("groups") {
		p.Wished = typed.Get("groups")
	}
	if err := v.deedsOf(&p, who); err != nil {
		return err
	}
	for _, o := range who.Others {
		p.Others = append(p.Others, personRow{o.DisplayName(), o.Directory + "/" + o.Name, strings.Join(o.Groups, ", "), "/people/" + url.PathEscape(string(o.ID)), !o.Active()})
	}
	if err := v.busy(&p, who.ID); err != nil {
		return err
	}
	if p.Closed {
		p.Stopped = v.stoppedAccount(who.ID)
	}
	return v.show(status, personPage(p))
}

// alone are the groups that somebody is in and nobody else: one may be a slip of the pen.
func (v *visit) alone(p stead.Principal) string {
	all, err := v.c.Authority.Groups(v.r.Context(), v.by)
	if err != nil {
		return "" // the page is whole without it
	}
	var only []string
	for _, g := range all {
		dir, name, _ := strings.Cut(g.Group, "/")
		if g.N == 1 && dir == p.Directory && slices.Contains(p.Groups, name) {
			only = append(only, g.Group)
		}
	}
	return strings.Join(only, ", ")
}

func personFacts(h authority.Human) [][2]string {
	proofs := []string{}
	if h.Password {
		proofs = append(proofs, "password")
	}
	if h.Code {
		proofs = append(proofs, "code of an authenticator")
	}
	rows := [][2]string{{"Account", h.Directory + "/" + h.Name}, {"Id", string(h.ID)}, {"Kind", string(h.Kind)}, {"State", stateOf(h.Principal)}, {"Signs in with", strings.Join(proofs, " and ")}}
	rows = append(rows, [2]string{"In the hand of", holders(h)}, [2]string{"Vouched for by", voucher(h)})
	var marks []string
	for k := range h.Attributes {
		marks = append(marks, k)
	}
	slices.Sort(marks)
	for _, k := range marks {
		rows = append(rows, [2]string{upper(k), h.Attributes[k]})
	}
	return known(rows)
}

// holders are those beside whom somebody is nobody's second person.
func holders(h authority.Human) string {
	var all []string
	for _, o := range h.Holders {
		text := string(o.ID)
		if o.Name != "" {
			text = o.Directory + "/" + o.Name
		}
		if o.Mark != "" {
			text += " (gave " + o.Mark + ")"
		}
		all = append(all, text)
	}
	return strings.Join(all, ", ")
}

func voucher(h authority.Human) string {
	switch {
	case h.Voucher.ID == stead.Server:
		return "who runs this machine"
	case h.Voucher.Name != "":
		return h.Voucher.Directory + "/" + h.Voucher.Name
	}
	return string(h.Voucher.ID)
}

// busy finds where somebody is signed in, and what he does or is done for him now.
func (v *visit) busy(p *personView, id stead.PrincipalID) error {
	ctx, verbs := v.r.Context(), v.c.Authority
	sessions, _, err := verbs.SessionPage(ctx, v.by, id, authority.Place{}, fewOf)
	if err != nil {
		return err
	}
	for _, e := range sessions {
		p.Sessions = append(p.Sessions, session{e.ID, v.c.at(e.Since), v.c.at(e.Until), levelWord(e.Level), e.ID == v.by.Session})
	}
	for _, side := range []struct {
		to *[]card
		q  authority.MandateQuery
	}{{&p.Acts, authority.MandateQuery{All: true, Actor: id, Limit: fewOf}}, {&p.Suffers, authority.MandateQuery{All: true, Subject: id, Limit: fewOf}}} {
		page, _, err := verbs.MandatePage(ctx, v.by, side.q)
		if err != nil {
			return err
		}
		for _, m := range page {
			*side.to = append(*side.to, v.card(m))
		}
	}
	return nil
}

// edit changes the account that the page showed, as it was shown. Who has just taken the role from himself by which he
// saw it is shown his own.
func (v *visit) edit(f url.Values, e authority.Edit, done string) error {
	no := v.change(stead.Principal{ID: v.personID()}, f, e)
	switch {
	case v.retell(no):
		return v.showPerson(web.StatusOf(no), saying(no), f)
	case no != nil:
		return no
	}
	if !v.might(authority.Onlookers()...) {
		return v.to("/me")
	}
	return v.to("/people/" + url.PathEscape(string(v.personID())) + "?done=" + done)
}

// deedsOf finds what the reader may do to an account, and what waits for him there.
func (v *visit) deedsOf(p *personView, h authority.Human) error {
	p.Said = v.told()
	if done := v.r.URL.Query().Get("done"); done == "groups" || done == "new" {
		p.Alone = v.alone(h.Principal)
	}
	for _, d := range v.c.deeds() {
		if (d.Path != "vouch" || len(h.Holders) > 0) && (!p.Closed || d.Path == "delete" || d.Path == "erase") && v.c.Authority.May(v.by, d.roles...) == nil {
			p.Deeds = append(p.Deeds, v.offered(d, h.ID))
		}
	}
	asked, err := v.c.Authority.FactorAsked(v.r.Context(), v.by, h.ID)
	if err == nil && asked.By != "" && !asked.Made {
		p.Asked = v.c.account(asked.By) + ", good until " + v.c.at(asked.Until)
		if v.might(authority.Admin, authority.Security) {
			p.NoAgree = v.barred("factor.allow", string(h.ID))
			p.MayAgree = p.NoAgree == ""
		}
	}
	return err
}

// brief is the first sentence of a text.
func brief(text string) string {
	first, _, _ := strings.Cut(text, ". ")
	return strings.TrimSuffix(first, ".") + "."
}

func (c *Console) enable(v *visit) error {
	f, err := v.form()
	if err != nil {
		return err
	}
	no := false
	return v.edit(f, authority.Edit{Disabled: &no}, "enable")
}

func (c *Console) regroup(v *visit) error {
	f, err := v.form()
	if err != nil {
		return err
	}
	if err := v.meant(f, v.personID()); err != nil {
		if stead.KindOf(err) == stead.Invalid {
			return v.showPerson(http.StatusBadRequest, saying(err), f)
		}
		return err
	}
	groups := listed(f.Get("groups"))
	return v.edit(f, authority.Edit{Groups: &groups}, "groups")
}
