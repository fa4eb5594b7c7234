package gateway

import (
	"net/http"
	"slices"
	"testing"
)

// What is deleted by its name is named as net/http names it, or it would stay. A1, R22
func TestNamesAreCanonical(t *testing.T) {
	for _, name := range slices.Concat(credentials, conditions, lasting) {
		h := http.Header{}
		h.Set(name, "x")
		if without(h, []string{name}); len(h) > 0 {
			t.Errorf("%q is not deleted: it is %q", name, http.CanonicalHeaderKey(name))
		}
	}
}
