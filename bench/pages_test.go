package bench

import (
	"cmp"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/steadhq/stead/internal/house"
	"github.com/steadhq/stead/internal/store/pgtest"
)

// BenchmarkPages gets every kind of page that a person sees, and what the API answers, over HTTP from a house with a million
// events: each some times, the whole answer read. It prints a table, the slowest first. Run it with -benchtime 1x.
func BenchmarkPages(b *testing.B) {
	b.Run("sqlite", func(b *testing.B) { newTown(b).visit(b) })
	b.Run("postgres", func(b *testing.B) {
		server := pgtest.Start(b)
		dsn := server.Create(b) + "&idle_in_transaction_session_timeout=60000&lock_timeout=60000" // a busy machine may take its time
		t := newTown(b, func(o *house.Options) { o.DSN = dsn })
		t.server = server
		t.visit(b)
	})
}

// used is the processor time of the house, and of the database for it.
func (t *town) used(b *testing.B) time.Duration {
	b.Helper()
	if t.server == nil {
		return processor()
	}
	id, err := os.ReadFile(filepath.Join(t.server.Dir, "postmaster.pid"))
	if err != nil {
		b.Fatal(err)
	}
	first, _, _ := strings.Cut(string(id), "\n")
	children, err := os.ReadFile(fmt.Sprintf("/proc/%[1]s/task/%[1]s/children", first))
	if err != nil {
		b.Fatal(err)
	}
	var p proxy
	for _, pid := range strings.Fields(string(children)) {
		if what, err := os.ReadFile("/proc/" + pid + "/cmdline"); err == nil && strings.Contains(string(what), "127.0.0.1(") {
			p.pids = append(p.pids, pid)
		}
	}
	return processor() + p.cpu(b)
}

const eachPage = 20

// A timed is how long one page took, in ms, in order.
type timed struct {
	name  string
	took  []float64
	cpu   float64
	bytes int
}

func (t *timed) at(part float64) float64 { return t.took[int(part*float64(len(t.took)-1)+0.5)] }

func (t *town) visit(b *testing.B) {
	b.Helper()
	var all []timed
	cookies := map[string]string{}
	for _, who := range []string{boss, "staff/deputy13", "customers/c0"} {
		cookies[who] = t.cookie + "=" + t.strong(b, who, strings.TrimPrefix(t.origin, "http://")).Secret
	}
	for _, p := range t.pages() {
		who := cmp.Or(p.who, boss)
		one := timed{name: p.name}
		began := t.used(b)
		for range eachPage {
			took, n := t.get(b, p.path, cookies[who])
			one.took, one.bytes = append(one.took, took), n
		}
		one.cpu = (t.used(b) - began).Seconds() * 1000 / eachPage
		slices.Sort(one.took)
		all = append(all, one)
	}
	slices.SortFunc(all, func(x, y timed) int { return cmp.Compare(y.at(1), x.at(1)) })
	w := tabwriter.NewWriter(os.Stdout, 0, 4, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "\npage\tbest\tp50\tp95\tmax ms\tcpu ms\tKiB\t")
	for i := range all {
		fmt.Fprintf(w, "%s\t%.1f\t%.1f\t%.1f\t%.1f\t%.1f\t%d\t\n", all[i].name, all[i].at(0), all[i].at(0.5), all[i].at(0.95), all[i].at(1), all[i].cpu, all[i].bytes>>10)
	}
	w.Flush()
	t.reports(b, cookies[boss])
	b.ReportMetric(all[0].at(1), "worst-ms")
}

// reports tells how long it takes to make reports, which nobody gets by opening a page.
func (t *town) reports(b *testing.B, cookie string) {
	b.Helper()
	for _, days := range []int{1, 7, 60} {
		form := url.Values{"report": {"acting-by-person"}, "form": {"csv"}, "from": {t.day(20)}, "to": {t.day(19 + days)}}
		began := time.Now()
		resp, body := t.ask(b, http.MethodPost, "/reports", cookie, form)
		for resp.StatusCode == http.StatusSeeOther { // it takes more than two seconds
			for page := resp.Header.Get("Location"); ; time.Sleep(100 * time.Millisecond) {
				if made, _ := t.ask(b, http.MethodGet, page, cookie, nil); made.Header.Get("Refresh") == "" {
					break
				}
			}
			resp, body = t.ask(b, http.MethodPost, "/reports", cookie, form)
		}
		if resp.StatusCode != http.StatusOK {
			b.Fatalf("%d\n%.2000s", resp.StatusCode, body)
		}
		fmt.Printf("report of %d days: %d ms, %d KiB\n", days, time.Since(began).Milliseconds(), len(body)>>10)
	}
}

// get reads one answer to its end.
func (t *town) get(b *testing.B, path, cookie string) (ms float64, n int) {
	b.Helper()
	began := time.Now()
	resp, body := t.ask(b, http.MethodGet, path, cookie, nil)
	ms = time.Since(began).Seconds() * 1000
	if resp.StatusCode != http.StatusOK {
		b.Fatalf("%s: %d\n%.2000s", path, resp.StatusCode, body)
	}
	return ms, len(body)
}

func (t *town) ask(b *testing.B, method, path, cookie string, form url.Values) (*http.Response, []byte) {
	b.Helper()
	r, err := http.NewRequestWithContext(b.Context(), method, t.origin+path, strings.NewReader(form.Encode()))
	if err != nil {
		b.Fatal(err)
	}
	r.Header = http.Header{"User-Agent": {agent}, "Cookie": {cookie}, "Origin": {t.origin}, "Accept": {"text/html"}}
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if strings.HasPrefix(path, "/v1/") {
		r.Header.Set("Accept", "application/json")
	}
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		b.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		b.Fatal(err)
	}
	return resp, body
}

type pageOf struct{ name, path, who string }

// pages are those there are, and the questions of the explorer.
func (t *town) pages() []pageOf {
	all := []pageOf{
		{"home", "/", ""}, {"home of a customer", "/", "customers/c0"}, {"act", "/act", "staff/deputy13"},
		{"candidates", "/act?find=customer", "staff/deputy13"},
		{"requests", "/requests", ""}, {"mandates", "/mandates?all=1", ""}, {"mandates of one's own", "/mandates", "staff/deputy13"},
		{"story of a mandate", "/mandates/" + string(t.mandate(1).Event.Mandate), ""},
		{"event", fmt.Sprintf("/audit/%d", rows()/2), ""}, {"event, the bytes", fmt.Sprintf("/audit/%d/event", rows()/2), ""},
		{"event, the proof", fmt.Sprintf("/audit/%d/proof", rows()/2), ""},
		{"why", "/why/" + string(t.decision), ""},
		{"people", "/people", ""}, {"people by name", "/people?name=customer+35", ""}, {"people of a group", "/people?group=town7", ""},
		{"person who acts", "/people/" + string(t.actors[13].ID), ""}, {"person who is served", "/people/" + string(t.served[13].ID), ""},
		{"groups", "/groups", ""}, {"my account", "/me", ""}, {"my account, a deputy", "/me", "staff/deputy13"}, {"my account, a customer", "/me", "customers/c0"},
		{"health", "/health", ""}, {"settings", "/settings", ""}, {"policies", "/policies", ""}, {"policies, history", "/policies/history", ""},
		{"policies, try", "/policies/try", ""}, {"reports", "/reports", ""},
		{"report of 3 days, before it is made", "/reports?report=acting-by-person&from=" + t.day(30) + "&to=" + t.day(33), ""},
		{"report of 60 days, before it is made", "/reports?report=acting-by-person&from=" + t.day(10) + "&to=" + t.day(70), ""},
		{"export of a person, before it is made", "/audit/export?q=" + url.QueryEscape("actor:"+string(t.actors[13].ID)), ""},
		{"export of everything, before it is made", "/audit/export", ""},
	}
	all = append(all, t.laws()...)
	for _, q := range t.questions() {
		all = append(all, pageOf{"trail: " + q.name, "/audit?" + q.path, ""})
		if strings.HasPrefix(q.path, "q=") && !strings.Contains(q.path, "&") {
			all = append(all, pageOf{"/v1/events: " + q.name, "/v1/events?limit=50&" + q.path, ""})
		}
	}
	for _, path := range []string{"/v1/whoami", "/v1/mandates?all=true", "/v1/mandates", "/v1/groups", "/v1/people", "/v1/sessions", "/v1/apps", "/v1/policy", "/v1/reports",
		"/v1/audit/checkpoint", fmt.Sprintf("/v1/audit/proof?index=%d", rows()/3), "/v1/decisions/" + string(t.decision), "/v1/events?limit=1000",
		"/v1/people/" + string(t.actors[13].ID), "/v1/events?limit=50&text=zq"} {
		all = append(all, pageOf{path, path, ""})
	}
	return append(all, pageOf{"/v1/events of a customer", "/v1/events?limit=50", "customers/c0"}, pageOf{"/v1/events of a deputy", "/v1/events?limit=50", "staff/deputy13"},
		pageOf{"/v1/events of a deputy, a text", "/v1/events?limit=50&text=nowhere+at+all", "staff/deputy13"})
}

func (t *town) day(n int) string {
	return t.began.AddDate(0, 0, n*rows()/1_000_000).Format(time.DateOnly)
}

// questions are what is asked of the explorer.
func (t *town) questions() []pageOf {
	q := func(name, filter string) pageOf { return pageOf{name, "q=" + url.QueryEscape(filter), ""} }
	deputy, customer := string(t.actors[13].ID), string(t.served[13].ID)
	return []pageOf{
		q("everything", ""), {"a deep page", fmt.Sprintf("before=%d", rows()/9), ""}, {"the first page of all", "before=40", ""},
		{"250 rows", "size=250", ""},
		{"a deep page of one actor", fmt.Sprintf("q=actor:%s&before=%d", deputy, rows()/9), ""},
		q("one of 97 actors", "actor:"+deputy), q("subject", "subject:"+customer), q("person", "person:"+deputy), q("rare actor", "actor:prn_rare"),
		q("nobody", "actor:prn_nobody"), q("actor and refused", "actor:"+deputy+" outcome:refused"), q("actor and subject", "actor:"+deputy+" subject:"+customer),
		q("mandate", fmt.Sprintf("mandate:man_%026x", 17)), q("session", fmt.Sprintf("session:ses_%026x", 17)), q("decision", fmt.Sprintf("decision:dec_%026x", 4711)),
		q("refused", "outcome:refused"), q("rare outcome", "outcome:unknown"), q("kind", "kind:request."), q("rare kind", "kind:policy."), q("kind that never was", "kind:page.clicked"),
		q("two kinds", "kind:mandate. kind:session."),
		q("application", "app:orders"), q("rare application", "app:payroll"), q("a day", "from:"+t.day(40)+" to:"+t.day(40)), q("a week", "from:"+t.day(30)+" to:"+t.day(37)),
		q("a month", "from:"+t.day(30)+" to:"+t.day(60)), q("since a week", "from:168h"), q("a week of one actor", "actor:"+deputy+" from:"+t.day(30)+" to:"+t.day(37)),
		q("rare text", `"review of spring"`), q("number in text", "SUP-4999"), q("no such text", `"nowhere at all"`), q("no such text in Cyrillic", "нигде"),
		q("common text", `"acme orders"`), q("text and actor", "/orders/9 actor:"+deputy), q("no such text of an actor", "nowhere actor:"+deputy), q("text of a week", "/orders/33 from:"+t.day(30)+" to:"+t.day(37)),
		q("all at once", "actor:"+deputy+" outcome:refused app:orders kind:request.d order from:"+t.day(10)),
	}
}
