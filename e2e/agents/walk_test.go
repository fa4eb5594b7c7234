package agents

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
)

// A node is a mandate as the walk has it: a second, plainer telling of what holds in a tree of them.
type node struct {
	id     stead.MandateID
	actor  int
	parent int // -1: none
	depth  int
	held   bool
	over   bool
}

type walk struct {
	*world
	r     *rand.Rand
	by    []authority.By
	nodes []node
	runs  int
}

// line is a node and all above it.
func (w *walk) line(i int) (all []int) {
	for ; i >= 0; i = w.nodes[i].parent {
		all = append(all, i)
	}
	return all
}

func (w *walk) allowed(i int) bool {
	for _, j := range w.line(i) {
		if w.nodes[j].over || w.nodes[j].held {
			return false
		}
	}
	return true
}

// ends is the end of one, and so of all below it.
func (w *walk) ends(i int) {
	for j := range w.nodes {
		for _, k := range w.line(j) {
			if k == i {
				w.nodes[j].over = true
			}
		}
	}
}

// mayPass tells whether a node may be passed on to an agent.
func (w *walk) mayPass(i, to int) bool {
	ok := w.allowed(i) && w.nodes[i].depth > 0
	for _, j := range w.line(i) {
		ok = ok && w.nodes[j].actor != to
	}
	return ok
}

func (w *walk) asks(actor int) {
	m, err := w.AskTask(w.t.Context(), w.by[actor], authority.TaskAsk{Task: "total"})
	if err == nil {
		m, err = w.StartTask(w.t.Context(), w.by[actor], m.ID)
	}
	if err != nil {
		w.t.Fatal(err)
	}
	w.nodes = append(w.nodes, node{id: m.ID, actor: actor, parent: -1, depth: 2})
}

func (w *walk) narrow(i, to int) {
	n := w.nodes[i]
	m, err := w.Narrow(w.t.Context(), w.by[n.actor], n.id, fmt.Sprint("a", to), stead.Passing{})
	if want := w.mayPass(i, to); (err == nil) != want {
		w.t.Fatalf("passed on from %d to %d: %v, want %v", i, to, err, want)
	}
	if err != nil {
		return
	}
	if _, err = w.StartTask(w.t.Context(), w.by[to], m.ID); err != nil {
		w.t.Fatal(err)
	}
	w.nodes = append(w.nodes, node{id: m.ID, actor: to, parent: i, depth: n.depth - 1})
}

// step does one thing to the house and to the walk.
func (w *walk) step() {
	i := w.r.IntN(len(w.nodes))
	n := &w.nodes[i]
	ctx := w.t.Context()
	switch w.r.IntN(30) {
	case 0:
		w.asks(w.r.IntN(len(w.by)))
	case 1:
		_, err := w.Revoke(ctx, w.root2(), n.id, "")
		w.ended(i, err)
	case 2:
		_, err := w.Complete(ctx, w.by[n.actor], n.id, "")
		w.ended(i, err)
	case 3:
		if _, err := w.Suspend(ctx, w.root2(), n.id); err == nil {
			n.held = true
		}
	case 4, 5:
		if _, err := w.Resume(ctx, w.root2(), n.id); err == nil {
			n.held = false
		}
	case 6:
		w.instance(n.actor)
	default:
		w.narrow(i, w.r.IntN(len(w.by)))
	}
	w.Clock.Move(time.Second)
}

// ended takes the house at its word: what is over already it does not end, and what is not it does.
func (w *walk) ended(i int, err error) {
	over := w.nodes[i].over
	if err != nil && !over {
		w.t.Fatalf("%s does not end: %v", w.nodes[i].id, err)
	}
	if !over {
		w.ends(i)
	}
}

// instance ends what runs of an agent, and begins another.
func (w *walk) instance(actor int) {
	if err := w.EndInstance(w.t.Context(), w.by[actor], w.by[actor].Instance); err != nil {
		w.t.Fatal(err)
	}
	for i, n := range w.nodes {
		if n.actor == actor {
			w.ends(i)
		}
	}
	w.runs++
	w.by[actor] = w.run(fmt.Sprint("a", actor), fmt.Sprint("run ", w.runs))
}

func (w *walk) root2() authority.By { return w.Login("staff/root2", "console.test") }

// A5, A9, S-I14: whatever is passed on, ended, held and let go in whatever order, a mandate is good exactly while it and all
// above it are.
func TestChainWalk(t *testing.T) {
	passed := 0
	for seed := range uint64(4) {
		w := &walk{world: newWorld(t), r: rand.New(rand.NewPCG(seed, 7))}
		w.apply(map[string]string{"passing.cedar": passingOn})
		for i := range 4 {
			name := fmt.Sprint("a", i)
			w.register(name, stead.Company, stead.LowTier, "staff/max", deep(2, task("total", "public.orders")))
			w.by = append(w.by, w.run(name, name+" runs"))
		}
		w.asks(0)
		for n := range 100 {
			w.step()
			for i, m := range w.nodes {
				if m.over && n%10 != 0 {
					continue
				}
				d, err := w.Decide(t.Context(), stead.Question{Actor: w.by[m.actor].Principal, Subject: w.by[w.nodes[w.line(i)[len(w.line(i))-1]].actor].Principal,
					Mandate: m.id, Key: w.by[m.actor].Key, Action: stead.ActionRead, Resource: stead.Resource{App: "crm", Realm: "all", Path: "/", Name: "public.orders"}})
				if err != nil || d.Allow != w.allowed(i) {
					t.Fatalf("seed %d, step %d, mandate %d: %v %s, %v; want %v\n%+v", seed, n, i, d.Allow, d.Text, err, w.allowed(i), w.nodes)
				}
			}
		}
		for _, m := range w.nodes {
			if m.parent >= 0 && w.nodes[m.parent].parent >= 0 {
				passed++
			}
		}
	}
	if passed < 10 {
		t.Errorf("%d were passed on twice", passed)
	}
}
