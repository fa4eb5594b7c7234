package cedar

import (
	"strings"

	cedargo "github.com/cedar-policy/cedar-go"
	publicast "github.com/cedar-policy/cedar-go/ast"
	"github.com/cedar-policy/cedar-go/types"
	"github.com/cedar-policy/cedar-go/x/exp/ast"
	"github.com/cedar-policy/cedar-go/x/exp/eval"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
)

// A clause is one thing that must hold for a rule: its scope, or one conjunct of its conditions.
type clause struct {
	text   string
	node   ast.IsNode
	unless bool // it must not hold
}

// clausesOf splits conditions at their top: when { a && b } is two clauses, unless { a || b } too.
func clausesOf(conditions []ast.ConditionType) []clause {
	var all []clause
	for _, c := range conditions {
		unless := c.Condition == ast.ConditionUnless
		for _, node := range split(c.Body, unless) {
			text := written(node)
			if unless {
				text = "unless " + text
			}
			all = append(all, clause{text, node, unless})
		}
	}
	return all
}

func split(n ast.IsNode, atOr bool) []ast.IsNode {
	if v, ok := n.(ast.NodeTypeAnd); ok && !atOr {
		return append(split(v.Left, atOr), split(v.Right, atOr)...)
	}
	if v, ok := n.(ast.NodeTypeOr); ok && atOr {
		return append(split(v.Left, atOr), split(v.Right, atOr)...)
	}
	return []ast.IsNode{n}
}

// written is the canonical text of an expression.
func written(n ast.IsNode) string {
	p := ast.Permit().When(ast.NewNode(n))
	text := string(cedargo.NewPolicyFromAST((*publicast.Policy)(p)).MarshalCedar())
	_, text, _ = strings.Cut(text, "when { ")
	return strings.TrimSuffix(text, " };")
}

// scopeClauses are the sides of a rule's head that name somebody or something.
func scopeClauses(p *ast.Policy) []clause {
	var all []clause
	add := func(variable string, side ast.IsScopeNode, alone *ast.Policy) {
		if _, all := side.(ast.ScopeTypeAll); all {
			return
		}
		all = append(all, clause{text: sideText(variable, side), node: eval.PolicyToNode(alone).AsIsNode()})
	}
	who, what := ast.Permit(), ast.Permit()
	who.Principal, what.Resource = p.Principal, p.Resource
	add("principal", p.Principal, who)
	add("resource", p.Resource, what)
	return all
}

func sideText(variable string, side ast.IsScopeNode) string {
	switch s := side.(type) {
	case ast.ScopeTypeEq:
		return variable + " == " + s.Entity.String()
	case ast.ScopeTypeIn:
		return variable + " in " + s.Entity.String()
	case ast.ScopeTypeIs:
		return variable + " is " + string(s.Type)
	case ast.ScopeTypeIsIn:
		return variable + " is " + string(s.Type) + " in " + s.Entity.String()
	}
	return variable
}

// holds evaluates a clause; what fails to evaluate does not hold.
func (c clause) holds(env eval.Env) (bool, error) {
	v, err := eval.Eval(c.node, env)
	if err != nil {
		return false, err
	}
	b, ok := v.(types.Boolean)
	return ok && bool(b) != c.unless, nil
}

// shownValues bounds what one clause tells about the facts.
const shownValues = 4

// withValues adds what the attributes in the clause were: "context.level >= 2 (context.level is 1)".
func (c clause) withValues(env eval.Env) string {
	var said []string
	ast.Inspect(ast.NewNode(c.node), func(n ast.IsNode) bool {
		v, ok := n.(ast.NodeTypeAccess)
		if !ok || len(said) >= shownValues {
			return len(said) < shownValues
		}
		if value, err := eval.Eval(v, env); err == nil {
			said = append(said, written(v)+" is "+string(value.MarshalCedar()))
		}
		return false
	})
	if len(said) == 0 {
		return c.text
	}
	return c.text + " (" + strings.Join(said, ", ") + ")"
}

// keptFrom says of a clause that it asks about somebody whom the reader may not know of; empty where it does not. What it asks of
// the request is about the principal, who made it. The resource of act is the subject.
func (c clause) keptFrom(to authority.Reader, f *facts) string {
	who, whom := false, false
	ast.Inspect(ast.NewNode(c.node), func(n ast.IsNode) bool {
		if v, ok := n.(ast.NodeTypeAccess); ok && v.Value == "subject" && isContext(v.Arg) {
			whom = true
			return false
		}
		if v, ok := n.(ast.NodeTypeVariable); ok {
			whom = whom || v.Name == "resource" && f.req.Action.ID == types.String(stead.ActionAct)
			who = who || v.Name == "principal" || v.Name == "context"
		}
		return true
	})
	switch {
	case whom && !to.Subject:
		return "something about whom it is for, which is not yours to know"
	case who && !to.Principal:
		return "something about who acts, which is not yours to know"
	}
	return ""
}
