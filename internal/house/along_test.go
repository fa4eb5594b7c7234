package house_test

import (
	"context"
	"database/sql"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/steadhq/stead/internal/house"
	"github.com/steadhq/stead/internal/house/housetest"
)

// A heard is a log that is waited for.
type heard struct {
	slog.Handler
	lines chan string
}

func (l heard) Enabled(context.Context, slog.Level) bool { return true }

func (l heard) Handle(_ context.Context, r slog.Record) error {
	select {
	case l.lines <- r.Message:
	default:
	}
	return nil
}

// A house that runs verifies its record to the end without anybody looking, at every start anew: what was verified before
// is not taken on trust, and what was changed on the disk meanwhile is found (A13).
func TestReadsAlong(t *testing.T) {
	h := housetest.New(t)
	h.Login("staff/sam", "stead.test")
	says := func(want string) {
		t.Helper()
		l := heard{slog.DiscardHandler, make(chan string, 100)}
		doors, err := h.Doors(house.Site{Origin: origin, Listen: "stead.test", Gateway: "orders.test", Ring: ring(t, h), Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- h.Run(ctx, slog.New(l), doors, nil) }()
		defer func() {
			stop()
			if err := <-done; err != nil {
				t.Error(err)
			}
		}()
		for late := time.After(20 * time.Second); ; {
			select {
			case line := <-l.lines:
				if strings.Contains(line, want) {
					return
				}
			case <-late:
				t.Fatalf("never said %q", want)
			}
		}
	}
	says("verified to its end")
	db, err := sql.Open("sqlite", filepath.Join(h.Options.Dir, "stead.db"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec("UPDATE log SET event = replace(event, 'session.started', 'session.stopped')"); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	h.Open()
	says("does not hash to its leaf")
	h.Open() // the house ends as others do
}
