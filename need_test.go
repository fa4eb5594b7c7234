package stead

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A3: what a task needs is said in words of the catalogue, and read in one way only.
func TestReadNeed(t *testing.T) {
	for text, want := range map[string]Entitlement{
		"crm read public.orders":             reading("public.orders"),
		" crm  read  public.orders(id,name)": reading("public.orders", "id", "name"),
		"crm read public.sales_* ( id )":     reading("public.sales_*", "id"),
	} {
		if e, err := ReadNeed(text); err != nil || cmp.Diff(want, e) != "" {
			t.Errorf("%q: %v %v", text, e, err)
		}
	}
	for _, text := range []string{"", "crm", "crm read", "crm read ", "crm read (id)", "crm read t(", "crm read t()", "crm read t(id", "crm read t(id,)", "crm read t(id) x", "crm read t('x')", "crm read \x1bt"} {
		if e, err := ReadNeed(text); KindOf(err) != Invalid {
			t.Errorf("%q is %v", text, e)
		}
	}
}

func FuzzReadNeed(f *testing.F) {
	f.Add("crm read public.orders(id, name)")
	f.Fuzz(func(t *testing.T, text string) {
		e, err := ReadNeed(text)
		if err != nil {
			return
		}
		again := string(e.System) + " " + string(e.Action) + " " + e.Resource
		if len(e.Columns) > 0 {
			again += "(" + strings.Join(e.Columns, ", ") + ")"
		}
		if f, err := ReadNeed(again); err != nil || cmp.Diff(e, f) != "" {
			t.Errorf("%q is %v, and %q %v %v", text, e, again, f, err)
		}
	})
}
