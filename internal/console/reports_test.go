package console

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/steadhq/stead/internal/authority"
)

// files makes reports that say only what was wished for.
type files struct {
	wished []authority.ReportWish
	slow   bool
}

func (f *files) Making(_ context.Context, _ authority.By, w authority.ReportWish, key string, wait time.Duration, take bool) (authority.ReportMaking, error) {
	f.wished = append(f.wished, w)
	m := authority.ReportMaking{Began: noon.Add(-4 * time.Second), Events: 412000, Share: 0.4, Ready: !f.slow}
	if m.Ready && take {
		m.Name, m.Type, m.File = "stead-"+w.Kind+"."+w.Form, "text/plain", []byte(w.Kind)
	}
	return m, nil
}

// A report that takes its time is a page that says how far it is, and comes again; then it is there to be taken.
func TestReportsThatTakeTheirTime(t *testing.T) {
	c := auditor(nil).console()
	f := &files{slow: true}
	c.Reports = f
	form := url.Values{"report": {"acting-by-app"}, "from": {"2026-11-01"}, "to": {"2026-11-02"}, "form": {"csv"}, "else": {"x"}}
	res, _ := answer(serve(t, c), browse("POST", "/reports", form))
	to := res.Header.Get("Location")
	if res.StatusCode != http.StatusSeeOther || !strings.HasPrefix(to, "/reports/making?") || strings.Contains(to, "else") {
		t.Fatalf("%d to %s", res.StatusCode, to)
	}
	res, body := answer(serve(t, c), browse("GET", to, nil))
	for _, want := range []string{"The report is being made", "40 %", "412,000 events read", "about 6 s left", `value="40"`, `aria-current="page">Reports`} {
		if res.StatusCode != 200 || res.Header.Get("Refresh") != "1" || !strings.Contains(body, want) {
			t.Errorf("%d, again after %q, lacks %q", res.StatusCode, res.Header.Get("Refresh"), want)
		}
	}
	f.slow = false
	res, body = answer(serve(t, c), browse("GET", to, nil))
	if res.Header.Get("Refresh") != "" || !strings.Contains(body, "The report is ready") || !strings.Contains(body, `name="form" value="csv"`) {
		t.Errorf("ready: again after %q", res.Header.Get("Refresh"))
	}
	if last := f.wished[len(f.wished)-1]; last.Form != "csv" || last.To.Sub(last.From) != 48*time.Hour {
		t.Errorf("wished for %+v", last)
	}
}

func (f *files) Preview(_ context.Context, _ authority.By, w authority.ReportWish) (rows, events int, err error) {
	f.wished = append(f.wished, w)
	return 1, 12, nil
}

// An auditor has every report, about anybody; everybody else the one about himself, whatever he writes into the address.
func TestReports(t *testing.T) {
	for name, c := range map[string]struct {
		house  *verbs
		target string
		status int
		has    []string
		hasNot string
		wish   func(authority.ReportWish) bool
	}{
		"all of them": {auditor(nil), "/reports", 200, []string{"Acting, by who acted", "My data was viewed"}, "Download", nil},
		"his own":     {house().is(sam), "/reports", 200, []string{"My data was viewed"}, "Acting, by who acted", nil},
		"a period": {auditor(nil), "/reports?report=acting-by-app&from=2026-11-01&to=2026-11-02", 200,
			[]string{"<strong>1 session</strong>", "<strong>12 events</strong>", `name="from" value="2026-11-01"`, `value="2026-11-02"`, "Download HTML"}, "",
			func(w authority.ReportWish) bool {
				return w.To.Sub(w.From) == 48*time.Hour && w.Names == authority.ByName
			}},
		"30 days": {auditor(nil), "/reports?report=acting-by-app&app=orders", 200, []string{`value="orders" selected`}, "",
			func(w authority.ReportWish) bool { return w.To.Equal(noon) && w.App == "orders" }},
		"about himself": {house().is(sam), "/reports?report=my-data&person=prn_dana", 200, nil, "About whom",
			func(w authority.ReportWish) bool { return w.Person == sam && w.Names == authority.ByRole }},
		"no such report": {auditor(nil), "/reports?report=everything", 404, []string{"There is no report &#34;everything&#34;, or it is not for you"}, "Download", nil},
		"not for him":    {house().is(sam), "/reports?report=acting-by-app", 404, []string{"or it is not for you"}, "Download", nil},
		"no such day":    {auditor(nil), "/reports?report=acting-by-app&from=soon", 400, []string{"is no day"}, "Download", nil},
	} {
		t.Run(name, func(t *testing.T) {
			k, made := c.house.console(), &files{}
			k.Reports = made
			res, body := answer(serve(t, k), browse("GET", c.target, nil))
			if res.StatusCode != c.status {
				t.Fatalf("status %d, want %d\n%s", res.StatusCode, c.status, body)
			}
			for _, part := range c.has {
				if !strings.Contains(body, part) {
					t.Errorf("the page lacks %q\n%s", part, body)
				}
			}
			if c.hasNot != "" && strings.Contains(body, c.hasNot) {
				t.Errorf("the page holds %q", c.hasNot)
			}
			if c.wish != nil && (len(made.wished) != 1 || !c.wish(made.wished[0])) {
				t.Errorf("wished for %+v", made.wished)
			}
		})
	}
	k, made := auditor(nil).console(), &files{}
	k.Reports = made
	res, body := answer(serve(t, k), browse("POST", "/reports", url.Values{"report": {"acting-by-person"}, "form": {"csv"}, "from": {"2026-11-01"}, "to": {"2026-11-02"}}))
	if res.StatusCode != http.StatusOK || body != "acting-by-person" || res.Header.Get("Content-Disposition") != "attachment; filename=stead-acting-by-person.csv" ||
		len(made.wished) != 1 || made.wished[0].Form != "csv" {
		t.Errorf("%d %q %v %+v", res.StatusCode, body, res.Header, made.wished)
	}
}
