package stead_test

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const module = "github.com/steadhq/stead"

// The layers of the import law. A folder under internal that stands in none of these lists is a finding: a new
// package says first where it belongs.
var (
	middle    = words("authority web model config survey")
	keepers   = words("store cedar ledger keys directory credential report postgres tokens")
	doors     = words("gateway mcp oauth authzen login api console health scim signals a2a demo")
	followers = words("follow notify watch sync notices")
	tops      = words("cmd e2e bench soak tools")
)

// theirs are methods that interfaces of libraries ask for: slog.Handler, huma.Adapter, testing.TB.
var theirs = words("Handle Helper")

var (
	bannedVerb   = regexp.MustCompile(`^(?i:handle|process|execute|perform)([A-Z0-9_]|$)`)
	bannedWord   = regexp.MustCompile(`(?:^(?:util|utils|common|helper|helpers|manager|impl)(?:[A-Z0-9_]|$))|(?:Utils?|Common|Helpers?|Manager|Impl|[a-z]Service)(?:[A-Z0-9_]|$)`)
	bannedFile   = regexp.MustCompile(`(^|[_\-./])(utils?|common|helpers?|managers?|services?|impl|misc|pkg|models)([_\-.]|$)`)
	leftover     = regexp.MustCompile(`\b(TO` + `DO|FIX` + `ME)\b`)
	outsidePath  = regexp.MustCompile(`/hom` + `e/[a-z]|/roo` + `t/\.|/Use` + `rs/[A-Za-z]`)
	generatedRow = regexp.MustCompile(`(?m)^// Code generated .* DO NOT EDIT\.$`)
)

// A source is one file of the checkout that the style speaks about.
type source struct {
	name      string // slash-separated, from the root of the checkout
	text      []byte
	generated bool
	tree      *ast.File // of Go files
	set       *token.FileSet
}

func (s source) isTest() bool { return strings.HasSuffix(s.name, "_test.go") }

// folder is the law's unit: "" for the root package, "internal/store" for all below it, "cmd" for all commands.
func folder(dir string) string {
	parts := strings.Split(dir, "/")
	switch {
	case dir == "." || dir == "":
		return ""
	case parts[0] == "internal" && len(parts) > 1:
		return parts[0] + "/" + parts[1]
	}
	return parts[0]
}

func TestStyle(t *testing.T) {
	all := sources(t)
	for _, rule := range []struct {
		name  string
		check func(source) []string
	}{
		{"imports", imports}, {"length", length}, {"names", names}, {"no init", noInit}, {"no clock", noClock},
		{"package variables", packageVariables}, {"no skipped tests", noSkip}, {"no leftovers", noLeftovers},
		{"no paths outside", noOutsidePaths}, {"decision records", decisionRecords},
	} {
		t.Run(rule.name, func(t *testing.T) {
			for _, s := range all {
				for _, finding := range rule.check(s) {
					t.Error(finding)
				}
			}
		})
	}
	t.Run("package comments", func(t *testing.T) { packageComments(t, all) })
}

func sources(t *testing.T) []source {
	var all []source
	err := filepath.WalkDir(".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		base := d.Name()
		if d.IsDir() {
			if name != "." && (base == ".git" || base == "testdata" || base == "node_modules") {
				return filepath.SkipDir
			}
			return nil
		}
		switch filepath.Ext(name) {
		case ".go", ".templ", ".md", ".mod", ".yaml", ".yml", ".sh":
		default:
			if base != "Makefile" && !strings.HasPrefix(filepath.ToSlash(name), ".ci/") {
				return nil
			}
		}
		s, err := read(name)
		all = append(all, s)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func read(name string) (source, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return source{}, err
	}
	s := source{name: filepath.ToSlash(name), text: text, generated: generatedRow.Match(text), set: token.NewFileSet()}
	if strings.HasSuffix(name, ".go") {
		s.tree, err = parser.ParseFile(s.set, name, text, parser.ParseComments)
	}
	return s, err
}

func (s source) at(p token.Pos, format string, args ...any) string {
	return fmt.Sprintf("%s:%d: ", s.name, s.set.Position(p).Line) + fmt.Sprintf(format, args...)
}

// imports: layer 0 root; 1 authority, web; 2 keepers, doors, followers; 3 house, which wires them; 4 cmd, e2e, bench,
// soak. Only lower layers are imported,
// and the packages of layer 2 never each other. Tests may reach further: their fakes are the real things.
func imports(s source) (found []string) {
	if s.tree == nil || s.isTest() {
		return nil
	}
	from := folder(path.Dir(s.name))
	if layer(from) < 0 {
		found = append(found, s.at(s.tree.Package, "%s has no layer: put it into one of the lists of style_test.go", from))
	}
	for _, i := range s.tree.Imports {
		p := strings.Trim(i.Path.Value, `"`)
		if p != module && !strings.HasPrefix(p, module+"/") {
			if from == "" && strings.Contains(strings.Split(p, "/")[0], ".") {
				found = append(found, s.at(i.Pos(), "the root package imports the standard library only, not %s", p))
			}
			continue
		}
		to := folder(strings.TrimPrefix(strings.TrimPrefix(p, module), "/"))
		if to != from && layer(to) >= layer(from) {
			found = append(found, s.at(i.Pos(), "%s (layer %d) imports %s (layer %d): only lower layers are imported; ask for a small interface and let cmd wire it",
				orRoot(from), layer(from), orRoot(to), layer(to)))
		}
	}
	return found
}

func orRoot(f string) string {
	if f == "" {
		return "the root package"
	}
	return f
}

func layer(f string) int {
	inner, internal := strings.CutPrefix(f, "internal/")
	switch {
	case f == "":
		return 0
	case f == "client" || f == "docs" || internal && middle[inner]:
		return 1
	case internal && (keepers[inner] || doors[inner] || followers[inner]):
		return 2
	case f == "internal/house":
		return 3
	case tops[f]:
		return 4
	}
	return -1
}

func length(s source) (found []string) {
	if s.tree == nil || s.generated {
		return nil
	}
	if n := bytes.Count(s.text, []byte("\n")); n > 500 {
		found = append(found, fmt.Sprintf("%s: %d lines: past 500 it is two files", s.name, n))
	}
	for _, d := range s.tree.Decls {
		f, ok := d.(*ast.FuncDecl)
		if !ok || f.Body == nil {
			continue
		}
		if n := s.set.Position(f.End()).Line - s.set.Position(f.Pos()).Line + 1; n > 80 && !s.isTest() {
			found = append(found, s.at(f.Pos(), "func %s has %d lines: past 80 it is several", f.Name.Name, n))
		}
	}
	return found
}

func names(s source) (found []string) {
	if bannedFile.MatchString(strings.TrimSuffix(s.name, path.Ext(s.name))) {
		found = append(found, s.name+": a file or folder is named after what it is about, not util, common, helper, manager or service")
	}
	if s.tree == nil || s.generated {
		return found
	}
	verbs, nouns := declared(s.tree)
	for _, id := range verbs {
		if bannedVerb.MatchString(id.Name) {
			found = append(found, s.at(id.Pos(), "%s: use people's words (ask, start, end …), not handle, process, execute, perform", id.Name))
		}
	}
	for _, id := range append(nouns, verbs...) {
		if bannedWord.MatchString(id.Name) {
			found = append(found, s.at(id.Pos(), "%s: say what it is; util, common, helper, manager, service and Impl say nothing", id.Name))
		}
	}
	return found
}

// declared lists the names a file gives: to functions and methods; to packages, types and package values.
func declared(f *ast.File) (verbs, nouns []*ast.Ident) {
	nouns = append(nouns, f.Name)
	for _, d := range f.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if d.Recv == nil || !theirs[d.Name.Name] {
				verbs = append(verbs, d.Name)
			}
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				switch spec := spec.(type) {
				case *ast.TypeSpec:
					nouns = append(nouns, spec.Name)
					verbs = append(verbs, methods(spec.Type)...)
				case *ast.ValueSpec:
					nouns = append(nouns, spec.Names...)
				}
			}
		}
	}
	return verbs, nouns
}

func methods(t ast.Expr) (ids []*ast.Ident) {
	if i, ok := t.(*ast.InterfaceType); ok {
		for _, m := range i.Methods.List {
			ids = append(ids, m.Names...)
		}
	}
	return ids
}

func noInit(s source) (found []string) {
	if s.tree == nil {
		return nil
	}
	for _, d := range s.tree.Decls {
		if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && f.Name.Name == "init" {
			found = append(found, s.at(f.Pos(), "no init: what must be set up is set up in one visible list"))
		}
	}
	return found
}

// noClock: rules take now, verbs have a field Now.
func noClock(s source) (found []string) {
	in := folder(path.Dir(s.name))
	if s.tree == nil || s.isTest() || in != "" && in != "internal/authority" && in != "internal/model" {
		return nil
	}
	ast.Inspect(s.tree, func(n ast.Node) bool {
		sel, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		x, ok := sel.X.(*ast.Ident)
		if ok && x.Name == "time" && words("Now Since Until Sleep")[sel.Sel.Name] {
			found = append(found, s.at(n.Pos(), "time.%s in %s: the time is an argument or the field Now", sel.Sel.Name, orRoot(in)))
		}
		return true
	})
	return found
}

func packageVariables(s source) (found []string) {
	if s.tree == nil || s.isTest() || s.generated {
		return nil
	}
	for _, d := range s.tree.Decls {
		g, ok := d.(*ast.GenDecl)
		if !ok || g.Tok != token.VAR {
			continue
		}
		for _, spec := range g.Specs {
			v := spec.(*ast.ValueSpec)
			if !embedded(g.Doc) && !embedded(v.Doc) && !constantLike(v) {
				found = append(found, s.at(v.Pos(), "package variable %s: only errors, embeds and tables; the rest is a field", v.Names[0].Name))
			}
		}
	}
	return found
}

func embedded(c *ast.CommentGroup) bool {
	if c == nil {
		return false
	}
	for _, row := range c.List {
		if strings.HasPrefix(row.Text, "//go:embed ") {
			return true
		}
	}
	return false
}

// constantLike: assertions that a type fits, tables, errors, and what is compiled once from constants.
func constantLike(v *ast.ValueSpec) bool {
	if v.Names[0].Name == "_" {
		return true
	}
	for _, e := range v.Values {
		switch e := e.(type) {
		case *ast.CompositeLit:
		case *ast.CallExpr:
			if !constructor(e.Fun) {
				return false
			}
		default:
			return false
		}
	}
	return len(v.Values) > 0
}

func constructor(fun ast.Expr) bool {
	var name, of string
	switch f := fun.(type) {
	case *ast.Ident:
		name = f.Name
	case *ast.SelectorExpr:
		name = f.Sel.Name
		if x, ok := f.X.(*ast.Ident); ok {
			of = x.Name
		}
	}
	return of == "errors" || of == "time" && name == "Date" || name == "E" || name == "Errorf" || name == "NewReplacer" ||
		strings.HasPrefix(name, "Must") || strings.HasPrefix(name, "must")
}

func noSkip(s source) (found []string) {
	if s.tree == nil || !s.isTest() {
		return nil
	}
	ast.Inspect(s.tree, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		if sel, ok := call.Fun.(*ast.SelectorExpr); ok && words("Skip Skipf SkipNow")[sel.Sel.Name] {
			found = append(found, s.at(n.Pos(), "a test that does not run proves nothing: no %s", sel.Sel.Name))
		}
		return true
	})
	return found
}

func noLeftovers(s source) []string {
	if ext := path.Ext(s.name); ext != ".go" && ext != ".templ" && ext != ".md" {
		return nil
	}
	return rows(s, leftover, "finish it or write it down as an issue")
}

func noOutsidePaths(s source) []string {
	return rows(s, outsidePath, "a path outside of the checkout is on nobody else's machine")
}

func rows(s source, bad *regexp.Regexp, why string) (found []string) {
	for i, row := range bytes.Split(s.text, []byte("\n")) {
		if m := bad.Find(row); m != nil {
			found = append(found, fmt.Sprintf("%s:%d: %q: %s", s.name, i+1, m, why))
		}
	}
	return found
}

func decisionRecords(s source) []string {
	if n := bytes.Count(s.text, []byte("\n")); strings.HasPrefix(s.name, "docs/decisions/") && n > 80 {
		return []string{fmt.Sprintf("%s: %d lines: a decision record has at most 80", s.name, n)}
	}
	return nil
}

func packageComments(t *testing.T, all []source) {
	commented := map[string]bool{}
	for _, s := range all {
		if s.tree != nil {
			dir := path.Dir(s.name)
			commented[dir] = commented[dir] || s.tree.Doc != nil && strings.TrimSpace(s.tree.Doc.Text()) != ""
		}
	}
	for dir, ok := range commented {
		if !ok {
			t.Errorf("%s: the package has no comment: say what it is for and its invariants or routes", dir)
		}
	}
}

func words(list string) map[string]bool {
	set := map[string]bool{}
	for _, w := range strings.Fields(list) {
		set[w] = true
	}
	return set
}

// TestStyleFinds holds the rules themselves to account: each must find what it is there for.
func TestStyleFinds(t *testing.T) {
	for _, c := range []struct {
		rule       func(source) []string
		name, text string
		want       int
	}{
		{imports, "a.go", "package stead\nimport _ \"example.org/x\"", 1},
		{imports, "a.go", "package stead\nimport _ \"net/url\"", 0},
		{imports, "a.go", "package stead\nimport _ \"" + module + "/internal/web\"", 1},
		{imports, "internal/store/a.go", "package store\nimport _ \"" + module + "/internal/ledger\"", 1},
		{imports, "internal/store/a.go", "package store\nimport _ \"" + module + "/internal/authority\"", 0},
		{imports, "internal/store/a/a.go", "package a\nimport _ \"" + module + "/internal/store\"", 0},
		{imports, "internal/web/a.go", "package web\nimport _ \"" + module + "/internal/authority\"", 1},
		{imports, "internal/login/a.go", "package login\nimport _ \"" + module + "/internal/gateway\"", 1},
		{imports, "internal/novel/a.go", "package novel", 1},
		{imports, "cmd/stead/a.go", "package main\nimport _ \"" + module + "/internal/gateway\"", 0},
		{length, "a.go", "package stead\n" + strings.Repeat("\n", 500), 1},
		{length, "a.go", "package stead\nfunc f() {" + strings.Repeat("\n", 80) + "}", 1},
		{names, "internal/web/util.go", "package web", 1},
		{names, "a.go", "package stead\nfunc HandleStart() {}", 1},
		{names, "a.go", "package stead\nfunc (x T) processAll() {}\ntype StoreManager struct{}\ntype T interface{ Execute() }", 3},
		{names, "a.go", "package stead\nconst Service = 1\ntype Handler int\nfunc processed() {}\nconst Implied = 1", 0},
		{noInit, "a.go", "package stead\nfunc init() {}", 1},
		{noClock, "internal/authority/a.go", "package authority\nimport \"time\"\nfunc f() { time.Now() }", 1},
		{noClock, "internal/store/a.go", "package store\nimport \"time\"\nfunc f() { time.Now() }", 0},
		{packageVariables, "a.go", "package stead\nvar n int", 1},
		{packageVariables, "a.go", "package stead\nvar cache = make(map[string]int)", 1},
		{packageVariables, "a.go", "package stead\nvar table = map[string]int{}\nvar errX = errors.New(\"x\")\nvar _ T = 1", 0},
		{packageVariables, "a.go", "package stead\n//go:embed x\nvar files embed.FS", 0},
		{noSkip, "a_test.go", "package stead\nfunc f() { t.Skip() }", 1},
		{noLeftovers, "a.md", "TO" + "DO later", 1},
		{noOutsidePaths, "a.md", "see /ho" + "me/ann/a.go", 1},
		{decisionRecords, "docs/decisions/0001-x.md", strings.Repeat("\n", 81), 1},
	} {
		s := source{name: c.name, text: []byte(c.text), set: token.NewFileSet()}
		if strings.HasSuffix(c.name, ".go") {
			tree, err := parser.ParseFile(s.set, c.name, c.text, parser.ParseComments)
			if err != nil {
				t.Fatal(err)
			}
			s.tree = tree
		}
		if got := c.rule(s); len(got) != c.want {
			t.Errorf("%s %q: %d findings, want %d: %q", c.name, c.text, len(got), c.want, got)
		}
	}
}
