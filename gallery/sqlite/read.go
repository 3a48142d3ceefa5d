package sqlite

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/siam-go/siam/gallery"
	"github.com/siam-go/siam/internal/batch"
)

// readsAtOnce is how many who ask for the galleries at the same time are answered by one reading.
const readsAtOnce = 64

// Galleries implements [gallery.Store].
func (s *store) Galleries(ctx context.Context) ([]gallery.Settings, error) {
	all, err := s.reads.Do(ctx, []context.Context{ctx})
	if err != nil {
		return nil, s.failed("read", err)
	}
	return slices.Clone(all[0]), nil
}

// readAll reads the galleries for all who ask.
func (s *store) readAll(all []context.Context, _ func()) ([][]gallery.Settings, error) {
	ctx, stop := batch.UntilAllGo(all, func(ctx context.Context) context.Context { return ctx })
	defer stop()
	settings, err := s.galleries(ctx)
	return slices.Repeat([][]gallery.Settings{settings}, len(all)), err
}

func (s *store) galleries(ctx context.Context) ([]gallery.Settings, error) {
	statement, err := s.prepared(ctx, "SELECT settings FROM gallery ORDER BY name")
	if err != nil {
		return nil, err
	}
	rows, err := statement.QueryContext(ctx)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []gallery.Settings
	for rows.Next() {
		var text []byte
		if err := rows.Scan(&text); err != nil {
			return nil, err
		}
		settings, err := s.decoded.of(text)
		if err != nil {
			return nil, err
		}
		all = append(all, settings)
	}
	return all, rows.Err()
}

// decoded remembers settings by their text, as they are read far more often than they change. Who changes settings replaces what they
// point to.
type decoded struct {
	mu     sync.Mutex
	byText map[string]gallery.Settings
}

func (d *decoded) of(text []byte) (settings gallery.Settings, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if known, is := d.byText[string(text)]; is {
		return known, nil
	}
	if err := json.Unmarshal(text, &settings); err != nil {
		return settings, fmt.Errorf("%w: settings of a gallery: %w", gallery.ErrDamaged, err)
	}
	if d.byText == nil || len(d.byText) == 1000 {
		d.byText = map[string]gallery.Settings{}
	}
	d.byText[string(text)] = settings
	return settings, nil
}

// shelf is the row of one gallery.
type shelf struct {
	number, revision, taken int64
	settings                gallery.Settings
}

// reader is a transaction, or a store outside one.
type reader interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// find reads the row of a gallery; there is false where there is none.
func (s *store) find(ctx context.Context, in reader, name string) (row shelf, there bool, err error) {
	var text []byte
	err = in.QueryRowContext(ctx, "SELECT number, revision, taken, settings FROM gallery WHERE name = ?", name).
		Scan(&row.number, &row.revision, &row.taken, &text)
	if errors.Is(err, sql.ErrNoRows) {
		return row, false, nil
	}
	if err != nil {
		return row, false, err
	}
	row.settings, err = s.decoded.of(text)
	return row, true, err
}

// reading is a moment of one gallery.
func (s *store) reading(ctx context.Context, name string, read func(transaction, shelf) error) error {
	tx, err := s.db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return err
	}
	defer tx.Rollback()
	row, there, err := s.find(ctx, transaction{tx, s, nil}, name)
	if err != nil {
		return err
	}
	if !there {
		return fmt.Errorf("gallery %q: %w", name, gallery.ErrNotFound)
	}
	return read(transaction{tx, s, nil}, row)
}

// Entries implements [gallery.Store].
func (s *store) Entries(ctx context.Context, name string, q gallery.Query) iter.Seq2[gallery.Entry, error] {
	return func(yield func(gallery.Entry, error) bool) {
		stopped := false
		err := s.reading(ctx, name, func(tx transaction, row shelf) error {
			query, args := selectEntries(row.number, q)
			rows, err := tx.QueryContext(ctx, query, args...)
			if err != nil {
				return err
			}
			defer rows.Close()
			for rows.Next() {
				e, err := s.entry(rows, row.settings.Dim)
				if err != nil {
					return err
				}
				if stopped = !yield(e, nil); stopped {
					return nil
				}
			}
			return rows.Err()
		})
		if err != nil && !stopped {
			yield(gallery.Entry{}, s.failed("read", err))
		}
	}
}

// selectEntries asks for the entries of a gallery that fit a query.
func selectEntries(gallery int64, q gallery.Query) (query string, args []any) {
	crop, join := "NULL", ""
	if q.Crops {
		crop, join = "crop.bytes", " LEFT JOIN crop USING (number)"
	}
	query = "SELECT key, role, id, embedding, model, source, name, made, note, distance, expires, " + crop + " FROM entry" + join + " WHERE gallery = ?"
	args = []any{gallery}
	for _, condition := range []struct {
		wanted bool
		sql    string
		arg    any
	}{
		{q.ID != "", "id = ?", q.ID}, {q.Role != "", "role = ?", string(q.Role)}, {q.Key != "", "key = ?", q.Key},
		{!q.Before.IsZero(), "made < ?", q.Before.UnixMicro()},
	} {
		if condition.wanted {
			query, args = query+" AND "+condition.sql, append(args, condition.arg)
		}
	}
	return query + " ORDER BY key", args
}

// entry reads one row of selectEntries.
func (s *store) entry(rows *sql.Rows, dim int) (e gallery.Entry, err error) {
	var embedding, crop []byte
	var made, expires int64
	var distance sql.Null[float64]
	if err := rows.Scan(&e.Key, &e.Role, &e.ID, &embedding, &e.Model, &e.Source, &e.Name, &made, &e.Note, &distance, &expires, &crop); err != nil {
		return e, err
	}
	if distance.Valid {
		d := float32(distance.V)
		e.Distance = &d
	}
	e.When = time.UnixMicro(made).UTC()
	if expires > 0 {
		e.Expires = time.UnixMicro(expires).UTC()
	}
	if embedding, err = s.seal.open(embedding, e.Key+" embedding"); err != nil {
		return e, err
	}
	if e.Embedding, err = appendEmbedding(nil, embedding, dim); err != nil {
		return e, err
	}
	if crop != nil {
		e.Crop, err = s.seal.open(crop, e.Key+" crop")
	}
	return e, err
}

// Vectors implements [gallery.Store].
func (s *store) Vectors(ctx context.Context, name string, since int64) (v gallery.Vectors, err error) {
	if row, there, err := s.find(ctx, s, name); err == nil && there && since == row.revision { // most often there is nothing new
		return gallery.Vectors{Revision: since, Since: since, Dim: row.settings.Dim}, nil
	}
	err = s.reading(ctx, name, func(tx transaction, row shelf) error {
		v = gallery.Vectors{Revision: row.revision, Dim: row.settings.Dim}
		if since > 0 && since >= row.taken && since <= row.revision {
			v.Since = since
		}
		if v.Since == v.Revision {
			return nil
		}
		query := "SELECT key, id, role, embedding FROM entry WHERE gallery = ? AND added > ? AND role <> 'waiting' ORDER BY number"
		if v.Since == 0 { // in the order of the file, which takes no seeking
			query = strings.Replace(query, "FROM entry", "FROM entry NOT INDEXED", 1)
			var n int
			if err := tx.QueryRowContext(ctx, "SELECT count(*) FROM entry WHERE gallery = ?", row.number).Scan(&n); err != nil {
				return err
			}
			v.Refs, v.Values = make([]gallery.Ref, 0, n), make([]float32, 0, n*v.Dim)
		}
		rows, err := tx.QueryContext(ctx, query, row.number, v.Since)
		if err != nil {
			return err
		}
		defer rows.Close()
		return s.vectors(&v, rows)
	})
	return v, s.failed("read", err)
}

func (s *store) vectors(v *gallery.Vectors, rows *sql.Rows) error {
	var r gallery.Ref
	var sealed sql.RawBytes
	for rows.Next() {
		if err := rows.Scan(&r.Key, &r.ID, &r.Role, &sealed); err != nil {
			return err
		}
		blob, err := s.seal.open(sealed, r.Key+" embedding")
		if err != nil {
			return err
		}
		if v.Values, err = appendEmbedding(v.Values, blob, v.Dim); err != nil {
			return err
		}
		v.Refs = append(v.Refs, r)
	}
	inOrder(v)
	return rows.Err()
}

// inOrder sorts by key what mostly came in that order.
func inOrder(v *gallery.Vectors) {
	byKey := func(a, b gallery.Ref) int { return cmp.Compare(a.Key, b.Key) }
	if slices.IsSortedFunc(v.Refs, byKey) {
		return
	}
	order := make([]int, len(v.Refs)) // from where each comes
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return byKey(v.Refs[a], v.Refs[b]) })
	row := func(i int) []float32 { return v.Values[i*v.Dim : (i+1)*v.Dim] }
	kept := make([]float32, v.Dim)
	for first := range order { // one round of places after the other, without room for a second copy
		if order[first] < 0 || order[first] == first {
			continue
		}
		ref := v.Refs[first]
		copy(kept, row(first))
		at := first
		for order[at] != first {
			from := order[at]
			v.Refs[at] = v.Refs[from]
			copy(row(at), row(from))
			order[at], at = -1, from
		}
		v.Refs[at] = ref
		copy(row(at), kept)
		order[at] = -1
	}
}

// Log implements [gallery.Store].
func (s *store) Log(ctx context.Context, from int64) iter.Seq2[gallery.Line, error] {
	return func(yield func(gallery.Line, error) bool) {
		stopped := false
		err := s.lines(ctx, from, func(l gallery.Line) bool { stopped = !yield(l, nil); return !stopped })
		if err != nil && !stopped {
			yield(gallery.Line{}, s.failed("read", err))
		}
	}
}

// lines reads the log in one pass over its three tables.
func (s *store) lines(ctx context.Context, from int64, yield func(gallery.Line) bool) error {
	rows, err := s.db.QueryContext(ctx, `SELECT l.number, l.time, l.gallery, l.who, l.action, l.model, l.hash, p.place, p.digest, p.salt, p.body,
		(SELECT json_group_array(id) FROM (SELECT id FROM about a WHERE a.line = p.line AND a.place = p.place ORDER BY nth))
		FROM line l LEFT JOIN part p ON p.line = l.number WHERE l.number >= ? ORDER BY l.number, p.place`, from)
	if err != nil {
		return err
	}
	defer rows.Close()
	var open gallery.Line
	for rows.Next() {
		var l gallery.Line
		var time_ int64
		var place sql.Null[int64]
		var digest, salt, body, about sql.Null[string]
		if err := rows.Scan(&l.Number, &time_, &l.Gallery, &l.Who, &l.Action, &l.Model, &l.Hash, &place, &digest, &salt, &body, &about); err != nil {
			return err
		}
		if l.Number != open.Number {
			if open.Number > 0 && !yield(open) {
				return nil
			}
			open = l
			open.Time = time.UnixMicro(time_).UTC()
		}
		if place.Valid {
			p := gallery.Part{Digest: digest.V, Salt: salt.V}
			if body.Valid {
				p.Body = json.RawMessage(body.V)
			}
			if err := json.Unmarshal([]byte(about.V), &p.About); err != nil {
				return fmt.Errorf("%w: line %d of the log: %w", gallery.ErrDamaged, l.Number, err)
			}
			if len(p.About) == 0 {
				p.About = nil
			}
			open.Parts = append(open.Parts, p)
		}
	}
	if open.Number > 0 && rows.Err() == nil {
		yield(open)
	}
	return rows.Err()
}
