package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pquerna/otp/totp"
	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/console"
	"github.com/steadhq/stead/internal/house"
	"github.com/steadhq/stead/internal/login"
)

// A devShow is what the demonstration shows on its pages: who can be tried, the code an authenticator would show, and
// the tour.
type devShow struct {
	house  *house.House
	people []devPerson
	shop   string

	agents   []devAgent
	service  devAsker
	database string // where theirs is
}

// People lists who can be tried.
func (d *devShow) People() []login.DemoPerson {
	var all []login.DemoPerson
	for _, p := range d.people {
		all = append(all, login.DemoPerson{Directory: p.Directory, Name: p.Name, Password: p.Password, About: p.shown + " — " + p.about})
	}
	return all
}

// Code is the code that would be taken from somebody now, by name.
func (d *devShow) Code(directory, name string) string {
	for _, p := range d.people {
		if p.Directory == directory && p.Name == name {
			return d.code(p)
		}
	}
	return ""
}

// CodeOf is the code that would be taken from somebody now.
func (d *devShow) CodeOf(id stead.PrincipalID) string {
	for _, p := range d.people {
		if p.ID == id {
			return d.code(p)
		}
	}
	return ""
}

// code gives the next step's code once this step's has been used: a code counts once.
func (d *devShow) code(p devPerson) string {
	now := d.house.Now()
	d.house.Store.View().Read(func(s *authority.State) {
		if used := s.Count("totp/" + string(p.ID)); used >= now.Unix()/30 {
			now = time.Unix((used+1)*30, 0)
		}
	})
	code, err := totp.GenerateCode(p.TOTP, now)
	if err != nil {
		return ""
	}
	return code
}

// Tour is the four steps, with those that were taken struck off.
func (d *devShow) Tour() []console.Step {
	steps := []struct {
		console.Step
		done []string
	}{
		{console.Step{Title: "Act as Dana", Text: "Arm acting with your code, choose Dana Reyes, give a reason.", Href: "/act?app=orders"}, []string{"mandate.started"}},
		{console.Step{Title: "Try to change something", Text: "Open an order and press Save: the mandate is read-only.", Href: d.shop + "/orders/7"}, []string{"request.denied"}},
		{console.Step{Title: "End it", Text: "Press End in the bar: you are yourself again, where you were.", Href: "/acting"}, []string{"mandate.ended"}},
		{console.Step{Title: "Read the trail", Text: "Every page stands there as Sam → Dana. Omar may read all of it, Dana what was done for her.", Href: "/me"}, nil},
	}
	var tour []console.Step
	for _, s := range steps {
		if len(s.done) > 0 {
			found, err := d.house.Store.Events(context.Background(), authority.EventQuery{Kinds: s.done, Actor: d.id("staff/sam"), Subject: d.id("customers/dana"), Limit: 1})
			s.Done = err == nil && len(found) > 0
		}
		tour = append(tour, s.Step)
	}
	return tour
}

// id is that of an account of the demonstration.
func (d *devShow) id(account string) stead.PrincipalID {
	i := slices.IndexFunc(d.people, func(p devPerson) bool { return p.Directory+"/"+p.Name == account })
	return d.people[i].ID
}

// tour is what stead dev prints.
func tour(own, gate, setup string, d *dev) string {
	var b strings.Builder
	stays := "gone when you press Ctrl-C"
	if d.kept != "" {
		stays = "kept in " + d.kept
	}
	fmt.Fprintf(&b, "\n  Stead dev %s: everything here is demo data, %s. Not for production.\n\n", version(), stays)
	fmt.Fprintf(&b, "  Console   %s\n            signs you in as Sam (support); this link works once, for 30 minutes\n", setup)
	fmt.Fprintf(&b, "  Shop      %s   Acme Orders, behind the gateway\n\n", gate)
	fmt.Fprintf(&b, "  %-22s %-20s %s\n", "People", "password", "who they are")
	for _, p := range d.people {
		fmt.Fprintf(&b, "  %-22s %-20s %s\n", p.Directory+"/"+p.Name, p.Password, p.about)
	}
	fmt.Fprintf(&b, "\n  %-22s %-20s %s\n", "Agents", "owner", "what they do")
	for _, a := range d.agents {
		fmt.Fprintf(&b, "  %-22s %-20s %s\n", a.Name, a.Owner, a.about)
	}
	fmt.Fprintf(&b, "  Database  %s\n", d.about())
	fmt.Fprintf(&b, "\n  The tour  1. open the console link, choose Act, arm with the code that is shown, choose Dana Reyes\n")
	fmt.Fprintf(&b, "            2. open an order in the shop and press Save: refused, and it says why\n")
	fmt.Fprintf(&b, "            3. press End in the bar: you are Sam again\n")
	fmt.Fprintf(&b, "            4. sign in as staff/omar at %s/audit and read the trail: Sam → Dana\n\n", own)
	fmt.Fprintf(&b, "  By hand   stead login staff/sam --addr %s\n", own)
	fmt.Fprintf(&b, "            stead act customers/dana --app orders --reason \"wrong total\" --ticket SUP-4711\n")
	fmt.Fprintf(&b, "            (asks for a code: his authenticator is the page %s/act, where it is shown)\n", own)
	fmt.Fprintf(&b, "  Agents    stead agent try monthly-report --addr %s\n\n", own)
	return b.String()
}
