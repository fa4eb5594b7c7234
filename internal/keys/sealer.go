package keys

import (
	"bytes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"io"
	"slices"
	"sync"

	"github.com/steadhq/stead"
)

// wrappedSize is the length of a person's key as it is kept: form, nonce, key, tag.
const wrappedSize = 1 + nonceSize + keySize + tagSize

// maxPeople is how many a sealed text may speak of.
const maxPeople = 16

// A Sealer seals texts under the keys of the people they speak of, which come to it wrapped under the master key.
// Who keeps the wrapped keys erases a person by losing his; a new key must be on disk before anything sealed under
// it. It is safe for concurrent use.
type Sealer struct {
	master cipher.AEAD
	rand   io.Reader

	mu   sync.Mutex
	near map[string]cipher.AEAD // by the wrapped keys, sorted, one after the other
	far  map[string]cipher.AEAD // the generation before
}

// generation bounds the ciphers kept ready: twice this many.
const generation = 4096

// NewSealer makes the sealer of a master key. Rand gives keys and nonces and must be safe for concurrent use.
func NewSealer(m Master, rand io.Reader) (*Sealer, error) {
	key, err := m.derive("stead person keys 1")
	if err != nil {
		return nil, stead.Because(err, "derive a key")
	}
	aead, err := newAEAD(key)
	return &Sealer{master: aead, rand: rand, near: make(map[string]cipher.AEAD)}, err
}

// NewKey makes a key for one person, wrapped.
func (s *Sealer) NewKey() ([]byte, error) {
	var key [keySize]byte
	if _, err := io.ReadFull(s.rand, key[:]); err != nil {
		return nil, stead.Because(err, "make a key")
	}
	return sealInto(nil, s.master, s.rand, key[:], personLabel())
}

// Seal appends plain to dst, sealed so that all of the keys are needed to open it, in whatever order.
func (s *Sealer) Seal(dst, plain []byte, wrapped ...[]byte) ([]byte, error) {
	aead, err := s.cipher(wrapped)
	if err != nil {
		return nil, err
	}
	return sealInto(dst, aead, s.rand, plain, nil)
}

// Open appends to dst what was sealed under these keys.
func (s *Sealer) Open(dst, sealed []byte, wrapped ...[]byte) ([]byte, error) {
	aead, err := s.cipher(wrapped)
	if err != nil {
		return nil, err
	}
	return openInto(dst, aead, sealed, nil)
}

// Forget drops what is kept ready of a key that was erased.
func (s *Sealer) Forget(wrapped []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range []map[string]cipher.AEAD{s.near, s.far} {
		for k := range m {
			for i := 0; i < len(k); i += wrappedSize {
				if k[i:i+wrappedSize] == string(wrapped) {
					delete(m, k)
					break
				}
			}
		}
	}
}

// cipher gives the cipher of a set of keys.
func (s *Sealer) cipher(wrapped [][]byte) (cipher.AEAD, error) {
	if len(wrapped) == 0 || len(wrapped) > maxPeople {
		return nil, broken("a sealed text speaks of 1 to %d people, not of %d", maxPeople, len(wrapped))
	}
	list := wrapped
	if !slices.IsSortedFunc(list, bytes.Compare) { // sorting moves it to the heap
		list = slices.SortedFunc(slices.Values(wrapped), bytes.Compare)
	}
	var room [4 * wrappedSize]byte
	name := room[:0]
	for i, w := range list {
		if len(w) != wrappedSize {
			return nil, broken("a wrapped key has %d bytes, not %d", len(w), wrappedSize)
		}
		if i > 0 && bytes.Equal(w, list[i-1]) {
			continue // one person named twice
		}
		name = append(name, w...)
	}
	if aead := s.ready(name); aead != nil {
		return aead, nil
	}
	aead, err := s.combine(name)
	if err != nil {
		return nil, err
	}
	s.keep(name, aead)
	return aead, nil
}

// combine derives the content key from all the keys in name. It depends on the keys alone, not on how they are
// wrapped, so that a new master key may wrap them anew.
func (s *Sealer) combine(name []byte) (cipher.AEAD, error) {
	var keys [][]byte
	for i := 0; i < len(name); i += wrappedSize {
		key, err := openInto(nil, s.master, name[i:i+wrappedSize], personLabel())
		if err != nil {
			return nil, stead.Because(err, "unwrap a person's key")
		}
		keys = append(keys, key)
	}
	slices.SortFunc(keys, bytes.Compare)
	key, err := hkdf.Key(sha256.New, bytes.Join(keys, nil), nil, "stead seal 1", keySize)
	if err != nil {
		return nil, stead.Because(err, "derive a key")
	}
	return newAEAD(key)
}

func (s *Sealer) ready(name []byte) cipher.AEAD {
	s.mu.Lock()
	defer s.mu.Unlock()
	if aead := s.near[string(name)]; aead != nil {
		return aead
	}
	aead := s.far[string(name)]
	if aead != nil {
		s.near[string(name)] = aead
	}
	return aead
}

// keep makes room by dropping what was not used for a generation.
func (s *Sealer) keep(name []byte, aead cipher.AEAD) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.near) >= generation {
		s.far, s.near = s.near, make(map[string]cipher.AEAD)
	}
	s.near[string(name)] = aead
}

func personLabel() []byte { return frame("stead person key") }
