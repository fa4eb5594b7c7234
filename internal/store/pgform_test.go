package store

import (
	"context"
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/stdlib"
	"github.com/steadhq/stead/internal/store/pgtest"
)

var update = flag.Bool("update", false, "write pgform.txt anew")

// What "stead audit verify" expects of a database is what the migrations make of an empty one.
func TestFormOfDatabase(t *testing.T) {
	t.Parallel()
	config, err := pgConfig(pgtest.Start(t).DSN("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := migrate(context.Background(), config, migrations()); err != nil {
		t.Fatal(err)
	}
	db := stdlib.OpenDB(*config)
	defer db.Close()
	lines, err := texts(t.Context(), db, pgLines)
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile("pgform.txt", []byte(strings.Join(lines, "\n")+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if got := strings.Join(lines, "\n"); got != strings.TrimSpace(pgForm) {
		t.Errorf("the form is another: go test ./internal/store -run TestFormOfDatabase -update\n%s", got)
	}
}
