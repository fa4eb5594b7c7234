package soak

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ed25519"
	crand "crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/cedar"
	"github.com/steadhq/stead/internal/directory"
	"github.com/steadhq/stead/internal/house"
	"github.com/steadhq/stead/internal/house/housetest"
	"github.com/steadhq/stead/internal/keys"
)

const nodeMark = "STEAD_SOAK_NODE"

// nodeOptions are those of a house on a database that tells the real time; callers have the patience they have in earnest.
func nodeOptions(dsn, name string) (house.Options, error) {
	const ever = 100_000 * time.Hour
	settings := housetest.Settings()
	settings.Session, settings.ArmFor, settings.Terms.Fresh = authority.Ends{Idle: ever, Absolute: ever}, ever, ever
	began := time.Now()
	o := house.Options{DSN: dsn, Node: name, Settings: settings, Files: cedar.Default(), Wall: time.Now,
		Boot: func() time.Duration { return time.Since(began) }, Rand: crand.Reader,
		LogKey: ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)), Origin: "stead.test/log", CodeKey: make([]byte, 32),
		Cost: directory.Cost{KiB: 8, Passes: 1, Lanes: 1}, Alarm: func(string) {}}
	var err error
	o.Master, err = keys.ParseMaster(base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{7}, 32)))
	return o, err
}

func openNode(dsn, name string) (*house.House, error) {
	o, err := nodeOptions(dsn, name)
	if err != nil {
		return nil, err
	}
	return house.Open(context.Background(), o)
}

// A wish is what a node is asked to do, an answer what came of it.
type wish struct {
	N       int
	Verb    string
	By      authority.By
	Subject stead.PrincipalID
	Mandate stead.MandateID
}

type answer struct {
	N        int
	OK       bool
	Kind     stead.Kind // of the error
	Text     string
	Decision stead.DecisionID
}

// beNode is the process that is killed, paused and cut off. It does what it is told on its standard input.
func beNode(dsn string) {
	h, err := openNode(dsn, fmt.Sprint("node-", os.Getpid()))
	if err != nil {
		fmt.Fprintln(os.Stderr, "a node could not start:", err)
		return
	}
	var mu sync.Mutex
	out := json.NewEncoder(os.Stdout)
	say := func(a answer) {
		mu.Lock()
		defer mu.Unlock()
		_ = out.Encode(a) // who does not listen has ended
	}
	say(answer{OK: true})
	in := json.NewDecoder(os.Stdin)
	for {
		var o wish
		if in.Decode(&o) != nil {
			return
		}
		go func() { say(carryOut(h, o)) }()
	}
}

func carryOut(h *house.House, o wish) answer {
	ctx, a := context.Background(), answer{N: o.N}
	var err error
	switch o.Verb {
	case "use":
		var d stead.Decision
		d, err = h.Decide(ctx, useOf(o))
		a.OK, a.Decision, a.Text = err == nil && d.Allow, d.ID, d.Text
	case "start":
		_, err = h.Start(ctx, o.By, o.Mandate, "")
	case "revoke":
		_, err = h.Revoke(ctx, o.By, o.Mandate, "soak")
	case "well":
		err = h.Store.Broken()
	}
	if o.Verb != "use" {
		a.OK = err == nil
	}
	if a.Kind = stead.KindOf(err); err != nil {
		a.Text = err.Error()
	}
	return a
}

func useOf(o wish) stead.Question {
	return stead.Question{Session: o.By.Session, Actor: o.By.Principal, Subject: o.Subject, Mandate: o.Mandate, Action: stead.ActionRead,
		Activity: true, Resource: stead.Resource{App: "orders", Realm: "shop", Path: "/orders/7", Rule: "test"},
		Context: stead.Context{Method: "GET", URL: "/orders/7", Address: o.By.Address}}
}

// A node is such a process, and the process after it when it was killed.
type node struct {
	dsn string

	mu      sync.Mutex
	life    *exec.Cmd
	in      *inbox
	next    int
	waiting map[int]chan answer
	ready   chan struct{}
}

func startNode(t *testing.T, dsn string) *node {
	t.Helper()
	n := &node{dsn: dsn}
	if err := n.begin(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(n.kill)
	return n
}

// begin starts the process; it is ready when it has loaded what there is.
func (n *node) begin() error {
	c := exec.Command(os.Args[0], "-test.run", "^TestPostgresNodes$")
	c.Env, c.Stderr = append(os.Environ(), nodeMark+"="+n.dsn), os.Stderr
	c.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	in, err := c.StdinPipe()
	if err != nil {
		return err
	}
	out, err := c.StdoutPipe()
	if err != nil {
		return err
	}
	if err := c.Start(); err != nil {
		return err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.life, n.in, n.waiting, n.ready = c, &inbox{to: json.NewEncoder(in)}, map[int]chan answer{}, make(chan struct{})
	go n.listen(c, out, n.waiting, n.ready)
	return nil
}

// listen hands every answer to who waits for it; when the process has ended nobody gets one any more.
func (n *node) listen(c *exec.Cmd, out io.Reader, waiting map[int]chan answer, ready chan struct{}) {
	for lines := bufio.NewScanner(out); lines.Scan(); {
		var a answer
		if json.Unmarshal(lines.Bytes(), &a) != nil {
			continue
		}
		if a.N == 0 {
			close(ready)
			continue
		}
		n.mu.Lock()
		to := waiting[a.N]
		delete(waiting, a.N)
		n.mu.Unlock()
		to <- a
	}
	_ = c.Wait() // it was killed, as a rule
	n.mu.Lock()
	defer n.mu.Unlock()
	for i, to := range waiting {
		close(to)
		delete(waiting, i)
	}
	if n.life == c {
		n.life = nil
	}
}

// send gives the node an order, and does not wait until it takes it: a paused one takes none. What comes back is closed
// without an answer where it has ended.
func (n *node) send(o wish) <-chan answer {
	to := make(chan answer, 1)
	n.mu.Lock()
	defer n.mu.Unlock()
	n.next++
	o.N = n.next
	if n.life == nil {
		close(to)
		return to
	}
	n.waiting[o.N] = to
	in := n.in
	go in.give(o)
	return to
}

// An inbox is the standard input of a process. What it does not take any more is closed by who listens to it.
type inbox struct {
	mu sync.Mutex
	to *json.Encoder
}

func (i *inbox) give(o wish) {
	i.mu.Lock()
	defer i.mu.Unlock()
	_ = i.to.Encode(o) // it may have ended
}

func (n *node) signal(by syscall.Signal) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.life != nil {
		_ = n.life.Process.Signal(by) // it may have ended
	}
}

// kill ends the process as a power cut does, and waits until it has ended.
func (n *node) kill() {
	n.signal(syscall.SIGKILL)
	for n.alive() {
		time.Sleep(time.Millisecond)
	}
}

func (n *node) alive() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.life != nil
}

// well tells whether a node says so itself, starting its process again where it has ended.
func (n *node) well() error {
	if !n.alive() {
		if err := n.begin(); err != nil {
			return err
		}
	}
	n.mu.Lock()
	ready := n.ready
	n.mu.Unlock()
	patience := time.After(5 * time.Second)
	select {
	case <-ready:
	case <-patience:
		return fmt.Errorf("it does not start")
	}
	select {
	case a, ok := <-n.send(wish{Verb: "well"}):
		if !ok || !a.OK {
			return fmt.Errorf("it says %q", a.Text)
		}
		return nil
	case <-patience:
		return fmt.Errorf("it says nothing")
	}
}
