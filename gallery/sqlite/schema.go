package sqlite

import (
	"context"
	"fmt"

	"github.com/siam-go/siam/gallery"
)

// schema is what a new file holds. Times are microseconds since 1970, embeddings little-endian float32, both they and crops sealed
// where the file is encrypted.
const schema = `
CREATE TABLE secret (id INTEGER PRIMARY KEY CHECK (id = 1), sealed BLOB NOT NULL) STRICT; -- a known text under the key; empty without
CREATE TABLE scrub (id INTEGER PRIMARY KEY, since INTEGER NOT NULL, erasures INTEGER NOT NULL) STRICT; -- see scrub.go
CREATE TABLE gallery (
	number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, settings TEXT NOT NULL,
	revision INTEGER NOT NULL, -- of the entries
	taken INTEGER NOT NULL     -- the last revision that took away or altered some
) STRICT;
CREATE TABLE entry (
	number INTEGER PRIMARY KEY, gallery INTEGER NOT NULL REFERENCES gallery, key TEXT NOT NULL, role TEXT NOT NULL, id TEXT NOT NULL,
	embedding BLOB NOT NULL, model TEXT NOT NULL, source TEXT NOT NULL, name TEXT NOT NULL, made INTEGER NOT NULL, note TEXT NOT NULL,
	distance REAL, expires INTEGER NOT NULL, -- 0 is never
	added INTEGER NOT NULL, -- the revision at which it came
	UNIQUE (gallery, key)
) STRICT;
CREATE INDEX entry_id ON entry (gallery, id);
CREATE INDEX entry_added ON entry (gallery, added);
CREATE INDEX entry_expires ON entry (gallery, expires) WHERE expires > 0;
CREATE TABLE crop (number INTEGER PRIMARY KEY REFERENCES entry, bytes BLOB NOT NULL) STRICT;
CREATE TABLE line (
	number INTEGER PRIMARY KEY, time INTEGER NOT NULL, gallery TEXT NOT NULL, who TEXT NOT NULL, action TEXT NOT NULL, model TEXT NOT NULL,
	parts INTEGER NOT NULL, hash TEXT NOT NULL
) STRICT;
CREATE TABLE part (line INTEGER NOT NULL, place INTEGER NOT NULL, digest TEXT NOT NULL, salt TEXT NOT NULL, body TEXT, PRIMARY KEY (line, place)) STRICT;
CREATE TABLE about (line INTEGER NOT NULL, place INTEGER NOT NULL, nth INTEGER NOT NULL, gallery TEXT NOT NULL, id TEXT NOT NULL, PRIMARY KEY (line, place, nth)) STRICT;
CREATE INDEX about_id ON about (gallery, id);
`

// setUp looks at what the file is, and makes a store of an empty one.
func (s *store) setUp(ctx context.Context, key []byte) error {
	var err error
	if s.seal, err = newSealer(key); err != nil {
		return err
	}
	empty, err := s.look(ctx)
	if err != nil {
		return err
	}
	if empty {
		if err := s.write(ctx, s.create); err != nil {
			return err
		}
	}
	if err := s.unlock(ctx); err != nil {
		return err
	}
	_ = s.scrub(ctx) // what it could not do is left to the next who opens the file: whoever reads need not suffer from a full disk
	return ctx.Err()
}

// look says whether the file is empty, and fails where it is not a store that can be read.
func (s *store) look(ctx context.Context) (empty bool, err error) {
	var app, has, tables int
	for query, to := range map[string]*int{"PRAGMA application_id": &app, "PRAGMA user_version": &has, "SELECT count(*) FROM sqlite_schema": &tables} {
		if err := s.db.QueryRowContext(ctx, query).Scan(to); err != nil {
			return false, err
		}
	}
	switch {
	case tables == 0 && app == 0:
		return true, nil
	case app != application:
		return false, fmt.Errorf("it is a database of another program, not a gallery store: name another file")
	case has > version:
		return false, fmt.Errorf("its version is %d, and this program knows up to %d: %w", has, version, gallery.ErrNewerStore)
	}
	return false, nil
}

// create makes the tables, unless another program has just done it.
func (s *store) create(tx transaction) error {
	var tables int
	if err := tx.QueryRow("SELECT count(*) FROM sqlite_schema").Scan(&tables); err != nil || tables > 0 {
		return err
	}
	if _, err := tx.Exec(schema + fmt.Sprintf("PRAGMA application_id = %d; PRAGMA user_version = %d", application, version)); err != nil {
		return err
	}
	_, err := tx.Exec("INSERT INTO secret VALUES (1, ?)", s.seal.seal([]byte(known), known))
	return err
}

const known = "siam gallery store"

// unlock fails where the key is not the one that the file was made with.
func (s *store) unlock(ctx context.Context) error {
	var sealed []byte
	if err := s.db.QueryRowContext(ctx, "SELECT sealed FROM secret").Scan(&sealed); err != nil {
		return fmt.Errorf("%w: %w", gallery.ErrDamaged, err)
	}
	plain := string(sealed) == known
	if plain && s.seal.aead != nil {
		return fmt.Errorf("it is not encrypted, and a key was given: leave the key out: %w", gallery.ErrWrongKey)
	}
	if !plain && s.seal.aead == nil {
		return fmt.Errorf("it is encrypted: name its key file: %w", gallery.ErrWrongKey)
	}
	_, err := s.seal.open(sealed, known)
	return err
}
