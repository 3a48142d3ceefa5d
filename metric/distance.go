// Package metric is metric learning as GoMLX graph functions: a distance, a miner, a loss and a reducer multiply to an
// [Objective], and each is one small file. A [Choice] makes an objective from names.
//
// Shapes: n embeddings of d numbers are [n, d] float32; the distances from n anchors to m others are [n, m]. Memory grows
// with n·m, never with the number of triplets. Smaller distance is more alike.
//
// Functions panic on wrong shapes, as GoMLX's do.
package metric

import (
	"fmt"
	"strings"

	. "github.com/gomlx/gomlx/core/graph"
)

// Distance is one way to compare embeddings. Package distance has the same, by the same names, for vectors outside a graph.
type Distance struct {
	Name string
	// Matrix compares every row of a [n, d] with every row of b [m, d], giving [n, m].
	Matrix func(a, b *Node) *Node
}

// tiny keeps roots away from 0, where their gradient is infinite.
const tiny = 1e-12

// Distances lists all distances.
func Distances() []Distance {
	return []Distance{SquaredEuclidean(), Euclidean(), L1(), Cosine(), NegativeDot(), SNR()}
}

// DistanceByName finds the distance that a setting names.
func DistanceByName(name string) (Distance, error) {
	var names []string
	for _, d := range Distances() {
		if d.Name == name {
			return d, nil
		}
		names = append(names, d.Name)
	}
	return Distance{}, fmt.Errorf("unknown distance %q, want one of %s", name, strings.Join(names, ", "))
}
