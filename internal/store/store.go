package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
)

// A Store is open on one directory, alone. It is safe for concurrent use.
type Store struct {
	o      Options
	view   authority.View
	latch  latch
	keys   *persons
	pool   *sql.DB
	read   tables
	desk   desk
	pg     *pgDesk         // the desk, on PostgreSQL
	config *pgx.ConnConfig // of PostgreSQL

	urgent, ordinary, patient chan *waiter

	errands    chan errand
	free       free
	quit, over chan struct{}
	stop       context.CancelFunc
	tasks      sync.WaitGroup
	unlock     func() error
	ending     sync.Once
	restored   bool

	tree   Tree   // the writer's
	counts counts // the writer's

	mu     sync.Mutex
	at     place
	shown  Tree          // of at
	moved  chan struct{} // closed when at moves
	recent recent

	mirror mirror
	events searchable
	heard  atomic.Pointer[time.Time] // when the head was known last; nil where nobody else writes
	wake   chan struct{}             // others may have written; nil where nobody else does
	skew   atomic.Int64              // of this machine's clock to the database's, ns
}

var _ authority.Store = (*Store)(nil)

// Open opens the store in o.Dir, makes it where there is none, and loads what is live. Errors: conflict (another
// process has it open), refused (it is behind its mirrored head, or differs from it), broken.
func Open(ctx context.Context, o Options) (*Store, error) {
	o, err := o.check()
	if err != nil {
		return nil, err
	}
	s := &Store{
		o: o, unlock: func() error { return nil },
		urgent: make(chan *waiter, 1024), ordinary: make(chan *waiter, 4096), patient: make(chan *waiter, 64),
		errands: make(chan errand),
		quit:    make(chan struct{}), over: make(chan struct{}), moved: make(chan struct{}),
		counts: counts{dirty: map[string]uint64{}, until: map[string]int64{}},
	}
	if err := s.open(ctx); err != nil {
		s.abandon()
		return nil, stead.Because(err, "open the store")
	}
	s.run()
	return s, nil
}

func (s *Store) open(ctx context.Context) error {
	engine := s.openSQLite
	if s.o.DSN != "" {
		engine = s.openPostgres
	}
	if err := engine(ctx); err != nil {
		return err
	}
	if err := s.purgeRest(ctx); err != nil {
		return fmt.Errorf("purge the projection: %w", err)
	}
	return s.checkMirror(ctx)
}

// run starts what works beside the callers.
func (s *Store) run() {
	ctx, stop := context.WithCancel(context.Background())
	s.stop = stop
	go s.write()
	s.tasks.Go(func() { s.events.follow(ctx) })
	s.tasks.Go(func() { s.mirrorAlong(ctx) })
	if s.wake != nil {
		s.tasks.Go(func() { s.watch(ctx, s.config) })
	}
}

// Close writes what waits and ends. It does not wait for a disk that hangs longer than Options.Patience allows
// the callers, but for as long as the disk needs.
func (s *Store) Close() error {
	s.ending.Do(func() { close(s.quit) })
	<-s.over
	s.stop()
	s.tasks.Wait()
	s.events.finish()
	err := s.writeMirror()
	return errors.Join(err, s.abandon())
}

// abandon lets go of all files.
func (s *Store) abandon() error {
	var errs []error
	if s.events != nil {
		errs = append(errs, s.events.close())
	}
	if s.pool != nil {
		errs = append(errs, s.pool.Close())
	}
	if s.desk != nil {
		errs = append(errs, s.desk.close())
	}
	if s.keys != nil {
		errs = append(errs, s.keys.db.Close())
	}
	return errors.Join(append(errs, s.unlock())...)
}

// View is what is true now.
func (s *Store) View() *authority.View { return &s.view }

// Restored tells that Options.Accept let an older or different store open: every mandate and session that is live
// in it may have ended since, and must be ended. Until Reconciled says that this is done the mirror stays as it is,
// so that a crash in between does not open the store again as if nothing had been.
func (s *Store) Restored() bool { return s.restored }

// Reconciled says that all that was live in a restored store has ended: its head is mirrored again.
func (s *Store) Reconciled() error {
	s.mirror.held.Store(false)
	return s.writeMirror()
}

// Head is the end of the log that is on disk.
func (s *Store) Head() stead.Head {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.at.Head
}

// Tree is the Merkle tree and the head it belongs to, for proofs.
func (s *Store) Tree() (Tree, stead.Head) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.shown, s.at.Head
}
