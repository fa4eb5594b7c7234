package report_test

import (
	"testing"

	"github.com/steadhq/stead/internal/authority"
)

// Who waits for a report is told how far it is: never back, never beyond all of it, and with as many events as it is made from.
func TestReportTellsHowFarItIs(t *testing.T) {
	o := newOffice(t)
	o.acts(t, "staff/sam", "customers/dana")
	w := authority.ReportWish{Kind: "acting-by-person", Form: "csv", From: o.Now().AddDate(0, 0, -1), To: o.Now().AddDate(0, 0, 1)}
	if err := o.Store.Settled(t.Context(), o.Store.Head().Size); err != nil {
		t.Fatal(err)
	}
	last, read, times := -1.0, 0, 0
	f, err := o.desk.Make(t.Context(), o.People["staff/omar"].ID, w, func(events int, share float64) {
		if share < last || share > 1 || events < read {
			t.Errorf("%d events, %.2f after %d, %.2f", events, share, read, last)
		}
		last, read, times = share, events, times+1
	})
	if err != nil || times < 2 || last < 0.8 || read != f.Made.Events {
		t.Errorf("told %d times, %d of %d events, %.2f at last: %v", times, read, f.Made.Events, last, err)
	}
}
