package faultdisk

import (
	"path/filepath"
	"unsafe"

	"modernc.org/libc"
	sqlite3 "modernc.org/sqlite/lib"
)

func (d *Disk) xOpen(tls *libc.TLS, vfs, name, file uintptr, flags int32, out uintptr) int32 {
	var path string
	if name != 0 {
		path = libc.GoString(name)
	}
	before, existed := d.known(path, flags)
	theirs := asFunc[openFn](at[sqlite3.Tsqlite3_vfs](d.vfs.base).FxOpen)
	rc := theirs(tls, vfs, name, file, flags, out)
	if rc != sqlite3.SQLITE_OK || at[sqlite3.Tsqlite3_file](file).FpMethods == 0 {
		return rc
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	h := &handle{base: filepath.Base(path), kind: kindOf(flags)}
	if d.track && h.kind != Any {
		h.image = d.imageOf(path, before, existed)
	}
	d.open[file] = h
	d.adopt(file, h)
	return rc
}

func kindOf(flags int32) Kind {
	switch {
	case flags&sqlite3.SQLITE_OPEN_MAIN_DB != 0:
		return Main
	case flags&sqlite3.SQLITE_OPEN_WAL != 0:
		return WAL
	}
	return Any
}

func (d *Disk) xDelete(tls *libc.TLS, vfs, name uintptr, syncDir int32) int32 {
	d.mu.Lock()
	delete(d.files, libc.GoString(name))
	d.mu.Unlock()
	return asFunc[deleteFn](at[sqlite3.Tsqlite3_vfs](d.vfs.base).FxDelete)(tls, vfs, name, syncDir)
}

func (d *Disk) xClose(tls *libc.TLS, file uintptr) int32 {
	d.mu.Lock()
	h := d.open[file]
	delete(d.open, file)
	d.mu.Unlock()
	return asFunc[closeFn](h.theirs.FxClose)(tls, file)
}

func (d *Disk) xWrite(tls *libc.TLS, file, buf uintptr, n int32, off int64) int32 {
	d.mu.Lock()
	h := d.open[file]
	if rc := d.verdict(Write, h); rc != sqlite3.SQLITE_OK {
		d.mu.Unlock()
		return rc
	}
	if h.image != nil {
		h.image.write(unsafe.Slice(at[byte](buf), n), off)
	}
	d.mu.Unlock()
	return asFunc[writeFn](h.theirs.FxWrite)(tls, file, buf, n, off)
}

func (d *Disk) xTruncate(tls *libc.TLS, file uintptr, size int64) int32 {
	d.mu.Lock()
	h := d.open[file]
	if rc := d.verdict(Truncate, h); rc != sqlite3.SQLITE_OK {
		d.mu.Unlock()
		return rc
	}
	if h.image != nil {
		h.image.truncate(size)
	}
	d.mu.Unlock()
	return asFunc[truncateFn](h.theirs.FxTruncate)(tls, file, size)
}

// xSync does not take what is tracked to be on disk before the real sync has returned.
func (d *Disk) xSync(tls *libc.TLS, file uintptr, flags int32) int32 {
	d.mu.Lock()
	h := d.open[file]
	rc := d.verdict(Sync, h)
	d.mu.Unlock()
	if rc != sqlite3.SQLITE_OK {
		return rc
	}
	d.wait(h)
	if rc = asFunc[syncFn](h.theirs.FxSync)(tls, file, flags); rc == sqlite3.SQLITE_OK && h.image != nil {
		d.mu.Lock()
		h.image.sync()
		d.mu.Unlock()
	}
	return rc
}
