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
	sam.isCovered()
	t.Logf("his page covered itself %v after it was taken back", time.Since(began).Round(time.Millisecond))
	carla.gets(h.Console + "/audit?q=kind:mandate.")
	carla.reads("asked to act", "approved", "started acting", "revoked the mandate", "not this customer")
}

// isCovered waits until the page covers itself: it asks every three seconds, and nobody touches it.
func (w *window) isCovered() {
	w.t.Helper()
	for began := time.Now(); ; time.Sleep(20 * time.Millisecond) {
		if bar, err := indicator.See(w.ctx); err == nil && bar.Cover != "" {
			return
		}
		if time.Since(began) > patience {
			w.t.Fatal("the page does not cover itself")
		}
	}
}

// Who acts in one browser finds it in another, and ends it from there: the page that is open in the first covers itself, and
// says so before it lets him go on.
func TestEndedFromElsewhere(t *testing.T) {
	h := dev(t)
	here := comes(t, stage.Chromium(t, ""), h)
	here.acts(h)
	there := as(t, stage.Chromium(t, ""), h, "Sam", "staff", "sam")
	there.watch()
	there.gets(h.Console + "/")
	there.reads("Here you are yourself. You act in another session of yours")
	there.looks("home-elsewhere")
	there.follows("Sam Okafor → Dana Reyes…")
	there.reads("It ends at once, in whichever session of yours it runs.")
	there.looks("mandate-own")
	there.follows("End acting")
	there.reads("You are yourself again", "1 start", "1 end")
	here.isCovered()
	here.gets(h.Console + "/")
	here.reads("Acting has ended: Sam Okafor → Dana Reyes", "I have seen it")
}
