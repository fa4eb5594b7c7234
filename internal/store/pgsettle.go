package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/steadhq/stead"
)

func (d *pgDesk) write(p *page) error {
	err := d.send(p)
	if err == nil {
		return nil
	}
	d.drop()
	return d.settle(p, err)
}

// send puts the whole page down and commits in one round trip.
func (d *pgDesk) send(p *page) error {
	ctx, cancel := context.WithTimeout(context.Background(), answersIn)
	defer cancel()
	var b pgx.Batch
	p.queue(&b)
	if p.moved > d.moved {
		b.Queue("SELECT pg_notify('stead', $1)", fmt.Sprint(p.Size))
	}
	var tag pgconn.CommandTag
	b.Queue("COMMIT").Exec(func(t pgconn.CommandTag) error { tag = t; return nil })
	d.warned = ""
	err := d.conn.SendBatch(ctx, &b).Close()
	return d.confirmed(tag, err)
}

// confirmed tells whether a commit stands where it must. A server that was kept from waiting for its standby says so in a
// warning, and then that it has committed.
func (d *pgDesk) confirmed(tag pgconn.CommandTag, err error) error {
	switch {
	case err != nil:
		return err
	case tag.String() != "COMMIT":
		return fmt.Errorf("the transaction ended with %s", tag)
	case d.warned != "":
		return fmt.Errorf("the server warned: %s", d.warned)
	}
	return nil
}

// settle finds out what became of a commit that nobody confirmed. Whoever has the head knows that no transaction before
// him is still under way: either the events stand at their places, or they never will.
func (d *pgDesk) settle(p *page, cause error) error {
	for end := time.Now().Add(settlesIn); time.Now().Before(end); time.Sleep(tryAgain) {
		there, err := d.stands(p)
		switch {
		case err != nil:
			continue
		case there:
			return nil
		}
		return away(fmt.Errorf("nothing was written: %w", cause))
	}
	return inDoubt(away(cause))
}

// stands tells whether a page was written, and where it was makes it certain: what is read may not be on the standby yet,
// and a commit after it waits until it is.
func (d *pgDesk) stands(p *page) (bool, error) {
	if _, err := d.lock(); err != nil {
		return false, err
	}
	there, err := d.holds(p)
	if err != nil || !there {
		d.leave()
		return false, err
	}
	d.warned = ""
	tag, err := d.exec("COMMIT")
	if err = d.confirmed(tag, err); err != nil {
		d.drop()
	}
	return true, err
}

// holds tells whether the events of a page stand in the log. A page without any is as good as not written.
func (d *pgDesk) holds(p *page) (bool, error) {
	if len(p.events) == 0 {
		return false, nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), answersIn)
	defer cancel()
	var leaf []byte
	err := d.conn.QueryRow(ctx, "SELECT leaf FROM log WHERE idx = $1", int64(p.first)).Scan(&leaf)
	if errors.Is(err, pgx.ErrNoRows) {
		return false, nil
	}
	return err == nil && stead.Hash(leaf) == p.events[0].leaf, err
}

// certain waits until the standby has all that could be read so far. A server whose postmaster was killed, that has been
// started again, or whose waiting was cancelled shows what it alone has: who believed that would know a log that is gone
// when the standby takes over.
func (d *pgDesk) certain() error {
	if !d.awaits {
		return nil
	}
	if d.witness == nil {
		d.witness = newPgDesk(d.config)
	}
	return d.witness.commitNothing()
}

// commitNothing locks a row that is hardly ever written, so that there is something to commit, and keeps nobody from it.
func (d *pgDesk) commitNothing() error {
	if err := d.connect(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), answersIn)
	defer cancel()
	var b pgx.Batch
	b.Queue("BEGIN")
	b.Queue("SELECT FROM erasures FOR KEY SHARE")
	var tag pgconn.CommandTag
	b.Queue("COMMIT").Exec(func(t pgconn.CommandTag) error { tag = t; return nil })
	d.warned = ""
	err := d.conn.SendBatch(ctx, &b).Close()
	if err = d.confirmed(tag, err); err != nil {
		d.drop()
		return away(err)
	}
	return nil
}
