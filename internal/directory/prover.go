package directory

import (
	"io"

	"github.com/steadhq/stead"
)

// A Box seals secrets under a key that only this house has. The label says what it is; another label does not open.
type Box interface {
	Seal(label string, plain []byte) ([]byte, error)
	Open(label string, sealed []byte) ([]byte, error)
}

// mostPassword bounds what is hashed, in bytes; what is longer fits nothing.
const mostPassword = 1024

// A Prover tells whether a password or a code fits. It is safe for concurrent use.
type Prover struct {
	box   Box
	rand  io.Reader
	cost  Cost // of new hashes, the least that old ones may have, and of those that do not exist
	decoy phc
	slots chan struct{}
}

// NewProver makes a prover that works out at most atOnce hashes at the same time; the others wait their turn, so
// that atOnce times the dearest hash (128 MiB) bounds the memory of any flood. Errors: invalid, broken.
func NewProver(box Box, random io.Reader, cost Cost, atOnce int) (*Prover, error) {
	if !cost.sane() || atOnce < 1 {
		return nil, stead.E(stead.Invalid, stead.ReasonRequest, "argon2id cannot work with %+v, %d at once", cost, atOnce)
	}
	p := &Prover{box: box, rand: random, cost: cost, slots: make(chan struct{}, atOnce)}
	p.decoy = phc{cost: cost, salt: make([]byte, saltSize), sum: make([]byte, sumSize)}
	for _, b := range [][]byte{p.decoy.salt, p.decoy.sum} {
		if _, err := io.ReadFull(random, b); err != nil {
			return nil, stead.Because(err, "draw random bytes")
		}
	}
	return p, nil
}

// Password tells whether the password fits. Nobody, somebody without a password, a hash that is too weak or
// unreadable, and a wrong password all cost the same and give the same answer.
func (p *Prover) Password(cred *stead.Credentials, password string) bool {
	h, known := p.decoy, false
	if cred != nil {
		if stored, err := parsePHC(cred.Password); err == nil && stored.cost.atLeast(p.cost) {
			h, known = stored, true
		}
	}
	fits := p.work(h, password)
	return fits && known && password != "" && len(password) <= mostPassword
}

func (p *Prover) work(h phc, password string) bool {
	p.slots <- struct{}{}
	defer func() { <-p.slots }()
	return h.fits([]byte(password[:min(len(password), mostPassword)]))
}

// Hash gives the stored form of a password. Errors: invalid (empty, or over 1024 bytes), broken.
func (p *Prover) Hash(password string) (string, error) {
	switch {
	case password == "":
		return "", stead.E(stead.Invalid, stead.ReasonRequest, "a password cannot be empty")
	case len(password) > mostPassword:
		return "", stead.E(stead.Invalid, stead.ReasonRequest, "a password has at most %d bytes", mostPassword)
	}
	h := phc{cost: p.cost, salt: make([]byte, saltSize), sum: make([]byte, sumSize)}
	if _, err := io.ReadFull(p.rand, h.salt); err != nil {
		return "", stead.Because(err, "draw a salt")
	}
	p.slots <- struct{}{}
	defer func() { <-p.slots }()
	h.sum = h.sumOf([]byte(password))
	return h.String(), nil
}

// CheckHash tells whether a hash made elsewhere would ever be accepted. Errors: invalid.
func (p *Prover) CheckHash(hash string) error { return checkHash(hash, p.cost) }

// Importer reads people for the directories known, with hashes as dear as our own.
func (p *Prover) Importer(known Locals) Importer { return Importer{Known: known, Least: p.cost} }

func checkHash(hash string, least Cost) error {
	h, err := parsePHC(hash)
	if err != nil {
		return err
	}
	if !h.cost.atLeast(least) {
		return stead.E(stead.Invalid, stead.ReasonRequest,
			"this hash is too cheap to guess: at least m=%d,t=%d are wanted", least.KiB, least.Passes)
	}
	return nil
}
