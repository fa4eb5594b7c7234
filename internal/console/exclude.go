package console

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/web"
)

// A formView is the form of something new.
type formView struct {
	frame
	Tabs                 []policyTab
	Problem              string
	Fields               []web.FieldSpec
	Action, Back, Button string
}

var sames = [][2]string{{"held", "Nobody holds both"}, {"resource", "Nobody does both on one resource"}, {"argument", "Nobody does both on what an argument names"}}

func (v *visit) showNewExclusion(status int, f url.Values, problem string) error {
	p := formView{frame: v.frame("Keep two things apart", "It is a law from the moment it is made: no policy lifts it, and another person than you changes or retires it."), Tabs: v.agentTabs("/exclusions"), Problem: problem,
		Action: "/exclusions", Back: "/exclusions", Button: "Put it in force"}
	same := web.FieldSpec{Name: "same", Label: "What is kept apart", Kind: "select", Required: true}
	for _, s := range sames {
		same.Options = append(same.Options, web.Option{Value: s[0], Text: s[1], Chosen: s[0] == f.Get("same")})
	}
	const form = "One in a line: system, action, resource. Such as: payments approve payment:*"
	p.Fields = []web.FieldSpec{
		{Name: "name", Label: "Name", Required: true, Value: f.Get("name"), Autocomplete: "off", Hint: "It stays with what was done under it."},
		{Name: "purpose", Label: "Why", Required: true, Value: f.Get("purpose"), Hint: "Told to whom it refuses."},
		{Name: "first", Label: "The one side", Kind: "textarea", Required: true, Value: f.Get("first"), Hint: form},
		{Name: "second", Label: "The other side", Kind: "textarea", Required: true, Value: f.Get("second"), Hint: form},
		same,
		{Name: "argument", Label: "Name of the argument", Value: f.Get("argument"), Hint: "Only where an argument names it, such as payment_id."},
		{Name: "within", Label: "How long what was done counts", Value: f.Get("within"), Hint: "Such as 720h. Nothing: for ever."},
		{Name: "typed", Label: "Type its name again, to say that it is meant", Required: true, Autocomplete: "off", Value: f.Get("typed")},
	}
	return v.show(status, formPage(p))
}

// makeExclusion puts one in force.
func (c *Console) makeExclusion(v *visit) error {
	f, err := v.form()
	if err != nil {
		return err
	}
	x, no := excludedBy(f)
	if no == nil {
		x, no = c.Authority.SetExclusion(v.r.Context(), v.by, x)
	}
	switch {
	case no != nil && (v.retell(no) || stead.KindOf(no) == stead.Missing):
		return v.showNewExclusion(web.StatusOf(no), f, saying(no))
	case no != nil:
		return no
	}
	return v.to(exclusionHref(x.Name) + "?done=set")
}

// excludedBy reads what is to be kept apart. Errors: invalid.
func excludedBy(f url.Values) (x stead.Exclusion, err error) {
	x = stead.Exclusion{Name: strings.TrimSpace(f.Get("name")), Purpose: strings.TrimSpace(f.Get("purpose")), Same: f.Get("same")}
	if strings.TrimSpace(f.Get("typed")) != x.Name {
		return x, stead.E(stead.Invalid, stead.ReasonRequest, "%s", meantName("exclusion", x.Name))
	}
	switch x.Same {
	case "held":
		x.Same = ""
	case "argument":
		x.Same += ":" + strings.TrimSpace(f.Get("argument"))
	}
	if text := strings.TrimSpace(f.Get("within")); text != "" {
		within, err := time.ParseDuration(text)
		if err != nil {
			return x, stead.E(stead.Invalid, stead.ReasonRequest, "%q is no time: write 12h, or 720h for 30 days", text)
		}
		x.Within = stead.Duration(within)
	}
	if x.First, err = reaches(f.Get("first")); err == nil {
		x.Second, err = reaches(f.Get("second"))
	}
	return x, err
}

func reaches(text string) (all []stead.Reach, err error) {
	for line := range strings.Lines(text) {
		parts := strings.Fields(line)
		switch len(parts) {
		case 0:
		case 3:
			all = append(all, stead.Reach{System: stead.AppID(parts[0]), Action: stead.Action(parts[1]), Resource: parts[2]})
		default:
			return nil, stead.E(stead.Invalid, stead.ReasonRequest, "%q is not a system, an action and a resource", strings.TrimSpace(line))
		}
	}
	return all, nil
}

func (v *visit) showRetire(status int, f url.Values, problem string) error {
	x, err := v.exclusionNamed()
	if err != nil {
		return err
	}
	back := exclusionHref(x.Name)
	p := deedView{frame: v.frame("Retire it", ""), Problem: problem, Action: back + "/retire", Back: back, Name: x.Name, Label: meantName("exclusion", x.Name), Typed: f.Get("typed"), Version: versionWord(x.Version),
		offer: offer{deed: deed{Says: "It binds nobody any more, from the next decision on. Its name keeps its history: set again, it knows what was done. Who wrote it does not retire it.", Button: "Retire it"}},
		Facts: [][2]string{{"Exclusion", x.Name}, {"Why", x.Purpose}, {"Keeps apart", upper(howWord(x))}, {"Written by", v.c.account(x.Author)}}}
	return v.show(status, deedPage(p))
}

func (c *Console) retireExclusion(v *visit) error {
	f, err := v.form()
	if err != nil {
		return err
	}
	name := v.r.PathValue("name")
	if strings.TrimSpace(f.Get("typed")) != name {
		return v.showRetire(http.StatusBadRequest, f, meantName("exclusion", name))
	}
	switch _, no := c.Authority.RetireExclusion(v.r.Context(), v.by, name); {
	case v.retell(no):
		return v.showRetire(web.StatusOf(no), f, saying(no))
	case no != nil:
		return no
	}
	return v.to("/exclusions?done=retire")
}
