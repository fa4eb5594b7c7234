package postgres

import (
	"context"
	"slices"

	"github.com/jackc/pgx/v5"
)

// end ends all connections, until there is none. Some have been let in before the door was closed and are in no list yet:
// what is starting right now is waited for, and ended if it takes long, as a client can make it by post_auth_delay. Who has
// not been let in yet may stall until the server loses its patience; he is not waited for to the end.
func (l *lease) end(ctx context.Context, w *Withdrawn) error {
	if l.oid == 0 {
		return nil
	}
	early, err := l.starting(ctx, nil)
	if err != nil {
		return err
	}
	began := l.d.Now()
	for {
		if len(early) > 0 {
			if early, err = l.starting(ctx, early); err != nil {
				return err
			}
		}
		n, err := l.terminate(ctx) // looks after starting has: who is no longer starting is seen here
		if err != nil {
			return err
		}
		took := l.d.Now().Sub(began)
		if w.Connections = len(l.seen); n == 0 && (len(early) == 0 || took > stalling && !slices.ContainsFunc(early, in)) {
			return nil
		}
		if took > starting {
			if early, err = l.hurry(ctx, early); err != nil {
				return err
			}
		}
		if err := wait(ctx); err != nil {
			return err
		}
	}
}

// A start is a connection that is in no list of sessions: it holds the lock of its first transaction already.
type start struct {
	Who string
	Pid uint32
	In  bool // it has been let in: it holds its database as well
}

func in(s start) bool { return s.In }

// starting lists all that start, or those of them that did so before.
func (l *lease) starting(ctx context.Context, before []start) ([]start, error) {
	rows, err := l.conn.Query(ctx, `SELECT k.pid || ' ' || k.virtualxid, k.pid, EXISTS (SELECT FROM pg_locks d
			WHERE d.pid = k.pid AND d.locktype = 'object' AND d.classid = 'pg_database'::regclass)
		FROM pg_locks k WHERE k.locktype = 'virtualxid' AND k.pid IS NOT NULL
		AND NOT EXISTS (SELECT FROM pg_stat_activity a WHERE a.pid = k.pid AND (a.usesysid IS NOT NULL OR a.backend_type <> 'client backend'))`)
	if err != nil {
		return nil, err
	}
	all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[start])
	if before == nil {
		return all, err
	}
	return slices.DeleteFunc(all, func(s start) bool {
		return !slices.ContainsFunc(before, func(b start) bool { return b.Who == s.Who })
	}), err
}

// hurry ends those that take long and were let in as a lease. That one is another's the server tells by refusing: it is not
// waited for, or anybody with a login could keep a lease from its end.
func (l *lease) hurry(ctx context.Context, slow []start) (ours []start, err error) {
	for _, s := range slow {
		if s.In {
			_, err = l.conn.Exec(ctx, "SELECT pg_terminate_backend($1)", s.Pid)
		}
		switch {
		case err == nil:
			ours = append(ours, s)
		case code(err) != "42501":
			return nil, err
		}
		err = nil
	}
	return ours, nil
}

func (l *lease) terminate(ctx context.Context) (n int, err error) {
	rows, err := l.conn.Query(ctx, "SELECT "+who+", pg_terminate_backend(pid) FROM pg_stat_activity WHERE usesysid = $1", l.oid)
	if err != nil {
		return 0, err
	}
	all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[struct {
		Who string
		Hit bool
	}])
	for _, a := range all {
		l.seen[a.Who] = true
	}
	return len(all), err
}
