package agents

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/house"
	"github.com/steadhq/stead/internal/store/pgtest"
)

// enrolls asks for a run with a key, by what body says of its agent.
func (o *outside) enrolls(proof string, body map[string]any) said {
	o.t.Helper()
	return o.send("POST", "/v1/instances", text(o.t, body), map[string]string{"Content-Type": "application/json", "DPoP": proof})
}

// enrolment is a one-time token of the report.
func (o *outside) enrolment() string {
	o.t.Helper()
	s := o.send("POST", "/v1/agents/monthly-report/enrolment", "", map[string]string{"Authorization": "Bearer " + o.pass("staff/max")})
	if s.status != http.StatusCreated || !strings.HasPrefix(s.text("enrolment"), "ste_") || s.head.Get("Cache-Control") != "no-store" {
		o.t.Fatal(s)
	}
	return s.text("enrolment")
}

// A2: a machine that holds nothing but a one-time token begins one run, and no other; the run gets tokens by its own key.
func TestEnrolment(t *testing.T) {
	o := newOutside(t)
	token, run := o.enrolment(), newKey(t)
	proof := func() string { return o.proves(run, "POST", "/v1/instances", "") }
	for name, r := range map[string]struct {
		proof string
		body  map[string]any
	}{
		"no token":            {proof(), map[string]any{}},
		"another token":       {proof(), map[string]any{"enrolment": token + "x"}},
		"another agent's":     {proof(), map[string]any{"enrolment": "ste_x" + token[4:]}},
		"no proof of a key":   {"", map[string]any{"enrolment": token}},
		"proof for elsewhere": {o.proves(run, "POST", "/oauth/token", ""), map[string]any{"enrolment": token}},
		"two ways at once":    {proof(), map[string]any{"enrolment": token, "client_id": "monthly-report", "client_secret": "x"}},
	} {
		if s := o.enrolls(r.proof, r.body); s.status != http.StatusUnauthorized {
			t.Error(name, s)
		}
	}
	s := o.enrolls(proof(), map[string]any{"enrolment": token, "for": "3h", "beat": "30s"})
	if s.status != http.StatusCreated || s.text("key") != thumbprint(t, run) || s.text("beat") != "30s" || !strings.HasPrefix(s.text("proof"), "enrolment:") {
		t.Fatal(s)
	}
	if s = o.enrolls(o.proves(newKey(t), "POST", "/v1/instances", ""), map[string]any{"enrolment": token}); s.status != http.StatusConflict || s.text("reason_code") != "used" {
		t.Error("it counts twice:", s)
	}
	late := o.enrolment()
	o.Clock.Move(10 * time.Minute)
	if s = o.enrolls(o.proves(newKey(t), "POST", "/v1/instances", ""), map[string]any{"enrolment": late}); s.status != http.StatusUnauthorized {
		t.Error("it counts too long:", s)
	}
	o.told("enrolment.made", "instance.enrolled", "instance.enroll.refused")
}

// Who has no right to an agent makes no token for it, and a suspended one enrolls nothing.
func TestEnrolmentRefused(t *testing.T) {
	o := newOutside(t)
	for _, who := range []string{"staff/sam", "staff/omar"} {
		if s := o.send("POST", "/v1/agents/monthly-report/enrolment", "", map[string]string{"Authorization": "Bearer " + o.pass(who)}); s.status != http.StatusNotFound {
			t.Error(who, s)
		}
	}
	pass := map[string]string{"Authorization": "Bearer " + o.pass("staff/max"), "Content-Type": "application/json"}
	if s := o.send("POST", "/v1/agents/monthly-report/enrolment", `{"for":"1h"}`, pass); s.status != http.StatusBadRequest {
		t.Error("an hour:", s)
	}
	token := o.enrolment()
	if _, err := o.SuspendAgent(t.Context(), o.root, o.agent.Principal, "odd"); err != nil {
		t.Fatal(err)
	}
	if s := o.enrolls(o.proves(newKey(t), "POST", "/v1/instances", ""), map[string]any{"enrolment": token}); s.text("reason_code") != "suspended" {
		t.Error(s)
	}
	o.told("enrolment.make.refused")
}

// A run asks for tokens by the key it has: for that one alone, and until it is over.
func TestRunsOwnToken(t *testing.T) {
	o := newOutside(t)
	run, other := newKey(t), newKey(t)
	if s := o.enrolls(o.proves(run, "POST", "/v1/instances", ""), map[string]any{"enrolment": o.enrolment()}); s.status != http.StatusCreated {
		t.Fatal(s)
	}
	o.key = run
	if s := o.asks(run); s.text("error") != "invalid_client" {
		t.Error("its key is not named, so it is none of the agent's:", s)
	}
	o.kid = thumbprint(t, run)
	token := o.token(run)
	o.active(token, true)
	if s := o.asks(other); s.text("error") != "unauthorized_client" {
		t.Error("a run begins another:", s)
	}
	by := o.by(thumbprint(t, run))
	if err := o.EndInstance(t.Context(), by, by.Instance); err != nil {
		t.Fatal(err)
	}
	if s := o.asks(run); s.text("error") != "invalid_client" {
		t.Error(s)
	}
}

// F1: of fifty that use one token at once one is first; two nodes tell alike.
func TestEnrolmentAtOnce(t *testing.T) {
	server := pgtest.Start(t)
	for _, change := range []func(*house.Options){func(*house.Options) {}, func(h *house.Options) { h.DSN = server.Create(t) }} {
		o := newOutside(t, change)
		token := o.enrolment()
		var proofs []string
		for range 50 {
			proofs = append(proofs, o.proves(newKey(t), "POST", "/v1/instances", ""))
		}
		got := make([]int, 50)
		var all sync.WaitGroup
		for i, proof := range proofs {
			all.Go(func() { got[i] = o.enrolls(proof, map[string]any{"enrolment": token}).status })
		}
		all.Wait()
		told := map[int]int{}
		for _, status := range got {
			told[status]++
		}
		if told[http.StatusCreated] != 1 || told[http.StatusCreated]+told[http.StatusConflict] != 50 {
			t.Errorf("%v", told)
		}
		o.Store.View().Read(func(s *authority.State) {
			if n := len(s.InstancesOf(o.agent.Principal)); n != 1 {
				t.Errorf("one token began %d", n)
			}
		})
	}
}

// A9: what a run was enrolled with ends it when it counts no more, and the mandates it holds.
func TestProofTakenAway(t *testing.T) {
	for name, r := range map[string]struct {
		enroll func(*outside) map[string]any
		take   func(*outside) error
	}{
		"key": {func(o *outside) map[string]any {
			form := o.asserts(nil)
			return map[string]any{"client_assertion_type": form.Get("client_assertion_type"), "client_assertion": form.Get("client_assertion")}
		}, func(o *outside) error {
			r := o.agent
			r.Keys = r.Keys[:1]
			_, err := o.ChangeAgent(o.t.Context(), o.root, r.Principal, authority.NewAgent{Registration: r})
			return err
		}},
		"secret": {func(o *outside) map[string]any {
			s := o.send("POST", "/v1/agents/monthly-report/secret", "", map[string]string{"Authorization": "Bearer " + o.pass("staff/root")})
			if s.status != http.StatusCreated {
				o.t.Fatal(s)
			}
			return map[string]any{"client_id": s.text("client_id"), "client_secret": s.text("client_secret")}
		}, func(o *outside) error {
			_, err := o.MakeSecret(o.t.Context(), o.root, o.agent.Principal)
			return err
		}},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOutside(t)
			o.t, o.world.t = t, t
			gone, stays := newKey(t), newKey(t)
			if s := o.enrolls(o.proves(gone, "POST", "/v1/instances", ""), r.enroll(o)); s.status != http.StatusCreated {
				t.Fatal(s)
			}
			if s := o.enrolls(o.proves(stays, "POST", "/v1/instances", ""), map[string]any{"enrolment": o.enrolment()}); s.status != http.StatusCreated {
				t.Fatal(s)
			}
			by := o.by(thumbprint(t, gone))
			m := o.underway(by)
			if err := r.take(o); err != nil {
				t.Fatal(err)
			}
			_, err := o.PresentKey(t.Context(), authority.PresentedKey{Thumbprint: thumbprint(t, gone)})
			o.no(err, stead.ReasonSignIn)
			o.refused(o.reads(by, m.ID, "public.orders"), stead.ReasonSignIn)
			o.recorded(m.ID, "mandate.ended")
			o.by(thumbprint(t, stays))
			o.told("instance.ended")
		})
	}
}

// A cap: an agent that begins runs without an end is told so, and can go on once some are over.
func TestInstancesCap(t *testing.T) {
	o := newOutside(t, func(h *house.Options) { h.Settings.Instances = 3; h.Settings.Run = 2 * time.Hour })
	keys := []string{}
	for range 3 {
		key := newKey(t)
		keys = append(keys, thumbprint(t, key))
		o.token(key)
	}
	if s := o.asks(newKey(t)); s.status != http.StatusBadRequest || !strings.Contains(s.text("error_description"), "3 instances") {
		t.Error(s)
	}
	_, err := o.EnrollInstance(t.Context(), o.by("monthly-report's key"), authority.NewInstance{Key: stead.AgentKey{Thumbprint: "k9"}})
	o.no(err, stead.ReasonTooMany)
	by := o.by(keys[0])
	o.Store.View().Read(func(s *authority.State) {
		if i := s.Instance(by.Instance); i.Until.Sub(i.Since) != 2*time.Hour {
			t.Error("it lives", i.Until.Sub(i.Since))
		}
	})
	if err := o.EndInstance(t.Context(), by, by.Instance); err != nil {
		t.Fatal(err)
	}
	o.token(newKey(t))
	o.told("token.issue.refused", "instance.enroll.refused")
}
