package store

import (
	"context"
	"net"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/steadhq/stead"
)

// A Condition is what a database is like, for whoever looks after it.
type Condition struct {
	Host     string
	Version  int    // server_version_num: 150004
	Named    string // the version as the server writes it
	Settings map[string]string
	Followed []Follower    // standbys that are connected; their state is seen by pg_monitor alone
	Skew     time.Duration // by which the server's clock is ahead of this one
	TLS      string        // how the connection is protected: none, unverified or verified
	Local    bool          // on this machine

	Role  string
	Super bool     // it may do anything, and is no role for a node
	Owns  bool     // it owns the tables, and can change and drop what was written
	Lacks []string // rights that a node needs and the role has not

	Schema   int   // 0: there is none yet; -1: the role may not know
	Refused  error // why this program does not open it
	Pending  int   // migrations to be made
	Bytes    int64 // of the database on disk
	Size     uint64
	Searched uint64 // events in the searchable copy
	Keys     uint64 // of people
	Erased   uint64
}

// A Follower is a standby that is connected.
type Follower struct{ Name, State, Sync string }

// Known is how many migrations this program knows.
func Known() int { return len(migrations()) }

// Examine looks at a database and changes nothing. Errors: invalid; broken (it can not be reached or read).
func Examine(ctx context.Context, dsn string) (c Condition, err error) {
	config, err := pgConfig(dsn)
	if err != nil {
		return c, err
	}
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return c, away(err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	c.Host = config.Host
	c.TLS, c.Local = protected(conn.Config()), local(conn)
	for _, look := range []func(context.Context, *pgx.Conn) error{c.server, c.clock, c.followers, c.role, c.schema} {
		if err := look(ctx, conn); err != nil {
			return c, stead.Because(err, "look at the database")
		}
	}
	return c, nil
}

func protected(c *pgx.ConnConfig) string {
	switch {
	case c.TLSConfig == nil:
		return "none"
	case c.TLSConfig.InsecureSkipVerify:
		return "unverified"
	}
	return "verified"
}

func local(conn *pgx.Conn) bool {
	at := conn.PgConn().Conn().RemoteAddr()
	if tcp, ok := at.(*net.TCPAddr); ok {
		return tcp.IP.IsLoopback()
	}
	return at.Network() == "unix"
}

func (c *Condition) server(ctx context.Context, conn *pgx.Conn) error {
	const q = `SELECT current_setting('server_version_num')::int, current_setting('server_version'), pg_database_size(current_database())`
	if err := conn.QueryRow(ctx, q).Scan(&c.Version, &c.Named, &c.Bytes); err != nil {
		return err
	}
	c.Settings = map[string]string{}
	for _, name := range []string{"fsync", "full_page_writes", "synchronous_commit", "synchronous_standby_names"} {
		var value string
		if err := conn.QueryRow(ctx, "SELECT current_setting($1)", name).Scan(&value); err != nil {
			return err
		}
		c.Settings[name] = value
	}
	return nil
}

// clock compares with the middle of a round trip.
func (c *Condition) clock(ctx context.Context, conn *pgx.Conn) error {
	before := time.Now()
	var there time.Time
	err := conn.QueryRow(ctx, "SELECT clock_timestamp()").Scan(&there)
	c.Skew = there.Sub(before.Add(time.Since(before) / 2))
	return err
}

func (c *Condition) followers(ctx context.Context, conn *pgx.Conn) error {
	rows, err := conn.Query(ctx, "SELECT coalesce(application_name, ''), coalesce(state, ''), coalesce(sync_state, '') FROM pg_stat_replication ORDER BY 1")
	if err != nil {
		return err
	}
	c.Followed, err = pgx.CollectRows(rows, pgx.RowToStructByPos[Follower])
	return err
}

func (c *Condition) role(ctx context.Context, conn *pgx.Conn) error {
	const q = "SELECT rolname, rolsuper OR rolcreaterole OR rolreplication OR rolbypassrls FROM pg_roles WHERE rolname = current_user"
	return conn.QueryRow(ctx, q).Scan(&c.Role, &c.Super)
}

func (c *Condition) schema(ctx context.Context, conn *pgx.Conn) error {
	const blind = "SELECT coalesce(NOT has_table_privilege(to_regclass('public.stead_schema'), 'SELECT'), false)"
	var hidden bool
	if err := conn.QueryRow(ctx, blind).Scan(&hidden); err != nil {
		return err
	}
	if hidden {
		var err error
		c.Schema = -1
		c.Lacks, err = lacks(ctx, conn)
		return err
	}
	if c.Schema, c.Refused = version(ctx, conn, Known()); c.Refused != nil {
		if stead.KindOf(c.Refused) != stead.Refused {
			return c.Refused
		}
		return nil
	}
	c.Pending = len(lacking(migrations(), c.Schema))
	if c.Schema == 0 {
		return nil
	}
	var err error
	if c.Lacks, err = lacks(ctx, conn); err != nil || len(c.Lacks) > 0 {
		return err
	}
	const owner = "SELECT coalesce(bool_or(pg_has_role(c.relowner, 'USAGE')), false) FROM pg_class c WHERE c.oid = to_regclass('stead.log')"
	if err := conn.QueryRow(ctx, owner).Scan(&c.Owns); err != nil {
		return err
	}
	return c.content(ctx, conn)
}

// content reads how much there is.
func (c *Condition) content(ctx context.Context, conn *pgx.Conn) error {
	const q = `SELECT size, (SELECT count(*) FROM stead_keys.keys), (SELECT count(*) FROM stead_keys.keys WHERE wrapped IS NULL) FROM stead.head`
	err := conn.QueryRow(ctx, q).Scan(&c.Size, &c.Keys, &c.Erased)
	if err == nil {
		err = conn.QueryRow(ctx, "SELECT coalesce(max(number), 0) FROM stead.place").Scan(&c.Searched)
	}
	return err
}
