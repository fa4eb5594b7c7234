package nodes

import (
	"encoding/json"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A node that was killed is shown as lost since it was heard last; one that ended has ended, and one that is back runs
// and knows that it crashed. S-I15
func TestLost(t *testing.T) {
	w, link := open(t)
	ada, _ := w.first(t, link)
	type node struct {
		ID, State string
		Since     time.Time
		This      bool
		Before    time.Time `json:"crashed_before"`
	}
	look := func() map[string]node {
		t.Helper()
		w.turns.to(0)
		a := ada.Get(t, w.own+"/v1/health").Is(t, "health", 200)
		var said struct{ Nodes []node }
		if err := json.Unmarshal([]byte(a.Body), &said); err != nil {
			t.Fatal(err)
		}
		all := map[string]node{}
		for _, n := range said.Nodes {
			all[n.ID] = n
		}
		return all
	}
	two := w.nodes[1]
	becomes := func(state string) node {
		t.Helper()
		for end := time.Now().Add(time.Minute); ; time.Sleep(100 * time.Millisecond) {
			all := look()
			if one := all[w.nodes[0].id]; one.State != "runs" || !one.This {
				t.Fatalf("the one that answers: %+v", one)
			}
			if n := all[two.id]; n.State == state || time.Now().After(end) {
				if n.State != state || n.This {
					t.Fatalf("the other is %+v, not %s", n, state)
				}
				return n
			}
		}
	}
	becomes("runs")
	two.kill(t)
	killed := time.Now()
	if n := becomes("lost"); n.Since.After(killed.Add(time.Second)) || n.Since.Before(killed.Add(-10*time.Second)) {
		t.Errorf("lost since %s, killed at %s", n.Since, killed)
	}
	if took := time.Since(killed); took > 40*time.Second {
		t.Errorf("that was told after %s", took)
	}
	w.turns.to(0)
	ada.Get(t, w.own+"/v1/health").Is(t, "in words", 200, `"result":"warn"`, "lost: not heard of since")
	if err := two.start(t); err != nil {
		t.Fatal(err)
	}
	becomes("runs")
	w.turns.to(1)
	own := ada.Get(t, w.own+"/v1/health").Is(t, "at the one that is back", 200, "crashed_before", "ended without a word")
	if own.Head.Get("Served-By") != "1" || !strings.Contains(own.Body, two.id) {
		t.Errorf("%s", own.Body)
	}
	if err := two.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	becomes("ended")
}
