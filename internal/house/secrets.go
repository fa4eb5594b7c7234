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
	"slices"
	"strings"
	"sync"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/keys"
)

// A cabinet keeps sealed secrets as files, one a name, for this house alone (keys.Secrets).
type cabinet struct {
	dir  string
	turn sync.Mutex // one who writes at a time
}

func (c *cabinet) path(name string) string {
	return filepath.Join(c.dir, strings.ReplaceAll(name, "/", "-"))
}

// Secret gives what was put under a name.
func (c *cabinet) Secret(_ context.Context, name string) ([]byte, error) {
	b, err := os.ReadFile(c.path(name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, stead.E(stead.Missing, stead.ReasonNone, "no secret is kept under %q", name)
	}
	return b, stead.Because(err, "read a secret")
}

// PutSecret keeps sealed under a name, in place of was. It is on disk when it returns.
func (c *cabinet) PutSecret(ctx context.Context, name string, was, sealed []byte) error {
	c.turn.Lock()
	defer c.turn.Unlock()
	if there, err := c.Secret(ctx, name); err != nil && stead.KindOf(err) != stead.Missing {
		return err
	} else if !bytes.Equal(there, was) {
		return stead.E(stead.Conflict, stead.ReasonStale, "another secret was put under %q meanwhile", name)
	}
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

// Cabinet keeps sealed secrets in a folder, for this house alone.
func Cabinet(dir string) keys.Secrets { return &cabinet{dir: dir} }

// Unlock reads the master key, making one at the first start, and the keys that are sealed under it.
func Unlock(ctx context.Context, masterFile string, secrets keys.Secrets) (Material, error) {
	m := Material{Secrets: secrets}
	var err error
	m.Master, err = keys.LoadMaster(masterFile)
	if stead.KindOf(err) == stead.Missing {
		m.Master, err = firstMaster(ctx, masterFile, secrets)
	}
	if err != nil {
		return m, stead.Because(err, "get the master key")
	}
	if m.Box, err = keys.NewBox(m.Master, rand.Reader); err != nil {
		return m, err
	}
	if err := opens(ctx, m, masterFile); err != nil {
		return m, err
	}
	if m.LogKey, err = keys.LogKey(ctx, rand.Reader, m.Secrets, m.Box); err != nil {
		return m, err
	}
	m.CodeKey, err = m.codeKey(ctx)
	return m, err
}

// opens tells whether the master key is the one that the secrets were sealed under.
func opens(ctx context.Context, m Material, masterFile string) error {
	sealed, err := m.Secrets.Secret(ctx, codeKeyName)
	if stead.KindOf(err) == stead.Missing {
		return nil
	}
	if err != nil {
		return err
	}
	if _, err := m.Box.Open(codeKeyName, sealed); err != nil {
		return stead.E(stead.Conflict, stead.ReasonNone,
			"%s holds another master key than the one the secrets were sealed under: every node needs the same, copy it from one that has it", masterFile)
	}
	return nil
}

// firstMaster makes a master key where nothing is sealed yet: with another one than that of its fellows a node could
// open nothing.
func firstMaster(ctx context.Context, file string, secrets keys.Secrets) (keys.Master, error) {
	if _, err := secrets.Secret(ctx, codeKeyName); stead.KindOf(err) != stead.Missing {
		return keys.Master{}, errors.Join(err, stead.E(stead.Missing, stead.ReasonNone,
			"%s is not there, and the secrets were sealed under a master key: copy it from the node, or the safe place, that has it", file))
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return keys.Master{}, err
	}
	return keys.CreateMaster(file, rand.Reader)
}

const codeKeyName = "codes"

// SealedIn reads all that a cabinet holds, still sealed, by name: what a house keeps, and what others keep in it. Kind invalid: a
// file is nobody's that is known, and would be left behind.
func SealedIn(ctx context.Context, dir string, others ...string) (map[string][]byte, error) {
	files, err := os.ReadDir(dir)
	if err != nil {
		return nil, stead.Because(err, "read the folder of secrets")
	}
	c, sealed := cabinet{dir: dir}, map[string][]byte{}
	for _, name := range append(append(keys.SecretNames(), codeKeyName), others...) {
		b, err := c.Secret(ctx, name)
		switch {
		case err == nil:
			sealed[name] = b
		case stead.KindOf(err) != stead.Missing:
			return nil, err
		}
		files = slices.DeleteFunc(files, func(f fs.DirEntry) bool { return f.Name() == filepath.Base(c.path(name)) })
	}
	for _, f := range files {
		if !strings.HasPrefix(f.Name(), ".new-") { // what a crash left of one that was being written
			return nil, stead.E(stead.Invalid, stead.ReasonRequest, "this program does not know what the secret %s is", filepath.Join(dir, f.Name()))
		}
	}
	return sealed, nil
}

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
	return key, m.Secrets.PutSecret(ctx, codeKeyName, nil, sealed)
}
