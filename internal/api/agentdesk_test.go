package api

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
)

// report is the one agent of the desk.
func report() authority.Card {
	return authority.Card{Account: stead.Principal{ID: "prn_bot", Version: 2, Kind: stead.Agent, Directory: stead.Agents, Name: "report"},
		Registration: stead.Registration{Principal: "prn_bot", Version: 2, Kind: stead.Company, Owner: sam.ID, Purpose: "reports", Tier: stead.LowTier,
			Keys:  []stead.AgentKey{{Thumbprint: "thumb", JWK: "{}"}},
			Tasks: []stead.Task{{ID: "monthly", Purpose: "the report", Grants: []stead.Entitlement{{System: "crm", Action: "read", Resource: "t"}}}}},
		Instances: []stead.Instance{{ID: "ins_1", Agent: "prn_bot", Key: stead.AgentKey{Thumbprint: "k1"}, Since: noon, Until: noon}}}
}

func (d *desk) Cards(context.Context, authority.By) ([]authority.Card, error) {
	all := []authority.Card{report()}
	for _, name := range d.fleet {
		c := report()
		c.Account.Name, c.Instances[0].ID = name, stead.InstanceID("ins_"+name)
		all = append(all, c)
	}
	return all, d.note("cards")
}

func (d *desk) Card(_ context.Context, _ authority.By, agent string) (authority.Card, error) {
	return report(), nil // a look before a verb is no verb
}

func (d *desk) Register(_ context.Context, _ authority.By, n authority.NewAgent) (stead.Registration, error) {
	d.agent = n
	return n.Registration, d.note("register " + n.Name)
}

func (d *desk) ChangeAgent(_ context.Context, by authority.By, id stead.PrincipalID, n authority.NewAgent) (stead.Registration, error) {
	d.agent, d.tied = n, by.Proviso
	return n.Registration, d.note("change " + string(id))
}

func (d *desk) SuspendAgent(_ context.Context, _ authority.By, id stead.PrincipalID, reason string) (stead.Registration, error) {
	return stead.Registration{}, d.note(strings.TrimSpace("suspend " + string(id) + " " + reason))
}

func (d *desk) ResumeAgent(_ context.Context, _ authority.By, id stead.PrincipalID, reason string) (stead.Registration, error) {
	return stead.Registration{}, d.note("resume " + string(id) + " " + reason)
}

func (d *desk) RetireAgent(_ context.Context, _ authority.By, id stead.PrincipalID) (stead.Registration, error) {
	return stead.Registration{}, d.note("retire " + string(id))
}

func (d *desk) MakeSecret(_ context.Context, _ authority.By, id stead.PrincipalID) (string, error) {
	return "sts_shown", d.note("secret " + string(id))
}

func (d *desk) MakeEnrolment(_ context.Context, _ authority.By, id stead.PrincipalID, length time.Duration) (authority.Enrolment, error) {
	return authority.Enrolment{Token: "ste_shown", Until: noon.Add(length)}, d.note("enrolment " + string(id))
}

func (d *desk) AgentPast(_ context.Context, _ authority.By, id stead.PrincipalID) (authority.Past, error) {
	return authority.Past{Asked: 4, Agreed: 3, Refused: 1, Whole: true, Mandates: []stead.Mandate{{ID: "man_7", State: stead.Ended}}}, d.note("past " + string(id))
}

func (d *desk) AgentUsed(context.Context, authority.By, stead.PrincipalID) (time.Time, error) {
	return noon, nil
}

func (d *desk) MandateStopped(_ context.Context, _ authority.By, id stead.MandateID) (authority.Stopped, error) {
	return stopped(), d.note("stopped " + string(id))
}

func (d *desk) AccountStopped(_ context.Context, _ authority.By, id stead.PrincipalID) (authority.Stopped, error) {
	return stopped(), d.note("stopped " + string(id))
}

func (d *desk) Spent(context.Context, authority.By, stead.MandateID) (map[string]int64, error) {
	return map[string]int64{"calls": 7}, nil
}

func stopped() authority.Stopped {
	return authority.Stopped{Act: authority.StoredEvent{Index: 6, Event: stead.Event{Kind: "mandate.revoked", Actor: sam.ID, At: noon, Reason: stead.ReasonRevoked}},
		All: []authority.Stop{{What: "login", ID: "man_7", Of: "prn_bot", System: "crm", Number: 9, Took: 40 * time.Millisecond}, {What: "role", ID: "man_7", Open: true}}}
}

// A caller that would rather not wait is told how far a report is, and has it when it is made.
func TestReportThatTakesItsTime(t *testing.T) {
	r := newRig(t)
	r.desk.slow = true
	w := r.do("GET", "/v1/reports/acting-by-app?form=html", "stp_ada", "", "Prefer", "respond-async")
	if w.Code != http.StatusAccepted || w.Header().Get("Retry-After") != "1" || !strings.Contains(w.Body.String(), `"progress":0.4`) || !strings.Contains(w.Body.String(), `"events":412000`) {
		t.Errorf("%d %v %s", w.Code, w.Header(), w.Body)
	}
	if w := r.do("GET", "/v1/reports/acting-by-app?form=csv", "stp_ada", "", "Prefer", "respond-async"); w.Code != http.StatusOK || w.Body.String() != "rows" {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if w := r.do("GET", "/v1/reports/acting-by-app?form=html", "stp_ada", ""); w.Code != http.StatusOK || w.Body.String() != "rows" {
		t.Errorf("who waits: %d %s", w.Code, w.Body)
	}
}

// What ended, and after what time, as the pages show it.
func TestStopped(t *testing.T) {
	r := newRig(t)
	for path, want := range map[string][]string{
		"/v1/mandates/man_7/stopped": {`"event":7`, `"kind":"mandate.revoked"`, `"open":1`, `"took_seconds":0.04`, `"system":"crm"`},
		"/v1/people/prn_bot/stopped": {`"what":"login"`, `"what":"role"`},
		"/v1/agents/report/past":     {`"asked":4`, `"agreed":3`, `"refused":1`, `"whole":true`, `"man_7"`, `"last_used"`},
		"/v1/mandates/man_1":         {`"spent":{"calls":7}`},
	} {
		w := r.do("GET", path, "stp_sam", "")
		for _, text := range want {
			if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), text) {
				t.Errorf("%s: %d lacks %s: %s", path, w.Code, text, w.Body)
			}
		}
	}
}

func (d *desk) EnrollInstance(_ context.Context, _ authority.By, n authority.NewInstance) (stead.Instance, error) {
	d.run = n
	return stead.Instance{ID: "ins_2", Key: n.Key, Since: noon, Until: noon.Add(n.For)}, d.note("run " + n.Key.Thumbprint)
}

func (d *desk) Beat(context.Context, authority.By) error { return d.note("beat") }

func (d *desk) GiveUp(_ context.Context, _ authority.By, id stead.InstanceID, _ string) error {
	return d.note("end " + string(id))
}

func (d *desk) AskTask(_ context.Context, _ authority.By, w authority.TaskAsk) (stead.Mandate, error) {
	d.task = w
	return stead.Mandate{ID: "man_9", State: stead.Asked, Task: w.Task}, d.note("task " + w.Task)
}

func (d *desk) StartTask(_ context.Context, _ authority.By, id stead.MandateID) (stead.Mandate, error) {
	return stead.Mandate{ID: id, State: stead.Active}, d.note("start task " + string(id))
}

func (d *desk) Lease(_ context.Context, _ authority.By, id stead.MandateID) (authority.Lease, error) {
	return authority.Lease{System: "crm", Password: "shown once"}, d.note("lease " + string(id))
}

func (d *desk) Narrow(_ context.Context, _ authority.By, id stead.MandateID, to string, p stead.Passing) (stead.Mandate, error) {
	return stead.Mandate{ID: "man_2", Parent: id, State: stead.Approved, Scope: stead.Scope{Grants: p.Grants}}, d.note("narrow " + string(id) + " " + to + " " + p.For.String())
}

func (d *desk) Tree(id stead.MandateID) []stead.MandateID {
	return []stead.MandateID{id, "man_9"}
}

func (d *desk) Complete(_ context.Context, _ authority.By, id stead.MandateID, result string) (stead.Mandate, error) {
	return stead.Mandate{ID: id, State: stead.Ended}, d.note(strings.TrimSpace("complete " + string(id) + " " + result))
}

const registration = `{"name":"report","kind":"company","owner":"prn_sam","purpose":"reports","tier":"low","build":{"model":"m"},
	"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}],
	"tasks":[{"id":"monthly","purpose":"the report","length":"2h","grants":[{"system":"crm","action":"read","resource":"t","columns":["a"]}]}]}`

// What is handed in of an agent is what the verb is asked for, and keys are named by their thumbprints (RFC 8037 A.3).
func TestRegisterAgent(t *testing.T) {
	r := newRig(t)
	if w := r.do("POST", "/v1/agents", "stp_ada", registration); w.Code != http.StatusCreated || !slices.Equal(r.desk.asked, []string{"register report"}) {
		t.Fatalf("%d %s %v", w.Code, w.Body, r.desk.asked)
	}
	n := r.desk.agent.Registration
	if n.Owner != "prn_sam" || n.Keys[0].Thumbprint != "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k" || n.Tasks[0].Grants[0].Columns[0] != "a" || n.Tasks[0].Length != stead.Duration(2*time.Hour) {
		t.Errorf("%+v", n)
	}
	for name, change := range map[string][2]string{
		"private key": {`"x":"11q`, `"d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A","x":"11q`}, "owner unknown": {"prn_sam", "staff/nobody"}, "no tier": {`"tier":"low",`, ""},
		"strange kind": {"company", "robot"}, "length backwards": {"2h", "-2h"}, "unknown member": {`"name"`, `"suspended":false,"name"`}, "no grants": {`[{"system":"crm","action":"read","resource":"t","columns":["a"]}]`, "[]"},
	} {
		r.desk.asked = nil
		if w := r.do("POST", "/v1/agents", "stp_ada", strings.Replace(registration, change[0], change[1], 1)); w.Code < 400 || len(r.desk.asked) > 0 {
			t.Errorf("%s: %d %v", name, w.Code, r.desk.asked)
		}
	}
	if w := r.do("PUT", "/v1/agents/report", "stp_ada", strings.Replace(registration, `"name":"report"`, `"name":"other"`, 1)); w.Code != http.StatusBadRequest {
		t.Errorf("another name: %d %s", w.Code, w.Body)
	}
}

// What is passed on is what the verb is asked for, and a mandate shows where it comes from and what comes of it.
func TestNarrowMandate(t *testing.T) {
	r := newRig(t)
	body := `{"agent":"adder","for":"2h","grants":[{"system":"crm","action":"read","resource":"t"}]}`
	w := r.do("POST", "/v1/mandates/man_1/narrow", "stp_sam", body)
	if w.Code != http.StatusCreated || !strings.Contains(w.Body.String(), `"parent":"man_1"`) || !slices.Equal(r.desk.asked, []string{"narrow man_1 adder 2h0m0s"}) {
		t.Fatalf("%d %s %v", w.Code, w.Body, r.desk.asked)
	}
	for name, wrong := range map[string]string{"nobody": `{}`, "backwards": `{"agent":"adder","for":"-1h"}`, "a strange mode": `{"agent":"adder","mode":"all"}`} {
		r.desk.asked = nil
		if w := r.do("POST", "/v1/mandates/man_1/narrow", "stp_sam", wrong); w.Code != http.StatusBadRequest || len(r.desk.asked) > 0 {
			t.Errorf("%s: %d %v", name, w.Code, r.desk.asked)
		}
	}
	if w := r.do("GET", "/v1/mandates/man_1", "stp_sam", ""); !strings.Contains(w.Body.String(), `"children":["man_9"]`) {
		t.Error(w.Body)
	}
	deep := strings.Replace(registration, `"length":"2h"`, `"length":"2h","depth":2,"delegates":["adder"]`, 1)
	if w := r.do("POST", "/v1/agents", "stp_ada", deep); w.Code != http.StatusCreated || r.desk.agent.Registration.Tasks[0].Depth != 2 ||
		!slices.Equal(r.desk.agent.Registration.Tasks[0].Delegates, []string{"adder"}) {
		t.Errorf("%d %s %+v", w.Code, w.Body, r.desk.agent.Registration.Tasks)
	}
}
