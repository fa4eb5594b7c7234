package cedar

import (
	"hash/maphash"
	"sync"

	"github.com/steadhq/stead"
)

const (
	cacheParts = 16
	partSize   = 512  // verdicts a part holds: 8,192 a bundle
	longestKey = 2048 // what is longer is not worth remembering, and could be anything
)

// A cache remembers verdicts under injective keys. It is bounded: what is put into a full part pushes another out.
type cache struct {
	seed  maphash.Seed
	parts [cacheParts]part
}

type part struct {
	mu   sync.RWMutex
	said map[string]*stead.Verdict
}

func newCache() *cache { return &cache{seed: maphash.MakeSeed()} }

func (c *cache) part(key []byte) *part {
	return &c.parts[maphash.Bytes(c.seed, key)%cacheParts]
}

func (c *cache) get(key []byte) *stead.Verdict {
	p := c.part(key)
	p.mu.RLock()
	defer p.mu.RUnlock()
	return p.said[string(key)]
}

func (c *cache) put(key []byte, v *stead.Verdict) {
	if len(key) > longestKey {
		return
	}
	p := c.part(key)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.said == nil {
		p.said = make(map[string]*stead.Verdict)
	}
	if len(p.said) >= partSize {
		for other := range p.said {
			delete(p.said, other)
			break
		}
	}
	p.said[string(key)] = v
}
