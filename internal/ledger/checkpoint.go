package ledger

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/binary"
	"strconv"
	"strings"

	"github.com/steadhq/stead"
	"golang.org/x/mod/sumdb/note"
)

// A Signer signs checkpoints of one log. It is safe for concurrent use.
type Signer struct {
	origin string
	hash   uint32
	key    ed25519.PrivateKey
}

// NewSigner makes a signer for the log of that origin: a name such as "stead.example.com/log", without spaces
// and plus signs, by which others tell it from every other log.
func NewSigner(origin string, key ed25519.PrivateKey) (*Signer, error) {
	if len(key) != ed25519.PrivateKeySize {
		return nil, invalid("a log key is an Ed25519 key")
	}
	text, err := VerifierKey(origin, key.Public().(ed25519.PublicKey))
	if err != nil {
		return nil, err
	}
	v, err := note.NewVerifier(text)
	if err != nil {
		return nil, invalid("%q can not be the origin of a log: it must have no spaces and no plus sign", origin)
	}
	return &Signer{origin: origin, hash: v.KeyHash(), key: key}, nil
}

// VerifierKey is the public key in the text form that others keep: origin+hash+key.
func VerifierKey(origin string, key ed25519.PublicKey) (string, error) {
	text, err := note.NewEd25519VerifierKey(origin, key)
	if err != nil {
		return "", invalid("a log key is an Ed25519 key")
	}
	return text, nil
}

// Verifier reads a verifier key in text form.
func Verifier(text string) (note.Verifier, error) {
	v, err := note.NewVerifier(strings.TrimSpace(text))
	if err != nil {
		return nil, invalid("this is no verifier key of a log: it has the form origin+hash+key")
	}
	return v, nil
}

// Sign gives the checkpoint of a log of that size and root: a signed note. It costs one signature.
func (s *Signer) Sign(size uint64, root stead.Hash) []byte {
	b := make([]byte, 0, 256)
	b = append(append(b, s.origin...), '\n')
	b = append(strconv.AppendUint(b, size, 10), '\n')
	return s.signed(append(base64.StdEncoding.AppendEncode(b, root[:]), '\n'))
}

// signed puts the signature under b: a signed note.
func (s *Signer) signed(b []byte) []byte {
	sig := make([]byte, 4, 4+ed25519.SignatureSize)
	binary.BigEndian.PutUint32(sig, s.hash)
	sig = append(sig, ed25519.Sign(s.key, b)...)
	b = append(b, "\n— "...)
	b = append(append(b, s.origin...), ' ')
	return append(base64.StdEncoding.AppendEncode(b, sig), '\n')
}

// Open reads a checkpoint and checks that v signed it. Other signatures, of witnesses say, are let be. Everything
// but origin, size and root in the text is refused.
func Open(signed []byte, v note.Verifier) (stead.Head, error) {
	n, err := note.Open(signed, note.VerifierList(v))
	if err != nil {
		return stead.Head{}, invalid("this is no checkpoint signed by %s", v.Name())
	}
	lines := strings.Split(n.Text, "\n")
	if len(lines) != 4 || lines[3] != "" {
		return stead.Head{}, invalid("a checkpoint has three lines: origin, size and root")
	}
	if lines[0] != v.Name() {
		return stead.Head{}, invalid("the checkpoint is of the log %q, not of %q", lines[0], v.Name())
	}
	size, err := number(lines[1])
	if err != nil {
		return stead.Head{}, err
	}
	root, err := parseHash(lines[2])
	if err != nil {
		return stead.Head{}, err
	}
	return stead.Head{Size: size, Root: root, Note: signed}, nil
}

// number reads a size or an index: decimal, no sign, no leading zero, below 2^62.
func number(s string) (uint64, error) {
	n, err := strconv.ParseUint(s, 10, maxLevel)
	if err != nil || strconv.FormatUint(n, 10) != s {
		return 0, invalid("%.20q is no number of a leaf", s)
	}
	return n, nil
}

// parseHash reads the one base64 form of a hash.
func parseHash(s string) (stead.Hash, error) {
	var h stead.Hash
	if len(s) != hashText {
		return h, invalid("a hash is %d characters of base64", hashText)
	}
	var room [len(h) + 1]byte
	n, err := base64.StdEncoding.Strict().Decode(room[:], []byte(s))
	if err != nil || n != len(h) {
		return h, invalid("a hash is %d characters of base64", hashText)
	}
	return stead.Hash(room[:len(h)]), nil
}

// hashText is the length of a hash in base64.
const hashText = 44
