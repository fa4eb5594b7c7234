package tokens

import (
	"crypto/sha256"
	"sync"
)

// generation is how many texts one generation of what is known holds.
const generation = 4096

// A known remembers what follows from a text alone and cost much to find out: a signature that was right, a key that was read.
// Whether any of it still counts is asked anew each time. It holds two generations and forgets the older one. The zero known
// is empty; it is safe for concurrent use.
type known[V any] struct {
	mu       sync.Mutex
	now, old map[[sha256.Size]byte]V
}

func (k *known[V]) get(text []byte) (V, bool) {
	sum := sha256.Sum256(text)
	k.mu.Lock()
	defer k.mu.Unlock()
	v, found := k.now[sum]
	if !found {
		if v, found = k.old[sum]; found {
			k.keep(sum, v)
		}
	}
	return v, found
}

func (k *known[V]) put(text []byte, v V) {
	sum := sha256.Sum256(text)
	k.mu.Lock()
	defer k.mu.Unlock()
	k.keep(sum, v)
}

func (k *known[V]) keep(sum [sha256.Size]byte, v V) {
	if k.now == nil || len(k.now) >= generation {
		k.now, k.old = map[[sha256.Size]byte]V{}, k.now
	}
	k.now[sum] = v
}
