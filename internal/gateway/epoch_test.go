package gateway_test

import (
	"net/http"
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
