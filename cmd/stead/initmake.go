package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/cedar"
	"github.com/steadhq/stead/internal/config"
	"github.com/steadhq/stead/internal/house"
	"github.com/steadhq/stead/internal/keys"
	"github.com/steadhq/stead/internal/store"
)

// A made is one thing that stead init makes: under another name first, and in its place when all is well.
type made struct{ temporary, final string }

// A making is all of them. What is undone when it fails is what it made itself.
type making struct {
	all    []made
	placed []string
	folder []string // that were not there before
}

// begin makes everything beside its place, and then puts it there; the configuration last, for with it a server begins.
func (e *env) begin(ctx context.Context, b beginning) (err error) {
	text := b.text()
	c, problems := config.Parse([]byte(text), nil)
	if len(problems) > 0 {
		return fail(exitUsage, "stead init --help", "this makes no configuration: %s: %s", problems[0].Path, problems[0].Text)
	}
	if _, err := checked(c); err != nil {
		return err
	}
	if b.driver == "postgres" {
		if err := emptyDatabase(ctx, b.dsn); err != nil {
			return err
		}
	}
	m := &making{}
	defer func() {
		if err != nil {
			err = errors.Join(err, m.undo())
		}
	}()
	if err := m.room(b); err != nil {
		return err
	}
	link, err := e.fillRoom(ctx, m, b, c, text)
	if err != nil {
		return err
	}
	if err := m.place(); err != nil {
		return err
	}
	return e.nextSteps(b, c, link)
}

// room finds a name beside each place, and refuses where something is there.
func (m *making) room(b beginning) error {
	for _, final := range []string{b.data, b.file("policies"), b.file("stead.schema.json"), b.file("stead.yaml")} {
		if _, err := os.Lstat(final); !errors.Is(err, fs.ErrNotExist) {
			return fail(exitConflict, "choose another folder: stead init FOLDER, or --data for the store", "%s is there already, and nothing is overwritten", final)
		}
		if err := m.parents(filepath.Dir(final)); err != nil {
			return stead.Because(err, "make the folder")
		}
		m.all = append(m.all, made{filepath.Join(filepath.Dir(final), ".new-"+strings.ToLower(rand.Text()[:8])+"-"+filepath.Base(final)), final})
	}
	return nil
}

// parents makes the folders that are not there, and remembers them.
func (m *making) parents(dir string) error {
	var missing []string
	for at := dir; ; at = filepath.Dir(at) {
		if _, err := os.Stat(at); err == nil || at == filepath.Dir(at) {
			break
		}
		missing = append([]string{at}, missing...)
	}
	for _, d := range missing {
		if err := os.Mkdir(d, 0o750); err != nil {
			return err
		}
		m.folder = append(m.folder, d)
	}
	return nil
}

func (e *env) fillRoom(ctx context.Context, m *making, b beginning, c config.Config, text string) (link string, err error) {
	data, policies, schema, file := m.all[0].temporary, m.all[1].temporary, m.all[2].temporary, m.all[3].temporary
	bundle := cedar.Default()
	for name, text := range bundle {
		at := filepath.Join(policies, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(at), 0o750); err != nil {
			return "", err
		}
		if err := os.WriteFile(at, []byte(text), 0o640); err != nil { //nolint:gosec // policy is no secret
			return "", err
		}
	}
	raw, err := wholeSchema()
	if err != nil {
		return "", err
	}
	if err := errors.Join(os.WriteFile(schema, raw, 0o640), os.WriteFile(file, []byte(text), 0o640)); err != nil { //nolint:gosec // nor is the configuration: secrets are files of their own
		return "", err
	}
	if err := os.Mkdir(data, 0o700); err != nil {
		return "", err
	}
	c.Store.Dir = data
	return firstStore(ctx, c, bundle, e.now)
}

// firstStore makes the keys and the store, and the token of the setup link. A database is filled by the first start: what
// is sealed in it must not outlive a master key that was taken back.
func firstStore(ctx context.Context, c config.Config, bundle map[string]string, now func() time.Time) (token string, err error) {
	file := filepath.Join(c.Store.Dir, "master.key")
	if c.Store.Driver == "postgres" {
		master, err := keys.CreateMaster(file, rand.Reader)
		if err != nil {
			return "", err
		}
		box, err := keys.NewBox(master, rand.Reader)
		if err != nil {
			return "", err
		}
		return setupToken(box, now())
	}
	kept, err := openKept(ctx, c.Store)
	if err != nil {
		return "", err
	}
	mat, err := house.Unlock(ctx, file, kept.secrets)
	if err != nil {
		return "", errors.Join(err, kept.close())
	}
	h, err := openHouse(ctx, c, settings(c, nil), kept, mat, bundle, false, slog.New(slog.NewTextHandler(io.Discard, nil)))
	if err = errors.Join(err, kept.close()); err != nil {
		return "", err
	}
	if err := h.Close(ctx); err != nil {
		return "", err
	}
	return setupToken(mat.Box, now())
}

// emptyDatabase refuses a database that is somebody's store.
func emptyDatabase(ctx context.Context, file string) error {
	dsn, err := connection("--dsn-file", file)
	if err != nil {
		return err
	}
	c, err := store.Examine(ctx, dsn)
	switch {
	case err != nil:
		return stead.Because(err, "look at the database of "+file)
	case c.Schema != 0:
		return fail(exitConflict, "stead store migrate, or another database", "the database of %s holds a store already", file)
	}
	return nil
}

// place puts everything in its place. What cannot be is undone by the caller.
func (m *making) place() error {
	for _, one := range m.all {
		if err := os.Rename(one.temporary, one.final); err != nil {
			return stead.Because(err, "put "+one.final+" in its place")
		}
		m.placed = append(m.placed, one.final)
	}
	return nil
}

// undo takes away what was made, newest first.
func (m *making) undo() error {
	var errs []error
	for _, one := range m.all {
		errs = append(errs, os.RemoveAll(one.temporary))
	}
	for _, final := range m.placed {
		errs = append(errs, os.RemoveAll(final))
	}
	for i := range m.folder {
		errs = append(errs, os.Remove(m.folder[len(m.folder)-1-i]))
	}
	return errors.Join(errs...)
}

func (e *env) nextSteps(b beginning, c config.Config, token string) error {
	file := b.file("stead.yaml")
	link, until := c.Server.Origin()+"/setup?token="+token, e.now().Add(setupFor)
	if e.format == "json" || e.format == "yaml" {
		return e.print(map[string]any{"config": file, "data": b.data, "setup_url": link, "until": until}, nil)
	}
	e.say("Written: %s, its schema, %s, and the keys and the store in %s.", file, b.file("policies"), b.data)
	e.say("Keep a copy of %s elsewhere: without it nothing can be read.\n", filepath.Join(b.data, "master.key"))
	e.say("Next:\n  stead doctor --config %s\n  stead serve --config %s\nThen make the first administrator, before %s:", file, file, until.Format("15:04 MST"))
	if _, err := fmt.Fprintln(e.out, link); err != nil {
		return err
	}
	e.say("\nThen, as that administrator (stead login staff/NAME --addr %s), who acts and who is acted for:\n"+
		"  stead person add staff/sam --group support\n  stead person factor-link staff/sam --reason \"new here\"   # he chooses a password and sets up his authenticator\n"+
		"  stead person add customers/dana --group customers", c.Server.Origin())
	return nil
}
