package faultdisk_test

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/steadhq/stead/internal/store/faultdisk"
	_ "modernc.org/sqlite"
)

func open(t *testing.T, dir, vfs string) *sql.DB {
	t.Helper()
	dsn := "file:" + filepath.Join(dir, "t.db") + "?_pragma=journal_mode(wal)&_pragma=synchronous(full)&_pragma=wal_autocheckpoint(0)"
	if vfs != "" {
		dsn += "&vfs=" + vfs
	}
	db, err := sql.Open("sqlite", dsn)
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	return db
}

func disk(t *testing.T, track bool) *faultdisk.Disk {
	t.Helper()
	d, err := faultdisk.New("fault-"+t.Name(), track)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

func write(db *sql.DB, n int) error {
	_, err := db.Exec("INSERT INTO t VALUES (?, ?)", n, fmt.Sprintf("row %d %0200d", n, n))
	return err
}

func start(t *testing.T, db *sql.DB) {
	t.Helper()
	if _, err := db.Exec("CREATE TABLE IF NOT EXISTS t (n INTEGER PRIMARY KEY, v TEXT)"); err != nil {
		t.Fatal(err)
	}
}

func TestPassesThrough(t *testing.T) {
	d, dir := disk(t, true), t.TempDir()
	db := open(t, dir, d.Name())
	start(t, db)
	for n := range 100 {
		if err := write(db, n); err != nil {
			t.Fatal(err)
		}
	}
	if d.Count(faultdisk.Sync, faultdisk.WAL) < 100 {
		t.Errorf("synced the WAL %d times for 100 commits", d.Count(faultdisk.Sync, faultdisk.WAL))
	}
	if err := d.Close(); err == nil {
		t.Error("closed with open files")
	}
	db.Close()
}

func TestFaults(t *testing.T) {
	for _, c := range []struct {
		name  string
		fault faultdisk.Fault
	}{
		{"sync of the WAL", faultdisk.Fault{File: faultdisk.WAL, Op: faultdisk.Sync, Skip: 2, Errno: syscall.EIO}},
		{"full", faultdisk.Fault{File: faultdisk.WAL, Op: faultdisk.Write, Skip: 5, Errno: syscall.ENOSPC}},
		{"read-only", faultdisk.Fault{File: faultdisk.WAL, Op: faultdisk.Write, Skip: 5, Errno: syscall.EROFS}},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := disk(t, false)
			db := open(t, t.TempDir(), d.Name())
			start(t, db)
			d.Inject(c.fault)
			var err error
			for n := 0; n < 10 && err == nil; n++ {
				err = write(db, n)
			}
			if err == nil {
				t.Error("nothing failed")
			}
			d.Clear()
			db.Close()
		})
	}
}

func TestSyncOfTheDatabaseFile(t *testing.T) {
	d := disk(t, false)
	db := open(t, t.TempDir(), d.Name())
	defer db.Close()
	start(t, db)
	d.Inject(faultdisk.Fault{File: faultdisk.Main, Op: faultdisk.Sync, Times: 1, Errno: syscall.EIO})
	if err := write(db, 1); err != nil {
		t.Fatal(err)
	}
	var busy, log, moved int
	err := db.QueryRow("PRAGMA wal_checkpoint(TRUNCATE)").Scan(&busy, &log, &moved)
	if err == nil {
		t.Error("the checkpoint saw no error")
	}
}

func TestHang(t *testing.T) {
	d := disk(t, false)
	db := open(t, t.TempDir(), d.Name())
	defer db.Close()
	start(t, db)
	reached, release := d.Hang("t.db", faultdisk.WAL)
	done := make(chan error)
	go func() { done <- write(db, 1) }()
	<-reached
	select {
	case <-done:
		t.Fatal("did not wait")
	default:
	}
	release()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// What was committed is there after the cut, whatever became of the rest. // S-I39
func TestCrash(t *testing.T) {
	d, dir := disk(t, true), t.TempDir()
	db := open(t, dir, d.Name())
	defer db.Close()
	start(t, db)
	for n := range 60 {
		if err := write(db, n); err != nil {
			t.Fatal(err)
		}
		if n%17 == 5 {
			if _, err := db.Exec("PRAGMA wal_checkpoint(TRUNCATE)"); err != nil {
				t.Fatal(err)
			}
		}
		after := t.TempDir()
		if err := d.Crash(dir, after, uint64(n)); err != nil {
			t.Fatal(err)
		}
		left := open(t, after, "")
		var got int
		if err := left.QueryRow("SELECT count(*) FROM t").Scan(&got); err != nil || got != n+1 {
			t.Fatalf("after %d commits %d rows are left: %v", n+1, got, err)
		}
		left.Close()
	}
}
