package store

import "context"

// MigrateAs goes through the migrations of a program that has one more than this.
func MigrateAs(ctx context.Context, dsn, further string, serves int) ([]Step, error) {
	config, err := pgConfig(dsn)
	if err != nil {
		return nil, err
	}
	all := append(migrations(), migration{len(migrations()) + 1, serves, "of a newer program", further})
	return migrate(ctx, config, all)
}
