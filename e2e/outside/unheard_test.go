package outside

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"
)

// A refusal is what the trail says of a request that nobody's verb has heard.
type refusal struct {
	Kind, Reason, Decision string
	Who                    struct{ Address, Suppressed string }
	What                   struct{ Host, Method, Path string }
}

// refusals reads until as many refused requests are told as are asked for, as events or as counts.
func (c *caller) refusals(t *testing.T, want int) (all []refusal, body string) {
	t.Helper()
	told := 0
	for range 100 {
		var found struct{ Events []refusal }
		a := c.get(t, c.w.Console+"/v1/events?kind=request.denied&actor=stead&limit=1000&order=oldest").is(t, "events", 200)
		a.reads(t, &found)
		told = 0
		for _, e := range found.Events {
			n, _ := strconv.Atoi(e.Who.Suppressed)
			if told += n; e.Reason != "too-many" {
				told++
			}
		}
		if told >= want {
			all, body = found.Events, a.body
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	if told != want {
		t.Errorf("the trail tells of %d refused requests, want %d", told, want)
	}
	return all, body
}

var elsewhere = []string{"Content-Type", formType, "Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document"}

// What is refused before anybody is asked who sent it is recorded: once each, and a flood of it by its count (I13, B4).
func TestUnheardIsRecorded(t *testing.T) {
	w := dev(t)
	omar, mallory := w.token(t, "staff/omar"), stranger(w)
	doors := map[string]string{w.Console: "/login", w.Gateway: "/.stead/end"}
	want := map[refusal]bool{}
	for base, door := range doors {
		smuggled := "POST /api/search?token=hunter2 HTTP/1.1\r\nHost: HOST\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /admin HTTP/1.1\r\nHost: HOST\r\n\r\n"
		if status, body := raw(t, base, smuggled); status != http.StatusBadRequest {
			t.Errorf("smuggled at %s: %d %s", base, status, body)
		}
		mallory.send(t, "POST", base+door+"?token=hunter2", "mandate=man_x", elsewhere...).is(t, "from elsewhere", 403, "cross-site")
		if status, body := raw(t, base, "hunter2, let me in\r\n\r\n"); status != http.StatusBadRequest {
			t.Errorf("no request at %s: %d %s", base, status, body)
		}
		u, err := url.Parse(base)
		if err != nil {
			t.Fatal(err)
		}
		for path, reason := range map[string]string{"/api/search": "bad-request", door: "cross-site"} {
			r := refusal{Kind: "request.denied", Reason: reason}
			r.Who.Address, r.What.Host, r.What.Method, r.What.Path = "127.0.0.1", u.Host, "POST", path
			want[r] = true
		}
	}
	const unread = 2 // what is no request leaves the same event at both
	all, body := omar.refusals(t, len(want)+unread)
	nothing := refusal{Kind: "request.denied", Reason: "bad-request"}
	nothing.Who.Address = "127.0.0.1"
	seen := 0
	for _, r := range all {
		if r == nothing {
			seen++
			continue
		}
		if !want[r] {
			t.Errorf("recorded, or recorded again: %+v", r)
		}
		delete(want, r)
	}
	if holds(t, "the trail", body, "127.0.0.1"); len(want) > 0 {
		t.Errorf("not recorded: %v", want)
	}
	if seen != unread {
		t.Errorf("%d events tell of what was no request, want %d", seen, unread)
	}
	if strings.Contains(body, "hunter2") {
		t.Error("a query is in the trail")
	}

	for base, door := range doors {
		for range 5000 {
			mallory.send(t, "POST", base+door, "mandate=man_x", elsewhere...).is(t, "flood", 403, "cross-site")
		}
	}
	w.advance(t, 10*time.Second)
	mallory.send(t, "POST", w.Gateway+"/.stead/end", "", elsewhere...)
	if all, _ = omar.refusals(t, 4+unread+10_000+1); len(all) > 60 {
		t.Errorf("a flood of 10,000 left %d events", len(all))
	}
	// What was not told yet when it ends is told then.
	for range 100 {
		mallory.send(t, "POST", w.Console+"/login", "", elsewhere...)
	}
	w.stop(t)
	again := open(t, w.data)
	again.spent = w.spent
	again.token(t, "staff/omar").refusals(t, 4+unread+10_000+1+100)
}
