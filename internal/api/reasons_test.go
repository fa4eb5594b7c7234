package api

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"

	"github.com/steadhq/stead"
)

// The description lists every code of reason.go and no other.
func TestReasonsAreClosed(t *testing.T) {
	raw, err := newRig(t).api.Document()
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Components struct {
			Schemas map[string]struct{ Enum []stead.Reason }
		}
	}
	if err := json.Unmarshal(raw, &doc); err != nil {
		t.Fatal(err)
	}
	described := map[string]bool{}
	for _, r := range doc.Components.Schemas[reasonSchema].Enum {
		described[string(r)] = true
	}
	codes := codesOf(t, "../../reason.go")
	for code := range codes {
		if !described[code] {
			t.Errorf("%q is not in docs/reference/reasons.md: go test ./cmd/stead -run TestReference -update", code)
		}
	}
	if len(described) != len(codes) || len(codes) < 50 {
		t.Errorf("%d codes are described, %d are there", len(described), len(codes))
	}
}

func codesOf(t *testing.T, file string) map[string]bool {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	codes := map[string]bool{}
	ast.Inspect(f, func(n ast.Node) bool {
		if v, ok := n.(*ast.ValueSpec); ok && len(v.Values) == 1 {
			if lit, ok := v.Values[0].(*ast.BasicLit); ok && lit.Value != `""` {
				codes[strings.Trim(lit.Value, `"`)] = true
			}
		}
		return true
	})
	return codes
}

// Nobody makes a reason of a text of his own: each is one of the constants.
func TestReasonsAreConstants(t *testing.T) {
	err := filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == ".git" || d.Name() == ".deps" || d.Name() == "testdata"):
			return filepath.SkipDir
		case filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go"):
			return nil
		}
		files := token.NewFileSet()
		f, err := parser.ParseFile(files, path, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(f, func(n ast.Node) bool {
			if lit := reasonOf(n); lit != nil {
				t.Errorf("%s: the reason %s is made up here: add it to reason.go", files.Position(lit.Pos()), lit.Value)
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// reasonOf finds the text of a reason in E(kind, "text", …), Reason("text") and {Reason: "text"}.
func reasonOf(n ast.Node) *ast.BasicLit {
	var e ast.Expr
	switch n := n.(type) {
	case *ast.CallExpr:
		switch name := called(n.Fun); {
		case name == "E" && len(n.Args) > 2:
			e = n.Args[1]
		case name == "Reason" && len(n.Args) == 1:
			e = n.Args[0]
		}
	case *ast.CompositeLit:
		for _, member := range n.Elts {
			kv, ok := member.(*ast.KeyValueExpr)
			if !ok || called(n.Type) == "Purpose" { // where a reason is a sentence
				continue
			}
			if key, ok := kv.Key.(*ast.Ident); ok && key.Name == "Reason" {
				e = kv.Value
			}
		}
	}
	lit, ok := e.(*ast.BasicLit)
	if !ok || lit.Value == `""` {
		return nil
	}
	return lit
}

func called(f ast.Expr) string {
	switch f := f.(type) {
	case *ast.Ident:
		return f.Name
	case *ast.SelectorExpr:
		return f.Sel.Name
	}
	return ""
}
