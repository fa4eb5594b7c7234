package console

import (
	"testing"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
)

func TestPreview(t *testing.T) {
	wish := "subject=prn_dana&app=orders&reason=wrong+total&ticket=SUP-1&mode=edit&for=10m&target=%2Forders%2F7&name=dana&evil=x"
	asked := []string{"preview prn_dana orders edit 10m0s wrong total SUP-1 /orders/7"}
	for name, c := range map[string]seenPage{
		"what it needs": {house: house().armed(), target: "/act/preview", form: wish, status: 200, asked: asked,
			has:    []string{"What it will need", "A fresh code of your authenticator when you start", "A yes of one person of staff/security or staff/managers", "40 min at most", `name="for" value="10m"`, `action="/act/ask"`, "reason=wrong+total"},
			hasNot: []string{"evil"}},
		"nobody chosen": {house: house().armed(), target: "/act/preview", form: "app=orders&name=dana", status: 400, has: []string{"Choose one person"}, asked: []string{"find dana  map[]"}},
		"refused":       {house: house().armed().refusing("preview", errReadOnly), target: "/act/preview", form: wish, status: 403, has: []string{"No rule of the policy permits this", "wrong total</textarea>"}, asked: append(asked, "find dana  map[]")},
		"not armed":     {house: house().refusing("preview", errNotArmed), target: "/act/preview", form: wish, status: 403, has: []string{"Arm acting first"}, asked: asked},
		"lately": {house: house().armed().with(func(a *verbs) { a.events = append(story1(), story1()...) }), target: "/act", status: 200, asked: []string{"events  prn_sam  [mandate.asked] ok  0"},
			has: []string{"Lately", "Dana Reyes (customers/dana)", "/act?directory=customers&amp;name=dana"}},
	} {
		t.Run(name, c.check)
	}
}

// The first page shows what needs its reader, by what he is here.
func TestHomeByRole(t *testing.T) {
	running := func(a *verbs) { a.mandates["man_1"] = wanted(stead.Active) }
	raised := func(a *verbs) {
		a.events = []authority.StoredEvent{{Event: stead.Event{Kind: "concern.raised", At: noon, Actor: dana, Subject: dana, Mandate: "man_1", What: stead.Fields{"reason": "who was that?"}}}}
	}
	asked := []string{"mandates false", "events    [concern.raised] ok  0"}
	for name, c := range map[string]seenPage{
		"security":        {house: policed(authority.Security).with(raised), target: "/", status: 200, asked: asked, has: []string{"A policy is staged", "/policies/staged", "who was that?", "Concerns that were raised"}},
		"an auditor":      {house: policed(authority.Auditor).with(raised), target: "/", status: 200, asked: asked, has: []string{"who was that?"}, hasNot: []string{"A policy is staged"}},
		"the author":      {house: policed(authority.Admin).is(sam, authority.Admin).refusing("would policy.apply", errHand), target: "/", status: 200, asked: asked, hasNot: []string{"A policy is staged"}},
		"whoever is none": {house: policed("").with(raised), target: "/", status: 200, asked: asked[:1], hasNot: []string{"who was that?", "A policy is staged", "/settings"}},
		"one who acts":    {house: house().with(running), target: "/mandates", status: 200, asked: asked[:1], has: []string{`data-until="2026-11-22T12:09:00Z"`, "9 min</span> left"}},
	} {
		t.Run(name, c.check)
	}
}
