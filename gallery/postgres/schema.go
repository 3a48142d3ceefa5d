package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/siam-go/siam/gallery"
)

const version = 1

// schema is what a new store holds. Times are microseconds since 1970. Entries stand in partitions, one for each gallery.
var schema = []string{
	`CREATE TABLE siam_store (version bigint NOT NULL)`,
	fmt.Sprintf(`INSERT INTO siam_store VALUES (%d)`, version),
	`CREATE TABLE siam_gallery (
	number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text COLLATE "C" NOT NULL UNIQUE, settings text NOT NULL,
	revision bigint NOT NULL, -- of the entries
	taken bigint NOT NULL     -- the last revision that took away or altered some
)`,
	`CREATE TABLE siam_entry (
	gallery bigint NOT NULL, key text COLLATE "C" NOT NULL, role text NOT NULL, id text COLLATE "C" NOT NULL, embedding vector NOT NULL, model text NOT NULL,
	source text NOT NULL, name text NOT NULL, made bigint NOT NULL, note text NOT NULL, distance double precision,
	expires bigint NOT NULL, -- 0 is never
	crop bytea,
	added bigint NOT NULL, -- the revision at which it came
	PRIMARY KEY (gallery, key)
) PARTITION BY LIST (gallery)`,
	`CREATE INDEX siam_entry_id ON siam_entry (gallery, id)`,
	`CREATE INDEX siam_entry_added ON siam_entry (gallery, added)`,
	`CREATE TABLE siam_line (
	number bigint PRIMARY KEY, time bigint NOT NULL, gallery text NOT NULL, who text NOT NULL, action text NOT NULL, model text NOT NULL, hash text NOT NULL
)`,
	`CREATE TABLE siam_part (
	line bigint NOT NULL REFERENCES siam_line, place bigint NOT NULL, digest text NOT NULL, salt text NOT NULL, body text, about text[], PRIMARY KEY (line, place)
)`,
	`CREATE INDEX siam_part_about ON siam_part USING gin (about)`,
}

// creating is the lock that programs hold while they make the tables.
const creating = 0x5349414d

// setUp looks at what the server holds, and makes the tables if it may.
func (s *store) setUp(ctx context.Context, create bool) error {
	return s.transact(ctx, pgx.TxOptions{}, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "SELECT pg_advisory_xact_lock($1)", int64(creating)); err != nil {
			return err
		}
		var there bool
		if err := tx.QueryRow(ctx, "SELECT to_regclass('siam_store') IS NOT NULL").Scan(&there); err != nil {
			return err
		}
		if there {
			return checkVersion(ctx, tx)
		}
		if !create {
			return errNoStore
		}
		return makeTables(ctx, tx)
	})
}

func checkVersion(ctx context.Context, tx pgx.Tx) error {
	var has int64
	if err := tx.QueryRow(ctx, "SELECT version FROM siam_store").Scan(&has); err != nil {
		return fmt.Errorf("%w: its version: %w", gallery.ErrDamaged, err)
	}
	if has > version {
		return fmt.Errorf("its version is %d, and this program knows up to %d: %w", has, version, gallery.ErrNewerStore)
	}
	return nil
}

func makeTables(ctx context.Context, tx pgx.Tx) error {
	var there bool
	if err := tx.QueryRow(ctx, "SELECT EXISTS (SELECT 1 FROM pg_extension WHERE extname = 'vector')").Scan(&there); err != nil {
		return err
	}
	if !there {
		if _, err := tx.Exec(ctx, "CREATE EXTENSION vector"); err != nil {
			return fmt.Errorf("it has no pgvector: install it and let an administrator run CREATE EXTENSION vector: %w", err)
		}
	}
	for _, statement := range schema {
		if _, err := tx.Exec(ctx, statement); err != nil {
			return err
		}
	}
	return nil
}
