package authority

import (
	"fmt"
	"strings"
	"testing"

	"github.com/steadhq/stead"
)

// The longest want that may be recorded is, alone; of many that are too much together the first are.
func TestWantsFit(t *testing.T) {
	var names []string
	for n := range 256 {
		names = append(names, fmt.Sprintf("%063d", n))
	}
	w, ok := stead.WantOf(stead.Entitlement{System: "crm", Action: stead.Action(strings.Repeat("a", 128)), Resource: strings.Repeat("<", stead.MostText), Columns: names}, names...)
	if !ok || inWants([]stead.Want{w}) == "" {
		t.Error("it is not recorded")
	}
	if text := inWants([]stead.Want{w, w, w, w}); text == "" || len(text) > mostWants {
		t.Errorf("of four: %d bytes", len(text))
	}
}
