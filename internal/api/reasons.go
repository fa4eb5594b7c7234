package api

import (
	"reflect"
	"regexp"

	"github.com/danielgtaylor/huma/v2"
	"github.com/steadhq/stead"
	"github.com/steadhq/stead/docs"
)

// A reasonCode is a stead.Reason in the description: one of the closed list in docs/reference/reasons.md.
type reasonCode string

const reasonSchema = "ReasonCode"

// Schema refers to the list.
func (reasonCode) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Ref: "#/components/schemas/" + reasonSchema}
}

// reasons describes the list: each code, in the order of the page that tells what it means.
func reasons(r huma.Registry) error {
	page, err := docs.Reference.ReadFile("reference/reasons.md")
	if err != nil {
		return stead.Because(err, "read the list of reasons")
	}
	s := &huma.Schema{Type: huma.TypeString, Description: "Why not: one of a closed list. docs/reference/reasons.md says what each means."}
	for _, m := range regexp.MustCompile(`<a id="([a-z-]+)"></a>`).FindAllSubmatch(page, -1) {
		s.Enum = append(s.Enum, string(m[1]))
	}
	r.Map()[reasonSchema] = s
	r.RegisterTypeAlias(reflect.TypeFor[stead.Reason](), reflect.TypeFor[reasonCode]())
	return nil
}
