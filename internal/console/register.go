package console

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/web"
)

// Registering adds agents.
type Registering interface {
	Register(context.Context, authority.By, authority.NewAgent) (stead.Registration, error)
	FromTemplate(context.Context, authority.By, stead.Registration) (stead.Registration, error)
}

// Catalogues tell what is really there to be granted.
type Catalogues interface {
	// Map makes of the needs of tasks what they are in the catalogue now. Errors: invalid, missing, conflict.
	Map(ctx context.Context, tasks, had []stead.Task) ([]stead.Task, error)
	// Drift tells in what the needs of an agent would be something else if they were mapped now.
	Drift(context.Context, stead.Registration) []string
	// Misfit tells why no catalogue has something, "" where one has it or it cannot be known.
	Misfit(context.Context, stead.Entitlement) string
}

// A registerView is the form of an agent.
type registerView struct {
	frame
	Tabs    []policyTab
	Problem string
	Fields  []web.FieldSpec
	Tasks   []taskForm
	More    bool // another task has room
}

// A taskForm is the part of the form that is one task's.
type taskForm struct {
	Title  string
	Fields []web.FieldSpec
}

// A wouldView is exactly what an agent would get.
type wouldView struct {
	frame
	Tabs    []policyTab
	Problem string
	Facts   [][2]string
	Tasks   []taskRow
	Shut    []string // ways that it would need and are not open
	Typed   [][2]string
	Mapping string
}

// mostTaskForms are on one page; more are written in a file.
const mostTaskForms = 8

// agentFields and taskFields are the names in the form, those of a task with its number behind.
var (
	agentFields = []string{"name", "owner", "purpose", "kind", "tier", "segment", "template", "set", "key"}
	taskFields  = []string{"task", "for", "mode", "length", "needs"}
)

func (c *Console) mountRegister(add adder) {
	add("GET /agents/register", web.Admin, func(v *visit) error { return v.showRegister(http.StatusOK, v.r.URL.Query(), "") })
	add("POST /agents/register", web.Admin, c.register)
}

// taskForms is how many tasks a form has.
func taskForms(f url.Values) int {
	n, _ := strconv.Atoi(f.Get("tasks")) // what is no number is one
	if f.Get("more") != "" {
		n++
	}
	return min(max(n, 1), mostTaskForms)
}

func (v *visit) showRegister(status int, f url.Values, problem string) error {
	p := registerView{frame: v.frame("Register an agent", "What it is, who answers for it, and what it needs. You see exactly what it would get before it is registered."), Tabs: v.agentTabs("/agents"), Problem: problem}
	all, err := v.c.Authority.Templates(v.r.Context(), v.by)
	if err != nil {
		return err
	}
	alone := len(all) == 0 // no template says anything of it
	from := web.FieldSpec{Name: "template", Label: "Made from the template", Kind: "select", Options: []web.Option{{Text: "None"}}, Hint: "What is left open below is as it says."}
	for _, t := range all {
		from.Options = append(from.Options, web.Option{Value: t.Name, Text: t.Name, Chosen: t.Name == f.Get("template")})
	}
	text := func(name, label, hint string) web.FieldSpec {
		return web.FieldSpec{Name: name, Label: label, Hint: hint, Value: f.Get(name)}
	}
	some := func(name, label string, words [][2]string) web.FieldSpec {
		s := choiceField(name, label, f.Get(name), words)
		s.Options[0].Text, s.Required = "As the template says", alone
		if alone {
			s.Options[0].Text = "Choose one"
		}
		return s
	}
	set, purpose := text("set", "What stands for each ${name}", "One in a line: team = north"), text("purpose", "What it is there for", "")
	set.Kind, purpose.Required = "textarea", alone
	p.Fields = []web.FieldSpec{text("name", "Name", "No spaces. It stays."), text("owner", "Who answers for it", "directory/name. It stops when he is gone."), from, set, purpose, some("kind", "Kind", kindWords), some("tier", "Tier: how much harm it could do", tierWords), text("segment", "Segment", "Nothing: in none."),
		text("key", "Its public key", "A JWK, if it has one already. A secret or a one-time token can be given later.")}
	p.Fields[0].Required, p.Fields[1].Required = true, true
	if alone {
		p.Fields = slices.Delete(p.Fields, 2, 4)
	}
	n := taskForms(f)
	for i := range n {
		at := strconv.Itoa(i + 1)
		needs := text("needs"+at, "What it needs", "One in a line: system, action, resource, and columns where not all of them. Such as: crm read public.orders(id, name), or crm read public.sales_* for what fits now.")
		mode := choiceField("mode"+at, "Mode", f.Get("mode"+at), [][2]string{{"edit", "may change"}})
		mode.Options[0].Text, needs.Kind = "Read only", "textarea"
		p.Tasks = append(p.Tasks, taskForm{"Task " + at, []web.FieldSpec{text("task"+at, "Name of the task", "No spaces."), text("for"+at, "What the task is for", ""), mode, text("length"+at, "How long at most", "Such as 2h. Nothing: 24h."), needs}})
	}
	p.More = n < mostTaskForms
	return v.show(status, registerPage(p))
}

// register shows what an agent would get, and registers it where that was seen.
func (c *Console) register(v *visit) error {
	f, err := v.form()
	if err != nil {
		return err
	}
	if f.Get("more") != "" || f.Get("edit") != "" {
		return v.showRegister(http.StatusOK, f, "")
	}
	n, no := c.wantedAgent(v, f)
	if no == nil && f.Get("mapping") == "" {
		return v.showWould(http.StatusOK, f, n, "")
	}
	if no == nil && f.Get("mapping") != stead.Mapped(n.Registration).String() {
		return v.showWould(http.StatusConflict, f, n, "What it would get is no more what you saw: look again")
	}
	var r stead.Registration
	if no == nil {
		r, no = c.Authority.Register(v.r.Context(), v.by, n)
	}
	switch {
	case no != nil && (v.retell(no) || stead.KindOf(no) == stead.Missing):
		return v.showRegister(web.StatusOf(no), f, saying(no))
	case no != nil:
		return no
	}
	return v.to(agentHref(r.Principal) + "?done=register")
}

// wantedAgent reads what was typed of an agent, with each need as what it is. Errors: invalid, missing, conflict, refused.
func (c *Console) wantedAgent(v *visit, f url.Values) (n authority.NewAgent, err error) {
	said := func(name string) string { return strings.TrimSpace(f.Get(name)) }
	n = authority.NewAgent{Name: said("name"), Registration: stead.Registration{Kind: stead.AgentKind(said("kind")), Tier: stead.Tier(said("tier")), Purpose: said("purpose"), Segment: said("segment")}}
	r := &n.Registration
	if r.Owner, err = c.named(v, said("owner")); err != nil {
		return n, err
	}
	if jwk := said("key"); jwk != "" {
		k, err := web.PublicKey([]byte(jwk))
		if err != nil {
			return n, err
		}
		r.Keys = []stead.AgentKey{k}
	}
	if r.Tasks, err = typedTasks(f); err != nil {
		return n, err
	}
	if name := said("template"); name != "" {
		r.Made = stead.Made{Template: name}
		if r.Made.Set, err = typedSet(f.Get("set")); err == nil {
			*r, err = c.Authority.FromTemplate(v.r.Context(), v.by, *r)
		}
	}
	if err == nil && c.Catalogue != nil {
		r.Tasks, err = c.Catalogue.Map(v.r.Context(), r.Tasks, nil)
	}
	if text := r.Wrong(); err == nil && text != "" {
		err = stead.E(stead.Invalid, stead.ReasonRequest, "%s", text)
	}
	return n, err
}

// typedTasks reads the tasks of a form; one that says nothing is none.
func typedTasks(f url.Values) (all []stead.Task, err error) {
	for i := range taskForms(f) {
		said := func(name string) string { return strings.TrimSpace(f.Get(name + strconv.Itoa(i+1))) }
		t := stead.Task{ID: said("task"), Purpose: said("for"), Mode: stead.Mode(said("mode"))}
		for line := range strings.Lines(said("needs")) {
			if line = strings.TrimSpace(line); line != "" {
				t.Needs = append(t.Needs, stead.Need{Text: line})
			}
		}
		if t.ID+t.Purpose == "" && len(t.Needs) == 0 {
			continue
		}
		if text := said("length"); text != "" {
			length, err := time.ParseDuration(text)
			if err != nil {
				return nil, stead.E(stead.Invalid, stead.ReasonRequest, "%q is no time: write 2h, or 30m", text)
			}
			t.Length = stead.Duration(length)
		}
		all = append(all, t)
	}
	return all, nil
}

// typedSet reads what stands for the names of a template.
func typedSet(text string) (map[string]string, error) {
	set := map[string]string{}
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		name, value, ok := strings.Cut(line, "=")
		if name = strings.TrimSpace(name); !ok || set[name] != "" {
			return nil, stead.E(stead.Invalid, stead.ReasonRequest, "%.80q says not what stands for one name: write team = north, each once", line)
		}
		set[name] = strings.TrimSpace(value)
	}
	return set, nil
}

func (v *visit) showWould(status int, f url.Values, n authority.NewAgent, problem string) error {
	c, r := v.c, n.Registration
	p := wouldView{frame: v.frame("What "+n.Name+" would get", "Nothing is registered yet."), Tabs: v.agentTabs("/agents"), Problem: problem, Mapping: stead.Mapped(r).String(),
		Facts: known([][2]string{{"Owner", c.account(r.Owner)}, {"Kind", upper(kindWord(r.Kind))}, {"Tier", upper(string(r.Tier))}, {"Segment", r.Segment}, {"What for", r.Purpose}, {"Made from", madeFrom(r.Made)}})}
	for _, t := range r.Tasks {
		p.Tasks = append(p.Tasks, c.taskRow(t, nil))
	}
	all, inForce, err := c.Authority.Segments(v.r.Context(), v.by)
	if err != nil {
		return err
	}
	if inForce {
		p.Shut = c.shut(r, all)
	}
	names := slices.Clone(agentFields)
	for i := range taskForms(f) {
		for _, name := range taskFields {
			names = append(names, name+strconv.Itoa(i+1))
		}
	}
	p.Typed = [][2]string{{"tasks", strconv.Itoa(taskForms(f))}}
	for _, name := range names {
		p.Typed = append(p.Typed, [2]string{name, f.Get(name)})
	}
	return v.show(status, wouldPage(p))
}

// shut are the ways that the tasks of an agent would need, and that are not open.
func (c *Console) shut(r stead.Registration, all []authority.SegmentCard) (ways []string) {
	for _, t := range r.Tasks {
		to := ""
		for _, g := range all {
			if slices.Contains(g.Systems, t.System()) {
				to = g.Name
			}
		}
		if to != r.Segment && !slices.ContainsFunc(flows(all), func(w stead.Flow) bool { return w.From == r.Segment && w.To == to }) {
			ways = append(ways, t.ID+" asks of "+c.system(t.System())+": no flow leads from "+segmentPlace(r.Segment)+" to "+segmentPlace(to)+", so it would be refused until one is opened.")
		}
	}
	return ways
}

func segmentPlace(name string) string {
	if name == "" {
		return "outside of all segments"
	}
	return "the segment " + name
}
