package distance

import (
	"errors"
	"fmt"
)

// Block is how many queries [Index.Rows] is best given at once: they share one pass over the vectors.
const Block = 48

// Index holds n vectors for comparison with many others. It is safe for use by several goroutines.
//
// Where the distance orders vectors as the squared Euclidean distance does, in the same place or in another, many are
// compared by one matrix product; otherwise one by one.
type Index struct {
	distance Distance
	vectors  [][]float32
	d        int
	placed   *placed // nil to compare one by one
}

// NewIndex prepares the comparison with vectors, which must not change afterwards. It fails when there are none, and like [Check]
// with the first one's length.
func NewIndex(d Distance, vectors [][]float32) (*Index, error) {
	if len(vectors) == 0 || len(vectors[0]) == 0 {
		return nil, errors.New("index vectors: there are none, or none with numbers")
	}
	x := &Index{distance: d, vectors: vectors, d: len(vectors[0])}
	if err := Check(x.d, vectors...); err != nil {
		return nil, fmt.Errorf("index vectors: %w", err)
	}
	if d.place != nil {
		x.placed = newPlaced(d.place, vectors) // nil where it cannot
	}
	return x, nil
}

// Rows writes into dst, [len(queries), n], what orders the vectors for each query: numbers of which the smaller is that of the
// smaller distance, up to float32 rounding. They may be compared within a row only. It starts no goroutine, and panics on
// queries of another length and on a dst of another size.
func (x *Index) Rows(dst []float32, queries [][]float32) {
	x.rows(dst, queries, func(n int, work func(lo, hi int)) { work(0, n) })
}

// rows is [Index.Rows] with its work split.
func (x *Index) rows(dst []float32, queries [][]float32, split func(n int, work func(lo, hi int))) {
	n := len(x.vectors)
	if len(dst) != len(queries)*n {
		panic(fmt.Sprintf("distance: %d numbers for %d queries and %d vectors, want %d", len(dst), len(queries), n, len(queries)*n))
	}
	for i, q := range queries {
		if len(q) != x.d {
			panic(fmt.Sprintf("distance: query %d has %d numbers, the vectors have %d", i, len(q), x.d))
		}
	}
	if x.placed != nil && x.placed.rows(dst, queries, split) {
		return
	}
	split(n, func(lo, hi int) {
		for i, q := range queries {
			for r := lo; r < hi; r++ {
				dst[i*n+r] = x.distance.Of(q, x.vectors[r])
			}
		}
	})
}
