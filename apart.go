package stead

import (
	"maps"
	"slices"
)

// A Hand is somebody who made an account, could use it, or gave it what it counts by. Beside him, and beside whom he has in
// hand too, it is nobody's second person until somebody else vouches for it.
type Hand struct {
	By     PrincipalID `json:"by"`
	Person PersonKey   `json:"person,omitempty"`
	Mark   string      `json:"mark,omitempty"` // he gave it this group, or name=value, and no more; empty: the account itself
}

func (h Hand) is(g Hand) bool { return h.By == g.By || h.Person != "" && h.Person == g.Person }

// Held adds a hand to p, and those who have the one it belongs to in hand. What somebody does to his own account is none.
func (p Principal) Held(by Principal, mark string) Principal {
	if by.ID == "" || by.ID == p.ID {
		return p
	}
	held := slices.Clone(p.Hands)
	for _, h := range by.behind() {
		h.Mark = mark
		if !slices.Contains(held, h) {
			held = append(held, h)
		}
	}
	p.Hands = held
	if mark == "" {
		p.Vouched = ""
	}
	return p
}

// Marked is p as it becomes from was by somebody's edit: whom a group or an attribute was given by is its hand, and of one
// that was taken no hand is left.
func (p Principal) Marked(was, by Principal) Principal {
	p.Hands = slices.DeleteFunc(slices.Clone(p.Hands), func(h Hand) bool { return h.Mark != "" && !slices.Contains(p.given(), h.Mark) })
	for _, mark := range p.given() {
		if !slices.Contains(was.given(), mark) {
			p = p.Held(by, mark)
		}
	}
	return p
}

// given are the groups and attributes of p, as hands name them.
func (p Principal) given() []string {
	all := slices.Clone(p.Groups)
	for _, k := range slices.Sorted(maps.Keys(p.Attributes)) {
		all = append(all, k+"="+p.Attributes[k])
	}
	return all
}

// behind are p and who has the account itself in hand.
func (p Principal) behind() []Hand {
	all := []Hand{{By: p.ID, Person: p.Person}}
	for _, h := range p.Hands {
		if h.Mark == "" {
			all = append(all, h)
		}
	}
	return all
}

// Apart tells whether two accounts, each of which counts by its marks, are two people: nobody stands behind both, and none
// gave the other what it counts by. Who needs no mark to count has none.
func Apart(p Principal, byP []string, q Principal, byQ []string) bool {
	return p.beside(q, byP) && q.beside(p, byQ)
}

func (p Principal) beside(q Principal, marks []string) bool {
	them := q.behind()
	for _, h := range p.behind() {
		if slices.ContainsFunc(them, h.is) {
			return false
		}
	}
	return len(marks) == 0 || len(p.without(them).Marks(marks)) > 0
}

// without is p without what they gave it.
func (p Principal) without(them []Hand) Principal {
	lost := func(mark string) bool {
		return slices.ContainsFunc(p.Hands, func(h Hand) bool { return h.Mark == mark && slices.ContainsFunc(them, h.is) })
	}
	p.Groups = slices.DeleteFunc(slices.Clone(p.Groups), lost)
	p.Attributes = maps.Clone(p.Attributes)
	maps.DeleteFunc(p.Attributes, func(k, v string) bool { return lost(k + "=" + v) })
	return p
}

// OneHand is the refusal of two accounts that are not apart: whose, and who can do something about it.
func OneHand(p, q Principal) error {
	whose := q
	if len(p.Hands) > 0 {
		whose = p
	}
	return E(Refused, ReasonHand, "%s and %s may be one person's: somebody who stands behind both made or changed %s. An administrator or security "+
		"who had no part in it vouches first (stead person vouch %s/%s), or the operator does on the machine itself (--config FILE)",
		p, q, whose, whose.Directory, whose.Name)
}

// Vouch is p when by, who counts by his marks, has vouched for it: nobody has it in hand any more. The zero by is the operator.
func Vouch(p, by Principal, marks []string) (Principal, error) {
	all := p
	all.Hands = slices.Clone(p.Hands)
	for i := range all.Hands {
		all.Hands[i].Mark = ""
	}
	switch {
	case p.Kind != Person || !p.Active():
		return p, E(Conflict, ReasonDisabled, "one vouches for a person whose account is open")
	case len(p.Hands) == 0:
		return p, E(Conflict, ReasonState, "nobody has this account in hand: it counts as a person of its own")
	case by.SameHuman(p):
		return p, E(Refused, ReasonOwn, "nobody vouches for himself")
	case by.ID != "" && !Apart(by, marks, all, nil):
		return p, E(Refused, ReasonHand, "somebody vouches who had no part in this account, and of whom nobody did who had: another administrator, "+
			"security, or the operator on the machine itself (stead person vouch %s/%s --config FILE)", p.Directory, p.Name)
	}
	p.Hands, p.Version, p.Vouched = nil, p.Version+1, by.ID
	if by.ID == "" {
		p.Vouched = Server
	}
	return p, nil
}
