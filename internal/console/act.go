package console

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/web"
)

// An armView is the page before anything can be chosen (R10).
type armView struct {
	frame
	Problem string
	Code    web.FieldSpec
	Search  url.Values // what was looked for before arming ran out
	Enrol   bool       // there is no second factor to prove, and one can be set up
	Never   bool       // no rule lets the reader act for anybody
}

// A chooseView is the page on which a person is found and chosen.
type chooseView struct {
	frame
	Armed    string
	Problem  string
	Search   search
	Looked   bool
	Found    []candidate
	Unknown  string // why nobody was found
	Wish     url.Values
	Apps     []App
	DirField web.FieldSpec
	Recent   []recent
}

// A recent is somebody the reader asked to act for lately.
type recent struct{ Name, Href string }

// A search is what tells whom is meant.
type search struct{ Name, Directory, Attribute string }

// A candidate is one person that could be meant.
type candidate struct {
	ID                   stead.PrincipalID
	Name, Account, Marks string
	Chosen               bool
}

// choose shows the arming form, or the search with what it found.
func (c *Console) choose(v *visit) error {
	q := v.r.URL.Query()
	switch {
	case v.st.Acting:
		return v.to("/acting")
	case !v.acts():
		return v.show(http.StatusOK, armPage(armView{frame: v.frame("Act for somebody", ""), Never: true}))
	case !v.st.Armed.After(c.Now()):
		return v.showArm(http.StatusOK, "", q)
	}
	return v.showChoice(http.StatusOK, q, url.Values{"reason": {q.Get("reason")}, "ticket": {q.Get("ticket")},
		"app": {q.Get("app")}, "target": {q.Get("target")}, "mode": {q.Get("mode")}}, "")
}

func (v *visit) showArm(status int, problem string, q url.Values) error {
	who, err := v.c.Authority.Human(v.r.Context(), v.by, v.by.Principal)
	if err != nil {
		return err
	}
	return v.show(status, armPage(armView{
		frame:   v.frame("Act for somebody", "First make sure that it is you. Then choose the person."),
		Problem: problem, Search: keep(q), Enrol: !who.Code && v.c.Factors != nil,
		Code: v.code(true, "The six digits that your authenticator shows now.", ""),
	}))
}

// keep is what the address may carry over a form.
func keep(q url.Values) url.Values {
	out := url.Values{}
	for _, k := range []string{"name", "directory", "attr", "reason", "ticket", "app", "target", "mode"} {
		if v := q.Get(k); v != "" {
			out.Set(k, v)
		}
	}
	return out
}

func (v *visit) showChoice(status int, q, wish url.Values, problem string) error {
	s := search{strings.TrimSpace(q.Get("name")), q.Get("directory"), strings.TrimSpace(q.Get("attr"))}
	p := chooseView{frame: v.frame("Act for somebody", "Find the person, say why, and see what is needed before anything begins."),
		Armed: v.c.left(v.st.Armed), Problem: problem, Search: s, Looked: s.Name != "", Wish: wish, Apps: v.c.Apps, DirField: v.c.directoryField(s.Directory)}
	if p.Looked {
		found, err := v.c.Authority.Find(v.r.Context(), v.by, s.lookup())
		switch {
		case stead.ReasonOf(err) == stead.ReasonNotArmed:
			return v.showArm(http.StatusOK, "", q)
		case stead.ReasonOf(err) == stead.ReasonUnknown:
			p.Unknown = saying(err)
		case err != nil:
			return err
		}
		p.Found = candidates(found, stead.PrincipalID(wish.Get("subject")))
	}
	if !p.Looked {
		var err error
		if p.Recent, err = v.recent(); err != nil {
			return err
		}
	}
	return v.show(status, choosePage(p))
}

// fewRecent is how many people are offered again.
const fewRecent = 5

// recent lists whom the reader asked to act for last.
func (v *visit) recent() ([]recent, error) {
	asked, err := v.events(authority.EventQuery{Kinds: []string{"mandate.asked"}, Actor: v.by.Principal, Either: v.by.Principal, Outcome: stead.OK, Newest: true, Limit: 50})
	var out []recent
	seen := map[stead.PrincipalID]bool{}
	for _, e := range asked {
		shown, account := v.c.Authority.Name(e.Subject)
		_, short, _ := strings.Cut(account, ":")
		directory, name, ok := strings.Cut(short, "/")
		if seen[e.Subject] || !ok || len(out) == fewRecent {
			continue
		}
		seen[e.Subject] = true
		out = append(out, recent{shown + " (" + short + ")", "/act?" + url.Values{"directory": {directory}, "name": {name}}.Encode()})
	}
	return out, err
}

func (s search) lookup() authority.Lookup {
	l := authority.Lookup{Name: s.Name, Directory: s.Directory}
	if k, val, ok := strings.Cut(s.Attribute, "="); ok {
		l.Attributes = map[string]string{strings.TrimSpace(k): strings.TrimSpace(val)}
	}
	return l
}

// candidates lists people so that they can be told apart. One alone is chosen, of several none is: nobody is guessed.
func candidates(found []stead.Principal, chosen stead.PrincipalID) []candidate {
	var out []candidate
	for _, p := range found {
		var marks []string
		for k, v := range p.Attributes {
			marks = append(marks, k+" "+v)
		}
		slices.Sort(marks)
		out = append(out, candidate{p.ID, p.DisplayName(), p.Directory + "/" + p.Name, strings.Join(marks, ", "),
			len(found) == 1 || p.ID == chosen})
	}
	return out
}

func (c *Console) directoryField(chosen string) web.FieldSpec {
	f := web.FieldSpec{Name: "directory", Label: "Directory", Kind: "select",
		Options: []web.Option{{Value: "", Text: "Any", Chosen: chosen == ""}}}
	for _, d := range c.Directories {
		label := d.Label
		if label == "" {
			label = d.ID
		}
		f.Options = append(f.Options, web.Option{Value: d.ID, Text: label, Chosen: d.ID == chosen})
	}
	return f
}

func (c *Console) arm(v *visit) error {
	f, err := v.form()
	if err != nil {
		return err
	}
	_, err = c.Authority.Arm(v.r.Context(), v.by, f.Get("code"))
	switch {
	case v.retell(err):
		return v.showArm(web.StatusOf(err), saying(err), f)
	case err != nil:
		return err
	}
	if q := keep(f); len(q) > 0 {
		return v.to("/act?" + q.Encode())
	}
	return v.to("/act")
}

func (c *Console) disarm(v *visit) error {
	if err := c.Authority.Disarm(v.r.Context(), v.by); err != nil {
		return err
	}
	return v.to("/")
}

// ask asks to act for the chosen person.
func (c *Console) ask(v *visit) error {
	f, err := v.form()
	if err != nil {
		return err
	}
	wish, err := c.wish(f)
	var m stead.Mandate
	if err == nil {
		m, err = c.Authority.Ask(v.r.Context(), v.by, wish)
	}
	switch {
	case stead.ReasonOf(err) == stead.ReasonNotArmed && v.retell(err):
		return v.showArm(web.StatusOf(err), saying(err), f)
	case v.retell(err) || stead.ReasonOf(err) == stead.ReasonUnknown && web.PrefersHTML(v.r):
		return v.showChoice(web.StatusOf(err), f, f, saying(err))
	case err != nil:
		return err
	}
	return v.to("/act/" + string(m.ID))
}

func (c *Console) wish(f url.Values) (authority.Ask, error) {
	w := authority.Ask{Subject: stead.PrincipalID(f.Get("subject")), App: stead.AppID(f.Get("app")), Mode: stead.Mode(f.Get("mode")),
		Purpose: stead.Purpose{Reason: strings.TrimSpace(f.Get("reason")), Ticket: strings.TrimSpace(f.Get("ticket"))},
		Target:  strings.TrimSpace(f.Get("target"))}
	switch {
	case w.Subject == "":
		return w, stead.E(stead.Invalid, stead.ReasonAmbiguous, "choose one person from the list")
	case w.Mode == "":
		w.Mode = stead.ReadOnly
	}
	if t := f.Get("for"); t != "" {
		d, err := time.ParseDuration(t)
		if err != nil || d <= 0 {
			return w, stead.E(stead.Invalid, stead.ReasonRequest, "%q is no length of time: write 10m or 1h", t)
		}
		w.For = d
	}
	if w.Target != "" && (w.Target[0] != '/' || web.CheckTarget(w.Target, nil) != nil) {
		return w, stead.E(stead.Invalid, stead.ReasonRequest, "where to begin is a path of the application, such as /orders/7")
	}
	return w, nil
}

// searchKind keeps one main button on the page.
func searchKind(p chooseView) web.ButtonKind {
	if len(p.Found) > 0 {
		return web.Plain
	}
	return web.Main
}

func (p chooseView) appField() web.FieldSpec {
	f := web.FieldSpec{Name: "app", Label: "Application", Kind: "select", Required: true}
	for _, a := range p.Apps {
		f.Options = append(f.Options, web.Option{Value: string(a.ID), Text: a.shown(), Chosen: string(a.ID) == p.Wish.Get("app")})
	}
	return f
}

func (p chooseView) lengthField() web.FieldSpec {
	f := web.FieldSpec{Name: "for", Label: "How long", Kind: "select", Hint: "The policy may allow less.",
		Options: []web.Option{{Value: "", Text: "As usual", Chosen: p.Wish.Get("for") == ""}}}
	for _, o := range [][2]string{{"5m", "5 minutes"}, {"10m", "10 minutes"}, {"20m", "20 minutes"}, {"30m", "30 minutes"}, {"1h", "1 hour"}} {
		f.Options = append(f.Options, web.Option{Value: o[0], Text: o[1], Chosen: o[0] == p.Wish.Get("for")})
	}
	return f
}
