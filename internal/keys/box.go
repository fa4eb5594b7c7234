package keys

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"io"

	"github.com/steadhq/stead"
)

const (
	nonceSize = 12
	tagSize   = 16
	formByte  = 1 // of what is sealed; another form gets another byte
)

// A Box seals single secrets at rest under the master key: TOTP secrets, signing keys. It is safe for concurrent use.
type Box struct {
	aead cipher.AEAD
	rand io.Reader
}

// NewBox makes the box of a master key. Rand gives the nonces and must be safe for concurrent use.
func NewBox(m Master, rand io.Reader) (*Box, error) {
	key, err := m.derive("stead box 1")
	if err != nil {
		return nil, stead.Because(err, "derive a key")
	}
	aead, err := newAEAD(key)
	return &Box{aead: aead, rand: rand}, err
}

// Seal seals a secret for one label: what it is and whose, "totp/prn_…".
func (b *Box) Seal(label string, secret []byte) ([]byte, error) {
	return sealInto(nil, b.aead, b.rand, secret, frame("stead box", label))
}

// Open opens what was sealed for that label. Kind broken: it is not what Seal made, or for another label.
func (b *Box) Open(label string, sealed []byte) ([]byte, error) {
	return openInto(nil, b.aead, sealed, frame("stead box", label))
}

func newAEAD(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, stead.Because(err, "make a cipher")
	}
	aead, err := cipher.NewGCM(block)
	return aead, stead.Because(err, "make a cipher")
}

// sealInto appends the form, a random nonce and the ciphertext.
func sealInto(dst []byte, aead cipher.AEAD, rand io.Reader, plain, about []byte) ([]byte, error) {
	var nonce [nonceSize]byte
	if _, err := io.ReadFull(rand, nonce[:]); err != nil {
		return nil, stead.Because(err, "draw a nonce")
	}
	dst = append(append(dst, formByte), nonce[:]...)
	return aead.Seal(dst, nonce[:], plain, about), nil
}

func openInto(dst []byte, aead cipher.AEAD, sealed, about []byte) ([]byte, error) {
	if len(sealed) < 1+nonceSize+tagSize || sealed[0] != formByte {
		return nil, broken("what is sealed is cut off or of an unknown form")
	}
	plain, err := aead.Open(dst, sealed[1:1+nonceSize], sealed[1+nonceSize:], about)
	if err != nil {
		return nil, broken("what is sealed does not open: another key, another label, or it was edited")
	}
	return plain, nil
}

// frame writes parts so that no two lists give the same bytes: each after its length.
func frame(parts ...string) []byte {
	var b []byte
	for _, p := range parts {
		b = binary.BigEndian.AppendUint32(b, uint32(len(p)))
		b = append(b, p...)
	}
	return b
}
