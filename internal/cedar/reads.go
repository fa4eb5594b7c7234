package cedar

import (
	"slices"

	"github.com/cedar-policy/cedar-go/types"
	"github.com/cedar-policy/cedar-go/x/exp/ast"
)

// names are the attributes that rules read, of the context and of entities alike, by name. It is more than what one
// evaluation touches, never less.
type names struct {
	attrs map[types.String]bool
	whole bool // the context as a whole: every attribute, and so the time
}

// readsTime are the attributes that change by themselves: a verdict that read one is never remembered.
var readsTime = []types.String{"now", "hour", "weekday", "date"}

func (n names) time() bool {
	return n.whole || slices.ContainsFunc(readsTime, func(s types.String) bool { return n.attrs[s] })
}

func (n names) has(name types.String) bool { return n.whole || n.attrs[name] }

func (n *names) add(m names) {
	n.whole = n.whole || m.whole
	for a := range m.attrs {
		n.attrs[a] = true
	}
}

// readBy finds what the conditions of p can read.
func readBy(p *ast.Policy) names {
	n := names{attrs: map[types.String]bool{}}
	bare := 0
	note := func(arg ast.IsNode, name types.String) {
		n.attrs[name] = true
		if isContext(arg) {
			bare--
		}
	}
	for _, c := range p.Conditions {
		ast.Inspect(ast.NewNode(c.Body), func(node ast.IsNode) bool {
			switch v := node.(type) {
			case ast.NodeTypeAccess:
				note(v.Arg, v.Value)
			case ast.NodeTypeHas:
				note(v.Arg, v.Value)
			case ast.NodeTypeVariable:
				if isContext(v) {
					bare++
				}
			}
			return true
		})
	}
	n.whole = bare > 0
	return n
}

func isContext(n ast.IsNode) bool {
	v, ok := n.(ast.NodeTypeVariable)
	return ok && v.Name == "context"
}
