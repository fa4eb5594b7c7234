package store

import (
	"os"
	"path/filepath"
	"syscall"

	"github.com/steadhq/stead"
)

// lock keeps every other process out of dir until unlock.
func lock(dir string) (unlock func() error, err error) {
	f, err := os.OpenFile(filepath.Join(dir, lockFile), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, stead.Because(err, "open the lock of the store")
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		return nil, stead.E(stead.Conflict, stead.ReasonExists, "another process has the store in %s open", dir)
	}
	return f.Close, nil
}
