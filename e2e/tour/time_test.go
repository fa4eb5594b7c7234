package tour

import (
	"testing"
	"time"

	"github.com/steadhq/stead/e2e/stage"
)

// The time runs out while the page is open: nothing that is pressed then goes anywhere, until the end was seen (R16).
func TestTimeRunsOut(t *testing.T) {
	h, b := dev(t), stage.Chromium(t, "")
	sam := comes(t, b, h)
	sam.acts(h)
	sam.gets(h.Gateway + "/orders/7/edit")
	h.advance(t, 9*time.Minute+30*time.Second)
	sam.gets(h.Gateway + "/orders/7/edit")
	sam.watch()
	sam.showsBar("Dana Reyes", "Ends in 0:", "End session")
	sam.looks("shop-last-minute")
	sam.types("note", "too late")
	h.advance(t, time.Minute)
	sam.wants(sam.presses("Save"), 403, "Save after the end")
	sam.reads("See what has ended")
	sam.looks("shop-over")
	sam.wants(sam.opens(h.Gateway+"/orders"), 403, "another page")
	sam.readsNot("€", "Floor lamp")

	sam.gets(h.Console + "/")
	sam.reads("Acting has ended: Sam Okafor → Dana Reyes")
	sam.looks("home-unseen")
	sam.opens(h.Gateway + "/orders")
	sam.follows("See what has ended")
	sam.isAt(h.Gateway + "/.stead/end")
	sam.reads("Acting has ended", "Once you have seen this")
	sam.looks("stead-end-unseen")
	sam.follows("I have seen it")
	sam.reads("Welcome to Acme", "Sam has no customer account here")

	sam.gets(h.Console + "/mandates")
	sam.gets(h.Console + "/")
	sam.reads("You are yourself, and act for nobody.")
}

// Ended from the console, the story of it is told at once.
func TestEndPage(t *testing.T) {
	h, b := dev(t), stage.Chromium(t, "")
	sam := comes(t, b, h)
	sam.acts(h)
	sam.gets(h.Gateway + "/orders/7")
	sam.gets(h.Gateway + "/.stead/status")
	sam.watch()
	sam.looks("stead-status")
	sam.gets(h.Gateway + "/.stead/end")
	sam.looks("stead-end")
	sam.gets(h.Gateway + "/.stead/out")
	sam.looks("stead-out")
	sam.gets(h.Console + "/acting")
	again := sam.at()
	sam.follows("End acting")
	sam.reads("You are yourself again", "Sam Okafor → Dana Reyes is over.", "1 start")
	sam.looks("end")
	sam.gets(again)
	sam.reads("Act for somebody")
	sam.gets(h.Console + "/act")
	sam.follows("Disarm")
	sam.follows("Sign out")
	sam.reads("Sign in")
	sam.looks("login")
	sam.types("name", "sam")
	sam.types("password", "wrong")
	sam.wants(sam.presses("Sign in"), 401, "a wrong password")
	sam.looks("login-wrong")
	h.signsIn(sam, "staff", "sam")
	sam.gets(h.Console + "/step-up")
	sam.looks("step-up")
	sam.wants(sam.opens(h.Setup), 409, "the link again")
	sam.looks("error-409")
}
