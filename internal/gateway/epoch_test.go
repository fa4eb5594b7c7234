package gateway_test

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/steadhq/stead"
)

// On a shared host what a page sends says of which time it is; what is of another, or says nothing, goes nowhere (R17).
func TestStalePages(t *testing.T) {
	g := newShop(t)
	sam := g.enter("staff/sam")
	sam.bare = true
	own := sam.epoch()
	send := func(epoch, in string, head ...string) answer {
		path := "/orders/7/note"
		if in == "query" {
			path += "?stead-epoch=" + epoch
		} else if epoch != "" {
			head = append(head, "Stead-Epoch: "+epoch)
		}
		return sam.do("POST", path, "text=x", append(head, "Content-Type: application/x-www-form-urlencoded", "Origin: http://"+g.addr)...)
	}
	reaches := func(want bool, a answer) {
		t.Helper()
		if stale := a.StatusCode == http.StatusConflict && strings.Contains(a.body, "older than the last start"); stale == want {
			t.Errorf("reached=%v wanted: %s %s", want, a.Status, a.body)
		}
	}
	reaches(true, send("", "", browser...)) // nothing can have changed
	reaches(true, send(own, "query", browser...))
	if r := g.up.last(t); r.URL.RawQuery != "" || r.Header.Get("Stead-Epoch") != "" {
		t.Errorf("the application is told %q %v", r.URL.RawQuery, r.Header)
	}
	if a := sam.act(); a.StatusCode != http.StatusSeeOther {
		t.Fatal(a.Status)
	}
	acting := sam.epoch()
	if acting == own {
		t.Fatal("a start changes nothing")
	}
	before, reached := g.size(), len(g.up.requests())
	for _, head := range [][]string{browser, script} {
		reaches(false, send(own, "query", head...))
		reaches(false, send(own, "header", head...))
		reaches(false, send("", "", head...))
	}
	reaches(true, send(acting, "header", script...)) // refused all the same, for it writes
	if n := len(g.up.requests()); n != reached {
		t.Errorf("%d requests reached the application", n-reached)
	}
	if e := g.recorded(before, 1)[0]; e.Outcome != stead.No || e.Mandate != sam.last || e.Reason != stead.ReasonBarred || e.What["class"] != "stale-page" {
		t.Errorf("recorded %+v", e.Event)
	}
	sam.post("/.stead/end", nil, browser...)
	reaches(false, send(acting, "query", browser...))
	reaches(false, send(own, "query", browser...))
	reaches(true, send(sam.epoch(), "query", browser...))
	reaches(true, send("", "")) // a program has no pages
}

const paperRules = `
apps:
  - id: paper
    host: %s
    upstream: %s
    identity: { header: Remote-User }
    privileged: [staff/admins]
    aware: true
    realms: [{ id: all, path: /, acting: true }]
    rules:
      - { id: page, is: read, path: ["/page"] }
      - { id: find, is: read, method: [POST], path: ["/find"], only: [q] }
`

const paper = `<!doctype html><title>A page</title><form method=post action=/find><input name=q></form><form method=post action=//other.test/x></form>`

func newPaper(t *testing.T) *gate {
	t.Helper()
	return newGate(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		if r.Method == http.MethodGet {
			fmt.Fprint(w, paper)
			return
		}
		fmt.Fprintf(w, "%s has %q of %d", r.Header.Get("Remote-User"), body, r.ContentLength)
	}), func(host, up string) []byte { return fmt.Appendf(nil, paperRules, host, up) })
}

// A form of a page in which no script runs says in a hidden field of which time it is (R17, GATEWAY 3): fresh it works, and
// older than a start or an end it goes nowhere, whatever else it says.
func TestFormsWithoutScript(t *testing.T) {
	g := newPaper(t)
	sam := g.enter("staff/sam")
	sam.bare = true
	field := func() string {
		return `<input type="hidden" name="stead-epoch" value="` + sam.epoch() + `" autocomplete="off">`
	}
	shows := func(head ...string) {
		t.Helper()
		page := sam.get("/page", head...)
		if n := strings.Count(page.body, "stead-epoch"); n != 1 || !strings.Contains(page.body, "<form method=post action=/find>"+field()) ||
			page.ContentLength >= 0 && page.ContentLength != int64(len(page.body)) || page.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%d fields, %s %v in %s", n, page.Status, page.Header, page.body)
		}
	}
	frame := append(slices.Clone(browser[:3]), "Sec-Fetch-Dest: iframe")
	sends := func(body, query string, want string) {
		t.Helper()
		reached := len(g.up.requests())
		a := sam.do("POST", "/find"+query, body, append([]string{"Content-Type: application/x-www-form-urlencoded", "Origin: http://" + g.addr}, browser...)...)
		switch {
		case want == "" && (a.StatusCode != http.StatusConflict || len(g.up.requests()) != reached || !strings.Contains(a.body, "nothing you typed is lost")):
			t.Errorf("%s%s: %s\n%s", body, query, a.Status, a.body)
		case want != "" && (a.StatusCode != http.StatusOK || !strings.Contains(a.body, want)):
			t.Errorf("%s%s: %s, want %s\n%s", body, query, a.Status, want, a.body)
		}
	}
	shows(browser...)
	own := sam.epoch()
	sends("stead-epoch="+own+"&q=x", "", `sam has "q=x" of 3`)
	sends("q=x", "", `sam has "q=x" of 3`) // nothing can have changed
	if a := sam.act(); a.StatusCode != http.StatusSeeOther {
		t.Fatal(a.Status)
	}
	acting := sam.epoch()
	shows(browser...)
	shows(frame...)
	if page := sam.get("/page", frame...); strings.Contains(page.body, "stead-bar") || !strings.Contains(page.body, "guard.js") {
		t.Errorf("in a frame: %s", page.body)
	}
	g.Flush()
	before := g.size()
	sends("q=x", "", "")                     // no word
	sends("stead-epoch="+own+"&q=x", "", "") // stale
	sends("stead-epoch=forged&q=x", "", "")
	sends("stead-epoch="+own+"&stead-epoch="+acting+"&q=x", "", "") // twice
	sends("stead-epoch="+acting+"&q=x&stead-epoch="+own, "", "")
	sends("stead-epoch="+own+"&q=x", "?stead-epoch="+acting, "") // in the query, too
	sends("stead-epoch="+acting+"&q=x", "?stead-epoch="+own, "")
	sends("q=x", "?stead-epoch=", "")
	sends(`{"stead-epoch":"`+acting+`"}`, "", "") // not as browsers write it
	if e := g.recorded(before, 1)[0]; e.Outcome != stead.No || e.Mandate != sam.last || e.What["class"] != "stale-page" {
		t.Errorf("recorded %+v", e.Event)
	}
	sends("stead-epoch="+acting+"&q=x", "", `dana has "q=x" of 3`) // the rule asks for q only
	sends("q=x&stead-epoch="+acting, "?stead-epoch="+acting, `dana has "q=x" of 3`)
	sam.post("/.stead/end", nil, browser...)
	sends("stead-epoch="+acting+"&q=x", "", "")
	sends("stead-epoch="+own+"&q=x", "", "")
	sends("stead-epoch="+sam.epoch()+"&q=x", "", `sam has "q=x" of 3`)

	upload := "--b\r\nContent-Disposition: form-data; name=\"stead-epoch\"\r\n\r\n%s\r\n--b\r\nContent-Disposition: form-data; name=\"q\"\r\n\r\nx\r\n--b--\r\n"
	kind := append([]string{"Content-Type: multipart/form-data; boundary=b"}, browser...)
	if a := sam.do("POST", "/find", fmt.Sprintf(upload, acting), kind...); a.StatusCode != http.StatusConflict {
		t.Errorf("a stale upload: %s", a.Status)
	}
	if a := sam.do("POST", "/find", fmt.Sprintf(upload, sam.epoch()), kind...); a.StatusCode != http.StatusOK || strings.Contains(a.body, "stead-epoch") || !strings.Contains(a.body, "of 59") {
		t.Errorf("an upload: %s %s", a.Status, a.body)
	}
	late := "q=" + strings.Repeat("x", 70<<10) + "&stead-epoch=" + sam.epoch()
	if a := sam.do("POST", "/find?stead-epoch="+sam.epoch(), late, append([]string{"Content-Type: application/x-www-form-urlencoded"}, browser...)...); a.StatusCode != http.StatusBadRequest || !strings.Contains(a.body, "64 KiB") {
		t.Errorf("far behind: %s %s", a.Status, a.body)
	}
}
