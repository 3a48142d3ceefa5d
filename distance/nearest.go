package distance

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/siam-go/siam/internal/parallel"
)

// Neighbour is one of an [Index]'s vectors, as a query finds it.
type Neighbour struct {
	Row      int // of the vector, from 0
	Distance float32
}

// atOnce bounds the distances that a search holds in memory.
const atOnce = 1 << 24

// Nearest finds for each query the k vectors nearest to it, all when there are fewer, nearest first and equally near ones by row.
// What it finds is what comparing one by one finds, by Distance.Of(query, vector); vectors at a distance that is not a number are
// left out. It fails on queries like [Check], on a k below 1, and when the context ends.
func (x *Index) Nearest(ctx context.Context, k int, queries ...[]float32) ([][]Neighbour, error) {
	if k < 1 {
		return nil, fmt.Errorf("find the nearest: %d of them, want at least 1", k)
	}
	if err := Check(x.d, queries...); err != nil {
		return nil, fmt.Errorf("find the nearest: %w", err)
	}
	n := len(x.vectors)
	found := make([][]Neighbour, 0, len(queries))
	rows := make([]float32, min(Block, max(1, atOnce/n), len(queries))*n)
	for block := range slices.Chunk(queries, max(1, len(rows)/n)) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		x.rows(rows[:len(block)*n], block, parallel.Ranges)
		nearest := make([][]Neighbour, len(block))
		parallel.Ranges(len(block), func(lo, hi int) {
			for i := lo; i < hi; i++ {
				nearest[i] = x.nearest(block[i], rows[i*n:(i+1)*n], k)
			}
		})
		found = append(found, nearest...)
	}
	return found, nil
}

// nearest picks from what orders the vectors for a query. Those within rounding of the k-th are compared once more.
func (x *Index) nearest(query []float32, row []float32, k int) []Neighbour {
	bound := math.Inf(1)
	if best := Smallest(row, k); len(best) == k {
		bound = float64(row[best[k-1]])
	}
	if x.placed != nil {
		bound += 2 * x.placed.slack(query)
	}
	var near []Neighbour
	for r, order := range row {
		if float64(order) <= bound {
			near = append(near, Neighbour{r, x.distance.Of(query, x.vectors[r])})
		}
	}
	slices.SortStableFunc(near, func(a, b Neighbour) int { return cmp.Compare(a.Distance, b.Distance) })
	return near[:min(k, len(near))]
}

// Smallest returns the columns of the k smallest numbers of a row in order, equal ones by column. Those that are +Inf or not a
// number are left out.
func Smallest(row []float32, k int) []int {
	type candidate struct {
		value  float32
		column int
	}
	keep := make([]candidate, 0, 2*min(k, len(row))+16)
	bound := float32(math.Inf(1)) // the k-th smallest so far; a later column must beat it
	shrink := func() {
		slices.SortFunc(keep, func(a, b candidate) int {
			return cmp.Or(cmp.Compare(a.value, b.value), cmp.Compare(a.column, b.column))
		})
		if len(keep) >= k {
			keep = keep[:k]
			bound = keep[k-1].value
		}
	}
	for column, v := range row {
		if v < bound {
			if keep = append(keep, candidate{v, column}); len(keep) == cap(keep) {
				shrink()
			}
		}
	}
	shrink()
	columns := make([]int, len(keep))
	for i, c := range keep {
		columns[i] = c.column
	}
	return columns
}
