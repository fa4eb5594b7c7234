package soak

import (
	"bufio"
	"context"
	"crypto/ed25519"
	crand "crypto/rand"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/house"
	"github.com/steadhq/stead/internal/keys"
	"github.com/steadhq/stead/internal/store"
	"github.com/steadhq/stead/internal/store/faultdisk"
)

// length is how long a test goes on: its share, in ninths, of what is given to all.
func length(t *testing.T, ninths int) time.Duration {
	t.Helper()
	text := os.Getenv("STEAD_SOAK")
	if text == "" {
		return 3 * time.Second
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		t.Fatal(err)
	}
	return d * time.Duration(ninths) / 9
}

// row prints a line of the table that "make soak" ends with.
func row(attack string, times int, began time.Time, outcome string) {
	fmt.Printf("\n| %s | %d | %s | %s |\n", attack, times, time.Since(began).Round(time.Second), outcome)
}

func openStore(dir, vfs string) (*store.Store, error) {
	log, err := house.NewMerkle("stead.test/log", ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)))
	if err != nil {
		return nil, err
	}
	master, err := keys.ParseMaster("AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=")
	if err != nil {
		return nil, err
	}
	sealer, err := keys.NewSealer(master, crand.Reader)
	if err != nil {
		return nil, err
	}
	return store.Open(context.Background(), store.Options{Dir: filepath.Join(dir, "data"), VFS: vfs,
		Mirror: filepath.Join(dir, "head"), Patience: time.Minute, Now: time.Now, Log: log, Sealer: sealer})
}

// A life is one mandate from its start to its end, by its id.
type life string

func (l life) mandate(version uint64, state stead.State) stead.Mandate {
	return stead.Mandate{ID: stead.MandateID(l), Version: version, State: state, Actor: "prn_sam", Subject: "prn_dana",
		People: []stead.PersonKey{"per_sam", "per_dana"}}
}

func (l life) step(kind stead.EventKind, version uint64, state stead.State) authority.Entry {
	e := stead.Event{ID: stead.EventID(string(kind) + "/" + string(l)), Kind: kind, At: time.Now(), Outcome: stead.OK,
		Actor: "prn_sam", Subject: "prn_dana", ActorPerson: "per_sam", SubjectPerson: "per_dana",
		Mandate: stead.MandateID(l), What: stead.Fields{"reason": "soak"}}
	return authority.Entry{Urgent: state == stead.Ended, Changes: []stead.Change{{Event: e,
		Records: []stead.Record{l.mandate(version, state)},
		Counts:  []stead.Count{{Key: string(kind), Op: stead.CountAdd, N: 1}}}}}
}

// live starts, uses and ends mandates until s fails, and says of each step when it is acknowledged.
func live(s *store.Store, prefix string, say func(string)) {
	for n := 0; ; n++ {
		l := life(fmt.Sprintf("man_%s_%d", prefix, n))
		for _, step := range []struct {
			kind    stead.EventKind
			version uint64
			state   stead.State
		}{{"mandate.started", 1, stead.Active}, {"mandate.ended", 2, stead.Ended}} {
			if _, err := s.Append(context.Background(), l.step(step.kind, step.version, step.state)); err != nil {
				return
			}
			say(string(step.kind) + "/" + string(l))
		}
	}
}

// wantSaid makes sure that everything acknowledged is there once, that no mandate lives that was ended, and that
// state, counters and log say the same. It gives the number of events.
func wantSaid(t *testing.T, s *store.Store, said map[string]bool) uint64 {
	t.Helper()
	seen := map[stead.EventID]bool{}
	var started, ended int64
	size := s.Head().Size
	for i := range size {
		e, err := s.Event(t.Context(), i)
		if err != nil {
			t.Fatal(err)
		}
		if seen[e.ID] {
			t.Fatalf("%s is there twice", e.ID)
		}
		seen[e.ID] = true
		if e.Kind == "mandate.started" {
			started++
		} else {
			ended++
		}
	}
	for id := range said {
		if !seen[stead.EventID(id)] {
			t.Fatalf("%s was acknowledged and is lost", id)
		}
	}
	s.View().Read(func(v *authority.State) {
		alive := int64(0)
		v.Mandates(func(m *stead.Mandate) {
			alive++
			if seen[stead.EventID("mandate.ended/"+string(m.ID))] {
				t.Errorf("%s was ended and is alive", m.ID)
			}
		})
		if alive != started-ended || v.Count("mandate.started") != started || v.Count("mandate.ended") != ended {
			t.Errorf("%d started, %d ended, %d alive, counted %d and %d", started, ended, alive, v.Count("mandate.started"), v.Count("mandate.ended"))
		}
	})
	return size
}

const child = "STEAD_SOAK_CHILD"

// TestKill kills a process that writes, again and again, and looks after each time for what it was told. // K7, S-I39, S-I40
func TestKill(t *testing.T) {
	if dir := os.Getenv(child); dir != "" {
		writeUntilKilled(t, dir)
		return
	}
	r := rand.New(rand.NewPCG(1, uint64(time.Now().UnixNano())))
	began := time.Now()
	dir, said, rounds, total, size := t.TempDir(), map[string]bool{}, 0, uint64(0), uint64(0)
	for end := time.Now().Add(length(t, 5)); time.Now().Before(end); rounds++ {
		killOne(t, dir, time.Duration(20+r.IntN(400))*time.Millisecond, said)
		s, err := openStore(dir, "")
		if err != nil {
			t.Fatal(err)
		}
		size = wantSaid(t, s, said)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if size > 50_000 { // begin anew, so that looking does not take longer than writing
			total, size, dir, said = total+size, 0, t.TempDir(), map[string]bool{}
		}
	}
	row("kill -9 of a process that writes", rounds, began, fmt.Sprintf("%d events, of those acknowledged none lost or doubled", total+size))
}

// writeUntilKilled is the process that is killed.
func writeUntilKilled(t *testing.T, dir string) {
	s, err := openStore(dir, "")
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	say := func(what string) {
		mu.Lock()
		defer mu.Unlock()
		fmt.Println("said " + what)
	}
	var all sync.WaitGroup
	for w := range 16 {
		all.Go(func() { live(s, fmt.Sprintf("%d_%d", os.Getpid(), w), say) })
	}
	all.Wait()
}

// killOne lets the process write for a time, kills it, and takes down what it said.
func killOne(t *testing.T, dir string, after time.Duration, said map[string]bool) {
	t.Helper()
	c := exec.Command(os.Args[0], "-test.run", "^TestKill$")
	c.Env = append(os.Environ(), child+"="+dir)
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	timer := time.AfterFunc(after, func() { c.Process.Kill() })
	defer timer.Stop()
	lines := bufio.NewReader(out)
	for {
		line, err := lines.ReadString('\n')
		if err == io.EOF {
			break // a line that was cut off was not said
		}
		if what, ok := strings.CutPrefix(strings.TrimSuffix(line, "\n"), "said "); ok {
			said[what] = true
		}
	}
	if err := c.Wait(); err == nil {
		t.Fatal("the process ended by itself")
	}
}

// TestPowerCuts takes the power away under load, again and again: what was not synced is partly lost. // S-I39, S-I40
func TestPowerCuts(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	began, rounds, total := time.Now(), uint64(0), uint64(0)
	for end := time.Now().Add(length(t, 4)); time.Now().Before(end); rounds++ {
		total += cutOne(t, seed+rounds)
	}
	t.Logf("from seed %d", seed)
	row("power cut on a disk that forgets what was not synced", int(rounds), began, fmt.Sprintf("%d events, of those acknowledged none lost or doubled", total))
}

func cutOne(t *testing.T, seed uint64) uint64 {
	t.Helper()
	disk, err := faultdisk.New(fmt.Sprintf("soak-%d", seed), true)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	s, err := openStore(dir, disk.Name())
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	said, reached := map[string]bool{}, make(chan struct{})
	enough := 50 + int(seed%1500)
	say := func(what string) {
		mu.Lock()
		defer mu.Unlock()
		if said[what] = true; len(said) == enough {
			close(reached)
		}
	}
	var all sync.WaitGroup
	for w := range 16 {
		all.Go(func() { live(s, fmt.Sprint(w), say) })
	}
	<-reached
	after := t.TempDir()
	if err := os.Mkdir(filepath.Join(after, "data"), 0o700); err != nil {
		t.Fatal(err)
	}
	mu.Lock()
	known := make(map[string]bool, len(said))
	for id := range said {
		known[id] = true
	}
	mu.Unlock()
	if err := disk.Crash(filepath.Join(dir, "data"), filepath.Join(after, "data"), seed); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	all.Wait()
	if err := disk.Close(); err != nil {
		t.Fatal(err)
	}
	left, err := openStore(after, "")
	if err != nil {
		t.Fatalf("seed %d: %v", seed, err)
	}
	defer left.Close()
	return wantSaid(t, left, known)
}
