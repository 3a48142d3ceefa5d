package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/pgvector/pgvector-go"
	"github.com/siam-go/siam/distance"
	"github.com/siam-go/siam/gallery"
)

// snapshot is a transaction that sees one moment.
var snapshot = pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}

// Galleries implements [gallery.Store].
func (s *store) Galleries(ctx context.Context) (all []gallery.Settings, err error) {
	err = s.transact(ctx, snapshot, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, "SELECT settings FROM siam_gallery ORDER BY name")
		if err != nil {
			return err
		}
		all, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (gallery.Settings, error) {
			var text string
			if err := row.Scan(&text); err != nil {
				return gallery.Settings{}, err
			}
			return decodeSettings(text)
		})
		return err
	})
	return all, s.failed(ctx, "read", err)
}

func decodeSettings(text string) (settings gallery.Settings, err error) {
	if err := json.Unmarshal([]byte(text), &settings); err != nil {
		return settings, fmt.Errorf("%w: settings of a gallery: %w", gallery.ErrDamaged, err)
	}
	return settings, nil
}

// shelf is the row of one gallery.
type shelf struct {
	number, revision, taken int64
	settings                gallery.Settings
}

// find reads the row of a gallery; there is false where there is none.
func find(ctx context.Context, tx pgx.Tx, name string) (row shelf, there bool, err error) {
	var text string
	err = tx.QueryRow(ctx, "SELECT number, revision, taken, settings FROM siam_gallery WHERE name = $1", name).Scan(&row.number, &row.revision, &row.taken, &text)
	if errors.Is(err, pgx.ErrNoRows) {
		return row, false, nil
	}
	if err != nil {
		return row, false, err
	}
	row.settings, err = decodeSettings(text)
	return row, true, err
}

// reading is a moment of one gallery.
func (s *store) reading(ctx context.Context, name string, read func(pgx.Tx, shelf) error) error {
	return s.transact(ctx, snapshot, func(tx pgx.Tx) error {
		row, there, err := find(ctx, tx, name)
		if err != nil {
			return err
		}
		if !there {
			return fmt.Errorf("gallery %q: %w", name, gallery.ErrNotFound)
		}
		return read(tx, row)
	})
}

// cropsAtOnce is how many entries are read with their crops at once.
const cropsAtOnce = 256

// Entries implements [gallery.Store]. No connection is held while the loop's body runs: the entries are read before, and their crops
// some at a time; an entry that was erased meanwhile is left out where crops are wanted.
func (s *store) Entries(ctx context.Context, name string, q gallery.Query) iter.Seq2[gallery.Entry, error] {
	return func(yield func(gallery.Entry, error) bool) {
		var all []gallery.Entry
		var number int64
		err := s.reading(ctx, name, func(tx pgx.Tx, row shelf) (err error) {
			number = row.number
			all, err = entries(ctx, tx, row, q)
			return err
		})
		for some := range slices.Chunk(all, cropsAtOnce) {
			if err == nil && q.Crops {
				some, err = s.withCrops(ctx, number, some)
			}
			for _, e := range some {
				if err != nil {
					break
				}
				if err = ctx.Err(); err == nil && !yield(e, nil) {
					return
				}
			}
		}
		if err != nil {
			yield(gallery.Entry{}, s.failed(ctx, "read", err))
		}
	}
}

// entries reads the entries of a gallery that fit a query, without their crops.
func entries(ctx context.Context, tx pgx.Tx, row shelf, q gallery.Query) ([]gallery.Entry, error) {
	query := "SELECT key, role, id, vector_send(embedding), model, source, name, made, note, distance, expires FROM siam_entry WHERE gallery = $1"
	args := []any{row.number}
	for _, condition := range []struct {
		wanted bool
		sql    string
		arg    any
	}{
		{q.ID != "", "id =", q.ID}, {q.Role != "", "role =", string(q.Role)}, {q.Key != "", "key =", q.Key},
		{!q.Before.IsZero(), "made <", q.Before.UnixMicro()},
	} {
		if condition.wanted {
			args = append(args, condition.arg)
			query += fmt.Sprintf(" AND %s $%d", condition.sql, len(args))
		}
	}
	rows, err := tx.Query(ctx, query+" ORDER BY key", args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(r pgx.CollectableRow) (gallery.Entry, error) { return entry(r, row.settings.Dim) })
}

func entry(row pgx.CollectableRow, dim int) (e gallery.Entry, err error) {
	var role string
	var embedding []byte
	var made, expires int64
	var near *float64
	if err := row.Scan(&e.Key, &role, &e.ID, &embedding, &e.Model, &e.Source, &e.Name, &made, &e.Note, &near, &expires); err != nil {
		return e, err
	}
	e.Role, e.When = gallery.Role(role), time.UnixMicro(made).UTC()
	if near != nil {
		d := float32(*near)
		e.Distance = &d
	}
	if expires > 0 {
		e.Expires = time.UnixMicro(expires).UTC()
	}
	e.Embedding, err = decode(embedding, dim)
	return e, err
}

// decode reads an embedding as vector_send writes it.
func decode(sent []byte, dim int) ([]float32, error) {
	if len(sent) != 4+4*dim {
		return nil, fmt.Errorf("%w: an embedding has %d bytes, want %d numbers", gallery.ErrDamaged, len(sent), dim)
	}
	var v pgvector.Vector
	if err := v.DecodeBinary(sent); err != nil {
		return nil, fmt.Errorf("%w: an embedding: %w", gallery.ErrDamaged, err)
	}
	if err := distance.Check(dim, v.Slice()); err != nil {
		return nil, fmt.Errorf("%w: %w", gallery.ErrDamaged, err)
	}
	return v.Slice(), nil
}

// withCrops are those of some entries that are still there, with their crops.
func (s *store) withCrops(ctx context.Context, number int64, some []gallery.Entry) ([]gallery.Entry, error) {
	keys := make([]string, len(some))
	for i, e := range some {
		keys[i] = e.Key
	}
	crops := map[string][]byte{}
	err := s.transact(ctx, snapshot, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, "SELECT key, crop FROM siam_entry WHERE gallery = $1 AND key = ANY($2::text[])", number, keys)
		if err != nil {
			return err
		}
		var key string
		var crop []byte
		_, err = pgx.ForEachRow(rows, []any{&key, &crop}, func() error {
			crops[key] = slices.Clone(crop)
			return nil
		})
		return err
	})
	var there []gallery.Entry
	for _, e := range some {
		if crop, still := crops[e.Key]; still {
			e.Crop = crop
			there = append(there, e)
		}
	}
	return there, err
}

// Vectors implements [gallery.Store].
func (s *store) Vectors(ctx context.Context, name string, since int64) (v gallery.Vectors, err error) {
	err = s.reading(ctx, name, func(tx pgx.Tx, row shelf) error {
		v = gallery.Vectors{Revision: row.revision, Dim: row.settings.Dim}
		if since > 0 && since >= row.taken && since <= row.revision {
			v.Since = since
		}
		if v.Since == v.Revision {
			return nil
		}
		rows, err := tx.Query(ctx, "SELECT key, id, role, vector_send(embedding) FROM siam_entry WHERE gallery = $1 AND added > $2 AND role <> 'waiting' ORDER BY key", row.number, v.Since)
		if err != nil {
			return err
		}
		v.Refs, v.Values, err = vectors(rows, v.Dim)
		return err
	})
	return v, s.failed(ctx, "read", err)
}

// vectors reads rows of key, id, role and embedding.
func vectors(rows pgx.Rows, dim int) (refs []gallery.Ref, values []float32, err error) {
	var key, id, role string
	var sent []byte
	_, err = pgx.ForEachRow(rows, []any{&key, &id, &role, &sent}, func() error {
		embedding, err := decode(sent, dim)
		refs, values = append(refs, gallery.Ref{Key: key, ID: id, Role: gallery.Role(role)}), append(values, embedding...)
		return err
	})
	return refs, values, err
}

// linesAtOnce is how many lines of the log are read at once.
const linesAtOnce = 1000

// Log implements [gallery.Store].
func (s *store) Log(ctx context.Context, from int64) iter.Seq2[gallery.Line, error] {
	return func(yield func(gallery.Line, error) bool) {
		for from = max(from, 1); ; from += linesAtOnce {
			var lines []gallery.Line
			err := s.transact(ctx, snapshot, func(tx pgx.Tx) (err error) {
				lines, err = readLines(ctx, tx, from)
				return err
			})
			if err != nil {
				yield(gallery.Line{}, s.failed(ctx, "read", err))
				return
			}
			for _, l := range lines {
				if !yield(l, nil) {
					return
				}
			}
			if len(lines) < linesAtOnce {
				return
			}
		}
	}
}

// readLines reads up to linesAtOnce lines of the log; of a log with lines missing, up to the last.
func readLines(ctx context.Context, tx pgx.Tx, from int64) (lines []gallery.Line, err error) {
	rows, err := tx.Query(ctx, `SELECT l.number, l.time, l.gallery, l.who, l.action, l.model, l.hash, p.digest, p.salt, p.body, p.about
		FROM (SELECT * FROM siam_line WHERE number >= $1 ORDER BY number LIMIT $2) l LEFT JOIN siam_part p ON p.line = l.number ORDER BY l.number, p.place`, from, int64(linesAtOnce))
	if err != nil {
		return nil, err
	}
	var l gallery.Line
	var at int64
	var digest, salt, body *string
	var about []string
	_, err = pgx.ForEachRow(rows, []any{&l.Number, &at, &l.Gallery, &l.Who, &l.Action, &l.Model, &l.Hash, &digest, &salt, &body, &about}, func() error {
		if len(lines) == 0 || lines[len(lines)-1].Number != l.Number {
			l.Time = time.UnixMicro(at).UTC()
			lines = append(lines, l)
		}
		if digest == nil {
			return nil
		}
		p := gallery.Part{Digest: *digest, Salt: *salt}
		if len(about) > 0 {
			p.About = slices.Clone(about)
		}
		if body != nil {
			p.Body = json.RawMessage(*body)
		}
		last := &lines[len(lines)-1]
		last.Parts = append(last.Parts, p)
		return nil
	})
	return lines, err
}
