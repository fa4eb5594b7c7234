package house

import (
	"context"
	"io"
	"log/slog"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/api"
	"github.com/steadhq/stead/internal/console"
	"github.com/steadhq/stead/internal/ledger"
)

// A record is the log as the console asks for it.
type record struct {
	trail
	read *reading
}

var _ console.Record = record{}

// A reading remembers how far the log was hashed again and compared since the server has started.
type reading struct {
	mu   sync.Mutex // held while one reads on
	edge ledger.Edge

	now   sync.Mutex
	last  console.Checked
	going atomic.Bool // the house reads on by itself
}

const checkAtOnce = 256

// Head is the signed one.
func (r record) Head() stead.Head { return r.store.Head() }

// File writes a verifiable export.
func (r record) File(ctx context.Context, w io.Writer, f console.File) error {
	return r.Export(ctx, w, api.Export{Query: f.Query, Text: f.Text, By: string(f.By), Record: func(uint64) error { return f.Recorded() }})
}

const (
	readEach = 200 * time.Millisecond // between two looks of the house by itself
	readFor  = 20 * time.Millisecond  // so that it takes a tenth of one core at most
)

// readAlong reads on in the record until all of it was verified since the start. What an earlier run found is not
// believed: whoever can change the record could have changed that too.
func (r record) readAlong(ctx context.Context, log *slog.Logger) {
	each := time.NewTicker(readEach)
	defer each.Stop()
	r.read.going.Store(true)
	defer r.read.going.Store(false)
	for {
		select {
		case <-ctx.Done():
			return
		case <-each.C:
		}
		k, err := r.Check(ctx, readFor)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			log.Error("the record could not be read to verify it", "error", err)
			return
		case k.Wrong != "":
			log.Error("the record is not as it was signed: "+k.Wrong, "alarm", true)
			return
		case k.Head > 0 && k.Upto >= k.Of:
			log.Info("the record was verified to its end", "events", k.Upto)
			return
		}
	}
}

// Check hashes stored events again, compares them with the leaves of the log, and once at the end these with the signed
// checkpoint. What was found wrong stays wrong until the server starts again.
func (r record) Check(ctx context.Context, within time.Duration) (console.Checked, error) {
	if !r.read.mu.TryLock() {
		last := r.read.at()
		last.Together, last.Of = true, r.store.Head().Size
		return last, nil
	}
	defer r.read.mu.Unlock()
	k := r.read.at()
	head := r.store.Head()
	k.Of, k.Going = head.Size, r.read.going.Load()
	until := time.Now().Add(within)
	for k.Wrong == "" && k.Upto < head.Size {
		if err := r.on(ctx, &k, head); err != nil {
			return k, err
		}
		if time.Now().After(until) {
			break
		}
	}
	if k.Wrong == "" && k.Upto == head.Size {
		r.compare(&k, head)
	}
	k.At = r.h.Now()
	r.read.put(k)
	return k, nil
}

func (r *reading) at() console.Checked {
	r.now.Lock()
	defer r.now.Unlock()
	return r.last
}

func (r *reading) put(k console.Checked) {
	r.now.Lock()
	defer r.now.Unlock()
	r.last = k
}

// on reads one batch.
func (r record) on(ctx context.Context, k *console.Checked, head stead.Head) error {
	n := min(checkAtOnce, head.Size-k.Upto)
	stored, leaves, err := r.store.Bytes(ctx, k.Upto, int(n))
	if err != nil {
		return err
	}
	for i, event := range stored {
		switch {
		case event == nil:
			k.Pruned = max(k.Pruned, k.Upto+uint64(i)+1)
		case ledger.LeafHash(event) != leaves[i]:
			k.Wrong = "event " + strconv.FormatUint(k.Upto+uint64(i)+1, 10) + " does not hash to its leaf"
			return nil
		}
	}
	_, r.read.edge, _ = ledger.Integrate(r.read.edge, leaves)
	k.Upto += uint64(len(leaves))
	return nil
}

// compare opens the checkpoint with the key of the log.
func (r record) compare(k *console.Checked, head stead.Head) {
	signed, err := r.h.log.Open(head.Note)
	switch {
	case err != nil:
		k.Wrong = "the checkpoint of " + strconv.FormatUint(head.Size, 10) + " events is not signed by the key of the log"
	case signed.Size != head.Size || signed.Root != r.read.edge.Root():
		k.Wrong = "the leaves of the " + strconv.FormatUint(head.Size, 10) + " events do not lead to the checkpoint that was signed"
	default:
		k.Head = head.Size
	}
}
