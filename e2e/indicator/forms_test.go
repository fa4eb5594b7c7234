package indicator

import (
	"fmt"
	"html"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/dom"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"

	"github.com/steadhq/stead"
)

// Where no script runs at all, forms of a shared host work while their page is current, as whoever it was for, and after a
// start or an end go nowhere; going back, what was typed is there (R17, GATEWAY 3).
func TestFormsWithoutScript(t *testing.T) {
	w := newWorldBy(t, strings.Replace(rules, "host:", "origin: shared\n    host:", 1))
	code, err := w.house.Hand(t.Context(), w.by, w.addr)
	if err != nil {
		t.Fatal(err)
	}
	w.origin = "http://" + w.addr
	w.scriptless()
	w.opens("/.stead/in?" + url.Values{"code": {code}, "next": {"/form"}}.Encode())
	w.types("mine")
	w.reads(`sam sent "note=mine&do=Save"`)

	first := w.tab()
	first.scriptless()
	first.opens("/form")
	w.act(stead.Edit)
	first.types("for myself")
	first.reads("nothing you typed is lost")
	first.do(chromedp.NavigateBack())
	if got := tell[string](first, `document.querySelector("input[name=note]").value`); got != "for myself" {
		t.Errorf("%q is left of what was typed", got)
	}

	w.opens("/form")
	w.sees("the bar without script", func(b *Bar) bool { return !b.Drawn && b.OnTop })
	w.types("hers")
	w.reads(`dana sent "note=hers&do=Save"`)
	second := w.tab()
	second.scriptless()
	second.opens("/form")
	w.endsIt()
	w.reads("Orders")
	second.types("still hers")
	second.reads("nothing you typed is lost")
	w.opens("/form")
	w.types("again")
	w.reads(`sam sent "note=again&do=Save"`)
}

// form is a page with a form, which says who sent what.
func form(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	sent := ""
	if r.Method == http.MethodPost {
		raw, _ := io.ReadAll(r.Body)
		_, name, _ := strings.Cut(r.Header.Get("X-Stead-Subject"), "/")
		sent = fmt.Sprintf("%s sent %q", name, raw)
	}
	_, _ = fmt.Fprintf(w, `<!doctype html><title>Form</title><form method=post action=/form style="padding:4rem"><p><input name=note><p><button name=do value=Save>Save</button></form><p>%s`, html.EscapeString(sent))
}

// scriptless switches scripts off in a window.
func (w *world) scriptless() {
	w.t.Helper()
	if _, err := chromedp.Call(w.ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}); err != nil {
		w.t.Fatal(err)
	}
}

// types writes into the field of the page and presses its button, as a person does.
func (w *world) types(text string) {
	w.t.Helper()
	w.clicksOn("input", "note")
	if _, err := chromedp.Call(w.ctx, input.InsertText, input.InsertTextParams{Text: text}); err != nil {
		w.t.Fatal(err)
	}
	w.clicksOn("button", "do")
}

// clicksOn clicks on what has a name.
func (w *world) clicksOn(element, name string) {
	w.t.Helper()
	var at dom.Quad
	w.until(name, func(string) bool {
		root, err := whole(w.ctx)
		if err == nil {
			at, err = quad(w.ctx, find(root, func(n *cdp.Node) bool { return n.LocalName == element && named(n, "name", name) }))
		}
		return err == nil
	})
	w.do(chromedp.MouseClickXY((at[0]+at[4])/2, (at[1]+at[5])/2))
}

// reads waits until the page says so.
func (w *world) reads(text string) {
	w.t.Helper()
	w.until(text, func(string) bool {
		root, err := whole(w.ctx)
		return err == nil && strings.Contains(words(root), text)
	})
}
