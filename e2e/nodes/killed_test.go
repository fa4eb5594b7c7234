package nodes

import (
	"crypto/rand"
	"encoding/base64"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/steadhq/stead/e2e/stage"
	"github.com/steadhq/stead/internal/web/vacant"
)

// A node dies in the middle of a request; the other one goes on. When it comes back it says of its own request that
// nobody knows how that ended, and leaves the other node's alone. S-I2, S-I15
func TestKilled(t *testing.T) {
	w, link := open(t)
	ada, all := w.first(t, link)
	w.enrol(t, ada, sam(), olga(), dana())
	c, olga := stage.Stranger(t), w.token(t, "staff", "olga", all.Next(t, "olga", secret))
	w.signIn(t, c, "staff", "sam", all.Next(t, "sam", secret))
	w.act(t, c, all.Next(t, "sam", secret))

	slow := make(chan stage.Answer, 2)
	for i := range 2 {
		w.turns.to(i)
		go func() { slow <- c.Get(t, w.gate+"/slow") }()
		<-w.app.held
	}
	told := func(kind, outcome string) (n int) {
		w.turns.to(1)
		for _, e := range w.events(t, olga, "kind="+kind) {
			if e.What["path"] == "/slow" && (outcome == "" || e.Outcome == outcome) {
				n++
			}
		}
		return n
	}
	stage.Until(t, "both are on record", func() bool { return told("request.allowed", "") == 2 })
	id := w.nodes[0].id
	w.nodes[0].kill(t)
	if a := <-slow; a.Status != http.StatusBadGateway {
		t.Errorf("of the node that died: %d %s", a.Status, a.Body)
	}
	for range 3 {
		c.Get(t, w.gate+"/orders/7").Is(t, "as Dana, at the one that is left", 200, "customers/dana by staff/sam")
	}
	if err := w.nodes[0].start(t); err != nil {
		t.Fatal(err)
	}
	if w.nodes[0].id != id {
		t.Errorf("it was %s and came back as %s", id, w.nodes[0].id)
	}
	stage.Until(t, "it does not say what became of its own", func() bool { return told("request.served", "unknown") > 0 })
	if n := told("request.served", ""); n != 1 {
		t.Errorf("%d outcomes are told of two requests, one of which goes on", n)
	}
	close(w.app.hold)
	(<-slow).Is(t, "of the node that went on", 200, "customers/dana by staff/sam")
	stage.Until(t, "the other is not told", func() bool { return told("request.served", "ok") == 1 })
	if n := told("request.served", "unknown"); n != 1 {
		t.Errorf("%d unknown outcomes", n)
	}
	for range 4 {
		c.Get(t, w.gate+"/orders/7").Is(t, "as Dana, at both", 200, "customers/dana by staff/sam")
	}
	c.Post(t, w.gate+"/.stead/end")
	for range 2 {
		c.Get(t, w.gate+"/orders/7").Is(t, "as himself", 200, "staff/sam")
	}
}

// A node with another master key, or none, says so and does not start.
func TestOtherMaster(t *testing.T) {
	w, _ := open(t)
	for name, says := range map[string]string{"other": "holds another master key", "none": "is not there, and the secrets were sealed under a master key"} {
		n := &node{own: vacant.Address(t), gate: vacant.Address(t), metrics: vacant.Address(t), dir: filepath.Join(w.dir, name)}
		n.file = w.configure(t, n, name, name+".key")
		var key [32]byte
		if _, err := rand.Read(key[:]); err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(w.dir, name+".key")
		if name == "other" {
			if err := os.WriteFile(file, []byte(base64.StdEncoding.EncodeToString(key[:])), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		err := n.start(t)
		if err == nil || !strings.Contains(n.said.String(), says) || !strings.Contains(n.said.String(), file) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := os.Stat(file); (err == nil) != (name == "other") {
			t.Errorf("%s: a key was made: %v", name, err)
		}
	}
}
