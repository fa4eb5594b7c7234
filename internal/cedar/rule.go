package cedar

import (
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"slices"

	cedargo "github.com/cedar-policy/cedar-go"
	"github.com/cedar-policy/cedar-go/x/exp/ast"

	"github.com/steadhq/stead"
)

// A rule is one policy of a bundle, compiled.
type rule struct {
	ref    stead.RuleRef
	owner  string
	policy *cedargo.Policy
	file   string
	line   int
	duties duties
	ticket *regexp.Regexp // of duties.ticket
	reads  names
}

func (r *rule) permits() bool { return r.policy.Effect() == cedargo.Permit }

func (r *rule) ast() *ast.Policy { return (*ast.Policy)(r.policy.AST()) }

// newRule reads the annotations of p and names it. The hash is over the canonical text, so that a comment or an
// indent voids no approval (R31), and any other change does.
func newRule(p *cedargo.Policy) (*rule, []Problem) {
	at := p.Position()
	r := &rule{policy: p, file: at.Filename, line: at.Line}
	var problems []Problem
	wrong := func(text string) {
		problems = append(problems, Problem{File: at.Filename, Line: at.Line, Column: at.Column, Text: text})
	}
	for _, a := range r.ast().Annotations {
		key, value := string(a.Key), string(a.Value)
		if err := r.duties.readAnnotation(key, value); err != nil {
			wrong(err.Error())
			continue
		}
		switch {
		case key == annID:
			r.ref.ID = value
		case key == annOwner:
			r.owner = value
		case !r.permits() && !slices.Contains(describing, key):
			wrong("@" + key + " on a forbid has no effect: put it on the permit that it belongs to")
		}
	}
	if r.ref.ID == "" {
		wrong("this rule has no name: write @id(\"…\") above it, so that decisions can cite it")
	}
	r.ref.Reason = r.duties.reason
	if r.duties.ticket != "" {
		r.ticket = regexp.MustCompile(r.duties.ticket)
	}
	sum := sha256.Sum256(p.MarshalCedar())
	r.ref.Hash = hex.EncodeToString(sum[:])
	r.reads = readBy(r.ast())
	return r, problems
}
