package tour

import (
	"testing"
	"time"

	"github.com/steadhq/stead/e2e/stage"
)

// The first minute of a newcomer, from the program that has been built to the verified trail: it must take less, a
// browser's start and the typing of a program included.
func TestFirstMinute(t *testing.T) {
	if _, err := program(); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	h, b := dev(t), stage.Chromium(t, "")
	sam := comes(t, b, h)
	t.Logf("Sam was at home after %v", time.Since(began).Round(time.Millisecond))
	sam.acts(h)
	t.Logf("he was in the shop as Dana after %v", time.Since(began).Round(time.Millisecond))
	sam.follows("Orders")
	sam.follows("7")
	sam.follows("Change delivery")
	sam.types("note", "leave it at the door")
	sam.wants(sam.presses("Save"), 403, "Save")
	sam.presses("End session")
	omar := as(t, b, h, "Omar", "staff", "omar")
	omar.gets(h.Console + "/audit?q=kind:request.")
	omar.reads("Sam Okafor → Dana Reyes", "/orders/7", "refused", "Verified up to event")
	took := time.Since(began)
	t.Logf("the verified trail was read after %v", took.Round(time.Millisecond))
	if took > time.Minute {
		t.Error("the first minute takes longer than one")
	}
}
