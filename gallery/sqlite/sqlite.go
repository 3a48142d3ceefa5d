// Package sqlite keeps galleries in one SQLite file: the store that needs no server. Several programs may have the file open.
//
// The file is in write-ahead mode and every change waits for the disk, so that what was answered survives a power cut. What is erased is
// overwritten in the file, not only unlinked.
package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"

	"golang.org/x/sync/semaphore"

	"github.com/siam-go/siam/gallery"
	"github.com/siam-go/siam/internal/batch"
	sqlite "modernc.org/sqlite"
	codes "modernc.org/sqlite/lib"
)

// Options say how to open a file.
type Options struct {
	Create bool // make the file where there is none
	// Key encrypts crops and embeddings of a file that is made, and decrypts those of one that was made with it: 32 bytes, for
	// AES-256-GCM. Ids, times and the log are not encrypted.
	Key []byte
}

const (
	application = 0x5349414d // "SIAM"
	version     = 1

	idle = 8 // connections that are kept open
)

// store is an open file.
type store struct {
	path string
	db   *sql.DB
	seal sealer

	writing    *semaphore.Weighted // one transaction at a time; other programs are kept away by the file's lock
	queue      *batch.Queue[asked, error]
	reads      *batch.Queue[context.Context, []gallery.Settings]
	statements statements
	decoded    decoded
}

// Open opens a file. It fails with [fs.ErrNotExist] where there is none and Create is not set, with [gallery.ErrNewerStore],
// [gallery.ErrWrongKey] and [gallery.ErrDamaged].
func Open(ctx context.Context, path string, o Options) (gallery.Store, error) {
	if err := prepare(path, o.Create); err != nil {
		return nil, fmt.Errorf("open gallery store: %w", err)
	}
	s := &store{path: path, writing: semaphore.NewWeighted(1)}
	s.queue = batch.New(changesAtOnce, s.applyAll, gallery.ErrUnreachable)
	s.reads = batch.New(readsAtOnce, s.readAll, gallery.ErrUnreachable)
	var err error
	if s.db, err = sql.Open("sqlite", dsn(path)); err != nil {
		return nil, s.failed("open", err)
	}
	s.db.SetMaxIdleConns(idle)
	if err := s.setUp(ctx, o.Key); err != nil {
		s.db.Close()
		return nil, s.failed("open", err)
	}
	return s, nil
}

// prepare makes an empty file that only its owner reads, if it may.
func prepare(path string, create bool) error {
	info, err := os.Stat(path)
	switch {
	case err == nil && info.IsDir():
		return fmt.Errorf("%s is a folder: name a file", path)
	case err == nil || !errors.Is(err, fs.ErrNotExist):
		return err
	case !create:
		return &fs.PathError{Op: "open", Path: path, Err: fs.ErrNotExist}
	}
	if _, err := os.Stat(filepath.Dir(path)); errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s: there is no folder %s: make it first", path, filepath.Dir(path))
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	return f.Close()
}

func dsn(path string) string {
	pragmas := []string{"busy_timeout(50)", "journal_mode(wal)", "synchronous(full)", "secure_delete(on)", "foreign_keys(on)", "cache_size(-4000)"}
	query := url.Values{"_pragma": pragmas, "_txlock": {"immediate"}}
	slashes := filepath.ToSlash(path)
	if filepath.VolumeName(path) != "" { // Windows: file:/C:/folder/g.db
		slashes = "/" + slashes
	}
	address := url.URL{Scheme: "file", Opaque: (&url.URL{Path: slashes}).EscapedPath(), RawQuery: query.Encode()}
	return address.String()
}

// Close implements [gallery.Store].
func (s *store) Close() error { return s.db.Close() }

// GraphFolder implements [gallery.GraphKeeper]: graphs lie beside the file, but not beside one that is encrypted.
func (s *store) GraphFolder() string {
	if s.seal.aead != nil {
		return ""
	}
	return s.path + "-graphs"
}

// failed says what was being done to which file, and which of the errors of package gallery it is.
func (s *store) failed(doing string, err error) error {
	if err == nil {
		return nil
	}
	kind := error(nil)
	if at, ok := errors.AsType[*sqlite.Error](err); ok {
		switch at.Code() & 0xff {
		case codes.SQLITE_FULL:
			return fmt.Errorf("%s %s: %w", doing, s.path, gallery.ErrFull)
		case codes.SQLITE_BUSY, codes.SQLITE_LOCKED:
			kind, err = gallery.ErrConflict, errors.New("another program holds it")
		case codes.SQLITE_CORRUPT, codes.SQLITE_NOTADB:
			kind = gallery.ErrDamaged
		case codes.SQLITE_READONLY:
			kind, err = gallery.ErrUnreachable, errors.New("it may only be read, and all use of it is logged in it: allow this user to write the file and its folder")
		case codes.SQLITE_CANTOPEN, codes.SQLITE_IOERR, codes.SQLITE_PERM:
			kind = gallery.ErrUnreachable
		}
	}
	if errors.Is(err, sql.ErrConnDone) || err.Error() == "sql: database is closed" {
		kind, err = gallery.ErrUnreachable, errors.New("the store is closed")
	}
	if kind != nil && !errors.Is(err, kind) {
		err = fmt.Errorf("%w: %w", kind, err)
	}
	return fmt.Errorf("%s %s: %w", doing, s.path, err)
}
