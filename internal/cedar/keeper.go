package cedar

import (
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/cedar-policy/cedar-go/x/exp/schema/resolved"

	"github.com/cedar-policy/cedar-go/types"
	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
)

// keptBundles is how many compiled bundles are held: the one in force, those staged, and some that may come back.
const keptBundles = 16

// A Keeper judges under every bundle that it has checked. It is safe for concurrent use.
type Keeper struct {
	supplied *resolved.Schema
	now      atomic.Pointer[map[string]*bundle]
	ticks    atomic.Uint64 // moves with every bundle compiled: the age of what was used
	mu       sync.Mutex    // one at a time changes now
}

var _ authority.Policy = (*Keeper)(nil)

// New returns a Keeper without bundles: until one is checked it says no to everything.
func New() *Keeper {
	supplied, problems := readSchema(SchemaName, Default()[SchemaName])
	if len(problems) > 0 {
		panic(problems[0].String())
	}
	k := &Keeper{supplied: supplied}
	k.now.Store(&map[string]*bundle{})
	return k
}

// Judge answers a case under the bundle of that digest. The verdict is shared with later answers: read it only.
func (k *Keeper) Judge(digest string, c authority.Case) (v stead.Verdict) {
	defer func() {
		if cause := recover(); cause != nil {
			v = refusal(digest, "judging failed: %v", cause)
		}
	}()
	b := k.bundle(digest)
	if b == nil {
		return refusal(digest, "the policy %.12q is not compiled here", digest)
	}
	return b.judge(&c)
}

// LetsAct tells whether any rule may let p act for somebody: a no is certain, a yes is not. Of a bundle that is not
// compiled it is yes.
func (k *Keeper) LetsAct(digest string, p *stead.Principal) bool {
	b := k.bundle(digest)
	if b == nil {
		return true
	}
	act := b.shape.acts[types.EntityUID{Type: "Action", ID: types.String(stead.ActionAct)}]
	return b.index.letsAct(kinOf(p), append(kin{act.Entity.UID}, act.Entity.Parents.Slice()...))
}

// Actions are those that the schema of a bundle knows, by name; of a bundle that is not compiled none.
func (k *Keeper) Actions(digest string) (all []string) {
	if b := k.bundle(digest); b != nil {
		for a := range b.plans {
			all = append(all, string(a))
		}
	}
	slices.Sort(all)
	return all
}

// bundle finds a compiled bundle and notes that it is in use.
func (k *Keeper) bundle(digest string) *bundle {
	b := (*k.now.Load())[digest]
	if b != nil {
		if t := k.ticks.Load(); b.used.Load() != t {
			b.used.Store(t)
		}
	}
	return b
}

// Check compiles a bundle, runs its tests and keeps it under its digest. A bundle that is refused changes nothing:
// those that were kept stay (G5).
func (k *Keeper) Check(files map[string]string) (string, error) {
	if digest := Digest(files); k.bundle(digest) != nil {
		return digest, nil
	}
	r, b := k.inspect(files)
	if err := r.Err(); err != nil {
		return "", err
	}
	k.keep(b)
	return r.Digest, nil
}

// Inspect does what Check does, keeps nothing, and tells everything that was found.
func (k *Keeper) Inspect(files map[string]string) Report {
	r, _ := k.inspect(files)
	return r
}

func (k *Keeper) inspect(files map[string]string) (Report, *bundle) {
	b, problems := compile(files, k.supplied)
	r := Report{Digest: Digest(files), Problems: problems}
	if b == nil {
		return r, nil
	}
	r.Rules = len(b.index.rules)
	runTests(b, files, &r)
	return r, b
}

// keep holds b, and lets go of what was never asked first and then of what was asked longest ago: however many
// bundles are staged, the one in force stays.
func (k *Keeper) keep(b *bundle) {
	k.mu.Lock()
	defer k.mu.Unlock()
	all := maps.Clone(*k.now.Load())
	if _, kept := all[b.digest]; kept {
		return
	}
	for len(all) >= keptBundles {
		oldest := ""
		for digest, other := range all {
			if oldest == "" || other.used.Load() < all[oldest].used.Load() {
				oldest = digest
			}
		}
		delete(all, oldest)
	}
	all[b.digest] = b
	k.ticks.Add(1)
	k.now.Store(&all)
}

// Try judges one case under files that need not be staged, and explains. Their tests are not run.
func (k *Keeper) Try(files map[string]string, c authority.Case) (stead.Verdict, authority.Explanation, error) {
	b, problems := compile(files, k.supplied)
	if b == nil {
		return stead.Verdict{}, authority.Explanation{}, invalid(problems)
	}
	why, err := b.why(&c, authority.Overseer)
	return b.judge(&c), why, err
}

// Why explains to a reader how a case is judged under the bundle of that digest.
func (k *Keeper) Why(digest string, c authority.Case, to authority.Reader) (e authority.Explanation, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = stead.E(stead.Broken, stead.ReasonFailed, "explaining failed: %s", fmt.Sprint(cause))
		}
	}()
	b := (*k.now.Load())[digest]
	if b == nil {
		return e, stead.E(stead.Missing, stead.ReasonStale, "the policy %.12q is not compiled here: apply it again to explain it", digest)
	}
	return b.why(&c, to)
}
