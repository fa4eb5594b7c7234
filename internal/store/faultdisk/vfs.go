package faultdisk

import (
	"errors"
	"fmt"
	"unsafe"

	"modernc.org/libc"
	sqlite3 "modernc.org/sqlite/lib"
)

// The C signatures that are wrapped, as modernc.org/sqlite translates them.
type (
	openFn     = func(tls *libc.TLS, vfs, name, file uintptr, flags int32, out uintptr) int32
	deleteFn   = func(tls *libc.TLS, vfs, name uintptr, syncDir int32) int32
	closeFn    = func(tls *libc.TLS, file uintptr) int32
	writeFn    = func(tls *libc.TLS, file, buf uintptr, n int32, off int64) int32
	truncateFn = func(tls *libc.TLS, file uintptr, size int64) int32
	syncFn     = func(tls *libc.TLS, file uintptr, flags int32) int32
)

// A registration owns the C memory of one VFS: a copy of the unix VFS and of its table of file methods, some of
// them replaced. The Go functions behind the pointers are kept alive by calls.
type registration struct {
	tls    *libc.TLS
	name   uintptr
	vfs    uintptr
	base   uintptr             // the unix VFS
	tables map[uintptr]uintptr // the unix VFS's file methods: ours in their place
	calls  []any
}

// pointer turns a Go function into what translated C calls through; asFunc goes the other way.
func pointer[F any](r *registration, f F) uintptr {
	held := &struct{ f F }{f}
	r.calls = append(r.calls, held)
	return *(*uintptr)(unsafe.Pointer(held))
}

func asFunc[F any](p uintptr) F {
	return *(*F)(unsafe.Pointer(&struct{ p uintptr }{p}))
}

// at views C memory as a T. C memory is never moved, so the address stays right.
func at[T any](p uintptr) *T { return *(**T)(unsafe.Pointer(&p)) }

func (d *Disk) register() error {
	r := &registration{tls: libc.NewTLS(), tables: map[uintptr]uintptr{}}
	d.vfs = r
	unix, err := libc.CString("unix")
	if err != nil {
		return err
	}
	defer libc.Xfree(r.tls, unix)
	if r.base = sqlite3.Xsqlite3_vfs_find(r.tls, unix); r.base == 0 {
		return errors.New("there is no unix VFS")
	}
	if r.name, err = libc.CString(d.name); err != nil {
		return err
	}
	r.vfs = libc.Xmalloc(r.tls, libc.Tsize_t(unsafe.Sizeof(sqlite3.Tsqlite3_vfs{})))
	v := at[sqlite3.Tsqlite3_vfs](r.vfs)
	list := sqlite3.Xsqlite3_mutex_alloc(r.tls, sqlite3.SQLITE_MUTEX_STATIC_MAIN) // the base is linked to the next in a list
	sqlite3.Xsqlite3_mutex_enter(r.tls, list)
	*v = *at[sqlite3.Tsqlite3_vfs](r.base)
	sqlite3.Xsqlite3_mutex_leave(r.tls, list)
	v.FpNext, v.FzName = 0, r.name
	v.FxOpen, v.FxDelete = pointer(r, d.xOpen), pointer(r, d.xDelete)
	if rc := sqlite3.Xsqlite3_vfs_register(r.tls, r.vfs, 0); rc != sqlite3.SQLITE_OK {
		return fmt.Errorf("registering: code %d", rc)
	}
	return nil
}

func (r *registration) close() error {
	rc := sqlite3.Xsqlite3_vfs_unregister(r.tls, r.vfs)
	libc.Xfree(r.tls, r.name)
	libc.Xfree(r.tls, r.vfs)
	for _, ours := range r.tables {
		libc.Xfree(r.tls, ours)
	}
	r.tls.Close()
	if rc != sqlite3.SQLITE_OK {
		return fmt.Errorf("unregistering: code %d", rc)
	}
	return nil
}

// adopt gives an opened file our methods. The unix VFS has one table for files with locks and one for those without.
// d.mu is held.
func (d *Disk) adopt(file uintptr, h *handle) {
	r, f := d.vfs, at[sqlite3.Tsqlite3_file](file)
	h.theirs = at[sqlite3.Tsqlite3_io_methods](f.FpMethods)
	ours, ok := r.tables[f.FpMethods]
	if !ok {
		ours = libc.Xmalloc(r.tls, libc.Tsize_t(unsafe.Sizeof(sqlite3.Tsqlite3_io_methods{})))
		r.tables[f.FpMethods] = ours
		t := at[sqlite3.Tsqlite3_io_methods](ours)
		*t = *h.theirs
		t.FxClose, t.FxWrite = pointer(r, d.xClose), pointer(r, d.xWrite)
		t.FxTruncate, t.FxSync = pointer(r, d.xTruncate), pointer(r, d.xSync)
	}
	f.FpMethods = ours
}
