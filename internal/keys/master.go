package keys

import (
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/steadhq/stead"
)

const keySize = 32

// A Master is the key everything at rest hangs on. It prints as nothing.
type Master struct{ key [keySize]byte }

// String hides the key, in every form fmt knows.
func (Master) String() string               { return "master key" }
func (m Master) Format(f fmt.State, _ rune) { io.WriteString(f, m.String()) }
func (Master) MarshalText() ([]byte, error) { return nil, broken("a master key is never written") }

// ParseMaster reads a master key from text, an environment variable say: 32 bytes in base64.
func ParseMaster(text string) (Master, error) {
	var m Master
	b, err := base64.StdEncoding.Strict().DecodeString(strings.TrimSpace(text))
	if err != nil || len(b) != keySize {
		return m, stead.E(stead.Invalid, stead.ReasonRequest, "a master key is %d bytes in base64, such as \"openssl rand -base64 %d\" gives", keySize, keySize)
	}
	copy(m.key[:], b)
	if m.key == [keySize]byte{} {
		return m, stead.E(stead.Invalid, stead.ReasonRequest, "a master key is not all zero")
	}
	return m, nil
}

// LoadMaster reads a master key from a file that nobody but its owner may read. Kind missing: there is no file.
func LoadMaster(path string) (Master, error) {
	f, err := os.Open(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return Master{}, stead.E(stead.Missing, stead.ReasonNone, "there is no master key at %s", path)
	case err != nil:
		return Master{}, stead.Because(err, "read the master key")
	}
	defer f.Close()
	info, err := f.Stat()
	switch {
	case err != nil:
		return Master{}, stead.Because(err, "read the master key")
	case !info.Mode().IsRegular():
		return Master{}, stead.E(stead.Refused, stead.ReasonRequest, "the master key at %s is no file", path)
	case info.Mode().Perm()&0o077 != 0:
		return Master{}, stead.E(stead.Refused, stead.ReasonRequest,
			"others on this machine may read the master key at %s (mode %04o): chmod 600 it, and change the key if they may have", path, info.Mode().Perm())
	}
	text, err := io.ReadAll(io.LimitReader(f, 1024))
	if err != nil {
		return Master{}, stead.Because(err, "read the master key")
	}
	return ParseMaster(string(text))
}

// CreateMaster makes a master key and writes it to a new file with mode 0600. It is on disk when it returns. Kind
// conflict: there is a file already.
func CreateMaster(path string, rand io.Reader) (Master, error) {
	var m Master
	if _, err := io.ReadFull(rand, m.key[:]); err != nil {
		return Master{}, stead.Because(err, "make a master key")
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	switch {
	case errors.Is(err, fs.ErrExist):
		return Master{}, stead.E(stead.Conflict, stead.ReasonExists, "there is a file at %s already", path)
	case err != nil:
		return Master{}, stead.Because(err, "write the master key")
	}
	_, err = f.WriteString(base64.StdEncoding.EncodeToString(m.key[:]) + "\n")
	err = errors.Join(err, f.Sync(), f.Close(), syncDir(filepath.Dir(path)))
	if err != nil {
		return Master{}, stead.Because(err, "write the master key")
	}
	return m, nil
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// derive gives the key for one purpose.
func (m Master) derive(purpose string) ([]byte, error) {
	return hkdf.Key(sha256.New, m.key[:], nil, purpose, keySize)
}

func broken(format string, args ...any) error {
	return stead.E(stead.Broken, stead.ReasonBroken, format, args...)
}
