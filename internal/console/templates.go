package console

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/web"
)

// Templating tells what many agents have in common.
type Templating interface {
	Templates(context.Context, authority.By) ([]authority.TemplateCard, error)
}

// A templatesView lists them.
type templatesView struct {
	frame
	Tabs []policyTab
	All  []templateView
}

// A templateView is one template, and who is made from it.
type templateView struct {
	Name, Purpose string
	Facts         []fact
	Tasks         []taskRow
	Users         []madeRow
}

// A madeRow is an agent that is made from a template.
type madeRow struct {
	Name, Href, Set string
	Drift           []string
}

func (c *Console) mountTemplates(add adder) {
	add("GET /templates", web.Auditor, c.templates, authority.Onlookers()...)
}

func (c *Console) templates(v *visit) error {
	ctx := v.r.Context()
	all, err := c.Authority.Templates(ctx, v.by)
	if err != nil {
		return err
	}
	agents, err := c.Authority.Cards(ctx, v.by)
	if err != nil {
		return err
	}
	p := templatesView{frame: v.frame("Templates", "What many agents have in common: ${name} stands where they differ."), Tabs: v.agentTabs("/templates")}
	for _, t := range all {
		p.All = append(p.All, c.templateView(t, agents))
	}
	return v.show(http.StatusOK, templatesPage(p))
}

func (c *Console) templateView(t authority.TemplateCard, agents []authority.Card) templateView {
	out := templateView{Name: t.Name, Purpose: t.Purpose, Facts: []fact{{"Version", number(t.Version) + ", by " + c.account(t.Author) + ", " + c.at(t.At), ""},
		{"Kind, tier", upper(kindWord(t.Kind)) + ", " + string(t.Tier), ""}}}
	if t.Segment != "" {
		out.Facts = append(out.Facts, fact{"Segment", t.Segment, ""})
	}
	for _, v := range t.Values {
		text := "any name"
		if len(v.Of) > 0 {
			text = strings.Join(v.Of, " or ")
		}
		out.Facts = append(out.Facts, fact{"${" + v.Name + "}", text, ""})
	}
	for _, k := range t.Tasks {
		out.Tasks = append(out.Tasks, c.taskRow(k, nil))
	}
	for _, a := range agents {
		if a.Made.Template == t.Name {
			out.Users = append(out.Users, madeRow{a.Account.Name, agentHref(a.Principal), setWords(a.Made.Set), a.Drift})
		}
	}
	return out
}

// setWords says what stands for each value.
func setWords(set map[string]string) string {
	var all []string
	for _, name := range slices.Sorted(maps.Keys(set)) {
		all = append(all, name+" = "+set[name])
	}
	return strings.Join(all, ", ")
}

// madeFrom says which template an agent is made from.
func madeFrom(m stead.Made) string {
	if m.Template == "" {
		return ""
	}
	text := m.Template + ", version " + number(m.Version)
	if set := setWords(m.Set); set != "" {
		text += ": " + set
	}
	return text
}
