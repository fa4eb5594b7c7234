package console

import (
	"strings"
	"testing"
	"time"

	"github.com/steadhq/stead"
)

func hours(n int) stead.Duration { return stead.Duration(time.Duration(n) * time.Hour) }

// The card says by the clock who is waited for until when, who steps in, and who comes later.
func TestStages(t *testing.T) {
	m := wanted(stead.Asked)
	m.AskedAt, m.StartBy = noon.Add(-3*time.Hour), noon.Add(5*time.Hour)
	m.Stages = []stead.Stage{
		{Groups: []string{"staff/lead"}, Count: 1},
		{Groups: []string{"staff/security"}, Count: 1, Within: hours(1), Then: []stead.Step{{Groups: []string{"staff/board"}, Within: hours(1)}, {Groups: []string{"staff/owners"}}}},
		{Groups: []string{"staff/compliance"}, Count: 2, Within: hours(2), Then: []stead.Step{{Groups: []string{"staff/board"}}}},
	}
	m.Digest = m.Sum()
	m.Approvals = []stead.Approval{{By: omar, Person: "h9", Yes: true, Digest: m.Digest, At: noon.Add(-90 * time.Minute), Comment: "fine"}}
	m.Comments = []stead.Comment{{By: dana, Text: "<b>which?</b>", At: noon}}
	a := house().is(omar)
	a.mandates["man_1"] = m
	_, body := answer(serve(t, a.console()), browse("GET", "/requests/man_1", nil))
	for _, part := range []string{"agreed", "“fine”", "waits", "Since 11:30:00 UTC staff/board may agree too, until 12:30:00 UTC", "30 min", "From 12:30:00 UTC staff/owners may agree too",
		"comes later", "2 h, once it is their turn", "Then staff/board may agree too", "&lt;b&gt;which?&lt;/b&gt;", `data-every="5"`} {
		if !strings.Contains(body, part) {
			t.Errorf("no %q in %s", part, body)
		}
	}
	m.Stages, m.Approvals, m.State = nil, nil, stead.Approved
	m.Rules = []stead.RuleRef{{ID: "agents-low", Hash: "h", Reason: "low risk"}}
	a.mandates["man_1"] = m
	if _, body := answer(serve(t, a.console()), browse("GET", "/requests/man_1", nil)); !strings.Contains(body, "Approved by standing rule agents-low: low risk.") {
		t.Error(body)
	}
}
