package tour

import (
	"context"
	"crypto/rand"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/e2e/stage"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/cedar"
	"github.com/steadhq/stead/internal/directory"
	built "github.com/steadhq/stead/internal/house"
	"github.com/steadhq/stead/internal/house/housetest"
)

// A fortnight in which sixty people act for Dana, each seven hundred pages.
const (
	deputies  = 60
	pages     = 42_000
	fortnight = 14 * 24 * time.Hour
)

// A report over a long record takes its time: Carla is told how far it is, and takes it when it is ready.
func TestReportUnderWay(t *testing.T) {
	dir := t.TempDir()
	h := dev(t, "--data", dir)
	h.end()
	fill(t, h, dir)
	h, b := dev(t, "--data", dir), stage.Chromium(t, "")
	carla := as(t, b, h, "Carla", "staff", "carla")
	carla.watch()
	carla.gets(h.Console + "/reports?report=acting-by-person")
	carla.reads("Download HTML")
	idle := h.busy()
	defer idle()
	carla.follows("Download HTML")
	if !strings.Contains(carla.at(), "/reports/making?") {
		t.Fatalf("the report was ready at once: Carla is at %s", carla.at())
	}
	carla.becomes(`document.readyState === "complete" && !!document.querySelector("progress")?.value && document.body.innerText.includes(" left")`)
	carla.looks("reports-making")
	carla.reads("The report is being made", "events read", "This page looks again every second", "nothing is on record until it is handed out")
	idle()
	carla.opens(carla.at())
	carla.becomes(`document.readyState === "complete" && document.body.innerText.includes("The report is ready")`)
	carla.looks("reports-ready")
	carla.reads(fmt.Sprintf("From %d,%03d events of the record", pages/1000, pages%1000))
	file := tell[string](carla, `fetch("/reports", {method: "POST", body: new URLSearchParams({...Object.fromEntries(new FormData(document.querySelector("form.ready")))})}).then(a => a.text())`)
	if !strings.HasPrefix(file, "<!doctype html>") || strings.Count(file, "700") < deputies {
		t.Errorf("the report holds %.300q", file)
	}
	carla.gets(h.Console + "/audit?q=kind:report.")
	carla.reads("Row 1 of 1")
}

// fill writes a fortnight into the record of a house that has ended.
func fill(t *testing.T, h *house, dir string) {
	t.Helper()
	m, err := built.Unlock(t.Context(), filepath.Join(dir, "master.key"), built.Cabinet(filepath.Join(dir, "secrets")))
	if err != nil {
		t.Fatal(err)
	}
	in, err := built.Open(t.Context(), built.Options{Dir: filepath.Join(dir, "store"), Mirror: filepath.Join(dir, "head"), Settings: housetest.Settings(), Files: cedar.Default(),
		Wall: time.Now, Boot: built.Boot(), Movable: true, Rand: rand.Reader, Master: m.Master, LogKey: m.LogKey, Origin: "stead-dev/log", CodeKey: m.CodeKey, Cost: directory.Standard,
		Alarm: func(s string) { t.Error(s) }})
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	for n := 0; n < pages; {
		var some []stead.Change
		for ; len(some) < 1000 && n < pages; n++ {
			some = append(some, stead.Change{Event: stead.Event{ID: stead.EventID(in.NewID("evt_")), Kind: "request.allowed", At: began.Add(fortnight / pages * time.Duration(n)),
				Mandate: stead.MandateID(fmt.Sprintf("man_%026x", n%deputies)), Outcome: stead.OK, App: "orders", What: stead.Fields{"action": "read", "page": fmt.Sprint("/orders/", n)}}})
		}
		if _, err := in.Store.Append(t.Context(), authority.Entry{Changes: some}); err != nil {
			t.Fatal(err)
		}
	}
	if err := in.Close(context.WithoutCancel(t.Context())); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d events were written in %v", pages, time.Since(began).Round(time.Millisecond))
}

// busy lets the house run one part in twenty of the time, as on a machine that has much else to do, until idle is called.
func (h *house) busy() (idle func()) {
	over, gone := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(gone)
		for {
			_ = h.process.Signal(syscall.SIGSTOP)
			time.Sleep(76 * time.Millisecond)
			_ = h.process.Signal(syscall.SIGCONT)
			select {
			case <-over:
				return
			case <-time.After(4 * time.Millisecond):
			}
		}
	}()
	return sync.OnceFunc(func() {
		close(over)
		<-gone
	})
}
