package cedar

import (
	"iter"
	"slices"

	cedargo "github.com/cedar-policy/cedar-go"
	"github.com/cedar-policy/cedar-go/types"
	"github.com/cedar-policy/cedar-go/x/exp/ast"
)

// An index finds the rules whose scope may hold, by action, then principal, then resource. What it leaves out has a
// scope that is false, and so could neither be satisfied nor fail.
type index struct {
	rules []*rule // in the order of their ids
	first map[scope]map[scope]map[scope][]int32
}

// A scope is one side of a rule's head: everybody (zero), a type (id empty, kind byType), or an entity and what is in it.
type scope struct {
	kind scopeKind
	uid  types.EntityUID
}

type scopeKind uint8

const (
	anybody scopeKind = iota
	byType
	byEntity
)

func newIndex(rules []*rule) *index {
	x := &index{rules: rules, first: map[scope]map[scope]map[scope][]int32{}}
	for i, r := range rules {
		p := r.ast()
		who, what := sideOf(p.Principal), sideOf(p.Resource)
		for _, do := range actionsOf(p.Action) {
			if x.first[do] == nil {
				x.first[do] = map[scope]map[scope][]int32{}
			}
			if x.first[do][who] == nil {
				x.first[do][who] = map[scope][]int32{}
			}
			x.first[do][who][what] = append(x.first[do][who][what], int32(i))
		}
	}
	return x
}

func sideOf(n ast.IsScopeNode) scope {
	switch s := n.(type) {
	case ast.ScopeTypeEq:
		return scope{byEntity, s.Entity}
	case ast.ScopeTypeIn:
		return scope{byEntity, s.Entity}
	case ast.ScopeTypeIs:
		return scope{byType, types.EntityUID{Type: s.Type}}
	case ast.ScopeTypeIsIn:
		return scope{byEntity, s.Entity}
	}
	return scope{}
}

func actionsOf(n ast.IsActionScopeNode) []scope {
	set, ok := n.(ast.ScopeTypeInSet)
	if !ok {
		return []scope{sideOf(n)}
	}
	var all []scope
	for _, e := range set.Entities {
		if s := (scope{byEntity, e}); !slices.Contains(all, s) {
			all = append(all, s)
		}
	}
	return all
}

// A kin is an entity and everything it is in, itself first.
type kin []types.EntityUID

// candidates appends the rules whose scope may hold, in the order of their ids, each once.
func (x *index) candidates(to candidates, who, do, what kin) candidates {
	from := len(to)
	each(do, x.first, func(m map[scope]map[scope][]int32) {
		each(who, m, func(m map[scope][]int32) {
			each(what, m, func(found []int32) {
				for _, i := range found {
					to = append(to, candidate{i, x.rules[i]})
				}
			})
		})
	})
	tail := to[from:]
	slices.SortFunc(tail, func(a, b candidate) int { return int(a.at - b.at) })
	return to[:from+len(slices.Compact(tail))]
}

// letsAct tells whether the head of any permit of do, which is act with the actions that it is in, may hold for somebody,
// whatever it then asks.
func (x *index) letsAct(who, do kin) (found bool) {
	each(do, x.first, func(m map[scope]map[scope][]int32) {
		each(who, m, func(m map[scope][]int32) {
			for _, rules := range m {
				found = found || slices.ContainsFunc(rules, func(i int32) bool { return x.rules[i].permits() })
			}
		})
	})
	return found
}

func each[V any](k kin, m map[scope]V, yield func(V)) {
	if len(m) == 0 {
		return
	}
	if v, ok := m[scope{}]; ok {
		yield(v)
	}
	if v, ok := m[scope{byType, types.EntityUID{Type: k[0].Type}}]; ok {
		yield(v)
	}
	for _, e := range k {
		if v, ok := m[scope{byEntity, e}]; ok {
			yield(v)
		}
	}
}

type candidate struct {
	at   int32
	rule *rule
}

// candidates are what Cedar is asked to evaluate.
type candidates []candidate

// All makes candidates a cedar.PolicyIterator.
func (cs candidates) All() iter.Seq2[cedargo.PolicyID, *cedargo.Policy] {
	return func(yield func(cedargo.PolicyID, *cedargo.Policy) bool) {
		for _, c := range cs {
			if !yield(cedargo.PolicyID(c.rule.ref.ID), c.rule.policy) {
				return
			}
		}
	}
}
