package agents

import (
	"testing"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
)

// Somebody else looks at another build than who handed it in.
func TestResumedByAnother(t *testing.T) {
	w := newWorld(t)
	r := w.agent
	r.Build.Model = "larger"
	if _, err := w.ChangeAgent(t.Context(), w.root, r.Principal, authority.NewAgent{Name: "monthly-report", Registration: r}); err != nil {
		t.Fatal(err)
	}
	_, err := w.ResumeAgent(t.Context(), w.root, r.Principal, "")
	w.no(err, stead.ReasonOwn)
	if _, err := w.ResumeAgent(t.Context(), w.Login("staff/root2", "console.test"), r.Principal, "looked at"); err != nil {
		t.Error(err)
	}
}

// Who answers for an agent resumes neither it nor what it holds, whatever role he has.
func TestOwnerResumesNothing(t *testing.T) {
	w := newWorld(t)
	by, m := w.working("k1")
	groups := []string{"admins"}
	if _, err := w.Change(t.Context(), w.root, w.People["staff/max"].ID, authority.Edit{Groups: &groups}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Suspend(t.Context(), w.root, m.ID, ""); err != nil {
		t.Fatal(err)
	}
	_, err := w.Resume(t.Context(), w.Login("staff/max", "console.test"), m.ID, "")
	w.no(err, stead.ReasonOwn)
	w.refused(w.reads(by, m.ID, "public.orders"), stead.ReasonSuspended)
}
