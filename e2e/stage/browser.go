package stage

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto"
	"github.com/chromedp/chromedp"
)

// Chromium starts a browser with a profile of its own, which ends with the test. An agent is what it calls itself, "" as
// it does anyway.
func Chromium(t *testing.T, agent string) context.Context {
	t.Helper()
	ctx, end, err := StartChromium(agent)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(end)
	return ctx
}

// StartChromium starts one that runs until it is ended.
func StartChromium(agent string) (ctx context.Context, end func(), err error) {
	path, err := exec.LookPath("chromium")
	if err != nil {
		return nil, nil, fmt.Errorf("these tests need Debian's chromium: make deps installs it: %w", err)
	}
	profile, err := os.MkdirTemp("", "stead-chromium-")
	if err != nil {
		return nil, nil, err
	}
	flags := []chromedp.ExecAllocatorOption{chromedp.ExecPath(path), chromedp.Headless, chromedp.DisableGPU, chromedp.NoFirstRun,
		chromedp.UserDataDir(profile), chromedp.WindowSize(1280, 800)}
	for _, name := range []string{"disable-quic", "disable-background-networking", "disable-component-update", "disable-sync",
		"disable-dev-shm-usage", "hide-scrollbars"} {
		flags = append(flags, chromedp.Flag(name, true))
	}
	if agent != "" {
		flags = append(flags, chromedp.UserAgent(agent))
	}
	if os.Geteuid() == 0 {
		flags = append(flags, chromedp.NoSandbox)
	}
	ctx, stop := chromedp.NewExecAllocator(context.Background(), flags...)
	ctx, cancel := chromedp.NewContext(ctx, chromedp.WithErrorf(func(string, ...any) {}))
	end = func() {
		_ = chromedp.Cancel(ctx) // it may have ended by itself
		cancel()
		stop()
		_ = os.RemoveAll(profile) // a browser that is still ending may write there once more
	}
	if err := chromedp.Do(ctx); err != nil {
		end()
		return nil, nil, fmt.Errorf("start chromium: %w", err)
	}
	return ctx, end, nil
}

// Window opens a window with cookies and a cache of its own, which closes with the test.
func Window(t *testing.T, browser context.Context) context.Context {
	t.Helper()
	ctx, cancel := chromedp.NewContext(browser, chromedp.WithNewBrowserContext())
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil { // what is begun under a shorter patience ends with it
		t.Fatal(err)
	}
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(1280, 800)); err != nil {
		t.Fatal(err)
	}
	return ctx
}

// Tell gives what a script says, or what it promises. Where the page goes meanwhile the next one is asked.
func Tell[T any](ctx context.Context, script string) (T, error) {
	for {
		v, err := chromedp.Run(ctx, chromedp.Evaluate[T](script, chromedp.EvalAwaitPromise))
		if !Gone(err) {
			return v, err
		}
		select {
		case <-ctx.Done():
			return v, err
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// Gone tells whether an error only says that the page went while it was asked.
func Gone(err error) bool {
	var e *cdproto.Error
	if !errors.As(err, &e) {
		return false
	}
	for _, said := range []string{"Inspected target navigated or closed", "Execution context was destroyed", "Cannot find context", "Cannot find default execution context"} {
		if strings.Contains(e.Message, said) {
			return true
		}
	}
	return false
}
