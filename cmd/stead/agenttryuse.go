package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/steadhq/stead/client/admin"
)

// works does what the mandate is for, says that it is done, and tries again.
func (t *trying) works(ctx context.Context, b *begun) error {
	lease, err := b.lease(ctx)
	if err != nil {
		return err
	}
	if lease == nil {
		return t.worksWithout(ctx, b)
	}
	t.step("it gets a login of its own, shown once: %s at %s:%d", lease.User, lease.Host, lease.Port)
	conn, err := pgx.Connect(ctx, lease.URL)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	if err := t.reads(ctx, conn, *lease); err != nil {
		return err
	}
	t.refused("it reads public.salaries, which it was not granted", query(ctx, conn, "SELECT count(*) FROM public.salaries"))
	t.refused("it changes an order", query(ctx, conn, "UPDATE public.orders SET total = 0"))
	done := t.e.now()
	if b.mandate, err = b.client.CompleteMandate(ctx, b.mandate.ID, admin.CompleteBody{Result: "stead agent try"}); err != nil {
		return err
	}
	t.step("it says that the report is done: the mandate is over")
	later := func() time.Duration { return t.e.now().Sub(done).Round(time.Millisecond) }
	gone := until(ctx, func() error { return query(ctx, conn, "SELECT 1") })
	t.refused(fmt.Sprintf("its open connection, %s later", later()), gone)
	shut := until(ctx, func() error {
		again, err := pgx.Connect(ctx, lease.URL)
		if err == nil {
			err = again.Close(ctx)
		}
		return itsOwnWords(err)
	})
	t.refused(fmt.Sprintf("it logs in again, %s later, at the database itself", later()), shut)
	t.refused("it asks Stead for another login", b.leaseAgain(ctx))
	return nil
}

// worksWithout is what can be seen where no database is: the token that stands for the mandate is given, and then it is not.
func (t *trying) worksWithout(ctx context.Context, b *begun) error {
	t.step("(database: %s. What follows is Stead's own no; the database's is left out.)", t.Database)
	_, life, err := b.run.Token(ctx, b.mandate.ID)
	if err != nil {
		return err
	}
	t.step("it gets a token for the system, bound to its key, for %s", life)
	if b.mandate, err = b.client.CompleteMandate(ctx, b.mandate.ID, admin.CompleteBody{Result: "stead agent try"}); err != nil {
		return err
	}
	t.step("it says that the report is done: the mandate is over")
	_, _, err = b.run.Token(ctx, b.mandate.ID)
	t.refused("it asks for another token", err)
	t.refused("it asks for a login", b.leaseAgain(ctx))
	return nil
}

// reads counts what is in the tables that were granted.
func (t *trying) reads(ctx context.Context, conn *pgx.Conn, l admin.Lease) error {
	for _, g := range l.Given {
		var rows int
		if err := conn.QueryRow(ctx, "SELECT count(*) FROM "+g.Name).Scan(&rows); err != nil {
			return err
		}
		t.step("it reads %s: %d rows", g.Resource, rows)
	}
	return nil
}

// until tries until there is an error. What goes on for so long as Stead may take to tell the system of an end is none.
func until(ctx context.Context, do func() error) error {
	ctx, cancel := context.WithTimeout(ctx, ending)
	defer cancel()
	each := time.NewTicker(5 * time.Millisecond)
	defer each.Stop()
	for {
		if err := do(); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-each.C:
		}
	}
}

func query(ctx context.Context, conn *pgx.Conn, text string) error {
	_, err := conn.Exec(ctx, text)
	return itsOwnWords(err)
}

// itsOwnWords is what the database itself says.
func itsOwnWords(err error) error {
	var no *pgconn.PgError
	if errors.As(err, &no) {
		return fmt.Errorf("%s (PostgreSQL %s)", no.Message, no.Code)
	}
	return err
}

func (b *begun) leaseAgain(ctx context.Context) error {
	_, err := b.client.LeaseMandate(ctx, b.mandate.ID)
	return err
}
