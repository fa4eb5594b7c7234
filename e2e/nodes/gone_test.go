package nodes

import (
	"net/http"
	"syscall"
	"testing"

	"github.com/steadhq/stead/e2e/stage"
)

// Without the database nobody acts for anybody, Stead's own pages say what is wrong, and each node says that it is not
// ready; with it everything goes on where it was. S-I15
func TestDatabaseGone(t *testing.T) {
	w, link := open(t)
	ada, all := w.first(t, link)
	w.enrol(t, ada, sam(), dana())
	c := stage.Stranger(t)
	w.signIn(t, c, "staff", "sam", all.Next(t, "sam", secret))
	w.act(t, c, all.Next(t, "sam", secret))
	w.server.Stop(syscall.SIGQUIT)
	for range 4 {
		c.Get(t, w.gate+"/orders/7").Is(t, "as Dana", http.StatusServiceUnavailable)
		c.Get(t, w.gate+"/.stead/status").Is(t, "status", http.StatusServiceUnavailable, "database does not answer")
		c.Get(t, w.own+"/v1/whoami").Is(t, "the API", http.StatusServiceUnavailable, "database does not answer")
	}
	for _, n := range w.nodes {
		stage.Until(t, "the node does not say that it is not ready", func() bool {
			a := c.Get(t, "http://"+n.own+"/readyz?verbose")
			return a.Status == http.StatusServiceUnavailable && contains(a.Body, "fail  store: ", "the database has not answered for")
		})
	}
	w.server.Run(t)
	for _, n := range w.nodes {
		stage.Until(t, "the node does not get ready again", func() bool { return c.Get(t, "http://"+n.own+"/readyz").Status == http.StatusOK })
	}
	for range 4 {
		c.Get(t, w.gate+"/orders/7").Is(t, "as Dana again", 200, "customers/dana by staff/sam")
	}
}
