package main

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/steadhq/stead"
	"github.com/steadhq/stead/internal/authority"
	"github.com/steadhq/stead/internal/house"
	"github.com/steadhq/stead/internal/house/housetest"
	"github.com/steadhq/stead/internal/keys"
	"github.com/steadhq/stead/internal/ledger"
	"github.com/steadhq/stead/internal/store"
	"github.com/steadhq/stead/internal/store/pgtest"
)

// A moved house lies in a folder as serve lays it out, and goes to PostgreSQL.
type movedHouse struct {
	*housetest.House
	dir, dsn, file string
	out, talk      bytes.Buffer
}

func moveHouse(t *testing.T) *movedHouse {
	t.Helper()
	m := &movedHouse{dir: t.TempDir(), dsn: pgtest.Start(t).Create(t)} // the server ends after the house
	m.House = housetest.New(t, func(o *house.Options) { m.unlock(t, o, house.Cabinet(filepath.Join(m.dir, "secrets"))) })
	m.file = filepath.Join(t.TempDir(), "dsn")
	if err := os.WriteFile(m.file, []byte(m.dsn+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return m
}

func (m *movedHouse) unlock(t *testing.T, o *house.Options, secrets keys.Secrets) {
	t.Helper()
	key, err := house.Unlock(t.Context(), filepath.Join(m.dir, "master.key"), secrets)
	if err != nil {
		t.Fatal(err)
	}
	o.Master, o.LogKey, o.CodeKey, o.KeyFile = key.Master, key.LogKey, key.CodeKey, filepath.Join(m.dir, keyFile)
	o.Dir = filepath.Join(m.dir, "store")
}

// stead runs a command and gives its exit code.
func (m *movedHouse) stead(t *testing.T, args ...string) int {
	t.Helper()
	m.out.Reset()
	m.talk.Reset()
	e := &env{ctx: t.Context(), out: &m.out, err: &m.talk, getenv: func(string) string { return "" }, now: time.Now}
	return run(e, args)
}

// trail lists all that the house's record says, as far as anybody can read it.
func (m *movedHouse) trail(t *testing.T, size uint64) (all []string) {
	t.Helper()
	if err := m.Store.Settled(t.Context(), size); err != nil {
		t.Fatal(err)
	}
	found, err := m.Store.Events(t.Context(), authority.EventQuery{Limit: 1000})
	if err != nil || uint64(len(found)) < size {
		t.Fatalf("%d of %d events, %v", len(found), size, err)
	}
	for _, e := range found[:size] {
		all = append(all, fmt.Sprintf("%+v", e))
	}
	return all
}

// everybody lists the accounts as root sees them.
func (m *movedHouse) everybody(t *testing.T) (all []string) {
	t.Helper()
	for _, name := range slices.Sorted(maps.Keys(m.People)) {
		p, err := m.Store.Get(t.Context(), stead.KindPrincipal, string(m.People[name].ID), 0)
		all = append(all, fmt.Sprintf("%+v %v", p, stead.KindOf(err)))
	}
	return all
}

// moveIn opens the house on the database, with the secrets that were copied, which it gives, and the same master key.
func (m *movedHouse) moveIn(t *testing.T) keys.Secrets {
	t.Helper()
	secrets, err := store.OpenSecrets(t.Context(), m.dsn)
	if err != nil {
		t.Fatal(err)
	}
	old := m.Options.LogKey
	m.unlock(t, &m.Options, secrets)
	if err := secrets.Close(); err != nil {
		t.Fatal(err)
	}
	if !old.Equal(m.Options.LogKey) {
		t.Fatal("the log has another key")
	}
	m.Options.Dir, m.Options.DSN = "", m.dsn
	m.Options.Skew = func() time.Duration { return 0 } // the database's clock is no test's
	m.Open()
	return secrets
}

// A house that moves to PostgreSQL keeps everything: who acts for whom, which codes were used, who was erased, and the
// record with its signed head, under the same master key.
func TestCopiedHouse(t *testing.T) {
	m := moveHouse(t)
	ctx := t.Context()
	sam, tess, root := m.Login("staff/sam", "stead.test"), m.Login("staff/tess", "stead.test"), m.Login("staff/root", "stead.test")
	active, err := m.Act(sam, "staff/sam", "customers/dana", stead.ReadOnly)
	if err != nil {
		t.Fatal(err)
	}
	ended, err := m.Act(tess, "staff/tess", "customers/sam.private", stead.ReadOnly)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.End(ctx, tess, ended.ID); err != nil {
		t.Fatal(err)
	}
	used := m.Code("staff/root")
	if _, err := m.Arm(ctx, root, used); err != nil {
		t.Fatal(err)
	}
	if err := m.Erase(ctx, root, m.People["customers/erin"].ID); err != nil {
		t.Fatal(err)
	}
	if got := m.stead(t, "store", "copy", "--from", m.dir, "--to-dsn-file", m.file); got != exitConflict || !strings.Contains(m.talk.String(), "stop the server") {
		t.Fatalf("while it is open it exits with %d: %s", got, &m.talk)
	}
	head, people := m.Store.Head(), m.everybody(t)
	trail := m.trail(t, head.Size)
	link := setupLink{box: m.Box, secrets: house.Cabinet(filepath.Join(m.dir, "secrets"))}
	for _, name := range []string{"", "ann", "root"} { // who began with the setup link lies there to this day
		if err := link.keep(ctx, authority.NewPerson{Name: name}); err != nil {
			t.Fatal(err)
		}
	}
	m.Shut()
	if got := m.stead(t, "store", "copy", "--from", m.dir, "--to-dsn-file", m.file, "-o", "json"); got != exitOK {
		t.Fatalf("it exits with %d: %s", got, &m.talk)
	}
	var said struct {
		Size uint64
		Root string
	}
	if err := json.Unmarshal(m.out.Bytes(), &said); err != nil || said.Size < head.Size {
		t.Errorf("it says %s, %v", &m.out, err)
	}
	if got := m.stead(t, "store", "copy", "--from", m.dir, "--to-dsn-file", m.file); got != exitConflict || !strings.Contains(m.talk.String(), "holds a store already") {
		t.Errorf("again it exits with %d: %s", got, &m.talk)
	}

	link.secrets = m.moveIn(t)
	if first, err := link.kept(ctx); err != nil || first.Name != "root" {
		t.Errorf("the setup link knows %q, %v", first.Name, err)
	}
	if got := m.trail(t, head.Size); !slices.Equal(got, trail) {
		t.Errorf("the trail tells %q, not %q", got, trail)
	}
	if got := m.everybody(t); !slices.Equal(got, people) || !slices.ContainsFunc(got, func(s string) bool { return strings.HasSuffix(s, string(stead.Missing)) }) {
		t.Errorf("there are %q, and were %q", got, people)
	}
	if d, err := m.Decide(ctx, m.Question(sam, active, stead.ActionRead, "/orders/7")); err != nil || !d.Allow {
		t.Errorf("sam reads as dana: %+v, %v", d, err)
	}
	if d, err := m.Decide(ctx, m.Question(tess, ended, stead.ActionRead, "/orders/7")); err != nil || d.Allow {
		t.Errorf("tess reads under an ended mandate: %+v, %v", d, err)
	}
	if _, err := m.Arm(ctx, root, used); stead.ReasonOf(err) != stead.ReasonUsed {
		t.Errorf("the used code: %v", err)
	}
	m.verifies(t)
}

// verifies checks the whole record on the database, and that what is sealed opens.
func (m *movedHouse) verifies(t *testing.T) {
	t.Helper()
	sealer, err := keys.NewSealer(m.Options.Master, m.Options.Rand)
	if err != nil {
		t.Fatal(err)
	}
	s, err := store.TakeSnapshot(t.Context(), store.Options{DSN: m.dsn, Sealer: sealer})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	v, err := ledger.Verifier(m.Verifier)
	if err != nil {
		t.Fatal(err)
	}
	report, err := ledger.Verify(t.Context(), ledger.Check{Trail: snapshot{s}, Rest: s.Rest(), Key: v})
	if err != nil || !report.Good() || report.Size != m.Store.Head().Size {
		t.Errorf("the record: %+v, %v", report, err)
	}
}

// A store that does not verify is not copied: the copy would make it look whole.
func TestCopyRefusesWhatDoesNotVerify(t *testing.T) {
	m := moveHouse(t)
	m.Login("staff/sam", "stead.test")
	m.Shut()
	db, err := sql.Open("sqlite", filepath.Join(m.dir, "store", "stead.db"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec("UPDATE objects SET body = body || x'20' WHERE kind = 'session'"); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if got := m.stead(t, "store", "copy", "--from", m.dir, "--to-dsn-file", m.file); got != exitVerify || !strings.Contains(m.talk.String(), "does not verify") {
		t.Errorf("it exits with %d: %s", got, &m.talk)
	}
	if steps, err := store.Pending(t.Context(), m.dsn); err != nil || len(steps) == 0 {
		t.Errorf("the database was touched: %v, %v", steps, err)
	}
}

// What is wrong with the command line or the place is said before anything is done.
func TestCopyAskedWrongly(t *testing.T) {
	m := moveHouse(t)
	m.Shut()
	nowhere := filepath.Join(t.TempDir(), "dsn")
	if err := os.WriteFile(nowhere, []byte("postgres://stead@127.0.0.1:1/stead\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args string
		code int
		says string
	}{
		{"store copy", exitUsage, "--from is needed"},
		{"store copy --from " + m.dir, exitUsage, "--to-dsn-file is needed"},
		{"store copy --from " + m.dir + " --to-dsn-file " + nowhere + "x", exitNotFound, "dsnx"},
		{"store copy --from " + m.dir + " --to-dsn-file " + nowhere, exitFailed, "does not answer"},
		{"store copy --from " + t.TempDir() + " --to-dsn-file " + m.file, exitNotFound, "no stead.db"},
		{"store migrate", exitUsage, "--dsn-file is needed"},
		{"store migrate --dsn-file " + nowhere, exitFailed, "does not answer"},
	} {
		if got := m.stead(t, strings.Fields(c.args)...); got != c.code || !strings.Contains(m.talk.String(), c.says) {
			t.Errorf("stead %s exits with %d: %s", c.args, got, &m.talk)
		}
	}
	if err := os.WriteFile(filepath.Join(m.dir, "secrets", "other"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := m.stead(t, "store", "copy", "--from", m.dir, "--to-dsn-file", m.file); got != exitUsage || !strings.Contains(m.talk.String(), "does not know") {
		t.Errorf("with a secret of somebody else it exits with %d: %s", got, &m.talk)
	}
}

func TestStoreMigrate(t *testing.T) {
	m := moveHouse(t)
	for _, c := range []struct{ args, out, talk string }{
		{"--dry-run", "1        the log", ""},
		{"--dry-run -o yaml", "CREATE TABLE stead.log", ""},
		{"", "1        the log", ""},
		{"", "", "nothing to do"},
		{"--dry-run -o json", "[]", ""},
	} {
		args := append([]string{"store", "migrate", "--dsn-file", m.file}, strings.Fields(c.args)...)
		if got := m.stead(t, args...); got != exitOK || !strings.Contains(m.out.String(), c.out) || !strings.Contains(m.talk.String(), c.talk) {
			t.Errorf("%q exits with %d: %s%s", c.args, got, &m.out, &m.talk)
		}
	}
}

// What the doctor says of a database.
func TestDoctorOfDatabase(t *testing.T) {
	server := pgtest.Start(t)
	dsn := func(text string) string {
		file := filepath.Join(t.TempDir(), "dsn")
		if err := os.WriteFile(file, []byte(text+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	look := func(text string) map[string]finding {
		found := map[string]finding{}
		for _, f := range database(t.Context(), dsn(text)) {
			found[f.Check] = f
		}
		return found
	}
	wants := func(found map[string]finding, check, result, says string) {
		t.Helper()
		if f := found[check]; f.Result != result || !strings.Contains(f.Says, says) {
			t.Errorf("%s: %+v", check, f)
		}
	}
	fresh := server.Create(t)
	found := look(fresh)
	wants(found, "database", "ok", "PostgreSQL ")
	wants(found, "durability", "ok", "fsync")
	wants(found, "replication", "warn", "no standby")
	wants(found, "database TLS", "ok", "this machine")
	wants(found, "database clock", "ok", "within")
	wants(found, "schema", "warn", "version 0 of 2")
	wants(look(fresh+"&synchronous_commit=local"), "durability", "fail", "synchronous_commit is local")
	wants(look("postgres://stead@127.0.0.1:1/stead"), "database", "fail", "does not answer")
	if _, err := store.Migrate(t.Context(), fresh); err != nil {
		t.Fatal(err)
	}
	found = look(fresh)
	wants(found, "schema", "ok", "version 2")
	wants(found, "database role", "warn", "postgres has rights over the whole server")
	wants(found, "log", "ok", "0 events")
	wants(found, "searchable copy", "ok", "0 events behind")
	wants(found, "person keys", "ok", "0 of them erased")
	server.Do(t, "postgres", "CREATE ROLE node LOGIN")
	as := strings.Replace(fresh, "postgres@", "node@", 1)
	wants(look(as), "database role", "fail", "node lacks USAGE ON SCHEMA stead")
	database := fresh[strings.LastIndex(fresh, "/")+1 : strings.Index(fresh, "?")]
	server.Do(t, database, store.LeastRights("node"))
	wants(look(as), "database role", "ok", "can not change what was written")
	server.Do(t, database, "REVOKE INSERT ON stead.log FROM node")
	wants(look(as), "database role", "fail", "node lacks INSERT ON stead.log")
	server.Do(t, database, "UPDATE public.stead_schema SET version = version + 8, serves = 9")
	wants(look(fresh), "schema", "fail", "start the newer program")
	wants(look(pgtest.Start(t, "synchronous_standby_names=other").DSN("postgres")), "replication", "fail", "nothing can be recorded")
}

// The guide has the rights that the code asks for, and the commands that there are.
func TestGuideOfPostgres(t *testing.T) {
	raw, err := os.ReadFile("../../docs/guide/postgresql.md")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(raw, []byte(store.LeastRights("stead"))) {
		t.Error("docs/guide/postgresql.md does not grant what a node needs:\n" + store.LeastRights("stead"))
	}
}
