package house

import (
	"context"

	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/report"
)

// reports hands out reports: who may have one is asked first, and that it was made is on record before anybody has it.
type reports struct {
	a    *authority.Authority
	desk *report.Desk
	m    *makings
}

func (r reports) Report(ctx context.Context, by authority.By, w authority.ReportWish) (name, kind string, file []byte, err error) {
	if err := r.a.MayReport(by, w); err != nil {
		return "", "", nil, r.a.Report(ctx, by, authority.ReportMade{ReportWish: w}) // the refusal is on record too
	}
	f, err := r.desk.Make(ctx, by.Principal, w, func(int, float64) {})
	if err == nil {
		err = r.a.Report(ctx, by, f.Made)
	}
	return f.Name, f.Type, f.Bytes, err
}

func (r reports) Preview(ctx context.Context, by authority.By, w authority.ReportWish) (rows, events int, err error) {
	if err := r.a.MayReport(by, w); err != nil {
		return 0, 0, err
	}
	m, err := r.desk.Preview(ctx, by.Principal, w)
	return m.Rows, m.Events, err
}
