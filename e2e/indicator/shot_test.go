package indicator

import (
	"os"
	"path/filepath"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// pictures what is seen, where the folder STEAD_SHOTS is named.
func (w *world) pictures(name string) {
	w.t.Helper()
	dir := os.Getenv("STEAD_SHOTS")
	if dir == "" {
		return
	}
	raw, err := chromedp.Run(w.ctx, chromedp.CaptureScreenshot())
	if err != nil {
		w.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name+".png"), raw, 0o644); err != nil {
		w.t.Fatal(err)
	}
}

// dresses the browser in a width, a height and media features, as "prefers-color-scheme: dark".
func (w *world) dresses(width, height int64, features ...*emulation.MediaFeature) {
	w.t.Helper()
	w.do(chromedp.EmulateViewport(width, height))
	if _, err := chromedp.Call(w.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: features}); err != nil {
		w.t.Fatal(err)
	}
}
