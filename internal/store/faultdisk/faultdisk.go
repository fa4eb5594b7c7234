// Package faultdisk is a disk that lies on demand: a SQLite VFS over the machine's own, through which tests make a
// sync fail or hang, fill the disk, and pull the plug.
//
// Invariants: without a fault every call goes through unchanged. What was synced is remembered beside the file, so
// Crash can build the directory that a power cut would have left: everything synced, and of what was written but
// not synced a random part, in units of 512 bytes.
package faultdisk

import (
	"fmt"
	"runtime"
	"strings"
	"sync"
	"syscall"

	sqlite3 "modernc.org/sqlite/lib"
)

// A Kind of file a fault is meant for.
type Kind int

const (
	Any  Kind = iota
	Main      // the database file
	WAL       // the write-ahead log
)

// An Op is what a fault makes fail.
type Op int

const (
	Write Op = iota
	Sync
	Truncate
)

// A Fault makes Op on File fail with Errno: first Skip calls go through, then Times fail (0: all that follow). With
// Name it means the files of that database alone: "stead.db".
type Fault struct {
	Name  string
	File  Kind
	Op    Op
	Skip  int
	Times int
	Errno syscall.Errno
}

// A Disk is one registered VFS. Open databases through it with the DSN parameter vfs=Name().
type Disk struct {
	name string
	vfs  *registration

	mu     sync.Mutex
	faults []*armed
	gates  []*gate
	files  map[string]*image
	open   map[uintptr]*handle
	counts map[Op]map[Kind]int
	track  bool
	closed chan struct{}
}

type armed struct {
	Fault
	seen int
}

type gate struct {
	name    string
	file    Kind
	release chan struct{}
	reached chan struct{}
	once    sync.Once
}

// A handle is one open file.
type handle struct {
	base   string // file name
	kind   Kind
	theirs *sqlite3.Tsqlite3_io_methods
	image  *image // nil for files of no interest
}

// New registers a disk. With track it remembers all that is written, which Crash needs.
func New(name string, track bool) (*Disk, error) {
	d := &Disk{
		name: name, track: track,
		files: map[string]*image{}, closed: make(chan struct{}),
		open:   map[uintptr]*handle{},
		counts: map[Op]map[Kind]int{Write: {}, Sync: {}, Truncate: {}},
	}
	if err := d.register(); err != nil {
		return nil, fmt.Errorf("faultdisk %s: %w", name, err)
	}
	go func() { // SQLite holds the functions of d where the garbage collector does not look
		<-d.closed
		runtime.KeepAlive(d)
	}()
	return d, nil
}

// Name is what a DSN calls the disk.
func (d *Disk) Name() string { return d.name }

// Inject arms a fault until Clear.
func (d *Disk) Inject(f Fault) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.faults = append(d.faults, &armed{Fault: f})
}

// Clear disarms all faults. A sync that hangs goes on hanging.
func (d *Disk) Clear() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.faults = nil
}

// Hang makes every sync of such files of the database name wait until release is called. reached closes when the
// first one waits.
func (d *Disk) Hang(name string, file Kind) (reached <-chan struct{}, release func()) {
	g := &gate{name: name, file: file, release: make(chan struct{}), reached: make(chan struct{})}
	d.mu.Lock()
	d.gates = append(d.gates, g)
	d.mu.Unlock()
	return g.reached, sync.OnceFunc(func() { close(g.release) })
}

// Count tells how often op was called on such files.
func (d *Disk) Count(op Op, file Kind) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	if file == Any {
		return d.counts[op][Main] + d.counts[op][WAL] + d.counts[op][Any]
	}
	return d.counts[op][file]
}

// verdict counts the call and answers with the SQLite code it must fail with, or SQLITE_OK. d.mu is held.
func (d *Disk) verdict(op Op, h *handle) int32 {
	d.counts[op][h.kind]++
	for _, f := range d.faults {
		if f.Op != op || (f.File != Any && f.File != h.kind) || !strings.HasPrefix(h.base, f.Name) {
			continue
		}
		f.seen++
		if f.seen > f.Skip && (f.Times == 0 || f.seen <= f.Skip+f.Times) {
			return code(op, f.Errno)
		}
	}
	return sqlite3.SQLITE_OK
}

// code is what SQLite's own unix VFS makes of an errno.
func code(op Op, errno syscall.Errno) int32 {
	switch {
	case op == Sync:
		return sqlite3.SQLITE_IOERR_FSYNC
	case op == Truncate:
		return sqlite3.SQLITE_IOERR_TRUNCATE
	case errno == syscall.ENOSPC:
		return sqlite3.SQLITE_FULL
	}
	return sqlite3.SQLITE_IOERR_WRITE
}

// wait blocks while a gate for the file is shut. d.mu is not held.
func (d *Disk) wait(h *handle) {
	d.mu.Lock()
	gates := append([]*gate(nil), d.gates...)
	d.mu.Unlock()
	for _, g := range gates {
		if (g.file == Any || g.file == h.kind) && strings.HasPrefix(h.base, g.name) {
			g.once.Do(func() { close(g.reached) })
			<-g.release
		}
	}
}

// Close unregisters the disk. Databases opened through it must be closed before.
func (d *Disk) Close() error {
	d.mu.Lock()
	n := len(d.open)
	d.mu.Unlock()
	if n != 0 {
		return fmt.Errorf("faultdisk %s: %d files are open", d.name, n)
	}
	close(d.closed)
	return d.vfs.close()
}
