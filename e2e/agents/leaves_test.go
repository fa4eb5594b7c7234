package agents

import (
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
)

// told are the stops of a kind, by what ended.
func told(s authority.Stopped, what string) (found []authority.Stop) {
	for _, e := range s.All {
		if e.What == what {
			found = append(found, e)
		}
	}
	return found
}

// settled waits until what is written can be searched.
func (w *world) settled() {
	w.t.Helper()
	if err := w.Store.Settled(w.t.Context(), w.Store.Head().Size); err != nil {
		w.t.Fatal(err)
	}
}

// The employee leaves: within a second no session, key, token, decision or database login of his works, and the record tells
// what ended and how long each took. A4, A9, S-I25, H15, L7.
func TestEmployeeLeaves(t *testing.T) {
	w, server, _ := connected(t)
	by, m := w.working("k1")
	l, _ := w.enter(by, m.ID)
	his := w.Login("staff/max", "console.test")
	token, err := w.IssueToken(t.Context(), w.by("monthly-report's key"), authority.TokenWish{Key: stead.AgentKey{Thumbprint: "k1"}, Issuer: "https://stead.test", Mandate: m.ID})
	if err != nil {
		t.Fatal(err)
	}
	gone := true
	began := time.Now()
	if _, err := w.Change(t.Context(), w.root, w.People["staff/max"].ID, authority.Edit{Disabled: &gone}); err != nil {
		t.Fatal(err)
	}
	w.refused(w.reads(by, m.ID, "public.orders"), stead.ReasonOwnerless)
	_, err = w.PresentKey(t.Context(), authority.PresentedKey{Agent: "monthly-report", Thumbprint: "k1"})
	w.no(err, stead.ReasonOwnerless)
	if _, err := w.Sessions(t.Context(), his); err == nil {
		t.Error("his session is good")
	}
	if _, err := w.PresentToken(t.Context(), token, ""); err == nil {
		t.Error("the token is good")
	}
	for c, err := pgx.Connect(t.Context(), l.URL); err == nil; c, err = pgx.Connect(t.Context(), l.URL) {
		_ = c.Close(t.Context())
		if time.Since(began) > time.Second {
			t.Fatal("the database lets it in a second after he left")
		}
	}
	t.Logf("from the act to the last refusal: %s", time.Since(began).Round(time.Millisecond))
	w.gone(server, l)
	w.tells(m.ID)
}

// tells checks what the pages are drawn from.
func (w *world) tells(m stead.MandateID) {
	w.t.Helper()
	root := w.Login("staff/root", "console.test")
	var s authority.Stopped
	for began := time.Now(); ; {
		w.settled()
		var err error
		if s, err = w.AccountStopped(w.t.Context(), root, w.People["staff/max"].ID); err != nil {
			w.t.Fatal(err)
		}
		if s.Open() == 0 {
			break
		}
		if time.Since(began) > 10*time.Second {
			w.t.Fatalf("still open: %+v", s.All)
		}
	}
	for what, n := range map[string]int{"session": 1, "agent": 1, "instance": 1, "mandate": 1, "tokens": 1, "login": 1, "connections": 1, "role": 1} {
		found := told(s, what)
		if len(found) != n || slices.ContainsFunc(found, func(e authority.Stop) bool { return e.Number == 0 || e.Took > 10*time.Second }) {
			w.t.Errorf("%s: %+v", what, found)
		}
	}
	if login, role := told(s, "login")[0], told(s, "role")[0]; login.Took <= 0 || login.Took > role.Took {
		w.t.Errorf("the login was refused after %s, the role gone after %s", login.Took, role.Took)
	}
	if one, err := w.MandateStopped(w.t.Context(), root, m); err != nil || len(told(one, "role")) != 1 || one.Act.Kind != "mandate.ended" {
		w.t.Errorf("%+v, %v", one, err)
	}
	gone := true
	if _, err := w.Change(w.t.Context(), root, w.People["staff/max"].ID, authority.Edit{Deleted: &gone}); err != nil {
		w.t.Fatal(err)
	}
	w.settled()
	if after, err := w.AccountStopped(w.t.Context(), root, w.People["staff/max"].ID); err != nil || after.Act.ID != s.Act.ID || len(told(after, "session")) != 1 {
		w.t.Errorf("after the account is gone too: %+v, %v", after, err)
	}
	if _, err := w.AccountStopped(w.t.Context(), root, w.People["staff/ida"].ID); stead.KindOf(err) != stead.Conflict {
		w.t.Errorf("of an open account: %v", err)
	}
	if _, err := w.AccountStopped(w.t.Context(), w.Login("staff/ida", "console.test"), w.People["staff/max"].ID); err == nil {
		w.t.Error("a colleague is told what ended")
	}
}
