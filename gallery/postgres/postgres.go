// Package postgres keeps galleries on a PostgreSQL server with the extension pgvector: the store that several machines share.
//
// Every change is one transaction, and changes wait for each other. The entries of a gallery stand in a table of their own, a partition
// of siam_entry. What is erased is deleted and then vacuumed; a server's write-ahead log and backups keep it as long as they are kept.
package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/puddle/v2"
	"github.com/siam-go/siam/gallery"
)

// Options say how to open a store.
type Options struct {
	Graphs string // folder of this machine for graphs of galleries that are searched approximately in memory; empty for none
	Create bool   // make the tables where there are none
	// Approximate lets searches take an HNSW index for each gallery, which misses some of the nearest. Without it they are exact.
	Approximate bool
}

// store is a pool of connections to one server.
type store struct {
	pool        *pgxpool.Pool
	server      string // for messages, without its password
	approximate bool
	graphs      string
}

// connectTimeout is how long a server may take to answer at first.
const connectTimeout = 10 * time.Second

// rollbackTimeout is how long it may take to give a transaction up, when nobody waits for what it would say.
const rollbackTimeout = 2 * time.Second

// Open connects to the server that an address such as postgres://user@host:5432/database names; search_path among its parameters
// chooses the schema. It fails with [fs.ErrNotExist] where there is no store and Create is not set, with [gallery.ErrUnreachable] and
// [gallery.ErrNewerStore].
func Open(ctx context.Context, address string, o Options) (gallery.Store, error) {
	config, err := pgxpool.ParseConfig(address)
	if err != nil {
		return nil, fmt.Errorf("open gallery store: %s", oneLine(err)) // pgx leaves the password out
	}
	c := config.ConnConfig
	c.DefaultQueryExecMode = pgx.QueryExecModeExec // holds with poolers that share connections, too
	if c.ConnectTimeout == 0 {
		c.ConnectTimeout = connectTimeout
	}
	s := &store{server: fmt.Sprintf("%s:%d/%s", c.Host, c.Port, c.Database), approximate: o.Approximate, graphs: o.Graphs}
	if s.pool, err = pgxpool.NewWithConfig(ctx, config); err != nil {
		return nil, s.failed(ctx, "open", err)
	}
	if err := s.setUp(ctx, o.Create); err != nil {
		s.pool.Close()
		return nil, s.failed(ctx, "open", err)
	}
	return s, nil
}

// Close implements [gallery.Store].
func (s *store) Close() error {
	s.pool.Close()
	return nil
}

// begin starts a transaction. Connections of a server that went away and came back are replaced.
func (s *store) begin(ctx context.Context, o pgx.TxOptions) (pgx.Tx, error) {
	tx, err := s.pool.BeginTx(ctx, o)
	if err == nil || ctx.Err() != nil || kindOf(err) != gallery.ErrUnreachable || errors.Is(err, puddle.ErrClosedPool) {
		return tx, err
	}
	s.pool.Reset()
	return s.pool.BeginTx(ctx, o)
}

// transact runs a transaction: all of it, or an error.
func (s *store) transact(ctx context.Context, o pgx.TxOptions, do func(pgx.Tx) error) error {
	tx, err := s.begin(ctx, o)
	if err != nil {
		return err
	}
	defer func() { // which does nothing after the commit
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), rollbackTimeout)
		defer cancel()
		_ = tx.Rollback(end) // of a server that does not answer the connection is closed
	}()
	if err := do(tx); err != nil {
		return err
	}
	return tx.Commit(ctx)
}

// Approximate implements [gallery.Approximator].
func (s *store) Approximate() bool { return s.approximate }

// GraphFolder implements [gallery.GraphKeeper].
func (s *store) GraphFolder() string { return s.graphs }

// failed says what was being done on which server, and which of the errors of package gallery it is.
func (s *store) failed(ctx context.Context, doing string, err error) error {
	if err == nil {
		return nil
	}
	doing += " postgres://" + s.server
	if ctx.Err() != nil {
		return fmt.Errorf("%s: %w", doing, ctx.Err())
	}
	if kind := kindOf(err); kind != nil {
		return fmt.Errorf("%s: %w: %s", doing, kind, oneLine(err))
	}
	if at, ok := errors.AsType[*pgconn.PgError](err); ok && at.Code == "53100" {
		return fmt.Errorf("%s: %w", doing, gallery.ErrFull)
	}
	return fmt.Errorf("%s: %w", doing, err)
}

// kindOf is the error of package gallery that an error of the server or of the way to it is; nil for others.
func kindOf(err error) error {
	if at, ok := errors.AsType[*pgconn.PgError](err); ok {
		switch {
		case at.Code[:2] == "08", strings.HasPrefix(at.Code, "57P"), at.Code == "53300":
			return gallery.ErrUnreachable
		case at.Code[:2] == "40":
			return gallery.ErrConflict
		}
		return nil
	}
	_, connecting := errors.AsType[*pgconn.ConnectError](err)
	_, network := errors.AsType[net.Error](err)
	if connecting || network || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) ||
		errors.Is(err, puddle.ErrClosedPool) || pgconn.SafeToRetry(err) || err.Error() == "conn closed" {
		return gallery.ErrUnreachable
	}
	return nil
}

func oneLine(err error) string { return strings.Join(strings.Fields(err.Error()), " ") }

// errNoStore is that the server has no tables of ours.
var errNoStore = fmt.Errorf("there is no gallery store: make one with siam gallery create: %w", fs.ErrNotExist)
