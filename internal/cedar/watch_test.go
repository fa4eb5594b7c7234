package cedar

import (
	"strings"
	"testing"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
)

// A bundle that is older than the action watch answers for streams that only show as it does for reading, and nothing is
// to be warned of. Any other action that its schema does not know is refused.
func TestWatchInOlderSchema(t *testing.T) {
	for name, older := range map[string]bool{"with watch": false, "before it": true} {
		t.Run(name, func(t *testing.T) {
			files := Default()
			text := strings.Replace(files[SchemaName], "read, mark, watch in", "read, mark in", 1)
			if text == files[SchemaName] {
				t.Fatal("the default schema does not speak of watch where it did")
			}
			if older {
				files[SchemaName] = text
			}
			if r := New().Inspect(files); len(r.Problems) > 0 {
				t.Errorf("%v", r.Problems)
			}
			k, digest := checked(t, files)
			for action, want := range map[stead.Action]bool{
				stead.ActionRead: true, stead.ActionWatch: true, stead.ActionOpen: false, stead.ActionExport: false, "other": false,
			} {
				c := samForDana()
				c.Action, c.Capacity = action, authority.ForOther
				if v := k.Judge(digest, c); v.Allow != want {
					t.Errorf("%s: %+v", action, v)
				}
				if e, err := k.Why(digest, c, authority.Overseer); err != nil || e.Allow != want || (len(e.Errors) > 0) != (action == "other") {
					t.Errorf("why %s: %+v, %v", action, e, err)
				}
			}
		})
	}
}
