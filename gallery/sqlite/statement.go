package sqlite

import (
	"context"
	"database/sql"
	"sync"

	"github.com/siam-go/siam/gallery"
)

// statements are those of this package that were prepared, by their texts, of which there are some dozens. Every connection parses each
// once.
type statements struct {
	mu sync.Mutex
	of map[string]*sql.Stmt
}

func (s *store) prepared(ctx context.Context, query string) (*sql.Stmt, error) {
	s.statements.mu.Lock()
	known := s.statements.of[query]
	s.statements.mu.Unlock()
	if known != nil {
		return known, nil
	}
	made, err := s.db.PrepareContext(ctx, query) // outside the lock: it may wait
	if err != nil {
		return nil, err
	}
	s.statements.mu.Lock()
	defer s.statements.mu.Unlock()
	if known = s.statements.of[query]; known != nil {
		return known, made.Close()
	}
	if s.statements.of == nil {
		s.statements.of = map[string]*sql.Stmt{}
	}
	s.statements.of[query] = made
	return made, nil
}

// QueryRowContext asks outside a transaction.
func (s *store) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	statement, err := s.prepared(ctx, query)
	if err != nil {
		return s.db.QueryRowContext(ctx, query, args...) // which fails too, and says so
	}
	return statement.QueryRowContext(ctx, args...)
}

// transaction is one whose statements are prepared.
type transaction struct {
	*sql.Tx
	of   *store
	seen *seen // of one that writes
}

// seen is what a transaction need not read again.
type seen struct {
	shelves map[string]shelf // of galleries that it has not changed since
	last    *gallery.Line    // of the log, its number and hash
}

func (t transaction) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	statement, err := t.of.prepared(ctx, query)
	if err != nil {
		return nil, err
	}
	return t.StmtContext(ctx, statement).ExecContext(ctx, args...)
}

func (t transaction) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	statement, err := t.of.prepared(ctx, query)
	if err != nil {
		return nil, err
	}
	return t.StmtContext(ctx, statement).QueryContext(ctx, args...)
}

func (t transaction) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	statement, err := t.of.prepared(ctx, query)
	if err != nil {
		return t.Tx.QueryRowContext(ctx, query, args...) // which fails too, and says so
	}
	return t.StmtContext(ctx, statement).QueryRowContext(ctx, args...)
}
