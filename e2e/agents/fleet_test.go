package agents

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/client/admin"
	runner "github.com/steadhq/stead/client/agent"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/tokens"
)

// A2: many runs of one agent come, work and go at once, as programs outside do it; none is in another's way, and nothing is left
// of them. How many a minute that can be the benchmark tells (bench, Instances).
func TestFleet(t *testing.T) {
	o := newOutside(t)
	o.register("sorter", stead.Company, stead.LowTier, "staff/ida", task("tidy", "public.orders"))
	secret, err := o.MakeSecret(t.Context(), o.root, o.registered("sorter"))
	if err != nil {
		t.Fatal(err)
	}
	const runs = 120
	var all sync.WaitGroup
	wrong := make([]error, runs)
	for i := range runs {
		all.Go(func() { wrong[i] = o.wholeRun(t.Context(), runner.BySecret{Agent: "sorter", Secret: secret}) })
	}
	all.Wait()
	for i, err := range wrong {
		if err != nil {
			t.Fatalf("run %d: %v", i, err)
		}
	}
	o.Store.View().Read(func(s *authority.State) {
		if n, m := len(s.InstancesOf(o.registered("sorter"))), len(s.MandatesBy(o.registered("sorter"))); n+m != 0 {
			t.Errorf("%d instances and %d mandates are left", n, m)
		}
	})
	o.told("instance.enrolled", "mandate.started", "mandate.completed", "instance.ended")
}

func (o *outside) registered(name string) (id stead.PrincipalID) {
	r, _ := o.Client(name)
	return r.Principal
}

func (o *outside) wholeRun(ctx context.Context, who runner.Identity) error {
	key, err := runner.NewKey(rand.Reader)
	if err != nil {
		return err
	}
	run := &runner.Run{Addr: o.origin, HTTP: http.DefaultClient, Key: key, Now: o.Clock.Wall}
	if err := run.Enroll(ctx, who, time.Hour, time.Minute); err != nil {
		return err
	}
	api := run.API("fleet")
	m, err := api.AskTask(ctx, admin.TaskBody{Task: "tidy"})
	if err == nil {
		m, err = api.StartMandate(ctx, m.ID, admin.CodeBody{})
	}
	if err == nil {
		_, _, err = run.Token(ctx, m.ID)
	}
	if err == nil {
		err = api.BeatInstance(ctx, run.ID)
	}
	if err == nil {
		_, err = api.CompleteMandate(ctx, m.ID, admin.CompleteBody{Result: "sorted"})
	}
	if err == nil {
		err = api.EndInstance(ctx, run.ID, admin.EndInstanceQuery{})
	}
	return err
}

// A key is read back as it was written, what is none is refused, and a runner whose clock is behind proves itself all the same: the
// nonce makes up for that.
func TestRunnersKey(t *testing.T) {
	o := newOutside(t)
	key, err := runner.NewKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	private, err := key.Private()
	if err != nil {
		t.Fatal(err)
	}
	again, err := runner.ReadKey(private)
	if err != nil || again.Thumbprint != key.Thumbprint {
		t.Fatal(again.Thumbprint, err)
	}
	public, err := key.Public()
	if err != nil {
		t.Fatal(err)
	}
	var k jose.JSONWebKey
	if err := json.Unmarshal(public, &k); err != nil || !k.IsPublic() {
		t.Error("what is registered is not public:", err)
	}
	for _, wrong := range []string{"", "{}", string(public), `{"kty":"oct","k":"AAAA"}`} {
		if _, err := runner.ReadKey([]byte(wrong)); err == nil {
			t.Error(wrong, "is taken")
		}
	}
	run := &runner.Run{Addr: o.origin, HTTP: http.DefaultClient, Key: key, Now: func() time.Time { return o.Clock.Wall().Add(-90 * time.Second) }}
	if err := run.Enroll(t.Context(), runner.ByEnrolment{Token: o.enrolment()}, 0, 0); err != nil {
		t.Fatal(err)
	}
	if run.Agent != "monthly-report" || run.ID == "" {
		t.Error(run.Agent, run.ID)
	}
}

// No kind of proof passes for a key where keys are asked for.
func TestProofIsNoKey(t *testing.T) {
	d := newDomain(t)
	o := trusting(t, d, tokens.Trust{Domain: "acme.example", File: d.file})
	for _, key := range []string{"spiffe:" + workload, "attester:laptops", "enrolment:x", "secret:x"} {
		_, err := o.PresentKey(t.Context(), authority.PresentedKey{Agent: "monthly-report", Thumbprint: key})
		o.no(err, stead.ReasonSignIn)
	}
}
