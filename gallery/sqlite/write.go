package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/siam-go/siam/gallery"
	"github.com/siam-go/siam/internal/batch"
	sqlite "modernc.org/sqlite"
	codes "modernc.org/sqlite/lib"
)

// patience is how long a change waits for another program to finish its own.
const patience = 30 * time.Second

// write runs a transaction that has the file for itself.
func (s *store) write(ctx context.Context, do func(transaction) error) error {
	if err := s.writing.Acquire(ctx, 1); err != nil {
		return err
	}
	defer s.writing.Release(1)
	return s.patiently(ctx, func() error { return s.tryWrite(ctx, do) })
}

// patiently tries again while another program has the file.
func (s *store) patiently(ctx context.Context, try func() error) error {
	for start := time.Now(); ; {
		err := try()
		if !busy(err) || time.Since(start) > patience {
			return err
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
}

func busy(err error) bool {
	at, ok := errors.AsType[*sqlite.Error](err)
	return ok && at.Code()&0xff == codes.SQLITE_BUSY
}

func (s *store) tryWrite(ctx context.Context, do func(transaction) error) error {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() // does nothing after the commit
	if err := do(transaction{tx, s, &seen{shelves: map[string]shelf{}}}); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return err
	}
	return tx.Commit()
}

// changesAtOnce is how many changes share a transaction, and so one wait for the disk.
const changesAtOnce = 64

// asked is a change that somebody waits for.
type asked struct {
	ctx    context.Context
	change gallery.Change
}

// Apply implements [gallery.Store]. Changes that are asked for at the same time wait for the disk together.
func (s *store) Apply(ctx context.Context, c gallery.Change) error {
	done := make(chan error, 1)
	go func() { // who makes a change for others too may have less time than they
		results, err := s.queue.Do(ctx, []asked{{ctx, c}})
		if err == nil {
			err = results[0]
		}
		done <- err
	}()
	var err error
	select {
	case err = <-done:
	case <-ctx.Done():
		err = ctx.Err()
	}
	if err != nil {
		return s.failed(fmt.Sprintf("gallery %q in", c.Gallery), err)
	}
	if erases(c) || !c.Expire.IsZero() {
		return s.failed("erase in", s.scrub(ctx))
	}
	return nil
}

// erases says whether a change takes bytes away that must leave the file at once.
func erases(c gallery.Change) bool {
	return c.Drop || !c.ForgetLog.IsZero() || len(c.Erase)+len(c.Delete)+len(c.Embeddings) > 0
}

// applyAll makes changes in one transaction, and each in its own where that fails: what is wrong with one is no fault of the others.
func (s *store) applyAll(all []asked, _ func()) ([]error, error) {
	errs := make([]error, len(all))
	if len(all) > 1 {
		ctx, stop := batch.UntilAllGo(all, func(a asked) context.Context { return a.ctx })
		err := s.write(ctx, func(tx transaction) error {
			for _, a := range all {
				if err := s.apply(ctx, tx, a.change); err != nil {
					return err
				}
			}
			return nil
		})
		stop()
		if err == nil {
			return errs, nil
		}
	}
	for i, a := range all {
		errs[i] = s.write(a.ctx, func(tx transaction) error { return s.apply(a.ctx, tx, a.change) })
	}
	return errs, nil
}

// apply makes a change in a transaction.
func (s *store) apply(ctx context.Context, tx transaction, c gallery.Change) error {
	if erases(c) {
		if err := due(ctx, tx, scrubNow); err != nil {
			return err
		}
	}
	return (&applying{s, ctx, tx, c, shelf{}}).run()
}

// applying is a change being made.
type applying struct {
	*store
	ctx context.Context
	tx  transaction
	gallery.Change
	row shelf
}

func (a *applying) run() error {
	row, there, err := a.shelf()
	if err != nil {
		return err
	}
	a.row = row
	next, err := a.Next(there, row.settings)
	if err != nil {
		return err
	}
	for _, step := range []func() error{
		func() error { return a.saveSettings(there, next) },
		a.forgetLog, a.erase, a.delete, a.expire, a.move, a.replace, a.put, a.sameModel, a.drop, a.log,
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// shelf is the row of the gallery before the change.
func (a *applying) shelf() (row shelf, there bool, err error) {
	known := a.tx.seen.shelves
	if row, there = known[a.Gallery]; !there {
		row, there, err = a.find(a.ctx, a.tx, a.Gallery)
	}
	if there && !a.TouchesEntries() && !a.Drop {
		known[a.Gallery] = row
	} else {
		delete(known, a.Gallery)
	}
	return row, there, err
}

// exec runs a statement and says how many rows it changed.
func (a *applying) exec(query string, args ...any) (int64, error) {
	result, err := a.tx.ExecContext(a.ctx, query, args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// saveSettings writes the row of the gallery.
func (a *applying) saveSettings(there bool, next gallery.Settings) error {
	if !a.TouchesEntries() {
		return nil
	}
	text, err := json.Marshal(next)
	if err != nil {
		return err
	}
	a.row.revision++
	a.row.settings = next
	if a.Takes() {
		a.row.taken = a.row.revision
	}
	if there {
		_, err = a.exec("UPDATE gallery SET settings = ?, revision = ?, taken = ? WHERE number = ?", string(text), a.row.revision, a.row.taken, a.row.number)
		return err
	}
	return a.tx.QueryRowContext(a.ctx, "INSERT INTO gallery (name, settings, revision, taken) VALUES (?, ?, ?, ?) RETURNING number",
		a.Gallery, string(text), a.row.revision, a.row.taken).Scan(&a.row.number)
}

// take takes entries away, with their crops.
func (a *applying) take(where string, value any) (int64, error) {
	if _, err := a.exec("DELETE FROM crop WHERE number IN (SELECT number FROM entry WHERE gallery = ? AND "+where+")", a.row.number, value); err != nil {
		return 0, err
	}
	return a.exec("DELETE FROM entry WHERE gallery = ? AND "+where, a.row.number, value)
}

func (a *applying) erase() error {
	for _, id := range a.Erase {
		n, err := a.take("id = ?", id)
		if err != nil {
			return err
		}
		if n == 0 {
			return fmt.Errorf("id %q: %w", id, gallery.ErrNotFound)
		}
		if err := a.silence("SELECT line, place FROM about WHERE gallery = ? AND id = ?", a.Gallery, id); err != nil {
			return err
		}
	}
	return nil
}

func (a *applying) delete() error {
	for _, key := range a.Delete {
		n, err := a.take("key = ?", key)
		if err != nil {
			return err
		}
		if n == 0 {
			return fmt.Errorf("entry %s: %w", key, gallery.ErrNotFound)
		}
	}
	return nil
}

// expire takes away what has waited long enough.
func (a *applying) expire() error {
	if a.Expire.IsZero() {
		return nil
	}
	n, err := a.take("expires > 0 AND expires <= ?", a.Expire.UnixMicro())
	if err != nil || n == 0 {
		return err
	}
	return due(a.ctx, a.tx, scrubLater)
}

func (a *applying) drop() error {
	if !a.Drop {
		return nil
	}
	if _, err := a.take("key <> ?", ""); err != nil {
		return err
	}
	if _, err := a.exec("DELETE FROM gallery WHERE number = ?", a.row.number); err != nil {
		return err
	}
	return a.silence("SELECT p.line, p.place FROM part p JOIN line l ON l.number = p.line WHERE l.gallery = ?", a.Gallery)
}

func (a *applying) forgetLog() error {
	if a.ForgetLog.IsZero() {
		return nil
	}
	return a.silence("SELECT p.line, p.place FROM part p JOIN line l ON l.number = p.line WHERE l.gallery = ? AND l.time < ?", a.Gallery, a.ForgetLog.UnixMicro())
}

// silence empties the parts of the log that a query names.
func (a *applying) silence(parts string, args ...any) error {
	if _, err := a.exec("UPDATE part SET salt = '', body = NULL WHERE (line, place) IN ("+parts+")", args...); err != nil {
		return err
	}
	_, err := a.exec("DELETE FROM about WHERE (line, place) IN ("+parts+")", args...)
	return err
}

func (a *applying) move() error {
	has := func(id string) (there bool, err error) {
		err = a.tx.QueryRowContext(a.ctx, "SELECT EXISTS (SELECT 1 FROM entry WHERE gallery = ? AND id = ? AND role = 'enrolled')", a.row.number, id).Scan(&there)
		return there, err
	}
	for _, m := range a.Move {
		from, err := has(m.From)
		if err != nil {
			return err
		}
		to, err := has(m.To)
		if err != nil {
			return err
		}
		if err := m.Check(from, to); err != nil {
			return err
		}
		if _, err := a.exec("UPDATE entry SET id = ? WHERE gallery = ? AND id = ?", m.To, a.row.number, m.From); err != nil {
			return err
		}
		if _, err := a.exec("UPDATE about SET id = ? WHERE gallery = ? AND id = ?", m.To, a.Gallery, m.From); err != nil {
			return err
		}
	}
	return nil
}

func (a *applying) replace() error {
	for _, n := range a.Embeddings {
		changed, err := a.exec("UPDATE entry SET embedding = ?, model = ? WHERE gallery = ? AND key = ?",
			a.seal.seal(embeddingBytes(n.Embedding), n.Key+" embedding"), n.Model, a.row.number, n.Key)
		if err != nil {
			return err
		}
		if changed == 0 {
			return fmt.Errorf("entry %s is gone: %w", n.Key, gallery.ErrConflict)
		}
	}
	return nil
}

func (a *applying) put() error {
	if len(a.Put) == 0 {
		return nil
	}
	const insert = `INSERT INTO entry (gallery, key, role, id, embedding, model, source, name, made, note, distance, expires, added)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`
	for _, e := range a.Put {
		var distance any
		if e.Distance != nil {
			distance = float64(*e.Distance)
		}
		expires := int64(0)
		if !e.Expires.IsZero() {
			expires = e.Expires.UnixMicro()
		}
		result, err := a.tx.ExecContext(a.ctx, insert, a.row.number, e.Key, string(e.Role), e.ID, a.seal.seal(embeddingBytes(e.Embedding), e.Key+" embedding"),
			e.Model, e.Source, e.Name, e.When.UnixMicro(), e.Note, distance, expires, a.row.revision)
		if at, ok := errors.AsType[*sqlite.Error](err); ok && at.Code() == codes.SQLITE_CONSTRAINT_UNIQUE {
			return fmt.Errorf("entry %s: %w", e.Key, gallery.ErrExists)
		}
		if err != nil {
			return err
		}
		if e.Crop == nil {
			continue
		}
		number, err := result.LastInsertId()
		if err != nil {
			return err
		}
		if _, err := a.exec("INSERT INTO crop VALUES (?, ?)", number, a.seal.seal(e.Crop, e.Key+" crop")); err != nil {
			return err
		}
	}
	return nil
}

// sameModel fails where an entry is of a model that the new settings do not hold.
func (a *applying) sameModel() error {
	if a.Settings == nil {
		return nil
	}
	rows, err := a.tx.QueryContext(a.ctx, "SELECT DISTINCT model FROM entry WHERE gallery = ?", a.row.number)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var model string
		if err := rows.Scan(&model); err != nil {
			return err
		}
		if err := a.row.settings.HoldsAll(model); err != nil {
			return err
		}
	}
	return rows.Err()
}

// log appends events to the chain.
func (a *applying) log() error {
	if len(a.Events) == 0 {
		return nil
	}
	if a.tx.seen.last == nil {
		a.tx.seen.last = &gallery.Line{}
		err := a.tx.QueryRowContext(a.ctx, "SELECT number, hash FROM line ORDER BY number DESC LIMIT 1").Scan(&a.tx.seen.last.Number, &a.tx.seen.last.Hash)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
	}
	for _, e := range a.Events {
		line := e.After(*a.tx.seen.last)
		a.tx.seen.last = &line
		if err := a.logLine(line); err != nil {
			return err
		}
	}
	return nil
}

func (a *applying) logLine(l gallery.Line) error {
	var parts, about []any
	for place, p := range l.Parts {
		parts = append(parts, l.Number, place, p.Digest, p.Salt, string(p.Body))
		for nth, id := range p.About {
			about = append(about, l.Number, place, nth, l.Gallery, id)
		}
	}
	if _, err := a.exec("INSERT INTO line VALUES (?, ?, ?, ?, ?, ?, ?, ?)", l.Number, l.Time.UnixMicro(), l.Gallery, l.Who, l.Action, l.Model, len(l.Parts), l.Hash); err != nil {
		return err
	}
	if err := a.insert("part", parts); err != nil {
		return err
	}
	return a.insert("about", about)
}

const (
	columns    = 5 // of the tables that hold parts of lines
	rowsAtOnce = 8
)

// insert adds rows, several with a statement.
func (a *applying) insert(table string, values []any) error {
	for some := range slices.Chunk(values, rowsAtOnce*columns) {
		rows := strings.Repeat(", (?, ?, ?, ?, ?)", len(some)/columns)
		if _, err := a.exec("INSERT INTO "+table+" VALUES "+rows[2:], some...); err != nil {
			return err
		}
	}
	return nil
}
