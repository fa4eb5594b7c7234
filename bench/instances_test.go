package bench

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/client/admin"
	runner "github.com/steadhq/stead/client/agent"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/cedar"
	"github.com/steadhq/stead/internal/house"
	"github.com/steadhq/stead/internal/house/housetest"
	"github.com/steadhq/stead/internal/keys"
	"github.com/steadhq/stead/internal/web"
)

// fleet is how many agents the runs are of.
const fleet = 50

const fleetRule = `@id("sort") @owner("x")
permit (principal is Agent, action == Action::"act", resource) when { context.app == "crm" && context.mode == "read-only" };`

// BenchmarkInstances lets runs of agents come and go over HTTP, 64 at once, each with a key of its own: enrolled by the agent's
// key, a token, a task asked for and begun, a token for its system, completed, ended. Its figure is whole runs in a minute.
func BenchmarkInstances(b *testing.B) {
	addr, who := agents(b)
	pool := &http.Client{Transport: &http.Transport{MaxIdleConns: 256, MaxIdleConnsPerHost: 256}}
	var next atomic.Int64
	var all sync.WaitGroup
	began := time.Now()
	b.ResetTimer()
	for range 64 {
		all.Go(func() {
			for i := next.Add(1); i <= int64(b.N); i = next.Add(1) {
				if err := whole(b.Context(), pool, addr, who[i%fleet]); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	b.ReportMetric(float64(b.N)/time.Since(began).Minutes(), "runs/min")
}

// whole is the life of one run.
func whole(ctx context.Context, pool *http.Client, addr string, who runner.ByKey) error {
	key, err := runner.NewKey(rand.Reader)
	if err != nil {
		return err
	}
	run := &runner.Run{Addr: addr, HTTP: pool, Key: key, Now: time.Now}
	if err := run.Enroll(ctx, who, time.Hour, time.Minute); err != nil {
		return err
	}
	api := run.API("bench")
	m, err := api.AskTask(ctx, admin.TaskBody{Task: "sort"})
	if err == nil {
		m, err = api.StartMandate(ctx, m.ID, admin.CodeBody{})
	}
	if err == nil {
		_, _, err = run.Token(ctx, m.ID)
	}
	if err == nil {
		_, err = api.CompleteMandate(ctx, m.ID, admin.CompleteBody{Result: "sorted"})
	}
	if err == nil {
		err = api.EndInstance(ctx, run.ID, admin.EndInstanceQuery{})
	}
	return err
}

// agents opens a house with doors and the agents of the fleet.
func agents(b *testing.B) (addr string, who []runner.ByKey) {
	b.Helper()
	began := time.Now()
	h := housetest.New(b, func(o *house.Options) {
		o.Wall, o.Boot = time.Now, func() time.Duration { return time.Since(began) }
		o.Settings.Apps = append(o.Settings.Apps, stead.NewSystem("crm"))
		o.Files = maps.Clone(cedar.Default())
		o.Files["fleet.cedar"] = fleetRule
	})
	var first []authority.FirstAgent
	for i := range fleet {
		key, err := runner.NewKey(rand.Reader)
		if err != nil {
			b.Fatal(err)
		}
		jwk, err := key.Public()
		if err != nil {
			b.Fatal(err)
		}
		public, err := web.PublicKey(json.RawMessage(jwk))
		if err != nil {
			b.Fatal(err)
		}
		name := fmt.Sprintf("sorter-%d", i)
		r := stead.Registration{Kind: stead.Company, Tier: stead.LowTier, Owner: h.People["staff/maya"].ID, Purpose: "sort", Keys: []stead.AgentKey{public},
			Tasks: []stead.Task{{ID: "sort", Purpose: "sort", Grants: []stead.Entitlement{{System: "crm", Action: stead.ActionRead, Resource: "orders"}}}}}
		first = append(first, authority.FirstAgent{NewAgent: authority.NewAgent{Name: name, Registration: r}, Secret: h.NewID("")})
		who = append(who, runner.ByKey{Agent: name, Key: key})
	}
	if err := h.SeedAgents(b.Context(), first); err != nil {
		b.Fatal(err)
	}
	server := httptest.NewUnstartedServer(nil)
	addr = "http://" + server.Listener.Addr().String()
	dir := b.TempDir()
	m, err := house.Unlock(b.Context(), filepath.Join(dir, "master.key"), house.Cabinet(dir))
	if err != nil {
		b.Fatal(err)
	}
	ring, err := keys.OpenRing(b.Context(), keys.Signing{Issuer: addr, Now: h.Now, Rand: rand.Reader, Secrets: m.Secrets, Box: m.Box})
	if err != nil {
		b.Fatal(err)
	}
	doors, err := h.Doors(house.Site{Origin: addr, Listen: server.Listener.Addr().String(), Gateway: "orders.test", Ring: ring, Log: slog.New(slog.DiscardHandler), Version: "bench"})
	if err != nil {
		b.Fatal(err)
	}
	server.Config.Handler = doors.Own
	server.Start()
	b.Cleanup(server.Close)
	return addr, who
}
