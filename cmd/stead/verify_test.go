package main

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/steadhq/stead/internal/house"
	"github.com/steadhq/stead/internal/house/housetest"
	"github.com/steadhq/stead/internal/store/pgtest"
)

// A record in PostgreSQL is verified by whoever can read it: all of it, the counters, the keys and the form of the tables
// too. // K1, S-I31
func TestVerifyDatabase(t *testing.T) {
	server := pgtest.Start(t)
	h := housetest.New(t, func(o *house.Options) { o.DSN = server.Create(t) })
	h.Login("staff/sam", "stead.test")
	if err := h.Store.Settled(t.Context(), h.Store.Head().Size); err != nil {
		t.Fatal(err)
	}
	key := h.Verifier
	h.Shut()
	dir := t.TempDir()
	put := func(name, text string, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	dsn, open := put("dsn", h.Options.DSN+"\n", 0o600), put("open", h.Options.DSN, 0o644)
	master := put("master.key", base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{7}, 32))+"\n", 0o600)
	put(keyFile, key+"\n", 0o600)
	config := put("stead.yaml", fmt.Sprintf("store: {driver: postgres, dir: %s, dsn_file: %s}\n", dir, dsn), 0o600)
	var out, talk bytes.Buffer
	for _, look := range []struct {
		edit, args string
		code       int
		says       string // on one of both
	}{
		{"", "--dsn-file " + dsn + " --master-key-file " + master + " --key " + key, exitOK, "searchable"},
		{"", "--dsn-file " + dsn + " --key " + key, exitOK, "without the master key"},
		{"", "--config " + config, exitOK, "searchable"},
		{"", "--dsn-file " + dsn, exitUsage, "no verifier key"},
		{"", "--dsn-file " + open + " --key " + key, exitUsage, "by others"},
		{"", "--dsn-file " + dsn + " --file x", exitUsage, "one of"},
		{"", "--dsn-file " + dsn + " --data x", exitUsage, "one of"},
		{"INSERT INTO counters VALUES ('code/x', 1, 0)", "--config " + config, exitVerify, "no event did that"},
		{"DELETE FROM keys WHERE wrapped IS NOT NULL", "--config " + config, exitVerify, "can not be read any more"},
		{"UPDATE log SET event = NULL WHERE idx = 5", "--config " + config, exitVerify, "wrong from event 5 on"},
		{"CREATE RULE r AS ON INSERT TO counters DO INSTEAD NOTHING", "--config " + config, exitVerify, "did not make"},
		{"DROP SCHEMA stead, stead_keys CASCADE; DROP TABLE public.stead_schema", "--config " + config, exitNotFound, "no store"},
	} {
		if look.edit != "" {
			server.Edit(t, h.Options.DSN, look.edit)
		}
		out.Reset()
		talk.Reset()
		e := &env{ctx: t.Context(), out: &out, err: &talk, getenv: func(string) string { return "" }, now: time.Now}
		code := run(e, append([]string{"audit", "verify"}, strings.Fields(look.args)...))
		if code != look.code || !strings.Contains(out.String()+talk.String(), look.says) {
			t.Errorf("%s %s: exit code %d, %s%s", look.edit, look.args, code, &out, &talk)
		}
	}
}
