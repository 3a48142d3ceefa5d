// Package eval judges embeddings: one-shot recognition, verification, retrieval and clustering. It sees numbers only: rows of
// embeddings, labels, and a distance. Smaller distance is more alike, and a pair is called same if its distance is at most
// the threshold. Everything random takes a seed, and results do not depend on the number of cores.
package eval

import (
	"fmt"

	"github.com/siam-go/siam/internal/parallel"
)

// Items describes a labelled image collection by row, as episodes and pairs are drawn from it.
type Items struct {
	Labels []int // class of each row
	// Groups is the alphabet or group of each row; nil when there are none. Rows of one class share one group.
	Groups []int
	// Drawers is who made each row, from 1, or 0 where unknown; nil when unknown everywhere.
	Drawers []int
}

// Rows views flat, [n, d] row by row, as n embeddings of length d; they share flat's memory. It panics when flat is not a
// whole number of rows.
func Rows(flat []float32, d int) [][]float32 {
	if d <= 0 || len(flat)%d != 0 {
		panic(fmt.Sprintf("eval: Rows of %d numbers by %d, want a whole number of rows", len(flat), d))
	}
	rows := make([][]float32, len(flat)/d)
	for i := range rows {
		rows[i] = flat[i*d : (i+1)*d : (i+1)*d]
	}
	return rows
}

// PairDistances returns the distance of each pair's two items. Distance is called from several goroutines.
func PairDistances[T any](pairs []Pair, items []T, distance func(a, b T) float32) []float32 {
	distances := make([]float32, len(pairs))
	parallel.Ranges(len(pairs), func(lo, hi int) {
		for i := lo; i < hi; i++ {
			distances[i] = distance(items[pairs[i].A], items[pairs[i].B])
		}
	})
	return distances
}
