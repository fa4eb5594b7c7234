package tour

import (
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"github.com/steadhq/stead/e2e/stage"
)

// walk is the tour in short: act, be refused, end.
func walk(t *testing.T, sam *window, h *house) {
	t.Helper()
	sam.acts(h)
	sam.follows("Orders")
	sam.follows("7")
	sam.follows("Change delivery")
	sam.types("note", "leave it at the door")
	sam.wants(sam.presses("Save"), 403, "Save")
	sam.reads("Not allowed", "rule order-change", "End session")
	sam.follows("Why")
	sam.reads("Why was this refused?")
	sam.follows("Home")
	sam.follows("Look at it")
	sam.follows("Go to Acme Orders")
	sam.follows("End session")
	sam.isAt(h.Gateway + "/")
	sam.reads("Sam has no customer account here")
	sam.follows("Act for a customer")
	sam.isAt(h.Console + "/act?app=orders")
	sam.follows("Disarm")
	sam.reads("You are yourself, and act for nobody.")
}

// Everything is reached by Tab, Enter, Space and arrows, and what has the focus is seen (WCAG 2.1.1, 2.4.7, 2.4.11).
func TestKeyboard(t *testing.T) {
	h, b := dev(t), stage.Chromium(t, "")
	sam := comes(t, b, h)
	sam.keys = true
	walk(t, sam, h)
}

// Nothing of Stead's needs script: its pages, the bar and the end work where none runs.
func TestWithoutScript(t *testing.T) {
	h, b := dev(t), stage.Chromium(t, "")
	sam := newWindow(t, b, "Sam")
	if _, err := chromedp.Call(sam.ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}); err != nil {
		t.Fatal(err)
	}
	sam.gets("data:text/html,<!doctype html><title>off</title><script>document.title='on'</script>")
	if title := tell[string](sam, "document.title"); title != "off" {
		t.Fatalf("script runs: %s", title)
	}
	sam.gets(h.Setup)
	walk(t, sam, h)
}
