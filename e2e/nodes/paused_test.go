package nodes

import (
	"strings"
	"syscall"
	"testing"
	"time"
)

// A node that stood still while somebody's acting ended at the other does not serve him as her when it goes on. S-I15
func TestPaused(t *testing.T) {
	w, link := open(t)
	ada, all := w.first(t, link)
	w.enrol(t, ada, sam(), dana())
	c := stranger(t)
	w.signIn(t, c, "staff", "sam", all.next(t, "sam"))
	w.act(t, c, all.next(t, "sam"))
	for range 2 {
		c.get(t, w.gate+"/orders/7").is(t, "as Dana", 200, "customers/dana by staff/sam")
	}
	old := c.copied(t, w.gate)
	stopped := w.nodes[0].cmd.Process
	if err := stopped.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	w.turns.to(1)
	c.post(t, w.gate+"/.stead/end").is(t, "end", 200)
	<-time.After(3 * time.Second) // longer than anything counts that was heard
	if err := stopped.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	for range 20 {
		w.turns.to(0)
		if a := old.get(t, w.gate+"/orders/7"); strings.Contains(a.body, "dana") {
			t.Fatalf("%d %s", a.status, a.body)
		}
	}
	w.turns.to(0)
	c.get(t, w.gate+"/orders/7").is(t, "as himself", 200, "staff/sam")
}
