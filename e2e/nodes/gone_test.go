package nodes

import (
	"net/http"
	"syscall"
	"testing"
)

// Without the database nobody acts for anybody, Stead's own pages say what is wrong, and each node says that it is not
// ready; with it everything goes on where it was. S-I15
func TestDatabaseGone(t *testing.T) {
	w, link := open(t)
	ada, all := w.first(t, link)
	w.enrol(t, ada, sam(), dana())
	c := stranger(t)
	w.signIn(t, c, "staff", "sam", all.next(t, "sam"))
	w.act(t, c, all.next(t, "sam"))
	w.server.Stop(syscall.SIGQUIT)
	for range 4 {
		c.get(t, w.gate+"/orders/7").is(t, "as Dana", http.StatusServiceUnavailable)
		c.get(t, w.gate+"/.stead/status").is(t, "status", http.StatusServiceUnavailable, "database does not answer")
		c.get(t, w.own+"/v1/whoami").is(t, "the API", http.StatusServiceUnavailable, "database does not answer")
	}
	for _, n := range w.nodes {
		until(t, "the node does not say that it is not ready", func() bool {
			a := c.get(t, "http://"+n.own+"/readyz?verbose")
			return a.status == http.StatusServiceUnavailable && contains(a.body, "fail  store: ", "the database has not answered for")
		})
	}
	w.server.Run(t)
	for _, n := range w.nodes {
		until(t, "the node does not get ready again", func() bool { return c.get(t, "http://"+n.own+"/readyz").status == http.StatusOK })
	}
	for range 4 {
		c.get(t, w.gate+"/orders/7").is(t, "as Dana again", 200, "customers/dana by staff/sam")
	}
}
