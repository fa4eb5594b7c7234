package notices_test

import (
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/steadhq/stead/internal/authority"
	. "github.com/steadhq/stead/internal/notices"
)

// TestMail: who is told what, by a real SMTP server: voters of the stage, those who step in, the owner; the actor is named as
// the initiator, the link is the configured one, and nothing sensitive is in it (I16, R35, J3).
func TestMail(t *testing.T) {
	p := newPost(t)
	w := newWorld(t, p.channel())
	m := w.ask()
	w.tick()
	want := map[string]int{"ida@corp.test": 1}
	if got := keys(p.mails(t)); !maps.Equal(got, want) {
		t.Fatalf("asked: %v", got) // max is of that group too, and answers for the agent
	}
	raw := p.mails(t)["ida@corp.test"][0]
	for _, part := range []string{"From: \"monthly-report, an agent of Max Novak (Stead)\" <stead@corp.test>", "https://stead.test/requests/" + string(m.ID), "Auto-Submitted: auto-generated",
		"Subject: A request waits for your yes or no", "By monthly-report, an agent of Max Novak"} {
		if !strings.Contains(strings.ReplaceAll(raw, "\r\n ", " "), part) {
			t.Errorf("no %q in\n%s", part, raw)
		}
	}
	if strings.Contains(raw, "secret plans") || strings.Contains(raw, "SUP-4711") {
		t.Errorf("the reason is in the mail:\n%s", raw)
	}
	w.later(31 * time.Minute)
	w.swept()
	w.later(30 * time.Minute)
	w.swept()
	want = map[string]int{"ida@corp.test": 3, "cole@corp.test": 1}
	if got := keys(p.mails(t)); !maps.Equal(got, want) {
		t.Fatalf("reminded and escalated: %v", got)
	}
	if raw := p.mails(t)["cole@corp.test"][0]; strings.Contains(raw, "\nBcc:") {
		t.Errorf("a name made a header:\n%s", raw)
	}
	m = w.agree("staff/ida", m)
	w.tick()
	want["omar@corp.test"] = 1
	if got := keys(p.mails(t)); !maps.Equal(got, want) {
		t.Fatalf("the next stage: %v", got)
	}
	m = w.agree("staff/omar", m)
	w.tick()
	want["max@corp.test"] = 1
	if got := keys(p.mails(t)); !maps.Equal(got, want) {
		t.Fatalf("approved: %v", got)
	}
	if _, err := w.StartTask(t.Context(), w.by, m.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Complete(t.Context(), w.by, m.ID, "done"); err != nil {
		t.Fatal(err)
	}
	w.tick()
	want["max@corp.test"] = 3
	if got := keys(p.mails(t)); !maps.Equal(got, want) {
		t.Fatalf("started and ended: %v", got)
	}
	if n := len(w.sent("notice.sent")); n != 8 {
		t.Errorf("%d are on record", n)
	}
}

func (w *world) swept() {
	w.t.Helper()
	if err := w.Sweep(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
	w.tick()
}

// Nobody agreed in time: the owner is told that it is over.
func TestMailExpired(t *testing.T) {
	p := newPost(t)
	w := newWorld(t, p.channel())
	w.ask()
	w.later(2 * time.Hour)
	w.swept()
	if got := p.mails(t)["max@corp.test"]; len(got) != 1 || !strings.Contains(got[0], "in time") {
		t.Errorf("%v", got)
	}
}

// A server that is gone is tried again, in order, with the same id; what it says can never be is given up at once.
func TestMailServerGone(t *testing.T) {
	p := newPost(t)
	w := newWorld(t, p.channel())
	p.kill()
	w.ask()
	w.tick()
	w.tick()
	if n := len(w.sent("notice.")); n != 1 { // notice.begun
		t.Errorf("%d on record", n)
	}
	p.start(t)
	w.later(2 * time.Second)
	w.tick()
	if got := p.mails(t)["ida@corp.test"]; len(got) != 1 || !strings.Contains(got[0], string(w.sent("mandate.asked")[0].ID)) {
		t.Errorf("%v", got)
	}
	bad := map[string]string{"email": "ida@corp.test, all@corp.test"}
	if _, err := w.Change(t.Context(), w.root, w.People["staff/ida"].ID, authority.Edit{Attributes: &bad}); err != nil {
		t.Fatal(err)
	}
	w.ask()
	w.tick()
	if dead := w.sent("notice.send.refused"); len(dead) != 1 || len(p.mails(t)) != 1 {
		t.Errorf("%d given up, %s", len(dead), names(p.mails(t)))
	}
}

// Who is acted for is told by default, or where policy says so; and a person's own words are not in it.
func TestMailSubject(t *testing.T) {
	p := newPost(t)
	w := newWorld(t, p.channel())
	by := w.Login("staff/sam", "console.test")
	m, err := w.Act(by, "staff/sam", "customers/dana", "read-only")
	if err != nil {
		t.Fatal(err)
	}
	w.tick()
	got := p.mails(t)["dana@corp.test"]
	if len(got) != 1 || !strings.Contains(got[0], "By Sam Okafor, for Dana Reyes") || !strings.Contains(got[0], "https://stead.test/me") || strings.Contains(got[0], m.Purpose.Reason) {
		t.Fatalf("%v", got)
	}
	w.out.Subject = ByPolicy
	if _, err := w.End(t.Context(), by, m.ID); err != nil {
		t.Fatal(err)
	}
	w.tick()
	if got := p.mails(t)["dana@corp.test"]; len(got) != 1 {
		t.Errorf("told although policy does not say so: %v", got)
	}
}
