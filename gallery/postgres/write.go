package postgres

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/pgvector/pgvector-go"
	"github.com/siam-go/siam/gallery"
)

// Apply implements [gallery.Store].
func (s *store) Apply(ctx context.Context, c gallery.Change) error {
	a := &applying{store: s, ctx: ctx, Change: c}
	err := s.transact(ctx, pgx.TxOptions{}, func(tx pgx.Tx) error {
		a.tx = tx
		return a.run()
	})
	if err != nil {
		return s.failed(ctx, fmt.Sprintf("gallery %q in", c.Gallery), err)
	}
	s.vacuum(ctx, a)
	return nil
}

// vacuum lets the server reuse the place of what was erased, and takes it out of the indexes. What it could not do, such as while a
// long query still sees the rows, the server's own vacuum does later.
func (s *store) vacuum(ctx context.Context, a *applying) {
	if a.taken && !a.Drop {
		_, _ = s.pool.Exec(ctx, fmt.Sprintf("VACUUM siam_entry_%d", a.row.number))
	}
	if a.Drop || len(a.Erase) > 0 || !a.ForgetLog.IsZero() {
		_, _ = s.pool.Exec(ctx, "VACUUM siam_part")
	}
}

// applying is a change being made.
type applying struct {
	*store
	ctx context.Context
	tx  pgx.Tx
	gallery.Change
	row   shelf
	taken bool // rows of entries were deleted or altered
}

func (a *applying) run() error {
	if _, err := a.exec("SELECT version FROM siam_store FOR UPDATE"); err != nil { // one change at a time: the log is one chain
		return err
	}
	row, there, err := find(a.ctx, a.tx, a.Gallery)
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
		a.forgetLog, a.erase, a.delete, a.expire, a.move, a.replace, a.put, a.sameModel, a.makeIndex, a.drop, a.log,
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// exec runs a statement and says how many rows it changed.
func (a *applying) exec(query string, args ...any) (int64, error) {
	tag, err := a.tx.Exec(a.ctx, query, args...)
	return tag.RowsAffected(), err
}

// saveSettings writes the row of the gallery, and makes the table of a new one.
func (a *applying) saveSettings(there bool, next gallery.Settings) error {
	if !a.TouchesEntries() {
		return nil
	}
	text, err := json.Marshal(next)
	if err != nil {
		return err
	}
	before := a.row.settings
	a.row.settings = next
	a.row.revision++
	if a.Takes() {
		a.row.taken = a.row.revision
	}
	if there {
		if before.Model != next.Model || before.Dim != next.Dim || before.Distance != next.Distance {
			if err := a.dropIndex(); err != nil {
				return err
			}
		}
		_, err = a.exec("UPDATE siam_gallery SET settings = $1, revision = $2, taken = $3 WHERE number = $4", string(text), a.row.revision, a.row.taken, a.row.number)
		return err
	}
	err = a.tx.QueryRow(a.ctx, "INSERT INTO siam_gallery (name, settings, revision, taken) VALUES ($1, $2, $3, $4) RETURNING number",
		a.Gallery, string(text), a.row.revision, a.row.taken).Scan(&a.row.number)
	if err != nil {
		return err
	}
	_, err = a.exec(fmt.Sprintf("CREATE TABLE siam_entry_%d PARTITION OF siam_entry FOR VALUES IN (%[1]d)", a.row.number))
	return err
}

// take takes entries away.
func (a *applying) take(where string, value any) (int64, error) {
	n, err := a.exec("DELETE FROM siam_entry WHERE gallery = $1 AND "+where, a.row.number, value)
	a.taken = a.taken || n > 0
	return n, err
}

func (a *applying) erase() error {
	for _, id := range a.Erase {
		n, err := a.take("id = $2", id)
		if err != nil {
			return err
		}
		if n == 0 {
			return fmt.Errorf("id %q: %w", id, gallery.ErrNotFound)
		}
		if err := a.silence("l.gallery = $1 AND p.about @> ARRAY[$2]::text[]", a.Gallery, id); err != nil {
			return err
		}
	}
	return nil
}

func (a *applying) delete() error {
	for _, key := range a.Delete {
		n, err := a.take("key = $2", key)
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
	_, err := a.take("expires > 0 AND expires <= $2", a.Expire.UnixMicro())
	return err
}

func (a *applying) drop() error {
	if !a.Drop {
		return nil
	}
	if _, err := a.exec(fmt.Sprintf("DROP TABLE siam_entry_%d", a.row.number)); err != nil {
		return err
	}
	if _, err := a.exec("DELETE FROM siam_gallery WHERE number = $1", a.row.number); err != nil {
		return err
	}
	return a.silence("l.gallery = $1", a.Gallery)
}

func (a *applying) forgetLog() error {
	if a.ForgetLog.IsZero() {
		return nil
	}
	return a.silence("l.gallery = $1 AND l.time < $2", a.Gallery, a.ForgetLog.UnixMicro())
}

// silence empties parts of the log.
func (a *applying) silence(where string, args ...any) error {
	_, err := a.exec("UPDATE siam_part p SET salt = '', body = NULL, about = NULL FROM siam_line l WHERE l.number = p.line AND p.salt <> '' AND "+where, args...)
	return err
}

func (a *applying) move() error {
	has := func(id string) (there bool, err error) {
		err = a.tx.QueryRow(a.ctx, "SELECT EXISTS (SELECT 1 FROM siam_entry WHERE gallery = $1 AND id = $2 AND role = 'enrolled')", a.row.number, id).Scan(&there)
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
		if _, err := a.exec("UPDATE siam_entry SET id = $1 WHERE gallery = $2 AND id = $3", m.To, a.row.number, m.From); err != nil {
			return err
		}
		if _, err := a.exec("UPDATE siam_part p SET about = array_replace(about, $1, $2) FROM siam_line l WHERE l.number = p.line AND l.gallery = $3 AND p.about @> ARRAY[$1]::text[]",
			m.From, m.To, a.Gallery); err != nil {
			return err
		}
		a.taken = true
	}
	return nil
}

func (a *applying) replace() error {
	for _, n := range a.Embeddings {
		changed, err := a.exec("UPDATE siam_entry SET embedding = $1::vector, model = $2 WHERE gallery = $3 AND key = $4", vector(n.Embedding), n.Model, a.row.number, n.Key)
		if err != nil {
			return err
		}
		if changed == 0 {
			return fmt.Errorf("entry %s is gone: %w", n.Key, gallery.ErrConflict)
		}
		a.taken = true
	}
	return nil
}

// vector is an embedding as pgvector writes it, which loses nothing.
func vector(e []float32) string { return pgvector.NewVector(e).String() }

func (a *applying) put() error {
	if len(a.Put) == 0 {
		return nil
	}
	batch := &pgx.Batch{}
	for _, e := range a.Put {
		var distance *float64
		if e.Distance != nil {
			d := float64(*e.Distance)
			distance = &d
		}
		expires := int64(0)
		if !e.Expires.IsZero() {
			expires = e.Expires.UnixMicro()
		}
		batch.Queue(`INSERT INTO siam_entry (gallery, key, role, id, embedding, model, source, name, made, note, distance, expires, crop, added)
			VALUES ($1, $2, $3, $4, $5::vector, $6, $7, $8, $9, $10, $11, $12, $13, $14)`,
			a.row.number, e.Key, string(e.Role), e.ID, vector(e.Embedding), e.Model, e.Source, e.Name, e.When.UnixMicro(), e.Note, distance, expires, e.Crop, a.row.revision)
	}
	err := a.tx.SendBatch(a.ctx, batch).Close()
	if at, ok := errors.AsType[*pgconn.PgError](err); ok && at.Code == "23505" {
		return fmt.Errorf("an entry: %w", gallery.ErrExists)
	}
	return err
}

// sameModel fails where an entry is of a model that the new settings do not hold.
func (a *applying) sameModel() error {
	if a.Settings == nil {
		return nil
	}
	rows, err := a.tx.Query(a.ctx, "SELECT DISTINCT model FROM siam_entry WHERE gallery = $1", a.row.number)
	if err != nil {
		return err
	}
	models, err := pgx.CollectRows(rows, pgx.RowTo[string])
	return cmp.Or(err, a.row.settings.HoldsAll(models...))
}

// log appends events to the chain.
func (a *applying) log() error {
	if len(a.Events) == 0 {
		return nil
	}
	var last gallery.Line
	err := a.tx.QueryRow(a.ctx, "SELECT number, hash FROM siam_line ORDER BY number DESC LIMIT 1").Scan(&last.Number, &last.Hash)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return err
	}
	batch := &pgx.Batch{}
	for _, e := range a.Events {
		last = e.After(last)
		batch.Queue("INSERT INTO siam_line VALUES ($1, $2, $3, $4, $5, $6, $7)", last.Number, last.Time.UnixMicro(), last.Gallery, last.Who, last.Action, last.Model, last.Hash)
		for place, p := range last.Parts {
			var body *string
			if p.Body != nil {
				text := string(p.Body)
				body = &text
			}
			batch.Queue("INSERT INTO siam_part VALUES ($1, $2, $3, $4, $5, $6)", last.Number, int64(place), p.Digest, p.Salt, body, p.About)
		}
	}
	return a.tx.SendBatch(a.ctx, batch).Close()
}
