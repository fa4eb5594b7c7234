package apps

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/steadhq/stead/e2e/stage"
)

const patience = 60 * time.Second // for one page, on a busy machine

// A window is one person's browser: his own cookies and cache.
type window struct {
	t   *testing.T
	ctx context.Context
}

func newWindow(t *testing.T, b context.Context) *window {
	t.Helper()
	return &window{t, stage.Window(t, b)}
}

func (w *window) do(steps ...chromedp.Action[chromedp.Void]) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		w.t.Fatalf("at %s: %v", w.at(), err)
	}
}

// loads does what loads another page, and gives the page's status.
func (w *window) loads(what string, steps ...chromedp.Action[chromedp.Void]) int64 {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.ctx, patience)
	defer cancel()
	res, err := chromedp.RunResponse(ctx, steps...)
	if err != nil || res == nil {
		w.pictures("failed")
		w.t.Fatalf("%s: %v at %s: %.600s", what, err, w.at(), w.text())
	}
	return res.Status
}

func (w *window) opens(address string) int64 {
	w.t.Helper()
	return w.loads("open "+address, chromedp.Navigate(address))
}

// presses a button or follows a link of Stead's pages to another that is there.
func (w *window) presses(name string) {
	w.t.Helper()
	at := chromedp.Search(fmt.Sprintf("//main//button[normalize-space()=%[1]q] | //a[normalize-space()=%[1]q]", name))
	if status := w.loads("press "+name, chromedp.Click(at)); status >= 400 {
		w.t.Fatalf("press %s: %d at %s: %.600s", name, status, w.at(), w.text())
	}
}

// types fills a field of Stead's pages.
func (w *window) types(name, text string) {
	w.t.Helper()
	w.do(chromedp.SendKeys(chromedp.Search(fmt.Sprintf("//main//*[@name=%q and not(@type='hidden')]", name)), text))
}

func tell[T any](w *window, script string) T {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.ctx, patience)
	defer cancel()
	v, err := stage.Tell[T](ctx, script)
	if err != nil {
		w.t.Fatalf("%.300s: %v", script, err)
	}
	return v
}

// until waits for a script to say true.
func (w *window) until(what, script string) {
	w.t.Helper()
	for end := time.Now().Add(patience); !tell[bool](w, script); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			w.t.Fatalf("%s at %s: %.1200s", what, w.at(), w.text())
		}
	}
}

func (w *window) at() string {
	ctx, cancel := context.WithTimeout(w.ctx, patience)
	defer cancel()
	at, err := chromedp.Run(ctx, chromedp.Location())
	if err != nil {
		return err.Error()
	}
	return at
}

func (w *window) text() string {
	return strings.Join(strings.Fields(tell[string](w, "document.body ? document.body.innerText : ''")), " ")
}

// pictures what is seen, where the folder STEAD_SHOTS is named.
func (w *window) pictures(name string) {
	w.t.Helper()
	dir := os.Getenv("STEAD_SHOTS")
	if dir == "" {
		return
	}
	raw, err := chromedp.Run(w.ctx, chromedp.CaptureScreenshot())
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, name+".png"), raw, 0o644)
	}
	if err != nil {
		w.t.Fatal(err)
	}
}
