// Package metric is metric learning as GoMLX graph functions: a distance, a miner, a loss and a reducer multiply to an
// [Objective], and each is one small file.
//
// Shapes: n embeddings of d numbers are [n, d] float32; the distances from n anchors to m others are [n, m]. Memory grows
// with n·m, never with the number of triplets. Smaller distance is more alike.
//
// Functions panic on wrong shapes, as GoMLX's do.
package metric

import (
	"fmt"
	"math"
	"strings"

	. "github.com/gomlx/gomlx/core/graph"
)

// Distance is one way to compare embeddings, in three forms that agree.
type Distance struct {
	Name string
	// Matrix compares every row of a [n, d] with every row of b [m, d], giving [n, m].
	Matrix func(a, b *Node) *Node
	// Rows compares a [n, d] with b [n, d] row by row, giving [n].
	Rows func(a, b *Node) *Node
	// Of compares two vectors of one length outside a graph.
	Of func(a, b []float32) float32
}

// tiny keeps roots away from 0, where their gradient is infinite.
const tiny = 1e-12

// SquaredEuclidean is Σ (a_j − b_j)². On unit vectors it is twice the cosine distance and lies in [0, 4].
func SquaredEuclidean() Distance {
	return Distance{"squared_euclidean", squaredMatrix, squaredRows, squaredOf}
}

// Euclidean is √(Σ (a_j − b_j)²). Its gradient at equal embeddings is 0.
func Euclidean() Distance {
	return Distance{
		Name:   "euclidean",
		Matrix: func(a, b *Node) *Node { return safeSqrt(squaredMatrix(a, b)) },
		Rows:   func(a, b *Node) *Node { return safeSqrt(squaredRows(a, b)) },
		Of:     func(a, b []float32) float32 { return float32(math.Sqrt(float64(squaredOf(a, b)))) },
	}
}

// L1 is Σ |a_j − b_j|. Its matrix needs n·m·d numbers.
func L1() Distance {
	return Distance{
		Name: "l1",
		Matrix: func(a, b *Node) *Node {
			return ReduceSum(Abs(Sub(InsertAxes(a, 1), InsertAxes(b, 0))), -1)
		},
		Rows: func(a, b *Node) *Node { return ReduceSum(Abs(Sub(a, b)), -1) },
		Of: func(a, b []float32) float32 {
			var sum float64
			for j := range a {
				sum += math.Abs(float64(a[j]) - float64(b[j]))
			}
			return float32(sum)
		},
	}
}

// Cosine is 1 − a·b/(|a||b|), in [0, 2]. A vector of zeros is at distance 1 from all.
func Cosine() Distance {
	return Distance{
		Name:   "cosine",
		Matrix: func(a, b *Node) *Node { return OneMinus(products(unit(a), unit(b))) },
		Rows:   func(a, b *Node) *Node { return OneMinus(ReduceSum(Mul(unit(a), unit(b)), -1)) },
		Of: func(a, b []float32) float32 {
			length := math.Sqrt(dot(a, a)+tiny) * math.Sqrt(dot(b, b)+tiny)
			return float32(1 - dot(a, b)/length)
		},
	}
}

// Distances lists all distances.
func Distances() []Distance {
	return []Distance{SquaredEuclidean(), Euclidean(), L1(), Cosine()}
}

// DistanceByName finds the distance a model file or a flag names.
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

// squaredMatrix is |a|² − 2a·b + |b|², at least 0: rounding can make it negative.
func squaredMatrix(a, b *Node) *Node {
	aa := ReduceAndKeep(Square(a), ReduceSum, -1)
	bb := ReduceSum(Square(b), -1)
	return MaxScalar(Add(Sub(aa, MulScalar(products(a, b), 2)), InsertAxes(bb, 0)), 0)
}

func squaredRows(a, b *Node) *Node { return ReduceSum(Square(Sub(a, b)), -1) }

func squaredOf(a, b []float32) float32 {
	var sum float64
	for j := range a {
		d := float64(a[j]) - float64(b[j])
		sum += d * d
	}
	return float32(sum)
}

// products is a·bᵀ: a [n, d], b [m, d], giving [n, m].
func products(a, b *Node) *Node { return DotGeneral(a, []int{1}, nil, b, []int{1}, nil) }

// unit scales rows to length 1.
func unit(x *Node) *Node {
	return Mul(x, Reciprocal(Sqrt(AddScalar(ReduceAndKeep(Square(x), ReduceSum, -1), tiny))))
}

// safeSqrt is √x with gradient 0 where x is below tiny.
func safeSqrt(x *Node) *Node {
	positive := GreaterThan(x, Scalar(x.Graph(), x.DType(), tiny))
	return Where(positive, Sqrt(Where(positive, x, OnesLike(x))), ZerosLike(x))
}

func dot(a, b []float32) float64 {
	var sum float64
	for j := range a {
		sum += float64(a[j]) * float64(b[j])
	}
	return sum
}
