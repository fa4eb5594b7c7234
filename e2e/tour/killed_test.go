package tour

import (
	"testing"
	"time"

	"github.com/steadhq/stead/e2e/indicator"
	"github.com/steadhq/stead/e2e/stage"
)

// Three people in three browsers: Sam asks, Maya agrees, Sam acts, Carla watches him and takes it back, his open page covers
// itself without his doing, and the trail tells all of it.
func TestKilled(t *testing.T) {
	h := dev(t)
	sam := comes(t, stage.Chromium(t, ""), h)
	sam.arms()
	sam.chooses("edit")
	sam.reads("Waiting for a yes")
	maya := as(t, stage.Chromium(t, ""), h, "Maya", "staff", "maya")
	maya.follows("Requests")
	maya.follows("Sam Okafor → Dana Reyes…")
	maya.follows("Approve")
	sam.gets(h.Console + "/requests")
	sam.follows("Sam Okafor → Dana Reyes…")
	sam.follows("Start")
	sam.isActing(h, "/")
	sam.follows("Orders")

	carla := as(t, stage.Chromium(t, ""), h, "Carla", "staff", "carla")
	carla.gets(h.Console + "/mandates?all=1")
	carla.follows("Sam Okafor → Dana Reyes…")
	carla.becomes(`document.documentElement.dataset.watching === "yes"`)
	carla.reads("Can edit", "/orders")
	carla.types("reason", "not this customer")
	carla.types("typed", "sam")
	began := time.Now()
	carla.follows("Revoke now")
	for {
		if bar, err := indicator.See(sam.ctx); err == nil && bar.Cover != "" {
			break
		}
		if time.Since(began) > patience { // it asks every three seconds, and nobody touches it
			t.Fatal("his page does not cover itself")
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Logf("his page covered itself %v after it was taken back", time.Since(began).Round(time.Millisecond))
	carla.gets(h.Console + "/audit?q=kind:mandate.")
	carla.reads("asked to act", "approved", "started acting", "revoked the mandate", "not this customer")
}
