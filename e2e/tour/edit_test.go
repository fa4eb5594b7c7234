package tour

import (
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/steadhq/stead/e2e/stage"
)

// Editing asks for another person's yes to exactly this; the shop's own history then names both.
func TestEditing(t *testing.T) {
	h, b := dev(t), stage.Chromium(t, "")
	sam := comes(t, b, h)
	sam.watch()
	sam.arms()
	sam.chooses("edit")
	sam.reads("Waiting for a yes", "Somebody has to agree first.", "Can edit", "staff/team-lead")
	sam.looks("act-waiting")
	sam.gets(h.Console + "/requests")
	sam.looks("requests-mine")

	maya := as(t, b, h, "Maya", "staff", "maya")
	maya.watch()
	maya.reads("Waits for you", "Sam Okafor → Dana Reyes", "wrong total")
	maya.follows("Requests")
	maya.looks("requests")
	maya.follows("Sam Okafor → Dana Reyes…")
	maya.reads("Sam Okafor (staff/sam)", "Dana Reyes (customers/dana)", "Acme Orders", "Can edit", "wrong total", "SUP-4711", "10 min", "support-edits-customers")
	maya.looks("request")
	maya.do(chromedp.Click(".says summary"))
	maya.types("text", "Which order is it?")
	maya.follows("Say it")
	maya.reads("What was said", "Which order is it?", "waits")
	maya.looks("request-commented")
	maya.types("comment", "I know of it")
	maya.follows("Approve")
	maya.looks("request-approved")

	sam.gets(h.Console + "/requests")
	sam.follows("Sam Okafor → Dana Reyes…")
	sam.reads("Ready to start", "Maya Chen", "I know of it")
	sam.follows("Until when, who steps in, and what was said")
	sam.reads("Which order is it?", "agreed", "Maya Chen")
	sam.looks("request-mine")
	sam.gets(h.Console + "/requests")
	sam.follows("Sam Okafor → Dana Reyes…")
	sam.follows("Start")
	sam.showsBar("Dana Reyes", "Sam Okafor", "CAN EDIT", "End session")
	sam.gets(h.Gateway + "/orders/7/edit")
	sam.looks("shop-edit-mode")
	sam.types("note", "leave it at the door")
	sam.follows("Save")
	sam.isActing(h, "/orders/7")
	sam.reads("leave it at the door", "Sam for Dana changed the note")
	sam.looks("shop-history")
	sam.gets(h.Gateway + "/profile")
	sam.looks("shop-profile")
	sam.types("password", "a much longer one")
	sam.wants(sam.presses("Change password"), 403, "the password")
	sam.showsBar("Not allowed", "changes the password", "CAN EDIT")
	for _, page := range []string{"orders", "orders/7", "track", "invoices", "messages", "messages/1"} {
		sam.gets(h.Gateway + "/" + page)
		sam.showsBar("CAN EDIT")
		sam.looks("shop-" + page)
	}
	sam.presses("End session") // back to where he was, which the shop shows to customers only
	sam.readsNot("Dana Reyes", "End session")

	omar := as(t, b, h, "Omar", "staff", "omar")
	omar.gets(h.Console + "/audit?text=" + "/orders/7")
	omar.reads("Sam Okafor → Dana Reyes", "/orders/7")
	root := as(t, b, h, "Root", "staff", "root")
	root.watch()
	root.follows("People")
	root.reads("Dana Reyes", "Dana Whitfield")
	root.looks("people")
}

// An invoice forbids everything that it does not name: the bar is there all the same, and its way out leads.
func TestStrictPage(t *testing.T) {
	h, b := dev(t), stage.Chromium(t, "")
	sam := comes(t, b, h)
	sam.acts(h)
	sam.follows("Invoices")
	number := tell[string](sam, `document.querySelector("tbody a").textContent`)
	sam.follows(number)
	sam.watch()
	sam.showsBar("Dana Reyes", "Sam Okafor", "End session")
	sam.looks("shop-invoice")
	sam.presses("End session")
	sam.readsNot("€")
	if sam.at() == h.Gateway+"/.stead/end" {
		sam.looks("stead-end")
		sam.presses("End acting now")
	}
	sam.readsNot("Dana Reyes")
	sam.gets(h.Console + "/")
	sam.reads("You are yourself, and act for nobody.")
}
