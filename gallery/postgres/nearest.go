package postgres

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/siam-go/siam/distance"
	"github.com/siam-go/siam/gallery"
)

// measure is how the server computes one of our distances, and how far off it may be.
type measure struct {
	exact              string // of embedding, the probe $2 and its length $3
	operator, class    string // of an HNSW index that orders alike
	relative, absolute float64
}

// measures by the names of distances. pgvector sums float32, and its cosine knows no vector of zeros.
var measures = map[string]measure{
	"euclidean":         {"(embedding <-> $2::vector) + 0 * $3::float8", "<->", "vector_l2_ops", 1e-4, 1e-18},
	"squared_euclidean": {"(embedding <-> $2::vector) + 0 * $3::float8", "<->", "vector_l2_ops", 1e-4, 1e-18},
	"l1":                {"(embedding <+> $2::vector) + 0 * $3::float8", "<+>", "vector_l1_ops", 1e-4, 1e-18},
	"cosine":            {"1 + (embedding <#> $2::vector) / (sqrt(vector_norm(embedding) ^ 2 + 1e-12) * $3::float8)", "<=>", "vector_cosine_ops", 0, 1e-4},
}

// mostIndexed is the longest vector that pgvector indexes.
const mostIndexed = 2000

// Nearest implements [gallery.Searcher]. The server compares the probe with all entries, or asks its index where the store was opened
// so; what comes near enough is compared again as this module does it, so that all stores answer alike.
func (s *store) Nearest(ctx context.Context, name string, probe []float32, k int) (hits []gallery.Hit, err error) {
	err = s.reading(ctx, name, func(tx pgx.Tx, row shelf) error {
		how, known := measures[row.settings.Distance]
		by, err := distance.ByName(row.settings.Distance)
		if !known || err != nil {
			return fmt.Errorf("distance %q: %w", row.settings.Distance, errors.ErrUnsupported)
		}
		if err := distance.Check(row.settings.Dim, probe); err != nil {
			return fmt.Errorf("%w: %w", gallery.ErrBadEmbedding, err)
		}
		n := 0
		if s.approximate && row.settings.Dim <= mostIndexed {
			if hits, n, err = approximately(ctx, tx, row, how, by, probe, k); err != nil {
				return err
			}
		}
		if len(hits) < k && (n == 0 || len(hits) < n) {
			hits, err = exactly(ctx, tx, row, how, by, probe, k)
		}
		return err
	})
	return hits, s.failed(ctx, "search in", err)
}

// exactly compares the probe with all entries.
func exactly(ctx context.Context, tx pgx.Tx, row shelf, how measure, by distance.Distance, probe []float32, k int) ([]gallery.Hit, error) {
	square := 1e-12
	for _, x := range probe {
		square += float64(x) * float64(x)
	}
	rows, err := tx.Query(ctx, fmt.Sprintf(`WITH far AS MATERIALIZED (SELECT key, %s AS d FROM siam_entry WHERE gallery = $1 AND role <> 'waiting'),
		kth AS (SELECT max(d) AS d FROM (SELECT d FROM far ORDER BY d LIMIT $4) AS first)
		SELECT key, id, role, vector_send(embedding) FROM siam_entry WHERE gallery = $1 AND key IN (SELECT far.key FROM far, kth WHERE far.d <= kth.d * (1 + $5::float8) + $6::float8)`, how.exact),
		row.number, vector(probe), math.Sqrt(square), int64(k), how.relative, how.absolute)
	if err != nil {
		return nil, err
	}
	return ranked(rows, by, probe, k)
}

// approximately asks the index, which goes on until it has found k. n is how many entries there are.
func approximately(ctx context.Context, tx pgx.Tx, row shelf, how measure, by distance.Distance, probe []float32, k int) (hits []gallery.Hit, n int, err error) {
	for _, setting := range []string{"hnsw.iterative_scan = strict_order", fmt.Sprintf("hnsw.ef_search = %d", min(max(4*k, 200), 1000)), "enable_seqscan = off"} {
		if _, err := tx.Exec(ctx, "SET LOCAL "+setting); err != nil {
			return nil, 0, err
		}
	}
	table := fmt.Sprintf("siam_entry_%d", row.number)
	if err := tx.QueryRow(ctx, "SELECT count(*) FROM "+table+" WHERE role <> 'waiting'").Scan(&n); err != nil {
		return nil, 0, err
	}
	rows, err := tx.Query(ctx, fmt.Sprintf("SELECT key, id, role, vector_send(embedding) FROM %s WHERE role <> 'waiting' ORDER BY embedding::vector(%d) %s $1::vector(%[2]d) LIMIT $2",
		table, row.settings.Dim, how.operator), vector(probe), int64(k))
	if err != nil {
		return nil, 0, err
	}
	hits, err = ranked(rows, by, probe, k)
	return hits, n, err
}

// ranked are the k nearest of some rows.
func ranked(rows pgx.Rows, by distance.Distance, probe []float32, k int) ([]gallery.Hit, error) {
	refs, values, err := vectors(rows, len(probe))
	if err != nil {
		return nil, err
	}
	hits := make([]gallery.Hit, len(refs))
	for i, r := range refs {
		hits[i] = gallery.Hit{Ref: r, Distance: by.Of(probe, values[i*len(probe):(i+1)*len(probe)])}
	}
	slices.SortFunc(hits, func(a, b gallery.Hit) int {
		return cmp.Or(cmp.Compare(a.Distance, b.Distance), cmp.Compare(a.Key, b.Key))
	})
	return hits[:min(k, len(hits))], nil
}

// makeIndex makes the index of the gallery, of its present model.
func (a *applying) makeIndex() error {
	how, known := measures[a.row.settings.Distance]
	if !a.approximate || !known || a.row.settings.Dim > mostIndexed || !a.TouchesEntries() {
		return nil
	}
	_, err := a.exec(fmt.Sprintf("CREATE INDEX IF NOT EXISTS siam_near_%d ON siam_entry_%[1]d USING hnsw ((embedding::vector(%d)) %s) WITH (m = 32, ef_construction = 128) WHERE role <> 'waiting'",
		a.row.number, a.row.settings.Dim, how.class))
	return err
}

// dropIndex makes way for embeddings of another length.
func (a *applying) dropIndex() error {
	_, err := a.exec(fmt.Sprintf("DROP INDEX IF EXISTS siam_near_%d", a.row.number))
	return err
}
