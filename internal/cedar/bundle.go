package cedar

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"sync/atomic"

	cedargo "github.com/cedar-policy/cedar-go"
	"github.com/cedar-policy/cedar-go/types"
	"github.com/cedar-policy/cedar-go/x/exp/schema/resolved"

	"github.com/steadhq/stead"
)

// A bundle is compiled and never changes; only what it remembers does.
type bundle struct {
	digest string
	shape  *shape
	index  *index
	plans  map[stead.Action]*plan
	cache  *cache // nil: remember nothing
	used   atomic.Uint64
}

// A plan is what is known of one action before anything is asked.
type plan struct {
	names names
	keyed keyed
}

// Digest is the identity of a bundle: hex SHA-256 over its names in order and its texts, each preceded by its
// length in eight bytes.
func Digest(files map[string]string) string {
	h := sha256.New()
	write := func(s string) {
		var n [8]byte
		binary.BigEndian.PutUint64(n[:], uint64(len(s)))
		h.Write(n[:])
		h.Write([]byte(s))
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		write(name)
		write(files[name])
	}
	return hex.EncodeToString(h.Sum(nil))
}

// A fileKind says what a file of a bundle is.
type fileKind int

const (
	unreadable fileKind = iota
	rulesFile
	schemaFile
	testsFile
	thingsFile
	proseFile
)

func kindOfFile(name string) fileKind {
	switch ext := path.Ext(name); {
	case ext == ".cedar":
		return rulesFile
	case ext == ".cedarschema":
		return schemaFile
	case ext == ".md":
		return proseFile
	case (ext == ".yaml" || ext == ".yml") && path.Base(path.Dir(name)) == "tests":
		return testsFile
	case ext == ".json" && path.Base(path.Dir(name)) == "entities":
		return thingsFile
	}
	return unreadable
}

// compile reads, validates and indexes. The bundle is nil where a problem is more than a warning. What panics in
// there is a problem like any other: a bundle comes from outside.
func compile(files map[string]string, supplied *resolved.Schema) (b *bundle, problems []Problem) {
	defer func() {
		if cause := recover(); cause != nil {
			b, problems = nil, append(problems, Problem{File: "bundle", Text: fmt.Sprintf("reading it failed: %v", cause)})
		}
	}()
	s, problems := shapeOf(files, supplied)
	rules, more := rulesOf(files)
	problems = append(problems, more...)
	if s != nil {
		problems = append(problems, s.load(files)...)
		for _, r := range rules {
			problems = append(problems, validated(r, s)...)
		}
	}
	problems = append(problems, lint(rules)...)
	sortProblems(problems)
	if invalid(problems) != nil {
		return nil, problems
	}
	return newBundle(Digest(files), s, rules), problems
}

func shapeOf(files map[string]string, supplied *resolved.Schema) (*shape, []Problem) {
	var found []string
	var problems []Problem
	for _, name := range slices.Sorted(maps.Keys(files)) {
		switch kindOfFile(name) {
		case schemaFile:
			found = append(found, name)
		case unreadable:
			problems = append(problems, Problem{File: name, Text: "nothing reads this file: rules end in .cedar, the " +
				"schema in .cedarschema, tests are tests/*.yaml, an application's own things entities/*.json; rename or remove it"})
		}
	}
	switch len(found) {
	case 0:
		s, more := newShape(SchemaName, supplied, supplied)
		return s, append(problems, more...)
	case 1:
		r, more := readSchema(found[0], files[found[0]])
		if r == nil {
			return nil, append(problems, more...)
		}
		s, more := newShape(found[0], r, supplied)
		return s, append(problems, more...)
	}
	return nil, append(problems, Problem{File: found[1], Text: "a bundle has one schema, and " + found[0] + " is there: join them"})
}

func rulesOf(files map[string]string) ([]*rule, []Problem) {
	var rules []*rule
	var problems []Problem
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if kindOfFile(name) != rulesFile {
			continue
		}
		list, err := cedargo.NewPolicyListFromBytes(name, []byte(files[name]))
		if err != nil {
			problems = append(problems, unparsed(name, err))
			continue
		}
		for _, p := range list {
			r, more := newRule(p)
			rules, problems = append(rules, r), append(problems, more...)
		}
	}
	return rules, problems
}

func validated(r *rule, s *shape) []Problem {
	err := s.check.Policy("", r.ast())
	if err == nil {
		return nil
	}
	var problems []Problem
	for _, line := range strings.Split(err.Error(), "\n") {
		problems = append(problems, Problem{File: r.file, Line: r.line, Text: "rule " + r.ref.ID +
			" does not fit the schema: " + line})
	}
	return problems
}

func newBundle(digest string, s *shape, rules []*rule) *bundle {
	slices.SortFunc(rules, func(a, b *rule) int { return strings.Compare(a.ref.ID, b.ref.ID) })
	b := &bundle{digest: digest, shape: s, index: newIndex(rules), plans: map[stead.Action]*plan{}, cache: newCache()}
	forms := map[string]bool{}
	for _, r := range rules {
		if r.ticket != nil {
			forms[r.duties.ticket] = true
		}
	}
	for uid, a := range s.acts {
		if a.AppliesTo != nil {
			do := append(kin{uid}, a.Entity.Parents.Slice()...)
			n := b.index.readFor(do)
			b.plans[stead.Action(uid.ID)] = &plan{names: n, keyed: newKeyed(n, s, len(forms))}
		}
	}
	return b
}

// readFor is what the rules for an action can read.
func (x *index) readFor(do kin) names {
	n := names{attrs: map[types.String]bool{}}
	each(do, x.first, func(byWho map[scope]map[scope][]int32) {
		for _, byWhat := range byWho {
			for _, found := range byWhat {
				for _, i := range found {
					n.add(x.rules[i].reads)
				}
			}
		}
	})
	return n
}
