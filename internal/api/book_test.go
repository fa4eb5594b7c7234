package api

import (
	"context"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
)

func (d *desk) Plan(context.Context, authority.By) (authority.Planned, error) {
	if d.staged.Digest == "" {
		return authority.Planned{}, stead.E(stead.Missing, stead.ReasonState, "no policy is staged")
	}
	return authority.Planned{Gain: []stead.Principal{sam}, Gains: 3, Loses: 0, Ends: []stead.Mandate{mandate(stead.Active)}}, d.note("plan")
}

func (d *desk) Configured(context.Context, authority.By) (authority.Settings, error) {
	return authority.Settings{Roles: map[authority.Role][]string{authority.Admin: {"staff/admins"}}, Session: authority.Ends{Idle: 30 * time.Minute},
		Terms: stead.Terms{Max: time.Hour, Extensions: 3}}, d.note("configured")
}

func (d *desk) TermsFor(_ context.Context, _ authority.By, who stead.PrincipalID, app stead.AppID, realm stead.RealmID) ([]authority.TermRow, error) {
	return []authority.TermRow{{Member: "max_duration", Value: "2m0s", From: "staff/support, orders"}}, d.note("terms " + string(who) + " " + string(app) + " " + string(realm))
}

func (d *desk) Counted(_ context.Context, _ authority.By, q authority.EventQuery, c authority.Counting) (authority.Counts, error) {
	d.counts = c
	n := uint64(len(d.trail))
	return authority.Counts{Total: n, Refused: 1, First: min(n, 1), Last: n, Since: noon, Until: noon, Width: time.Hour,
		Bars: []authority.Bar{{From: noon, To: noon.Add(time.Hour), N: n, Refused: 1}}, Whole: true}, nil
}

func (d *desk) Export(_ context.Context, _ authority.By, x authority.Exporting) error {
	return d.note("export " + x.Form + " " + strconv.FormatUint(x.Rows, 10) + " " + x.Query)
}

// A shelf is where reports are made. It is not the desk: Preview has another meaning there.
type shelf struct{ *desk }

func (d shelf) Preview(_ context.Context, _ authority.By, w authority.ReportWish) (rows, events int, err error) {
	if w.Kind == "gossip" {
		return 0, 0, stead.E(stead.Missing, stead.ReasonUnknown, "there is no report gossip")
	}
	return 3, 14, d.note("preview " + w.Kind + " " + string(w.Person))
}

func (d shelf) Report(_ context.Context, _ authority.By, w authority.ReportWish) (name, kind string, file []byte, err error) {
	return w.Kind + "." + w.Form, "text/" + w.Form, []byte("rows"), d.note("report " + w.Kind + " " + string(w.Person))
}

func (d shelf) Making(ctx context.Context, by authority.By, w authority.ReportWish, key string, _ time.Duration, take bool) (authority.ReportMaking, error) {
	if d.slow && strings.Contains(key, "html") {
		return authority.ReportMaking{Began: noon, Events: 412000, Share: 0.4}, nil
	}
	name, kind, file, err := d.Report(ctx, by, w)
	return authority.ReportMaking{Ready: true, Name: name, Type: kind, File: file}, err
}

func (d *desk) Size() uint64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.trail) == 0 {
		return 0
	}
	return d.trail[len(d.trail)-1].Number()
}

// A book is the log. It is not the desk: Export has another meaning there.
type book struct{ *desk }

func (b book) Check(context.Context, time.Duration) (Checked, error) {
	return Checked{Upto: 7, Head: 7, Of: 7, At: noon}, b.note("check")
}

func (b book) Export(_ context.Context, w io.Writer, e Export) error {
	b.query = e.Query
	if b.err != nil {
		return b.err
	}
	if err := e.Record(b.Size()); err != nil {
		return err
	}
	_, err := io.WriteString(w, `{"form":"stead-export/1"}`+"\n"+strings.TrimSpace(e.Text)+"\n")
	return err
}
