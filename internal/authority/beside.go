package authority

import (
	"crypto/sha256"
	"encoding/binary"
	"time"

	"github.com/steadhq/stead"
)

// A Beside is what a caller proved a key with, where that counts for one request: the first verb that writes uses it up, on all nodes.
type Beside struct {
	Once
	request int64 // tells this request from another with the same proof
}

// Tie makes by's verbs use up what came beside: one request may write more than once under it, another not at all.
func (a *Authority) Tie(by By, once Once) By {
	sum := sha256.Sum256([]byte(a.NewID("")))
	by.Beside = Beside{once, int64(binary.BigEndian.Uint64(sum[:8])>>1) | 1}
	return by
}

// uses refuses what another request has used up, whichever node it was sent to.
func (b Beside) uses(s *State) error {
	if n := s.Count("once/" + b.Key); b.Key != "" && n != 0 && n != b.request {
		return stead.E(stead.Conflict, stead.ReasonUsed, "this proof was used before, perhaps at another node: make another")
	}
	return nil
}

// used is put to the first of what is written under it.
func (b Beside) used(all []stead.Change, now time.Time) {
	if b.Key != "" && len(all) > 0 && now.Before(b.Until) {
		all[0].Counts = append(all[0].Counts, stead.Count{Key: "once/" + b.Key, Op: stead.CountRaise, N: b.request, Until: b.Until})
	}
}
