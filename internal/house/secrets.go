package house

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/keys"
)

// A cabinet keeps sealed secrets as files, one a name, for this house alone (keys.Secrets).
type cabinet struct{ dir string }

func (c cabinet) path(name string) string {
	return filepath.Join(c.dir, strings.ReplaceAll(name, "/", "-"))
}

// Secret gives what was put under a name.
func (c cabinet) Secret(_ context.Context, name string) ([]byte, error) {
	b, err := os.ReadFile(c.path(name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, stead.E(stead.Missing, stead.ReasonNone, "no secret is kept under %q", name)
	}
	return b, stead.Because(err, "read a secret")
}

// PutSecret keeps sealed under a name. It is on disk when it returns.
func (c cabinet) PutSecret(_ context.Context, name string, sealed []byte) error {
	if err := os.MkdirAll(c.dir, 0o700); err != nil {
		return stead.Because(err, "make the folder of secrets")
	}
	err := writeWhole(c.path(name), sealed)
	return stead.Because(err, "keep a secret")
}

// writeWhole replaces a file so that after a crash it is the old one or the new one.
func writeWhole(path string, b []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".new-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = io.Copy(f, bytes.NewReader(b))
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	d, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// Material is what a house signs and seals with.
type Material struct {
	Master  keys.Master
	Box     *keys.Box
	Secrets keys.Secrets
	LogKey  ed25519.PrivateKey
	CodeKey []byte
}

// Unlock reads the master key, making one at the first start, and the keys that are sealed under it in dir.
func Unlock(ctx context.Context, masterFile, dir string) (Material, error) {
	m := Material{Secrets: cabinet{dir}}
	var err error
	m.Master, err = keys.LoadMaster(masterFile)
	if stead.KindOf(err) == stead.Missing {
		if err = os.MkdirAll(filepath.Dir(masterFile), 0o700); err == nil {
			m.Master, err = keys.CreateMaster(masterFile, rand.Reader)
		}
	}
	if err != nil {
		return m, stead.Because(err, "get the master key")
	}
	if m.Box, err = keys.NewBox(m.Master, rand.Reader); err != nil {
		return m, err
	}
	if m.LogKey, err = keys.LogKey(ctx, rand.Reader, m.Secrets, m.Box); err != nil {
		return m, err
	}
	m.CodeKey, err = m.codeKey(ctx)
	return m, err
}

const codeKeyName = "codes"

// codeKey authenticates one-time codes between hosts.
func (m Material) codeKey(ctx context.Context) ([]byte, error) {
	sealed, err := m.Secrets.Secret(ctx, codeKeyName)
	if err == nil {
		return m.Box.Open(codeKeyName, sealed)
	}
	if stead.KindOf(err) != stead.Missing {
		return nil, err
	}
	key := make([]byte, 32)
	if _, err := rand.Read(key); err != nil {
		return nil, stead.Because(err, "make a key")
	}
	if sealed, err = m.Box.Seal(codeKeyName, key); err != nil {
		return nil, err
	}
	return key, m.Secrets.PutSecret(ctx, codeKeyName, sealed)
}
