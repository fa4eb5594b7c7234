package console

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
)

// auditor is Omar, who reads the trail of a house.
func auditor(events []authority.StoredEvent) *verbs {
	a := house().is(omar, authority.Auditor)
	a.events = events
	return a
}

// many is a trail of signing in, the newest first.
func many(n int) []authority.StoredEvent {
	var all []authority.StoredEvent
	for i := range n {
		all = append(all, authority.StoredEvent{Index: uint64(500 - i), Event: stead.Event{Kind: "session.started", At: noon, Actor: sam}})
	}
	return all
}

func TestExplorer(t *testing.T) {
	counts := func(n authority.Counts) func(*verbs) { return func(a *verbs) { a.counts = n } }
	some := authority.Counts{Total: 1204, Newer: 50, First: 3, Last: 501, Since: noon.Add(-time.Hour), Until: noon, Whole: true}
	short := func(a *verbs) { a.short = 60 }
	late := some
	late.Whole, late.Looked = false, 90
	for name, c := range map[string]struct {
		house  *verbs
		target string
		status int
		has    []string
		hasNot []string
	}{
		"a filter": {auditor(story1()), "/audit?q=dana+refused+from%3A2026-11-01", 200, []string{`value="dana outcome:refused from:2026-11-01"`,
			`href="/audit?q=outcome%3Arefused+from%3A2026-11-01" aria-label="Without text dana"`, `aria-current="true">Refused only`,
			"Rows 1–7 of 7", `data-stream="/v1/events?outcome=refused&amp;text=dana"`, `href="/audit/export?q=dana+outcome%3Arefused+from%3A2026-11-01"`}, []string{"Newest"}},
		"a bar narrows to its span": {auditor(story1()), "/audit?q=dana", 200, []string{`href="/audit?q=dana+from%3A2026-11-22T11%3A00%3A00Z+to%3A2026-11-22T12%3A00%3A00Z" tabindex="-1" aria-label="11:00:00 UTC: 7 events, 1 refused"`,
			"The same as a table", "each bar is an hour"}, nil},
		"older": {auditor(many(60)), "/audit?actor=prn_sam", 200, []string{`rel="next" href="/audit?before=452&amp;q=actor%3Aprn_sam"`, "Sam Okafor (staff/sam)"}, []string{"rel=\"prev\""}},
		"before": {auditor(many(30)).with(counts(some)), "/audit?before=452&size=25", 200,
			[]string{"Rows 51–75 of 1,204", `rel="prev" href="/audit?before=478&amp;size=25"`, `data-stream=""`}, nil},
		"too many to count":       {auditor(many(30)).with(counts(late)), "/audit?before=452&size=25", 200, []string{"Rows 51–75 of at least 1,204"}, nil},
		"more than was looked at": {auditor(many(30)).with(counts(late)), "/audit?before=60&size=25", 200, []string{"25 rows before event 60: there are too many"}, nil},
		"a name that is none":     {auditor(nil), "/audit?q=acter:sam", 400, []string{"did you mean actor:?", `value="acter:sam"`}, nil},
		"two letters":             {auditor(nil), "/audit?q=ab", 400, []string{"at least three letters"}, []string{"into quotes"}},
		"a number":                {auditor(nil), "/audit?q=Order+7", 400, []string{"at least three letters", "into quotes: &#34;Order 7&#34;"}, nil},
		"no such kind":            {auditor(nil), "/audit?q=kind:mandat.ended", 400, []string{"did you mean mandate.ended?"}, nil},
		"a word for oneself":      {auditor(story1()), "/audit?q=person:me", 200, []string{`aria-current="true">Mine`}, nil},
		"nothing fits":            {auditor(nil), "/audit?q=zebra", 200, []string{"No event fits", `<a href="/audit">look at all of it</a>`}, []string{`rel="next"`}},
		"given up with nothing": {auditor(nil).with(short), "/audit?q=zebra", 200, []string{"No event fits down to event 60. There was not time",
			`rel="next" href="/audit?before=60&amp;q=zebra">Look further back`}, []string{"look at all of it"}},
		"given up with some": {auditor(many(3)).with(short), "/audit?q=zebra", 200, []string{"There was time to look back to event 60.", `rel="next" href="/audit?before=60&amp;q=zebra">Older`}, nil},
		"verified":           {auditor(story1()), "/audit", 200, []string{"✓ Verified up to event 1,204.", "checkpoint of 1,204 events that the key of the log signed"}, []string{"Check further"}},
		"an event": {auditor(story1()), "/audit/106", 200, []string{"Event 106", "request.denied", "POST /orders/7", `href="/mandates/man_1"`, `href="/why/dec_3"`, "Leaf hash",
			"stead audit prove 105 --out event-106", `href="/audit/105"`, `href="/audit/107"`, "read-only (read-only)"}, nil},
		"no event":      {auditor(story1()), "/audit/900", 404, []string{"There is no event 900"}, nil},
		"no number":     {auditor(story1()), "/audit/x", 404, nil, nil},
		"its bytes":     {auditor(story1()), "/audit/106/event", 200, []string{`{"stored":105}`}, nil},
		"its proof":     {auditor(story1()), "/audit/106/proof", 200, []string{"c2sp.org/tlog-proof@v1"}, nil},
		"before a file": {auditor(story1()), "/audit/export?q=kind:request.+from:today", 200, []string{"Before you export", `name="q" value="kind:request. from:2026-11-22T00:00:00Z"`, `name="to" value="1204"`, `name="rows" value="7"`, "1,204 events, root ab00"}, nil},
		"no file":       {auditor(nil), "/audit/export?q=zebra", 200, []string{"there is nothing to export"}, []string{"<button type=\"submit\" class=\"button main\" name=\"form\""}},
	} {
		t.Run(name, func(t *testing.T) {
			res, body := answer(serve(t, c.house.console()), browse("GET", c.target, nil))
			if res.StatusCode != c.status {
				t.Fatalf("status %d, want %d\n%s", res.StatusCode, c.status, body)
			}
			for _, part := range c.has {
				if !strings.Contains(body, part) {
					t.Errorf("the page lacks %q\n%s", part, body)
				}
			}
			for _, part := range c.hasNot {
				if strings.Contains(body, part) {
					t.Errorf("the page holds %q", part)
				}
			}
		})
	}
}

// The badge says what was compared, and nothing more.
func TestBadge(t *testing.T) {
	for name, c := range map[string]struct {
		checked Checked
		has     []string
		hasNot  string
	}{
		"in part": {Checked{Upto: 256, Of: 1204, At: noon}, []string{"Verified up to event 256 of 1,204.", "Check further"}, "checkpoint of"},
		"behind":  {Checked{Upto: 1204, Head: 1204, Of: 1210, At: noon}, []string{"Verified up to event 1,204 of 1,210."}, "✓"},
		"wrong":   {Checked{Upto: 256, Of: 1204, At: noon, Wrong: "event 300 does not hash to its leaf"}, []string{"✕ The record is not as it was signed.", "Event 300 does not hash"}, "✓"},
		"pruned":  {Checked{Upto: 1204, Head: 1204, Of: 1204, Pruned: 256, At: noon}, []string{"✓", "Of 256 events that were pruned only the hashes are left."}, "Check further"},
	} {
		k := auditor(story1()).console()
		k.Record = &log{checked: c.checked}
		_, body := answer(serve(t, k), browse("GET", "/audit", nil))
		for _, part := range c.has {
			if !strings.Contains(body, part) {
				t.Errorf("%s: the page lacks %q", name, part)
			}
		}
		if strings.Contains(body, c.hasNot) {
			t.Errorf("%s: the page holds %q", name, c.hasNot)
		}
	}
}

// What leaves is what was shown: the rows are counted again under the same bound, and that they leave is recorded first.
func TestExport(t *testing.T) {
	for name, c := range map[string]struct {
		house  *verbs
		form   string
		status int
		has    string
		asked  []string
	}{
		"jsonl": {auditor(story1()), "q=kind:request.&to=1204&rows=7&form=jsonl", 200, "jsonl kind:request. up to event 1204 before 1205\n",
			[]string{"counted [] 1205 0", "export kind:request. jsonl 7 101 107"}},
		"csv": {auditor(story1()), "q=&to=1204&rows=7&form=csv", 200, "106,2026-11-22T11:55:06Z,request.denied,refused,",
			[]string{"counted [] 1205 0", "export  csv 7 101 107", "events    []   1205"}},
		"other rows":       {auditor(story1()), "q=&to=1204&rows=9&form=csv", 409, "not the rows you saw", []string{"counted [] 1205 0", "counted [] 1205 0"}},
		"not on record":    {auditor(story1()).refusing("export", errReadOnly), "q=&to=1204&rows=7&form=jsonl", 403, "No rule", []string{"counted [] 1205 0", "export  jsonl 7 101 107"}},
		"no form":          {auditor(story1()), "q=&to=1204&rows=7", 400, "in which form", nil},
		"beyond the end":   {auditor(story1()), "q=&to=9999&rows=7&form=csv", 400, "up to which event", nil},
		"a filter of none": {auditor(story1()), "q=x:y&to=1204&rows=7&form=csv", 400, "there is no filter", nil},
	} {
		form, err := url.ParseQuery(c.form)
		if err != nil {
			t.Fatal(err)
		}
		res, body := answer(serve(t, c.house.console()), browse("POST", "/audit/export", form))
		if res.StatusCode != c.status || !strings.Contains(strings.ToLower(body), strings.ToLower(c.has)) {
			t.Errorf("%s: %d\n%s", name, res.StatusCode, body)
		}
		if d := cmp.Diff(c.asked, c.house.asked); d != "" {
			t.Errorf("%s: %s", name, d)
		}
		if file := strings.Contains(res.Header.Get("Content-Disposition"), "attachment"); file != (c.status == http.StatusOK) {
			t.Errorf("%s: a file: %v", name, file)
		}
	}
}

// A spreadsheet takes no text of anybody's for a formula.
func TestInertCells(t *testing.T) {
	a := auditor(story1())
	for i, evil := range []string{"=1+1", "+1", "-1", "@x", "\t=1"} {
		a.events[i].What = stead.Fields{"path": evil}
	}
	_, body := answer(serve(t, a.console()), browse("POST", "/audit/export", url.Values{"to": {"1204"}, "rows": {"7"}, "form": {"csv"}}))
	for _, evil := range []string{",=1+1", ",+1,", ",-1,", ",@x", ",\t", ",\"\t"} {
		if strings.Contains(body, evil) {
			t.Errorf("the file holds %q", evil)
		}
	}
}

// A story says one thing once: an allowed request and what came of it are one line, and silence is told.
func TestTimeline(t *testing.T) {
	a := house().is(omar, authority.Auditor)
	a.mandates["man_1"], a.events = wanted(stead.Active), story1()
	a.events[5].At = a.events[4].At.Add(4 * time.Minute)
	_, body := answer(serve(t, a.console()), browse("GET", "/mandates/man_1?q=refused", nil))
	for _, part := range []string{"GET /orders/7 · “Order 7 · Acme Orders” · 200", "4 min without an event", `data-until="2026-11-22T12:09:00Z"`, `data-stream="/v1/events?mandate=man_1"`,
		`href="/audit?q=mandate%3Aman_1"`, "All of it"} {
		if !strings.Contains(body, part) {
			t.Errorf("the page lacks %q\n%s", part, body)
		}
	}
	if n := strings.Count(body, "“Order 7"); n != 1 {
		t.Errorf("one page stands there %d times", n)
	}
	if d := cmp.Diff([]string{"events man_1   [] refused  0"}, a.asked); d != "" {
		t.Error(d)
	}
}
