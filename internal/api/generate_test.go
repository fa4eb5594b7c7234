package api

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"go/format"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"text/template"
	"unicode"
)

const generated = "../../client/admin/api.go"

// The Go client is written from the description, and is as new as that.
func TestReferenceOfTheClient(t *testing.T) {
	raw, err := newRig(t).api.Document()
	if err != nil {
		t.Fatal(err)
	}
	want, err := clientOf(raw)
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(generated, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := os.ReadFile(generated); err != nil || !bytes.Equal(got, want) {
		t.Errorf("%s is stale: go test ./internal/api -run TestReference -update (%v)", generated, err)
	}
}

// A shape is a schema, as far as Go needs it.
type shape struct {
	Ref, Format, Description string
	Type                     any // a name, or ["array", "null"]
	Enum                     []string
	Items                    *shape
	Properties               map[string]shape
	AdditionalProperties     any
	Required                 []string
}

type parameter struct {
	Name, In, Description string
	Required              bool
	Schema                shape
}

type content map[string]struct{ Schema shape }

type action struct {
	OperationID string
	Summary     string
	Description string
	Parameters  []parameter
	RequestBody *struct{ Content content }
	Responses   map[string]struct{ Content content }

	Method, Path string
}

type description struct {
	Paths      map[string]map[string]*action
	Components struct{ Schemas map[string]shape }
}

// clientOf writes the client of a description.
func clientOf(raw []byte) ([]byte, error) {
	var d description
	if err := json.Unmarshal(bytes.ReplaceAll(raw, []byte(`"$ref"`), []byte(`"ref"`)), &d); err != nil {
		return nil, err
	}
	t, err := template.New("client.txt").Funcs(template.FuncMap{"name": exported, "goType": goType, "structure": d.structure, "comment": comment}).ParseFiles("testdata/client.txt")
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := t.Execute(&b, map[string]any{"Schemas": d.Components.Schemas, "Actions": d.actions()}); err != nil {
		return nil, err
	}
	return format.Source(b.Bytes())
}

func (d description) actions() []*action {
	var all []*action
	for path, methods := range d.Paths {
		for method, a := range methods {
			a.Method, a.Path = strings.ToUpper(method), path
			all = append(all, a)
		}
	}
	slices.SortFunc(all, func(a, b *action) int {
		return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Method, b.Method))
	})
	return all
}

// In lists the parameters at one place of a request.
func (a *action) In(place string) []parameter {
	return slices.DeleteFunc(slices.Clone(a.Parameters), func(p parameter) bool { return p.In != place })
}

// Args are the arguments of the method: what the path needs, the query, the body.
func (a *action) Args() string {
	args := []string{"ctx context.Context"}
	for _, p := range a.In("path") {
		args = append(args, local(p.Name)+" string")
	}
	if len(a.In("query")) > 0 {
		args = append(args, "q "+exported(a.OperationID)+"Query")
	}
	switch body := a.Body(); {
	case body == "*":
		args = append(args, "body io.Reader")
	case body != "":
		args = append(args, "body "+body)
	}
	return strings.Join(append(args, "opts ...Option"), ", ")
}

// Body is the type of the body: "*" is anything but JSON, "" none.
func (a *action) Body() string {
	if a.RequestBody == nil {
		return ""
	}
	if s, ok := a.RequestBody.Content["application/json"]; ok {
		return goType(s.Schema)
	}
	return "*"
}

func (a *action) Kind() string { return slices.Sorted(maps.Keys(a.RequestBody.Content))[0] }

// Target is the path of a request as an expression.
func (a *action) Target() string {
	target := fmt.Sprintf("%q", a.Path)
	for _, p := range a.In("path") {
		target = strings.Replace(target, "{"+p.Name+"}", `"+url.PathEscape(`+local(p.Name)+`)+"`, 1)
	}
	return strings.TrimSuffix(target, `+""`)
}

// answers are the forms that an answer has.
func (a *action) answers() []string {
	for _, code := range slices.Sorted(maps.Keys(a.Responses)) { // of several the first: that is when it is done
		if r := a.Responses[code]; code[0] == '2' && len(r.Content) > 0 {
			return slices.Sorted(maps.Keys(r.Content))
		}
	}
	return nil
}

// Out is the type of an answer in JSON, "" where there is none.
func (a *action) Out() string {
	for _, code := range slices.Sorted(maps.Keys(a.Responses)) {
		if r := a.Responses[code]; code[0] == '2' && len(r.Content) > 0 {
			if s, ok := r.Content["application/json"]; ok {
				return goType(s.Schema)
			}
			return ""
		}
	}
	return ""
}

// Raw lists the other forms of an answer, which are read as they come.
func (a *action) Raw() string {
	return strings.Join(slices.DeleteFunc(a.answers(), func(s string) bool { return s == "application/json" }), ", ")
}

// structure lists the members of a struct: those that are always there first, in their order.
func (d description) structure(name string, s shape) string {
	var b strings.Builder
	names := slices.Sorted(maps.Keys(s.Properties))
	slices.SortStableFunc(names, func(p, q string) int { return cmp.Compare(rank(s.Required, p), rank(s.Required, q)) })
	patch := d.patched(name)
	for _, n := range names {
		p := s.Properties[n]
		kind, tag := goType(p), n
		if rank(s.Required, n) == len(s.Required) {
			omit := ",omitempty"
			switch {
			case patch:
				kind = "*" + kind
			case kind == "time.Time":
				omit = ",omitzero"
			case p.Ref != "" && kind != "ReasonCode":
				kind = "*" + kind
			}
			tag += omit
		}
		fmt.Fprintf(&b, "%s %s `json:%q`%s\n", exported(n), kind, tag, comment(p.Description))
	}
	return b.String()
}

// patched tells whether a struct says what is to be changed: then what is left out is not the same as what is zero.
func (d description) patched(name string) bool {
	for _, methods := range d.Paths {
		if a := methods["patch"]; a != nil && a.Body() == exported(name) {
			return true
		}
	}
	return false
}

func rank(list []string, s string) int {
	if i := slices.Index(list, s); i >= 0 {
		return i
	}
	return len(list)
}

func goType(s shape) string {
	if s.Ref != "" {
		return exported(s.Ref[strings.LastIndex(s.Ref, "/")+1:])
	}
	kind, _ := s.Type.(string)
	if list, ok := s.Type.([]any); ok {
		kind, _ = list[0].(string)
	}
	switch {
	case kind == "string" && s.Format == "date-time":
		return "time.Time"
	case kind == "integer":
		return "int64"
	case kind == "number":
		return "float64"
	case kind == "boolean":
		return "bool"
	case kind == "array":
		return "[]" + goType(*s.Items)
	case kind == "object":
		return "map[string]" + mapped(s.AdditionalProperties)
	}
	return "string"
}

func mapped(of any) string {
	raw, err := json.Marshal(of)
	var s shape
	if err != nil || json.Unmarshal(raw, &s) != nil {
		return "any"
	}
	return goType(s)
}

func comment(says string) string {
	if says == "" {
		return ""
	}
	return " // " + strings.ReplaceAll(says, "\n", " ")
}

// exported makes a Go name: list-mandates is ListMandates, AskInBody is AskIn.
func exported(name string) string {
	for _, end := range []string{"InBody", "OutBody"} {
		if strings.HasSuffix(name, end) {
			name = strings.TrimSuffix(name, "Body")
		}
	}
	var b strings.Builder
	for part := range strings.FieldsFuncSeq(name, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
		switch part {
		case "id", "sha256", "totp", "amr", "ok", "sql", "url":
			b.WriteString(strings.ToUpper(part))
		default:
			b.WriteString(strings.ToUpper(part[:1]) + part[1:])
		}
	}
	return b.String()
}

func local(name string) string { return strings.ToLower(name) }
