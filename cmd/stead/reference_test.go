package main

import (
	"bytes"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/steadhq/stead/internal/authority"
)

var update = flag.Bool("update", false, "write the pages of docs/reference anew")

// current fails when a page of the reference is not what it is made from, or writes it anew.
func current(t *testing.T, page, want string) {
	t.Helper()
	file := filepath.Join("../../docs/reference", page)
	if *update {
		if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(file)
	if err != nil || !bytes.Equal(got, []byte(want)) {
		t.Errorf("%s is stale: go test ./cmd/stead -run TestReference -update (%v)", file, err)
	}
}

func TestReferenceOfCommands(t *testing.T) {
	var b strings.Builder
	b.WriteString("# Commands\n\nData goes to stdout, talk to stderr. Every command takes `-o table|json|jsonl|yaml|csv`, `--profile` and `--addr`;\n" +
		"`$STEAD_ADDR`, `$STEAD_TOKEN` and `$STEAD_TOKEN_FILE` stand over the profile.\n\n" +
		"| exit code | |\n|---|---|\n| 0 | done |\n| 1 | failed |\n| 2 | asked wrongly, or a configuration that is wrong |\n| 3 | refused |\n" +
		"| 4 | not there, or not yours to know |\n| 5 | something else came first |\n| 6 | still waiting |\n| 7 | verification, a test of policy or of rules, or a check of an application failed |\n" +
		"| 8 | the server cannot be reached |\n| 10 | `policy plan --exit-code`: something would change |\n")
	e := &env{getenv: func(string) string { return "" }}
	describe(t, &b, e.root())
	current(t, "cli.md", b.String())
}

func describe(t *testing.T, b *strings.Builder, c *cobra.Command) {
	if c.Hidden || c.Name() == "help" {
		return
	}
	if c.HasParent() {
		if c.Short == "" {
			t.Errorf("%s says nothing of itself", c.CommandPath())
		}
		if c.Runnable() && !c.HasSubCommands() && !strings.Contains(c.Example, c.CommandPath()) {
			t.Errorf("%s shows no example of itself", c.CommandPath())
		}
		fmt.Fprintf(b, "\n## %s\n\n%s.\n", c.CommandPath(), strings.TrimSuffix(c.Short, "."))
		if c.Long != "" {
			fmt.Fprintf(b, "\n%s\n", c.Long)
		}
		if c.Runnable() && !c.HasSubCommands() {
			fmt.Fprintf(b, "\n    %s\n", c.UseLine())
		}
		if c.Example != "" {
			fmt.Fprintf(b, "\nFor example:\n\n%s\n", strings.ReplaceAll("  "+strings.ReplaceAll(c.Example, "\n", "\n  "), "  "+"  ", "    "))
		}
		flags(b, c.LocalNonPersistentFlags())
	}
	for _, sub := range c.Commands() {
		describe(t, b, sub)
	}
}

func flags(b *strings.Builder, set *pflag.FlagSet) {
	first := true
	set.VisitAll(func(f *pflag.Flag) {
		if f.Name == "help" {
			return
		}
		if first {
			b.WriteString("\n| flag | default | |\n|---|---|---|\n")
			first = false
		}
		name := "--" + f.Name
		if f.Shorthand != "" {
			name = "-" + f.Shorthand + ", " + name
		}
		value := f.DefValue
		if value == "[]" || value == "false" || value == "" {
			value = ""
		} else {
			value = "`" + value + "`"
		}
		fmt.Fprintf(b, "| `%s` | %s | %s |\n", name, value, f.Usage)
	})
}

// TestReferenceOfReasons writes the closed list of reason codes from its one source.
func TestReferenceOfReasons(t *testing.T) {
	set := token.NewFileSet()
	tree, err := parser.ParseFile(set, "../../reason.go", nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	b.WriteString("# Reasons\n\nWhy something was refused or ended: the `reason_code` of a problem document, the `reason` of an event. Programs read\n" +
		"the code; the text beside it is for people and may change. The list is closed.\n")
	said := 0
	for _, d := range tree.Decls {
		g, ok := d.(*ast.GenDecl)
		if !ok || g.Tok != token.CONST {
			continue
		}
		for _, s := range g.Specs {
			v := s.(*ast.ValueSpec)
			if v.Doc != nil {
				fmt.Fprintf(&b, "\n## %s\n\n| code | |\n|---|---|\n", upperFirst(strings.TrimSpace(v.Doc.Text())))
			}
			code, err := strconv.Unquote(v.Values[0].(*ast.BasicLit).Value)
			if err != nil || code == "" {
				continue
			}
			if v.Comment == nil {
				t.Errorf("%s says nothing of itself", v.Names[0].Name)
				continue
			}
			said++
			fmt.Fprintf(&b, "| <a id=\"%s\"></a>`%s` | %s |\n", code, code, strings.TrimSpace(v.Comment.Text()))
		}
	}
	if said < 40 {
		t.Errorf("only %d reasons", said)
	}
	current(t, "reasons.md", b.String())
}

func upperFirst(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

func TestReferenceOfEvents(t *testing.T) {
	var b strings.Builder
	b.WriteString("# Events\n\nEvery verb leaves its event, and a refused one leaves `VERB.refused` with the reason. The envelope (index, id, kind, time,\n" +
		"actor, subject, mandate, session, decision, outcome, reason, application, policy) is plain and holds opaque ids only;\n" +
		"`who` (name, address, client) is sealed under the actor's key, `what` (subject, reason, ticket, path, page, title) under\nthe keys of both.\n\n" +
		"| event | refusal | |\n|---|---|---|\n")
	for _, k := range authority.Kinds {
		refusal, kind := "", string(k.Kind)
		if k.Verb != "" {
			refusal = "`" + k.Verb + ".refused`"
		}
		if kind != "" {
			kind = "`" + kind + "`"
		}
		fmt.Fprintf(&b, "| %s | %s | %s |\n", kind, refusal, k.Says)
	}
	current(t, "events.md", b.String())
}

// Every kind and every verb that the code writes stands in the table, and nothing else does.
func TestKindsAreAllThereAre(t *testing.T) {
	files, err := filepath.Glob("../../internal/authority/*.go")
	if err != nil {
		t.Fatal(err)
	}
	written := map[string]bool{}
	literal := regexp.MustCompile(`"((?:session|acting|person|mandate|request|policy|clock|server|operation|application|page|concern|factor|password|report|timers|audit|config|agent|instance|system|token|secret|enrolment|exclusion|flow|segment|notice|learning|template|key)\.[a-z.]+)"`)
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") || strings.HasSuffix(file, "kinds.go") {
			continue
		}
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range literal.FindAllStringSubmatch(string(raw), -1) {
			name := m[1]
			if strings.Count(name, ".") == 2 {
				name = strings.TrimSuffix(name, ".refused")
			}
			written[name] = true
		}
	}
	known := map[string]bool{}
	for _, k := range authority.Kinds {
		for _, name := range []string{string(k.Kind), k.Verb} {
			if name == "" {
				continue
			}
			known[name] = true
			if !written[name] {
				t.Errorf("%s is in the table and nowhere written", name)
			}
		}
	}
	var missing []string
	for name := range written {
		if !known[name] {
			missing = append(missing, name)
		}
	}
	slices.Sort(missing)
	if len(missing) > 0 {
		t.Errorf("not in authority.Kinds: %s", strings.Join(missing, ", "))
	}
}
