package store

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"github.com/steadhq/stead"
)

// Backup writes a copy of the store into dir, which must hold none, while the store goes on. Person keys are not in
// it: they are kept elsewhere, so that who is erased is erased from every backup too. Errors: conflict, broken.
func (s *Store) Backup(ctx context.Context, dir string) (stead.Head, error) {
	to := filepath.Join(dir, mainFile)
	if _, err := os.Stat(to); err == nil {
		return stead.Head{}, stead.E(stead.Conflict, stead.ReasonExists, "there is a store in %s already", dir)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return stead.Head{}, stead.Because(err, "make a backup")
	}
	db, err := pool(s.o.dsn(mainFile), 1)
	if err != nil {
		return stead.Head{}, stead.Because(err, "make a backup")
	}
	defer db.Close()
	if err := private(to); err != nil {
		return stead.Head{}, stead.Because(err, "make a backup")
	}
	if _, err := db.ExecContext(ctx, "VACUUM INTO ?", to); err != nil {
		return stead.Head{}, stead.Because(err, "make a backup")
	}
	if err := errors.Join(flush(to), flush(dir)); err != nil {
		return stead.Head{}, stead.Because(err, "make a backup")
	}
	return CheckBackup(ctx, Options{Dir: dir, Log: s.o.Log})
}

// CheckBackup tells whether the store in o.Dir has a signed head and hashes to it. Of o it needs Dir and Log.
func CheckBackup(ctx context.Context, o Options) (stead.Head, error) {
	s, err := TakeSnapshot(ctx, Options{Dir: o.Dir})
	if err != nil {
		return stead.Head{}, err
	}
	defer s.Close()
	st, err := s.Standing(ctx)
	if err != nil || st.Head.Size == 0 {
		return st.Head, err
	}
	signed, err := o.Log.Open(st.Head.Note)
	if err != nil {
		return st.Head, stead.Because(err, "read the head of the backup")
	}
	tree, err := o.Log.Restore(ctx, s, signed.Size)
	if err != nil {
		return st.Head, stead.Because(err, "read the log of the backup")
	}
	if tree.Root() != signed.Root || st.Head.Root != signed.Root || st.Head.Size != signed.Size {
		return st.Head, corrupt("the backup in %s does not hash to its signed head", o.Dir)
	}
	return st.Head, nil
}

func flush(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
