package nodes

import (
	"encoding/json"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/steadhq/stead/e2e/stage"
)

type standing struct {
	Acting         bool
	Mandate        string
	ExtensionsLeft int `json:"extensions_left"`
}

func (w *world) standing(t *testing.T, c *stage.Caller) (s standing) {
	t.Helper()
	if err := json.Unmarshal([]byte(c.Get(t, w.gate+"/.stead/status").Is(t, "status", 200).Body), &s); err != nil {
		t.Fatal(err)
	}
	return s
}

func (w *world) act(t *testing.T, c *stage.Caller, code string) stage.Answer {
	t.Helper()
	return c.Post(t, w.gate+"/.stead/act", "subject", "dana", "directory", "customers", "reason", "wrong total", "ticket", "SUP-4711",
		"code", code, "target", "/orders/7").Is(t, "act", 303)
}

// The whole walk, each request at the other node than the one before. S-I15, S-I17, B2
func TestWalk(t *testing.T) {
	w, link := open(t)
	if w.nodes[0].id == w.nodes[1].id {
		t.Errorf("both are %s", w.nodes[0].id)
	}
	ada, all := w.first(t, link)
	w.enrol(t, ada, sam(), olga(), dana())
	c := stage.Stranger(t)
	w.signIn(t, c, "staff", "sam", all.Next(t, "sam", secret))
	c.Get(t, w.gate+"/orders/7").Is(t, "as himself", 200, "staff/sam")

	begun := w.act(t, c, all.Next(t, "sam", secret))
	first := c.Get(t, w.gate+"/orders/7").Is(t, "as Dana", 200, "customers/dana by staff/sam")
	if by(begun) == by(first) {
		t.Errorf("start and page went to node %s", by(first))
	}
	before := w.standing(t, c)
	for range 4 {
		c.Get(t, w.gate+"/orders/7").Is(t, "as Dana", 200, "customers/dana by staff/sam")
		c.Post(t, w.gate+"/orders/7", "total", "1").Is(t, "a write", 403, "read-only")
	}
	if n := w.app.wrote.Load(); n != 0 {
		t.Errorf("%d writes reached the application", n)
	}
	c.Post(t, w.gate+"/.stead/extend", "reason", "still looking", "code", all.Next(t, "sam", secret)).Is(t, "extend", 200)
	for range 2 {
		if s := w.standing(t, c); !s.Acting || s.Mandate != before.Mandate || s.ExtensionsLeft != before.ExtensionsLeft-1 {
			t.Errorf("after extending: %+v, before %+v", s, before)
		}
	}
	w.turns.to(int(by(first)[0] - '0')) // not where it began
	end := c.Post(t, w.gate+"/.stead/end")
	after := c.Get(t, w.gate+"/orders/7").Is(t, "as himself again", 200)
	if after.Body != "staff/sam" || by(end) == by(begun) || by(end) == by(after) {
		t.Errorf("begun at node %s, ended at node %s: %d %s; then node %s serves %q", by(begun), by(end), end.Status, end.Body, by(after), after.Body)
	}
	c.Post(t, w.gate+"/.stead/end").Is(t, "end twice", 409)
	w.trail(t, w.token(t, "staff", "olga", all.Next(t, "olga", secret)), before.Mandate)

	// Out at one, out at the other.
	out := c.Post(t, w.own+"/logout")
	if again := c.Page(t, w.own+"/me"); again.Status != 303 || by(again) == by(out) {
		t.Errorf("signed out at node %s; then node %s: %d", by(out), by(again), again.Status)
	}
}

// An event as the API tells it.
type event struct {
	Kind, ID, Mandate, Outcome string
	What                       map[string]string
}

func (w *world) events(t *testing.T, who *stage.Caller, query string) (all []event) {
	t.Helper()
	var got struct{ Events []event }
	if err := json.Unmarshal([]byte(who.Get(t, w.own+"/v1/events?limit=1000&"+query).Is(t, "events", 200).Body), &got); err != nil {
		t.Fatal(err)
	}
	return got.Events
}

// trail is told alike by both nodes, and both wrote of it.
func (w *world) trail(t *testing.T, olga *stage.Caller, mandate string) {
	t.Helper()
	var one, other []event
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end); { // it follows the log a little later
		one, other = w.events(t, olga, "mandate="+mandate), w.events(t, olga, "mandate="+mandate)
		if len(one) > 12 && cmp.Equal(one, other) {
			break
		}
	}
	if d := cmp.Diff(one, other); d != "" || len(one) < 12 {
		t.Errorf("%d events; one node tells what the other does not: %s", len(one), d)
	}
	nodes := map[string]int{}
	for _, e := range one {
		nodes[e.What["node"]]++
	}
	if nodes[w.nodes[0].id] == 0 || nodes[w.nodes[1].id] == 0 {
		t.Errorf("%v wrote of it", nodes)
	}
}

// What ends at one node is over at the other with the very next request. S-I15, S-I17
func TestEndElsewhere(t *testing.T) {
	w, link := open(t)
	ada, all := w.first(t, link)
	w.enrol(t, ada, sam(), olga(), dana())
	c, olga := stage.Stranger(t), w.token(t, "staff", "olga", all.Next(t, "olga", secret))
	w.turns.to(0)
	w.signIn(t, c, "staff", "sam", all.Next(t, "sam", secret))
	w.turns.to(1)
	w.act(t, c, all.Next(t, "sam", secret))
	for i := range 8 {
		w.turns.to(1)
		c.Get(t, w.gate+"/orders/7").Is(t, "as Dana", 200, "customers/dana by staff/sam")
		old := copied(t, c, w.gate)
		w.turns.to(0)
		c.Post(t, w.gate+"/.stead/end").Is(t, "end", 200)
		w.turns.to(1)
		if no := old.Get(t, w.gate+"/orders/7"); strings.Contains(no.Body, "dana") || by(no) != "1" {
			t.Errorf("%d: ended at node 0; the pass from before is good for %d %s at node %s", i, no.Status, no.Body, by(no))
		}
		// What he may as himself is not recorded before it is answered: there the pass may be known a little longer.
		stage.Until(t, "the pass from before is good for ever", func() bool {
			w.turns.to(1)
			return old.Get(t, w.gate+"/orders/7").Status >= 400
		})
		w.turns.to(1)
		c.Get(t, w.gate+"/orders/7").Is(t, "as himself", 200, "staff/sam")
		w.turns.to(1)
		w.act(t, c, "")
	}
	mandate := w.standing(t, c).Mandate
	w.turns.to(0)
	olga.JSON(t, "POST", w.own+"/v1/mandates/"+mandate+"/revoke", map[string]any{"reason": "enough"}).Is(t, "revoke", 200)
	w.turns.to(1)
	no := c.Get(t, w.gate+"/orders/7")
	if by(no) != "1" || no.Status != 403 || strings.Contains(no.Body, "customers/dana") {
		t.Errorf("revoked at node 0: node %s says %d %s", by(no), no.Status, no.Body)
	}
	w.turns.to(0)
	ada.JSON(t, "GET", w.own+"/v1/whoami", nil).Is(t, "ada", 200)
	w.turns.to(0)
	ada.Send(t, "POST", w.own+"/v1/logout", "").Is(t, "sign out", 204)
	w.turns.to(1)
	ada.Get(t, w.own+"/v1/whoami").Is(t, "ada at the other node", 401)
}

// A one-time code and a code of the second factor count once, whoever is asked at once. S-I23
func TestOnce(t *testing.T) {
	w, link := open(t)
	ada, all := w.first(t, link)
	w.enrol(t, ada, sam(), olga(), dana())
	code := all.Next(t, "sam", secret)
	count := func(what string, want int, ask func(i int) stage.Answer) {
		t.Helper()
		var yes [2]int
		var group sync.WaitGroup
		answers := make([]stage.Answer, 8)
		for i := range answers {
			group.Go(func() { answers[i] = ask(i) })
		}
		group.Wait()
		for _, a := range answers {
			if a.Status < 400 {
				yes[by(a)[0]-'0']++
			}
		}
		if yes[0]+yes[1] != want {
			t.Errorf("%s: %d times at one, %d times at the other\n%+v", what, yes[0], yes[1], answers)
		}
	}
	body, err := json.Marshal(map[string]any{"directory": "staff", "name": "sam", "password": password, "code": code})
	if err != nil {
		t.Fatal(err)
	}
	try := func(method, to, body string, head ...string) stage.Answer {
		a, err := stage.Stranger(t).Try(t, method, to, body, head...)
		if err != nil {
			t.Error(err)
		}
		return a
	}
	count("a code of the second factor", 1, func(int) stage.Answer {
		return try("POST", w.own+"/v1/login", string(body), "Content-Type", "application/json")
	})
	// Signed in at Stead: his one-time code for the shop, taken to both nodes.
	c := stage.Stranger(t)
	c.Form(t, w.own+"/login", "name", "sam", "directory", "staff", "password", password, "code", all.Next(t, "sam", secret), "next", w.gate+"/orders/7").Is(t, "sign in", 303)
	hand := c.Page(t, w.own+"/login?next="+w.gate+"/orders/7").Is(t, "handed over", 303)
	count("a one-time code", 1, func(int) stage.Answer { return try("GET", hand.To(), "", "Accept", "text/html") })
}
