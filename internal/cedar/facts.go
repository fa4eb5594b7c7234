package cedar

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	cedargo "github.com/cedar-policy/cedar-go"
	"github.com/cedar-policy/cedar-go/types"
	"github.com/cedar-policy/cedar-go/x/exp/schema/resolved"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
)

// facts are a case as Cedar sees it: the request and the entities behind it.
type facts struct {
	req           cedargo.Request
	known         []types.Entity
	more          types.EntityMap // what the bundle's files know
	who, do, what kin
}

// Get makes facts a types.EntityGetter.
func (f *facts) Get(uid types.EntityUID) (types.Entity, bool) {
	for i := range f.known {
		if f.known[i].UID == uid {
			return f.known[i], true
		}
	}
	e, ok := f.more[uid]
	return e, ok
}

// expressible tells what makes c no question at all, "" where it is one. It is asked before anything is remembered.
func expressible(c *authority.Case) string {
	switch {
	case c.Principal == nil:
		return "nobody was asked about"
	case kindOf(c.Principal) == "" || unnamed(c.Principal):
		return "the principal has no kind, no name, or a directory with a slash"
	case c.Subject != nil && (kindOf(c.Subject) == "" || unnamed(c.Subject)):
		return "the subject has no kind, no name, or a directory with a slash"
	case c.Subject != nil && c.Subject.ID != c.Principal.ID && sameName(c.Subject, c.Principal):
		return "two different accounts have one name"
	case c.App == nil || strings.Contains(string(c.App.ID), "/"):
		return "no application was asked about"
	case c.Mode != "" && c.Mode != stead.ReadOnly && c.Mode != stead.Edit:
		return "the mode is unknown"
	case c.Action == stead.ActionAct && c.Subject == nil:
		return "there is nobody to act for"
	case c.Action != stead.ActionAct && c.Realm == nil:
		return "no realm was asked about"
	case c.Action != stead.ActionAct && c.Capacity != authority.Self && c.Capacity != authority.ForOther:
		return "it was not said in whose right"
	}
	return ""
}

func unnamed(p *stead.Principal) bool {
	return p.Name == "" || p.Directory == "" || strings.IndexByte(p.Directory, '/') >= 0
}

func sameName(a, b *stead.Principal) bool {
	return a.Name == b.Name && a.Directory == b.Directory && a.Kind == b.Kind
}

func kindOf(p *stead.Principal) types.EntityType {
	switch p.Kind {
	case stead.Person:
		return "User"
	case stead.Agent:
		return "Agent"
	case stead.Service:
		return "Service"
	}
	return ""
}

func uidOf(p *stead.Principal) types.EntityUID {
	return types.EntityUID{Type: kindOf(p), ID: types.String(p.Directory + "/" + p.Name)}
}

// kinOf is p and its groups, each once.
func kinOf(p *stead.Principal) kin {
	k := make(kin, 1, 1+len(p.Groups))
	k[0] = uidOf(p)
	for _, g := range p.Groups {
		if e := (types.EntityUID{Type: "Group", ID: types.String(p.Directory + "/" + g)}); !slices.Contains(k, e) {
			k = append(k, e)
		}
	}
	return k
}

// newFacts builds what rules that read n can see of c. What they cannot read is left out.
func (s *shape) newFacts(c *authority.Case, n names) (*facts, error) {
	f := &facts{req: cedargo.Request{Action: types.EntityUID{Type: "Action", ID: types.String(c.Action)}}, known: make([]types.Entity, 0, 5)}
	a, known := s.acts[f.req.Action]
	if !known || a.AppliesTo == nil {
		return nil, fmt.Errorf("the schema knows no action %q", c.Action)
	}
	f.do = append(kin{f.req.Action}, a.Entity.Parents.Slice()...)
	f.known = append(f.known, a.Entity)
	f.who = kinOf(c.Principal)
	err := s.addAccount(f, c, c.Principal, n)
	asked := c.Action == stead.ActionAct || n.has("subject")
	if err == nil && asked && c.Subject != nil && c.Subject.ID != c.Principal.ID {
		err = s.addAccount(f, c, c.Subject, n)
	}
	if err != nil {
		return nil, err
	}
	f.what = f.addPlace(c, n)
	if c.Action == stead.ActionAct {
		f.what = kinOf(c.Subject)
	}
	f.req.Context = newContext(c, n)
	if c.Thing != nil {
		if f.what, err = s.addThing(f, c); err == nil {
			f.req.Context, err = s.addGiven(f.req.Context, c)
		}
		if err != nil {
			return nil, err
		}
	}
	f.req.Principal, f.req.Resource = f.who[0], f.what[0]
	if !slices.Contains(a.AppliesTo.Principals, f.who[0].Type) || !slices.Contains(a.AppliesTo.Resources, f.what[0].Type) {
		return nil, fmt.Errorf("the schema knows no %s by a %s on a %s", c.Action, f.who[0].Type, f.what[0].Type)
	}
	return f, nil
}

func (s *shape) addAccount(f *facts, c *authority.Case, p *stead.Principal, n names) error {
	k := kinOf(p)
	m := seen{n: n}
	m.put("name", types.String(p.Name))
	m.put("directory", types.String(p.Directory))
	m.put("disabled", types.Boolean(!p.Active()))
	if n.has("privileged") {
		m.put("privileged", types.Boolean(len(p.Marks(c.App.Privileged)) > 0))
	}
	for name, t := range s.custom[k[0].Type] {
		text, there := p.Attributes[string(name)]
		if !there || !n.has(name) {
			continue
		}
		v, err := convert(text, t)
		if err != nil {
			return fmt.Errorf("attribute %s of %s: %w", name, p, err)
		}
		m.put(name, v)
	}
	f.known = append(f.known, types.Entity{UID: k[0], Parents: types.NewEntityUIDSet(k[1:]...), Attributes: m.record()})
	return nil
}

func convert(text string, t resolved.IsType) (types.Value, error) {
	switch t.(type) {
	case resolved.BoolType:
		if text != "true" && text != "false" {
			return nil, fmt.Errorf("%q is neither true nor false", text)
		}
		return types.Boolean(text == "true"), nil
	case resolved.LongType:
		i, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("%q is no whole number", text)
		}
		return types.Long(i), nil
	}
	return types.String(text), nil
}

// addPlace adds the application and, where there is one, its realm, and returns the realm's kin.
func (f *facts) addPlace(c *authority.Case, n names) kin {
	app := types.EntityUID{Type: "App", ID: types.String(c.App.ID)}
	m := seen{n: n}
	m.put("aware", types.Boolean(c.App.Aware))
	f.known = append(f.known, types.Entity{UID: app, Attributes: m.record()})
	if c.Realm == nil {
		return nil
	}
	realm := types.EntityUID{Type: "Realm", ID: types.String(c.App.ID) + "/" + types.String(c.Realm.ID)}
	m = seen{n: n}
	m.put("app", types.String(c.App.ID))
	m.put("name", types.String(c.Realm.ID))
	m.put("kind", types.String(c.Realm.Kind))
	m.put("level", types.Long(c.Realm.Level))
	m.put("acting", types.Boolean(c.Realm.Acting))
	f.known = append(f.known, types.Entity{UID: realm, Parents: types.NewEntityUIDSet(app), Attributes: m.record()})
	return kin{realm, app}
}
