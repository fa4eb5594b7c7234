package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/config"
	"github.com/steadhq/stead/internal/store"
)

const (
	oldestServer = 15
	skewWarns    = 5 * time.Second
	skewFails    = time.Minute // a node distrusts itself then
	searchBehind = 10_000
)

// database looks at the PostgreSQL database of a configuration.
func database(ctx context.Context, file string) []finding {
	dsn, err := config.Secret(file)
	if err != nil {
		return []finding{{"database", "fail", err.Error(), "set store.dsn_file to a file that holds the connection string, mode 0600"}}
	}
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	c, err := store.Examine(ctx, dsn)
	if err != nil && stead.ReasonOf(err) == stead.ReasonRecord {
		return []finding{{"database", "fail", err.Error(), "is it running, and does it let this role in from here? Of several hosts name all, with target_session_attrs=read-write"}}
	}
	if err != nil {
		return []finding{{"database", "fail", err.Error(), ""}}
	}
	found := []finding{serverOf(c), durability(c), replication(c), tlsOf(c), databaseClock(c), schemaOf(c)}
	if c.Schema != 0 && c.Refused == nil {
		found = append(found, roleOf(c))
		if len(c.Lacks) == 0 {
			found = append(found, sizes(c)...)
		}
	}
	return found
}

func serverOf(c store.Condition) finding {
	says := "PostgreSQL " + c.Named + " at " + c.Host
	if c.Version/10000 < oldestServer {
		return finding{"database", "fail", says + ": it is too old", fmt.Sprintf("use PostgreSQL %d or newer", oldestServer)}
	}
	return finding{"database", "ok", says, ""}
}

func durability(c store.Condition) finding {
	for _, name := range []string{"fsync", "full_page_writes", "synchronous_commit"} {
		if v := c.Settings[name]; v == "off" || v == "local" {
			return finding{"durability", "fail", name + " is " + v + ": what is acknowledged could be lost", "set " + name + " = on; Stead does not open it so"}
		}
	}
	return finding{"durability", "ok", "fsync, full_page_writes; synchronous_commit " + c.Settings["synchronous_commit"], ""}
}

// replication tells what a fail-over would lose. Of standbys only a member of pg_monitor sees the state.
func replication(c store.Condition) finding {
	wanted, names, seen, sync := c.Settings["synchronous_standby_names"], []string{}, false, 0
	for _, f := range c.Followed {
		names = append(names, strings.TrimSpace(f.Name+" "+f.Sync))
		seen = seen || f.Sync != ""
		if f.Sync == "sync" || f.Sync == "quorum" {
			sync++
		}
	}
	says := "no standby is connected"
	if len(names) > 0 {
		says = "connected: " + strings.Join(names, ", ")
	}
	switch {
	case wanted == "":
		return finding{"replication", "warn", says + "; none has to confirm: the latest events are lost with this server", "set synchronous_standby_names, or keep a store.mirror to notice it"}
	case len(names) == 0 || seen && sync == 0:
		return finding{"replication", "fail", says + ", and " + wanted + " has to confirm: nothing can be recorded", "start the standby, or change synchronous_standby_names"}
	case !seen:
		return finding{"replication", "ok", fmt.Sprintf("%s has to confirm; %d connected", wanted, len(names)), "GRANT pg_monitor to the role, to see their state"}
	}
	return finding{"replication", "ok", wanted + " has to confirm; " + says, ""}
}

func tlsOf(c store.Condition) finding {
	switch {
	case c.Local:
		return finding{"database TLS", "ok", "on this machine (TLS: " + c.TLS + ")", ""}
	case c.TLS == "verified":
		return finding{"database TLS", "ok", "the server's certificate is verified", ""}
	}
	return finding{"database TLS", "warn", "TLS to " + c.Host + " is " + c.TLS + ": somebody between could be the database", "sslmode=verify-full and sslrootcert in the connection string"}
}

func databaseClock(c store.Condition) finding {
	off := c.Skew.Abs().Round(time.Millisecond)
	switch {
	case off > skewFails:
		return finding{"database clock", "fail", "off by " + off.String() + " from this one: a node here would refuse", "set both by a time server"}
	case off > skewWarns:
		return finding{"database clock", "warn", "off by " + off.String() + " from this one", "set both by a time server"}
	}
	return finding{"database clock", "ok", "within " + (off + time.Millisecond).String(), ""}
}

func schemaOf(c store.Condition) finding {
	switch {
	case c.Schema < 0:
		return finding{"schema", "fail", c.Role + " may not read its version", "give it the rights of a node: docs/guide/postgresql.md"}
	case c.Refused != nil:
		return finding{"schema", "fail", c.Refused.Error(), ""}
	case c.Pending > 0:
		return finding{"schema", "warn", fmt.Sprintf("version %d of %d", c.Schema, store.Known()), "stead store migrate; a node does it at its start, if its role may"}
	case c.Schema > store.Known():
		return finding{"schema", "ok", fmt.Sprintf("version %d, of a newer program; it serves this one", c.Schema), ""}
	}
	return finding{"schema", "ok", fmt.Sprintf("version %d", c.Schema), ""}
}

func roleOf(c store.Condition) finding {
	switch {
	case len(c.Lacks) > 0:
		return finding{"database role", "fail", c.Role + " lacks " + strings.Join(c.Lacks, "; "), "as the owner: GRANT " + c.Lacks[0] + " TO " + c.Role + " (docs/guide/postgresql.md has all)"}
	case c.Super:
		return finding{"database role", "warn", c.Role + " has rights over the whole server", "use a role of its own: docs/guide/postgresql.md"}
	case c.Owns:
		return finding{"database role", "warn", c.Role + " owns the tables, and could change and drop what was written", "let another role own them: docs/guide/postgresql.md"}
	}
	return finding{"database role", "ok", c.Role + " has what a node needs, and can not change what was written", ""}
}

func sizes(c store.Condition) []finding {
	found := []finding{
		{"log", "ok", fmt.Sprintf("%s; the database has %d MiB", count(int(c.Size), "event"), c.Bytes>>20), ""},
		{"person keys", "ok", fmt.Sprintf("%d, %d of them erased", c.Keys, c.Erased), "leave them out of dumps: pg_dump --exclude-schema=stead_keys --no-unlogged-table-data"},
	}
	behind := c.Size - min(c.Searched, c.Size)
	one := finding{"searchable copy", "ok", fmt.Sprintf("%d events behind", behind), ""}
	if behind > searchBehind {
		one.Result, one.Next = "warn", "a running node builds it; if it does not shrink, look into the nodes' log"
	}
	return append(found, one)
}
