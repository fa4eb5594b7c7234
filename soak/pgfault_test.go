package soak

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/steadhq/stead/internal/store/pgtest"
)

// TestPostgresNodes lets three nodes on one database act and revoke while they are killed, paused, cut off and slowed, and
// the server ends their sessions and crashes. What everybody was told of each mandate fits one order; every yes stands
// in the record before the end of its mandate; nothing is lost or doubled. // S-I2, S-I15, S-I17, S-I23
func TestPostgresNodes(t *testing.T) {
	if dsn := os.Getenv(nodeMark); dsn != "" {
		beNode(dsn)
		return
	}
	a := newAssault(t)
	began := time.Now()
	rounds := a.rounds(t)
	for _, n := range a.nodes {
		eventually(t, "a node is well again", n.well)
	}
	a.stop()
	size := a.audit(t)
	if err := a.house.Close(context.Background()); err != nil {
		t.Error(err)
	}
	row("three nodes on PostgreSQL killed, paused, cut off, their server crashed", rounds, began, fmt.Sprintf(
		"%d mandates, %d yeses, %d events: every history linearizable, none unrecorded, lost or doubled", a.done.Load(), len(a.yes), size))
}

// An assault is a fleet under attack, each node behind a gate of its own.
type assault struct {
	*fleet
	server *pgtest.Server
	gates  []*pgtest.Gate
	random *rand.Rand
	stop   func()
}

func newAssault(t *testing.T) *assault {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	a := &assault{server: pgtest.Start(t), random: rand.New(rand.NewPCG(2, seed))}
	dsn := a.server.Create(t)
	var nodes []*node
	for range 3 {
		g := pgtest.NewGate(t, a.server)
		a.gates = append(a.gates, g)
		nodes = append(nodes, startNode(t, g.DSN(dsn)))
	}
	for _, n := range nodes {
		eventually(t, "a node starts", n.well)
	}
	a.fleet = newFleet(t, dsn, 4, nodes...)
	a.stop = a.run(t.Context(), t)
	return a
}

// paused is how long a node is paused or cut off.
func paused(r *rand.Rand) time.Duration {
	if os.Getenv("STEAD_SOAK") == "" {
		return 2500 * time.Millisecond
	}
	if r.IntN(8) == 0 {
		return time.Minute
	}
	return time.Duration(r.IntN(8000)) * time.Millisecond
}

// rounds does one bad thing after the other, all of them in the short form too.
func (a *assault) rounds(t *testing.T) (n int) {
	bad := []func(*testing.T, int){a.killNode, a.pauseNode, a.cutOff, a.reset, a.slow, a.terminate, a.crash}
	for end := time.Now().Add(length(t, 3)); n < len(bad) || time.Now().Before(end); n++ {
		if n%len(bad) == 0 {
			a.random.Shuffle(len(bad), func(i, j int) { bad[i], bad[j] = bad[j], bad[i] })
		}
		before := a.done.Load()
		bad[n%len(bad)](t, a.random.IntN(len(a.nodes)))
		eventually(t, "mandates come and go", func() error {
			if a.done.Load() <= before {
				return fmt.Errorf("none has: the nodes say %w", a.ill())
			}
			return nil
		})
	}
	return n
}

func (a *assault) killNode(t *testing.T, n int) {
	a.nodes[n].kill()
	eventually(t, "it starts again", a.nodes[n].well)
}

func (a *assault) pauseNode(t *testing.T, n int) {
	a.nodes[n].signal(syscall.SIGSTOP)
	time.Sleep(paused(a.random))
	a.nodes[n].signal(syscall.SIGCONT)
}

func (a *assault) cutOff(t *testing.T, n int) {
	a.gates[n].Cut()
	time.Sleep(paused(a.random))
	a.gates[n].Heal()
	if a.random.IntN(2) == 0 {
		a.gates[n].Reset(t)
	}
}

func (a *assault) reset(t *testing.T, n int) { a.gates[n].Reset(t) }

func (a *assault) slow(t *testing.T, n int) {
	a.gates[n].Slow(30 * time.Millisecond)
	time.Sleep(time.Second)
	a.gates[n].Heal()
}

func (a *assault) terminate(t *testing.T, _ int) {
	a.server.Do(t, "postgres", "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'stead'")
}

func (a *assault) crash(t *testing.T, _ int) {
	a.server.Stop(syscall.SIGQUIT)
	a.server.Run(t)
}

// eventually waits for what is hoped for.
func eventually(t *testing.T, what string, is func() error) {
	t.Helper()
	var err error
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if err = is(); err == nil {
			return
		}
	}
	t.Fatalf("%s: %v", what, err)
}

// TestPostgresFailover kills the primary and lets its synchronous standby take over, again and again, under load: nothing
// that was acknowledged is lost, nothing is doubled, and nothing that was revoked lives again. // S-I2, S-I32
func TestPostgresFailover(t *testing.T) {
	rounds := 1
	if os.Getenv("STEAD_SOAK") != "" {
		rounds = 50
	}
	began := time.Now()
	primary := pgtest.Start(t)
	primary.Do(t, "postgres", "CREATE DATABASE stead")
	primary.Synchronous(t, true) // first, so that every copy of it waits for its own standby too
	standby := primary.Standby(t, 0)
	dsn := pgtest.DSNOf("stead", primary, standby)
	nodes := []*node{startNode(t, dsn), startNode(t, dsn)}
	for _, n := range nodes {
		eventually(t, "a node starts", n.well)
	}
	f := newFleet(t, dsn, 4, nodes...)
	stop := f.run(t.Context(), t)
	var away time.Duration
	for range rounds {
		seen := f.done.Load()
		goesOn := func() error {
			if f.done.Load() < seen+8 {
				return fmt.Errorf("%d mandates have gone: the nodes say %w", f.done.Load()-seen, f.ill())
			}
			return nil
		}
		eventually(t, "under load", goesOn)
		port, at := primary.Port, time.Now()
		primary.Stop(syscall.SIGKILL)
		standby.Promote(t)
		primary, standby = standby, standby.Standby(t, port)
		seen = f.done.Load()
		eventually(t, "it goes on", goesOn)
		away = max(away, time.Since(at))
	}
	for _, n := range nodes {
		eventually(t, "a node is well", n.well)
	}
	stop()
	size := f.audit(t)
	if err := f.house.Close(context.Background()); err != nil {
		t.Error(err)
	}
	row("the primary of PostgreSQL killed, its synchronous standby takes over", rounds, began, fmt.Sprintf(
		"%d mandates, %d yeses, %d events: none lost, doubled or revived; at most %s until all went on, a new standby included", f.done.Load(), len(f.yes), size, away.Round(100*time.Millisecond)))
}
