package agents

import (
	"crypto/ecdsa"
	"net/http"
	"net/url"
	"sync"
	"testing"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/house"
	"github.com/steadhq/stead/internal/house/housetest"
	"github.com/steadhq/stead/internal/store/pgtest"
)

// Two nodes of one house over one PostgreSQL, where people let a program act for them.
type twoNodes struct {
	*lettingWorld
	nodes  [2]string
	second *housetest.House
}

func newTwoNodes(t *testing.T) *twoNodes {
	t.Helper()
	server := pgtest.Start(t)
	n := &twoNodes{lettingWorld: newLetting(t, func(o *house.Options) { o.DSN = server.Create(t) })}
	l := listen(t)
	n.second = n.Beside()
	n.serve(n.second, l)
	n.nodes = [2]string{n.at, "http://" + l.Addr().String()}
	return n
}

// at once sends the same form to both nodes by turns, each time with a proof of its own.
func (n *twoNodes) atOnce(times int, key *ecdsa.PrivateKey, form url.Values) []said {
	n.t.Helper()
	proofs := make([]string, times)
	for i := range proofs {
		proofs[i] = n.proves(key, "POST", "/oauth/token", "")
	}
	answers := make([]said, times)
	var all sync.WaitGroup
	for i := range proofs {
		all.Go(func() {
			to := outside{world: n.world, at: n.nodes[i%2], origin: n.origin}
			answers[i] = to.post("/oauth/token", form, map[string]string{"DPoP": proofs[i]})
		})
	}
	all.Wait()
	return answers
}

func given(all []said) (n int, one said) {
	for _, s := range all {
		if s.status == http.StatusOK {
			n, one = n+1, s
		}
	}
	return n, one
}

func (n *twoNodes) codeForm(code string) url.Values {
	return url.Values{"grant_type": {"authorization_code"}, "client_id": {"scheduler"}, "code": {code}, "redirect_uri": {"http://127.0.0.1:51004/cb"},
		"code_verifier": {verifier}, "resource": {calendar}}
}

func refreshForm(token string) url.Values {
	return url.Values{"grant_type": {"refresh_token"}, "client_id": {"scheduler"}, "refresh_token": {token}}
}

// ended tells whether nothing lives of what Dana agreed to, at either node.
func (n *twoNodes) ended() bool {
	n.t.Helper()
	live := 0
	for _, h := range []*housetest.House{n.House, n.second} {
		if err := h.Store.Latest(n.t.Context()); err != nil {
			n.t.Fatal(err)
		}
		h.Store.View().Read(func(s *authority.State) { live += len(s.MandatesFor(n.People["customers/dana"].ID)) })
	}
	return live == 0
}

// E12 on two nodes: of forty that show one code at both at once, one at most has tokens, and all is ended by the others.
func TestCodeOnTwoNodes(t *testing.T) {
	n := newTwoNodes(t)
	answers := n.atOnce(40, n.run, n.codeForm(n.code()))
	got, one := given(answers)
	if got != 1 {
		t.Errorf("%d had tokens", got)
	}
	if !n.ended() {
		t.Error("it was shown forty times, and lives")
	}
	if s := n.post("/oauth/token", refreshForm(one.text("refresh_token")), map[string]string{"DPoP": n.proves(n.run, "POST", "/oauth/token", "")}); s.text("error") != "invalid_grant" {
		t.Error("its refresh token counts:", s)
	}
}

// A code of the one node is taken at the other, and refreshed by turns; a refresh token that was used at the one ends it at the other, and of
// two at once one wins and is over with the other.
func TestRefreshOnTwoNodes(t *testing.T) {
	n := newTwoNodes(t)
	here := n.at
	code := n.code()
	n.at = n.nodes[1]
	s := n.takes(n.run, code)
	if s.status != http.StatusOK {
		t.Fatal(s)
	}
	id := n.mandateOf(s)
	first := s.text("refresh_token")
	for i := range 4 {
		n.at = n.nodes[i%2]
		if s = n.refreshes(n.run, s.text("refresh_token")); n.mandateOf(s) != id {
			t.Fatal(s)
		}
	}
	n.at = n.nodes[1]
	if old := n.refreshes(n.run, first); old.text("error") != "invalid_grant" || !n.ended() {
		t.Error("an old one was shown, and it lives:", old)
	}
	n.at = here
	s = n.takes(n.run, n.code())
	answers := n.atOnce(20, n.run, refreshForm(s.text("refresh_token")))
	if got, _ := given(answers); got != 1 || !n.ended() {
		t.Errorf("%d of twenty were given, ended: %v", got, n.ended())
	}
}

// Between the code and its token, and between two refreshes, the house is down and up again: on both stores what was used stays used, and what
// was not is good.
func TestConsentOverRestart(t *testing.T) {
	onStores(t, func(t *testing.T, change ...func(*house.Options)) {
		w := newLetting(t, change...)
		again := func() {
			t.Helper()
			w.Shut()
			w.Open()
			l := listen(t)
			w.serve(w.House, l)
			w.at = "http://" + l.Addr().String()
		}
		code, spare := w.code(), w.code()
		again()
		s := w.takes(w.run, code)
		if s.status != http.StatusOK {
			t.Fatal("the code of before:", s)
		}
		id := w.mandateOf(s)
		m := w.mandateNow(id)
		if len(m.Stages) != 0 || len(m.Approvals) != 1 || !m.OwnYes(m.Approvals[0]) || m.Standing() != "" {
			t.Errorf("her own yes is told as %+v", m)
		}
		again()
		next := w.refreshes(w.run, s.text("refresh_token"))
		if w.mandateOf(next) != id || !w.looks(id, "events").Allow {
			t.Fatal("the refresh token of before:", next)
		}
		again()
		if old := w.refreshes(w.run, s.text("refresh_token")); old.text("error") != "invalid_grant" {
			t.Error("one that was used before it:", old)
		}
		if d := w.looks(id, "events"); d.Allow {
			t.Error("an old one was shown, and it lives:", d)
		}
		if s = w.takes(w.run, spare); s.status != http.StatusOK {
			t.Fatal(s)
		}
		again()
		if twice := w.takes(w.run, spare); twice.text("error") != "invalid_grant" || w.looks(w.mandateOf(s), "events").Allow {
			t.Error("a code that was used before it:", twice)
		}
	})
}

func (w *lettingWorld) mandateNow(id stead.MandateID) (m stead.Mandate) {
	w.t.Helper()
	w.Store.View().Read(func(s *authority.State) {
		if live := s.Mandate(id); live != nil {
			m = *live
		}
	})
	return m
}
