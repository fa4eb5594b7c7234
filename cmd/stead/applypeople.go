package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/client/admin"
)

// atOnce is how many people one request adds: all of them or none.
const atOnce = 100

// sortedKeys are those of a map, in order.
func sortedKeys[T any](m map[string]T) []string { return slices.Sorted(maps.Keys(m)) }

// spanned is a length of time in one form.
func spanned(text string) string {
	if d, err := time.ParseDuration(text); err == nil {
		return d.String()
	}
	return text
}

// A circle is the people of one directory: those who are there, and what becomes of them.
type circle struct {
	directory string
	there     map[string]admin.Person
	people    map[string]aPerson
	groups    map[string]aGroup
	wrong     []string
	members   map[string]map[string]bool // of groups that list theirs
	touched   map[string]bool            // groups that somebody comes into or leaves
}

// people plans accounts and groups, directory by directory.
func (p *planner) people(ctx context.Context) error {
	all := map[string]*circle{}
	in := func(dir string) *circle {
		if all[dir] == nil {
			all[dir] = &circle{directory: dir, there: map[string]admin.Person{}, people: map[string]aPerson{}, groups: map[string]aGroup{}}
		}
		return all[dir]
	}
	for _, one := range p.want.people {
		in(one.Directory).people[one.Name] = one
	}
	for _, g := range p.want.groups {
		in(g.Directory).groups[g.Name] = g
		in(g.Directory).list(g)
	}
	var wrong []string
	for _, dir := range sortedKeys(all) {
		if err := p.present(ctx, all[dir]); err != nil {
			return err
		}
		wrong = append(wrong, all[dir].check()...)
	}
	if err := found(wrong); err != nil {
		return err
	}
	for _, dir := range sortedKeys(all) {
		if err := p.circle(ctx, all[dir]); err != nil {
			return err
		}
	}
	return nil
}

// list notes the members of a group by name.
func (c *circle) list(g aGroup) {
	if g.Members == nil {
		return
	}
	if c.members == nil {
		c.members = map[string]map[string]bool{}
	}
	c.members[g.Name] = map[string]bool{}
	for _, m := range *g.Members {
		c.members[g.Name][strings.TrimPrefix(m, c.directory+"/")] = true
	}
}

// present lists who is there.
func (p *planner) present(ctx context.Context, c *circle) error {
	q := admin.ListPeopleQuery{Directory: c.directory, Limit: 1000}
	for {
		var page admin.PeopleOut
		if err := p.e.patient(ctx, func(ctx context.Context) (err error) {
			page, err = p.client.ListPeople(ctx, q)
			return err
		}); err != nil {
			return err
		}
		for _, one := range page.People {
			c.there[one.Account] = one
		}
		p.look(len(page.People))
		if q.PageToken = page.NextPageToken; q.PageToken == "" {
			return nil
		}
	}
}

// check finds names of groups and of members that mean nothing, and groups that go round.
func (c *circle) check() []string {
	known, all := map[string]bool{}, c.everybody()
	for name := range c.groups {
		known[name] = true
	}
	for _, one := range c.there {
		for _, g := range one.Groups {
			known[g] = true
		}
	}
	group := func(at place, name string) {
		if !known[name] {
			c.wrong = append(c.wrong, at.wrong("there is no group %s in %s%s; a new one is declared with kind: Group", name, c.directory, c.near(name, known)))
		}
	}
	for _, name := range sortedKeys(c.people) {
		for _, g := range deref(c.people[name].Groups) {
			group(c.people[name].place, g)
		}
	}
	for _, name := range sortedKeys(c.groups) {
		g := c.groups[name]
		for _, upper := range g.In {
			group(g.place, strings.TrimPrefix(upper, c.directory+"/"))
		}
		for _, m := range deref(g.Members) {
			c.member(g, m, all)
		}
		if way := c.round(name, nil); way != nil {
			c.wrong = append(c.wrong, g.wrong("groups go round: %s", strings.Join(way, " in ")))
		}
	}
	return c.wrong
}

func (c *circle) member(g aGroup, m string, all map[string]bool) {
	dir, name := within(m, "")
	if dir == "" {
		dir = c.directory
	}
	switch {
	case dir != c.directory:
		c.wrong = append(c.wrong, g.wrong("group %s: %s is of another directory: a group has members of its own", g.id(), m))
	case !all[name]:
		c.wrong = append(c.wrong, g.wrong("group %s: there is no account %s/%s%s", g.id(), c.directory, name, c.near(name, all)))
	}
}

// near names the nearest, or nothing: also where there are more findings than anybody is told of.
func (c *circle) near(name string, known map[string]bool) string {
	if len(c.wrong) >= mostSaid {
		return ""
	}
	return stead.DidYouMean(name, sortedKeys(known))
}

// everybody are the names of those who are there, and of those who are to be.
func (c *circle) everybody() map[string]bool {
	all := map[string]bool{}
	for name := range c.people {
		all[name] = true
	}
	for name := range c.there {
		all[name] = true
	}
	return all
}

// round finds a way from a group back to itself.
func (c *circle) round(name string, way []string) []string {
	if i := slices.Index(way, name); i >= 0 {
		if i > 0 {
			return nil // told at the group where it begins
		}
		return append(way, name)
	}
	for _, upper := range c.groups[name].In {
		if found := c.round(strings.TrimPrefix(upper, c.directory+"/"), append(slices.Clip(way), name)); found != nil {
			return found
		}
	}
	return nil
}

// groupsOf are the groups that somebody is to be in: those he says or has, those that name him, and what these lie in.
func (c *circle) groupsOf(name string, prune bool) []string {
	doc, told := c.people[name]
	all := slices.Clone(c.there[name].Groups)
	if told && doc.Groups != nil {
		all = lacking(*doc.Groups, nil)
	}
	for _, g := range sortedKeys(c.members) {
		listed := c.members[g][name]
		switch i := slices.Index(all, g); {
		case listed && i < 0:
			all = append(all, g)
		case !listed && i >= 0 && prune && !slices.Contains(deref(doc.Groups), g):
			all = slices.Delete(all, i, i+1)
		}
	}
	for i := 0; i < len(all); i++ {
		for _, upper := range c.groups[all[i]].In {
			if upper = strings.TrimPrefix(upper, c.directory+"/"); !slices.Contains(all, upper) {
				all = append(all, upper)
			}
		}
	}
	return all
}

func (c *circle) touch(groups []string) {
	if c.touched == nil {
		c.touched = map[string]bool{}
	}
	for _, g := range groups {
		c.touched[g] = true
	}
}

// circle plans what becomes of everybody in a directory.
func (p *planner) circle(ctx context.Context, c *circle) error {
	var fresh []admin.EnrollIn
	var closed []string
	leaving, err := p.leave(ctx, c)
	if err != nil {
		return err
	}
	for _, name := range sortedKeys(c.everybody()) {
		doc, told := c.people[name]
		was, there := c.there[name]
		switch {
		case !there:
			fresh = append(fresh, admin.EnrollIn{Directory: c.directory, Name: name, Shown: deref(doc.Shown), Groups: c.groupsOf(name, p.prune), Attributes: doc.attributes(nil)})
			c.touch(fresh[len(fresh)-1].Groups)
			if deref(doc.Disabled) {
				closed = append(closed, name)
			}
		case told || len(c.groups) > 0 && !slices.Contains(leaving, name):
			groups := c.groupsOf(name, p.prune)
			c.touch(lacking(groups, was.Groups))
			c.touch(lacking(was.Groups, groups))
			p.person(was, doc, told, groups)
		}
	}
	for name := range c.groups {
		if !c.touched[name] {
			p.Unchanged++
		}
	}
	for all := range slices.Chunk(fresh, atOnce) {
		p.enroll(all)
	}
	for _, name := range closed {
		p.steps = append(p.steps, planStep{"person " + c.directory + "/" + name, 0, func(ctx context.Context) error {
			one, err := p.e.find(ctx, p.client, c.directory+"/"+name)
			yes := true
			if err == nil {
				_, err = p.client.ChangePerson(ctx, one.ID, admin.ChangeIn{Disabled: &yes})
			}
			return err
		}})
	}
	return nil
}

// attributes are those somebody is to have.
func (p aPerson) attributes(has map[string]string) map[string]string {
	all := maps.Clone(has)
	if p.Attributes != nil {
		all = maps.Clone(*p.Attributes)
	}
	if p.Email != nil {
		if all == nil {
			all = map[string]string{}
		}
		all["email"] = *p.Email
	}
	return all
}

// person plans a change of somebody who is there, if there is any.
func (p *planner) person(was admin.Person, doc aPerson, told bool, groups []string) {
	var in admin.ChangeIn
	var all []fieldChange
	if doc.Shown != nil && *doc.Shown != was.Name && (*doc.Shown != "" || was.Name != was.Account) {
		in.Shown = doc.Shown
		all = append(all, fieldChange{"shown", was.Name, *doc.Shown})
	}
	if lost, more := lacking(was.Groups, groups), lacking(groups, was.Groups); len(lost)+len(more) > 0 {
		in.Groups = &groups
		all = append(all, fieldChange{Field: "groups", After: signed(lost, more)})
	}
	if attributes := doc.attributes(was.Attributes); !maps.Equal(attributes, was.Attributes) {
		if attributes == nil {
			attributes = map[string]string{}
		}
		in.Attributes = &attributes
		all = append(all, differences(was.Attributes, attributes)...)
	}
	if doc.Disabled != nil && *doc.Disabled != was.Disabled {
		in.Disabled = doc.Disabled
		all = append(all, fieldChange{"disabled", yesno(was.Disabled), yesno(*doc.Disabled)})
	}
	if len(all) == 0 {
		if told {
			p.Unchanged++
		}
		return
	}
	p.step("person", account(of(was)), howChange, all, func(ctx context.Context, _ *planRow) error {
		_, err := p.client.ChangePerson(ctx, was.ID, in, admin.IfMatch(was.Version))
		return err
	})
}

// lacking are those of all that others does not have, each once.
func lacking(all, others []string) (lost []string) {
	for _, one := range all {
		if !slices.Contains(others, one) && !slices.Contains(lost, one) {
			lost = append(lost, one)
		}
	}
	return lost
}

func signed(lost, more []string) string {
	var all []string
	for _, g := range more {
		all = append(all, "+"+g)
	}
	for _, g := range lost {
		all = append(all, "-"+g)
	}
	return strings.Join(all, " ")
}

// enroll plans that people are added, all of these or none.
func (p *planner) enroll(all []admin.EnrollIn) {
	for _, one := range all {
		p.row("person", one.Directory+"/"+one.Name, howMake)
	}
	what := all[0].Directory + "/" + all[0].Name
	if more := len(all) - 1; more > 0 {
		what += " and " + number(more) + " more"
	}
	p.steps = append(p.steps, planStep{what, len(all), func(ctx context.Context) error { return p.bring(ctx, all) }})
}

// bring adds people. What a store could not record in time was too much for it at once, and may have been recorded after all where
// it is in doubt: who is not there then comes in smaller parts.
func (p *planner) bring(ctx context.Context, all []admin.EnrollIn) error {
	for most := atOnce; ; most = (most + 3) / 4 {
		err := p.sheets(ctx, all, most)
		if err == nil || most == 1 || reasonOf(err) != stead.ReasonRecord && reasonOf(err) != stead.ReasonDoubt {
			return err
		}
		if !aWhile(ctx) {
			return err
		}
		now := &circle{directory: all[0].Directory, there: map[string]admin.Person{}}
		if err := p.present(ctx, now); err != nil {
			return err
		}
		all = slices.DeleteFunc(slices.Clone(all), func(one admin.EnrollIn) bool { _, there := now.there[one.Name]; return there })
		if len(all) == 0 {
			return nil
		}
	}
}

func (p *planner) sheets(ctx context.Context, all []admin.EnrollIn, most int) error {
	for some := range slices.Chunk(all, most) {
		if err := p.e.patient(ctx, func(ctx context.Context) error {
			_, err := p.client.ImportPeople(ctx, admin.ImportPeopleQuery{}, sheetOf(some))
			return err
		}); err != nil {
			return err
		}
	}
	return nil
}

// sheetOf writes people as the importer reads them.
func sheetOf(all []admin.EnrollIn) *bytes.Buffer {
	attributes := map[string]bool{}
	for _, one := range all {
		for name := range one.Attributes {
			attributes[name] = true
		}
	}
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	head := []string{"directory", "name", "shown", "groups"}
	for _, name := range sortedKeys(attributes) {
		head = append(head, "attr."+name)
	}
	_ = w.Write(head) // a buffer takes all
	for _, one := range all {
		row := []string{one.Directory, one.Name, one.Shown, strings.Join(one.Groups, ";")}
		for _, name := range sortedKeys(attributes) {
			row = append(row, one.Attributes[name])
		}
		_ = w.Write(row) // so here
	}
	w.Flush()
	return &b
}

// leave plans that who is not named goes, in directories that the files name people of. Nobody takes himself away.
func (p *planner) leave(ctx context.Context, c *circle) (leaving []string, err error) {
	if !p.prune || len(c.people) == 0 {
		return nil, nil
	}
	me, err := p.client.Whoami(ctx)
	if err != nil {
		return nil, err
	}
	for _, name := range sortedKeys(c.there) {
		one := c.there[name]
		if _, named := c.people[name]; named || one.ID == me.Person.ID || one.Kind != "person" {
			continue
		}
		leaving = append(leaving, name)
		p.step("person", account(of(one)), howGone, nil, func(ctx context.Context, _ *planRow) error {
			return p.client.DeletePerson(ctx, one.ID, admin.DeletePersonQuery{}, admin.IfMatch(one.Version))
		})
	}
	return leaving, nil
}
