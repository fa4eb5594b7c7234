package nodes

import (
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/steadhq/stead/e2e/stage"
)

// A node that stood still while somebody's acting ended at the other does not serve him as her when it goes on. S-I15
func TestPaused(t *testing.T) {
	w, link := open(t)
	ada, all := w.first(t, link)
	w.enrol(t, ada, sam(), dana())
	c := stage.Stranger(t)
	w.signIn(t, c, "staff", "sam", all.Next(t, "sam", secret))
	w.act(t, c, all.Next(t, "sam", secret))
	for range 2 {
		c.Get(t, w.gate+"/orders/7").Is(t, "as Dana", 200, "customers/dana by staff/sam")
	}
	old := copied(t, c, w.gate)
	stopped := w.nodes[0].cmd.Process
	if err := stopped.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	w.turns.to(1)
	c.Post(t, w.gate+"/.stead/end").Is(t, "end", 200)
	<-time.After(3 * time.Second) // longer than anything counts that was heard
	if err := stopped.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	for range 20 {
		w.turns.to(0)
		if a := old.Get(t, w.gate+"/orders/7"); strings.Contains(a.Body, "dana") {
			t.Fatalf("%d %s", a.Status, a.Body)
		}
	}
	w.turns.to(0)
	c.Get(t, w.gate+"/orders/7").Is(t, "as himself", 200, "staff/sam")
}
