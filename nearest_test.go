package stead

import (
	"strings"
	"testing"
)

func TestNearest(t *testing.T) {
	known := []string{"version", "server", "store", "sessions", "roles", "policies", "Person"}
	for text, want := range map[string]string{
		"sesion":                      "sessions", // as far from version
		"sevrer":                      "server",   // a swap is one slip
		"person":                      "Person",
		"ROLES":                       "roles",
		"policy":                      "policies",
		"ver":                         "version",
		"zz":                          "",
		"":                            "",
		strings.Repeat("server", 9e5): "",
	} {
		if got := Nearest(text, known); got != want {
			t.Errorf("%.20q: %q, want %q", text, got, want)
		}
	}
	if got := DidYouMean("stroe", known); got != ": did you mean store?" {
		t.Error(got)
	}
	if got := DidYouMean("xyz", nil); got != "" {
		t.Error(got)
	}
}
