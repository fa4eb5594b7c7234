package main

import (
	"context"
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/config"
	"github.com/steadhq/stead/internal/house"
	"github.com/steadhq/stead/internal/keys"
	"github.com/steadhq/stead/internal/store"
)

// A kept is where a server keeps what it keeps: files of its own, or a database that it shares with its fellows.
type kept struct {
	dir, dsn string // of the store: one of them
	node     string // which of the nodes on a database this is
	secrets  keys.Secrets
	close    func() error // lets other nodes at the secrets
}

// openKept opens the secrets of a server. Until close no other node does: of two that start at once one
// makes the keys and the other finds them.
func openKept(ctx context.Context, c config.Store) (kept, error) {
	if c.Driver != "postgres" {
		return kept{dir: filepath.Join(c.Dir, "store"), secrets: house.Cabinet(filepath.Join(c.Dir, "secrets")), close: func() error { return nil }}, nil
	}
	dsn, err := config.Secret(c.DSN)
	if err != nil {
		return kept{}, stead.Because(err, "read the connection string")
	}
	if err := os.MkdirAll(c.Dir, 0o700); err != nil {
		return kept{}, stead.Because(err, "make "+c.Dir)
	}
	node, err := nodeID(filepath.Join(c.Dir, "node"))
	if err != nil {
		return kept{}, stead.Because(err, "name this node")
	}
	s, err := store.OpenSecrets(ctx, dsn)
	if err != nil {
		return kept{}, stead.Because(err, "open the database of "+c.DSN)
	}
	return kept{dsn: dsn, node: node, secrets: s, close: s.Close}, nil
}

var oneNode = regexp.MustCompile(`^nod_[a-z2-7]{26}$`)

// nodeID reads the id of this node, and makes it at the first start. It outlives the process: what a run left open is
// closed by the next run of the same node alone. A folder that is copied to another machine takes it along: delete the
// file there.
func nodeID(file string) (string, error) {
	b, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) || err == nil && len(b) == 0 { // or a crash in the first start
		id := "nod_" + strings.ToLower(rand.Text())
		return id, os.WriteFile(file, []byte(id+"\n"), 0o600)
	}
	if err != nil {
		return "", err
	}
	id := strings.TrimSpace(string(b))
	if !oneNode.MatchString(id) {
		return "", stead.E(stead.Invalid, stead.ReasonRequest, "%s holds no id of a node: delete it, and a new one is made", file)
	}
	return id, nil
}
