package oauth

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/web"
)

// A consentView is what the page of consent shows.
type consentView struct {
	Agent, Who string // by whom and for whom
	Facts      [][2]string
	Grants     [][]string
	Limits     [][2]string
	Lengths    []web.Option
	Edits      bool
	Local      bool // the answer goes to a program on this computer
	Host       string
	System     string
	Request    string
	Shown      string
	Problem    string
	Longest    string
}

type refusal struct{ Text, Back, Host string }

func proposal(p authority.Proposal, a ask, problem string, zone *time.Location) consentView {
	longest := time.Duration(p.Mandate.Bounds.Length)
	v := consentView{Agent: p.Agent.DisplayName(), Who: p.Subject.DisplayName(), Edits: p.Mandate.Mode == stead.Edit, Local: stead.Loopback(a.redirect),
		Host: hostOf(a.redirect), System: string(p.App.ID), Request: a.raw, Shown: p.Shown, Problem: problem, Longest: words(longest)}
	v.Facts = [][2]string{
		{"Program", p.Agent.DisplayName() + " (" + p.Agent.Directory + "/" + p.Agent.Name + ")"},
		{"Whose it is", whose(p)},
		{"What it says it is for", p.Of.Purpose},
		{"For this", p.Mandate.Purpose.Reason},
		{"The answer goes to", v.Host},
	}
	if p.Of.Document != "" {
		v.Facts = append(v.Facts, [2]string{"Described at", p.Of.Document})
	}
	for _, e := range p.Mandate.Scope.Grants {
		v.Grants = append(v.Grants, []string{e.Resource, string(e.Action), either(strings.Join(e.Columns, ", "), "everything of it"), either(e.Rows, "all")})
	}
	for name, allowed := range p.Mandate.Scope.Conditions {
		v.Limits = append(v.Limits, [2]string{name, strings.Join(allowed, ", ")})
	}
	for what, n := range p.Mandate.Bounds.Budget {
		v.Limits = append(v.Limits, [2]string{what, fmt.Sprintf("at most %d", n)})
	}
	slices.SortFunc(v.Limits, func(a, b [2]string) int { return strings.Compare(a[0], b[0]) })
	v.Lengths = lengths(longest, p.Mandate.AskedAt.In(zone))
	return v
}

func whose(p authority.Proposal) string {
	owner := p.Owner.DisplayName() + " (" + p.Owner.Directory + "/" + p.Owner.Name + ")"
	switch p.Of.Kind {
	case stead.Employee:
		return "Your own: you answer for it"
	case stead.Peer:
		return "It deals with others' agents; " + owner + " answers for it"
	}
	return "The organisation's; " + owner + " answers for it"
}

func either(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}

// lengths are the terms to choose from, the shortest that is usual first chosen.
func lengths(longest time.Duration, now time.Time) []web.Option {
	var all []web.Option
	for _, d := range []time.Duration{15 * time.Minute, time.Hour, 8 * time.Hour, stead.Day} {
		if d < longest {
			all = append(all, web.Option{Value: d.String(), Text: until(d, now)})
		}
	}
	all = append(all, web.Option{Value: longest.String(), Text: until(longest, now)})
	all[len(all)-1].Chosen = true
	return all
}

func until(d time.Duration, now time.Time) string {
	return words(d) + ", until " + now.Add(d).Format("Monday 15:04")
}

func words(d time.Duration) string {
	var parts []string
	for _, u := range []struct {
		d    time.Duration
		name string
	}{{stead.Day, "day"}, {time.Hour, "hour"}, {time.Minute, "minute"}, {time.Second, "second"}} {
		n := int64(d / u.d)
		d -= time.Duration(n) * u.d
		switch {
		case n == 1:
			parts = append(parts, "1 "+u.name)
		case n > 1:
			parts = append(parts, fmt.Sprintf("%d %ss", n, u.name))
		}
	}
	return strings.Join(parts, " ")
}

// hostOf is what a person can tell an address by.
func hostOf(address string) string {
	if u, err := url.Parse(address); err == nil {
		return u.Host
	}
	return "?"
}
