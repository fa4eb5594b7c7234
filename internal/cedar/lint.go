package cedar

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cedar-policy/cedar-go/types"
	"github.com/cedar-policy/cedar-go/x/exp/ast"

	"github.com/steadhq/stead"
)

// lint finds what is well formed and still wrong.
func lint(rules []*rule) []Problem {
	problems := sameNames(rules)
	for _, r := range rules {
		if r.owner == "" {
			problems = append(problems, r.warning("nobody answers for this rule: write @owner(\"…\")"))
		}
	}
	return append(problems, shortened(rules)...)
}

func (r *rule) warning(text string) Problem {
	return Problem{File: r.file, Line: r.line, Text: text, Warning: true}
}

func sameNames(rules []*rule) []Problem {
	var problems []Problem
	first := map[string]*rule{}
	for _, r := range rules {
		other, taken := first[r.ref.ID]
		if !taken {
			first[r.ref.ID] = r
		} else if r.ref.ID != "" {
			problems = append(problems, Problem{File: r.file, Line: r.line, Text: "the name " + strconv.Quote(r.ref.ID) +
				" is taken at " + other.file + ":" + strconv.Itoa(other.line) + ": choose another"})
		}
	}
	return problems
}

// shortened finds permits whose @max or @mode can never have effect, because wherever they hold a more general one
// holds too and asks for less (R4: the shortest and the least win).
func shortened(rules []*rule) []Problem {
	var narrow []*rule
	generals := map[scope][]*rule{} // by whom they are about; scope{} holds those that are about whole types
	for _, r := range rules {
		if !r.permits() || (r.duties.max == 0 && r.duties.mode == "") {
			continue
		}
		who := sideOf(r.ast().Principal)
		if who.kind != byEntity {
			who = scope{}
		}
		narrow = append(narrow, r)
		generals[who] = append(generals[who], r)
	}
	var problems []Problem
	for _, special := range narrow {
		near := generals[scope{}]
		if who := sideOf(special.ast().Principal); who.kind == byEntity {
			near = append(near[:len(near):len(near)], generals[who]...)
		}
		for _, general := range near {
			if what := less(general, special); what != "" && covers(general.ast(), special.ast()) {
				problems = append(problems, special.warning(fmt.Sprintf("rule %s never gets its %s: %s (%s:%d) is more "+
					"general, holds whenever this does, and narrows it; exclude these cases there with unless",
					special.ref.ID, what, general.ref.ID, general.file, general.line)))
			}
		}
	}
	return problems
}

func less(general, special *rule) string {
	g, s := &general.duties, &special.duties
	switch {
	case general == special:
		return ""
	case g.max > 0 && s.max > g.max:
		return "@max(\"" + shortTime(s.max) + "\")"
	case g.mode == stead.ReadOnly && s.mode == stead.Edit:
		return "@mode(\"edit\")"
	}
	return ""
}

func shortTime(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// covers tells that general holds whenever special does, as far as their texts show it.
func covers(general, special *ast.Policy) bool {
	if !sideCovers(general.Principal, special.Principal) || !sideCovers(general.Resource, special.Resource) {
		return false
	}
	for _, do := range actionsOf(special.Action) {
		if all := actionsOf(general.Action); all[0] != (scope{}) && !slices.Contains(all, do) {
			return false
		}
	}
	have := clauseTexts(special)
	for _, text := range clauseTexts(general) {
		if !slices.Contains(have, text) {
			return false
		}
	}
	return true
}

func sideCovers(general, special ast.IsScopeNode) bool {
	switch g := general.(type) {
	case ast.ScopeTypeAll:
		return true
	case ast.ScopeTypeIs:
		return g.Type == typeOfSide(special)
	case ast.ScopeTypeIn:
		return sideOf(general) == sideOf(special)
	}
	return general == special
}

func typeOfSide(n ast.IsScopeNode) types.EntityType {
	switch s := n.(type) {
	case ast.ScopeTypeEq:
		return s.Entity.Type
	case ast.ScopeTypeIs:
		return s.Type
	case ast.ScopeTypeIsIn:
		return s.Type
	}
	return ""
}

func clauseTexts(p *ast.Policy) []string {
	var texts []string
	for _, c := range clausesOf(p.Conditions) {
		texts = append(texts, c.text)
	}
	return texts
}
