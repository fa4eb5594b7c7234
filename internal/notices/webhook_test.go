package notices_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/steadhq/stead/internal/authority"
	. "github.com/steadhq/stead/internal/notices"
)

// The example of Standard Webhooks.
func TestSign(t *testing.T) {
	secret, err := ReadSecret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n")
	if err != nil {
		t.Fatal(err)
	}
	if got := Sign(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", time.Unix(1614265330, 0), []byte(`{"test": 2432232314}`)); got != "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=" {
		t.Error(got)
	}
	for _, bad := range []string{"", "whsec_", "whsec_c2hvcnQ=", "no base64!", "whsec_" + strings.Repeat("QUJD", 30)} {
		if _, err := ReadSecret(bad); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}

// verified is what a receiver does (Standard Webhooks): the signature over id, time and body, a time of these minutes, an
// id that it has not seen.
func verified(h heard, now time.Time, seen map[string]bool) string {
	id, stamp := h.head.Get("Webhook-Id"), h.head.Get("Webhook-Timestamp")
	unix, err := strconv.ParseInt(stamp, 10, 64)
	switch {
	case err != nil || Sign(secret, id, time.Unix(unix, 0), h.body) != h.head.Get("Webhook-Signature"):
		return "forged"
	case now.Sub(time.Unix(unix, 0)).Abs() > 5*time.Minute:
		return "old"
	case seen[id]:
		return "again"
	}
	seen[id] = true
	return "new"
}

// TestWebhook: a receiver that fails, then hangs, then is killed in the middle, and comes back: everything arrives, in order,
// with ids that are the same at every try, and a replay is noticed.
func TestWebhook(t *testing.T) {
	hang := make(chan struct{})
	w := newWorld(t)
	r := newReceiver(t, func(n int, w http.ResponseWriter, q *http.Request) bool {
		switch n {
		case 1:
			http.Error(w, "not today", http.StatusInternalServerError)
		case 2:
			select { // until the sender gives up
			case <-q.Context().Done():
			case <-hang:
			}
		case 3:
			c, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				t.Error(err)
				return false
			}
			_ = c.Close() // killed after it has read all of it
		default:
			return true
		}
		return false
	})
	defer close(hang)
	hook := r.hook(w.Now)
	sender := hook.Sender.(Webhook)
	sender.HTTP.Timeout = 200 * time.Millisecond
	hook.Sender = sender
	w.out = w.outbox(hook)
	w.tick()
	m := w.ask()
	m = w.agree("staff/ida", m)
	w.agree("staff/omar", m)
	for n := range 3 {
		w.tick()
		if got := len(r.heard()); got != n+1 {
			t.Fatalf("try %d: heard %d", n, got)
		}
		w.tick() // not due yet
		if got := len(r.heard()); got != n+1 {
			t.Fatalf("try %d came back at once", n)
		}
		w.later(10 * time.Second)
	}
	_ = r.Close()
	w.tick()
	w.later(time.Minute)
	r.open(t)
	w.tick()
	seen, kinds := map[string]bool{}, []string{}
	for _, h := range r.heard() {
		switch v := verified(h, w.Now(), map[string]bool{}); v {
		case "new", "old":
		default:
			t.Errorf("%s: %s", v, h.body)
		}
		if verified(h, w.Now(), seen) != "again" {
			kinds = append(kinds, h.kind(t))
		}
	}
	if !slices.Equal(kinds, []string{"asked", "asked", "approved"}) {
		t.Errorf("%v", kinds)
	}
	first, last := r.heard()[0], r.heard()[3]
	if first.head.Get("Webhook-Id") != last.head.Get("Webhook-Id") || first.head.Get("Webhook-Timestamp") == last.head.Get("Webhook-Timestamp") || !bytes.Equal(first.body, last.body) {
		t.Errorf("%v and %v", first.head, last.head)
	}
	replay := r.heard()[5]
	if v := verified(replay, w.Now(), seen); v != "again" {
		t.Errorf("a replay is %s", v)
	}
	replay.head = replay.head.Clone()
	replay.head.Set("Webhook-Id", "another")
	if v := verified(replay, w.Now(), seen); v != "forged" {
		t.Errorf("a replay with another id is %s", v)
	}
	if strings.Contains(string(first.body), "secret plans") || !strings.Contains(string(first.body), `"link":"https://stead.test/requests/`+string(m.ID)+`"`) ||
		!strings.Contains(string(first.body), "monthly-report, an agent of Max Novak") {
		t.Errorf("%s", first.body)
	}
}

// A kill between delivery and its record: another process sends again, with the same id; a kill before: it sends at all. What
// is on record is not sent again, and a node that does not hold the lease sends nothing.
func TestKilledOutbox(t *testing.T) {
	r := newReceiver(t, nil)
	w := newWorld(t)
	lost := &forgetful{Clerk: w.Authority}
	w.out = w.outbox(r.hook(w.Now))
	w.out.Clerk = lost
	w.tick()
	m := w.ask()
	w.tick() // delivered, never recorded
	w.Shut()
	w.Open()
	w.out = w.outbox(r.hook(w.Now))
	w.tick()
	w.tick()
	got := r.heard()
	if len(got) != 2 || got[0].head.Get("Webhook-Id") != got[1].head.Get("Webhook-Id") {
		t.Fatalf("%d", len(got))
	}
	w.agree("staff/ida", m)
	w.out = w.outbox(r.hook(w.Now)) // killed again, before it sent
	w.out.Holder = "another node"
	w.tick()
	if len(r.heard()) != 2 {
		t.Error("a node sends that does not hold the lease")
	}
	w.later(Held + time.Second)
	w.tick()
	if got := r.heard(); len(got) != 3 || got[2].head.Get("Webhook-Id") == got[1].head.Get("Webhook-Id") {
		t.Errorf("%d", len(got))
	}
}

// A forgetful clerk was killed before it wrote.
type forgetful struct{ Clerk }

func (*forgetful) Noticed(context.Context, authority.Noticed) error { return context.Canceled }

// Given up after a day: on record and on the board; the next message goes on. A new channel tells nothing of before.
func TestGivenUp(t *testing.T) {
	w := newWorld(t)
	r := newReceiver(t, func(_ int, w http.ResponseWriter, q *http.Request) bool {
		http.Redirect(w, q, "http://127.0.0.1:1/elsewhere", http.StatusFound) // a redirect is followed nowhere
		return false
	})
	w.ask()
	w.out = w.outbox(r.hook(w.Now))
	w.tick()
	if len(r.heard()) != 0 {
		t.Error("a new channel tells of what was before it")
	}
	m, err := w.Withdraw(t.Context(), w.by, w.sent("mandate.asked")[0].Mandate)
	if err != nil {
		t.Fatal(err)
	}
	m = w.ask()
	w.tick()
	board, err := w.out.Standing(t.Context())
	if err != nil || len(board[0].Waiting) != 1 || board[0].Waiting[0].Mandate != m.ID || !strings.Contains(board[0].Error, "302") {
		t.Errorf("%v, %+v", err, board)
	}
	w.later(23 * time.Hour)
	w.tick()
	if n := len(r.heard()); n != 2 {
		t.Errorf("%d tries", n)
	}
	w.later(2 * time.Hour)
	w.tick()
	if waits, dead := w.out.Figures(); waits != 0 || dead != 1 {
		t.Errorf("%d wait, %d were given up", waits, dead)
	}
	if n := len(w.sent("notice.send.refused")); n != 1 {
		t.Errorf("%d given up", n)
	}
	dead, err := w.out.Dead(t.Context(), time.Time{})
	if err != nil || len(dead) != 1 || dead[0].What["channel"] != "ops" || dead[0].Mandate != m.ID {
		t.Errorf("%v, %+v", err, dead)
	}
	if board, err = w.out.Standing(t.Context()); err != nil || len(board[0].Waiting) != 0 {
		t.Errorf("%v, %+v", err, board)
	}
}

// Slack's marks in a name are text.
func TestSlack(t *testing.T) {
	r := newReceiver(t, nil)
	s := Slack{URL: "http://" + r.at + "/services/T/B/x", HTTP: NewHTTP()}
	if err := s.Send(t.Context(), Message{Kind: Asked, Initiator: "<!channel> <https://evil.test|Sam> & co", Link: "https://stead.test/requests/m"}); err != nil {
		t.Fatal(err)
	}
	var said struct{ Text string }
	if err := json.Unmarshal(r.heard()[0].body, &said); err != nil {
		t.Fatal(err)
	}
	if want := "*A request waits for your yes or no*\nBy &lt;!channel&gt; &lt;https://evil.test|Sam&gt; &amp; co\nhttps://stead.test/requests/m"; said.Text != want {
		t.Errorf("%q", said.Text)
	}
	_ = r.Close()
	if err := s.Send(t.Context(), Message{Kind: Asked}); err == nil || strings.Contains(err.Error(), "services") {
		t.Errorf("%v", err) // the address is a secret
	}
}

func TestLater(t *testing.T) {
	for tries, want := range map[int][2]time.Duration{1: {500 * time.Millisecond, 1500 * time.Millisecond}, 4: {4 * time.Second, 12 * time.Second}, 400: {450 * time.Second, 1350 * time.Second}} {
		if low, high := Later(tries, 0), Later(tries, 1); low != want[0] || high != want[1] {
			t.Errorf("%d: %s to %s", tries, low, high)
		}
	}
}

// One recipient takes nothing, the other does: after a kill the first is tried again, and the second is not told twice.
func TestSettledIsNotSentAgain(t *testing.T) {
	w := newWorld(t)
	made, err := w.Enroll(t.Context(), w.root, []authority.NewPerson{{Directory: "staff", Name: "zoe", Shown: "Zoe Ito", Groups: []string{"ai-operations"},
		Attributes: map[string]string{"email": "zoe@corp.test"}}})
	if err != nil {
		t.Fatal(err)
	}
	w.People["staff/zoe"] = made[0]
	r := newReceiver(t, func(_ int, rw http.ResponseWriter, q *http.Request) bool {
		if bad := strings.HasSuffix(q.Header.Get("Webhook-Id"), string(w.People["staff/zoe"].ID)); bad {
			http.Error(rw, "not today", http.StatusInternalServerError)
			return false
		}
		return true
	})
	people := func() *Channel {
		c := r.hook(w.Now)
		c.People = true
		return c
	}
	w.out = w.outbox(people())
	w.tick()
	w.ask()
	w.tick()
	if n := len(r.heard()); n != 2 {
		t.Fatalf("%d tries", n)
	}
	w.Shut()
	w.Open()
	w.out = w.outbox(people())
	w.tick()
	tries := map[string]int{}
	for _, h := range r.heard() {
		tries[h.head.Get("Webhook-Id")]++
	}
	of := string(w.sent("mandate.asked")[0].ID) + "."
	if tries[of+string(w.People["staff/ida"].ID)] != 1 || tries[of+string(w.People["staff/zoe"].ID)] != 2 {
		t.Errorf("%v", tries)
	}
}
