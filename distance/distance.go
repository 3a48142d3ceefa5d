// Package distance compares vectors outside a graph: named distances of two, and the nearest of many. Package metric has the
// same distances, by the same names, as graph functions.
//
// Vectors are embeddings of d numbers. Smaller distance is more alike.
package distance

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// Distance is one way to compare two vectors.
type Distance struct {
	Name string // what model files and flags call it
	// Of compares a with b. The distances of this package panic where a and b differ in length; [Check] says so beforehand. What
	// they make of numbers that are not finite is not finite either, or of no use.
	Of func(a, b []float32) float32
	// place maps vectors to where the squared Euclidean distance orders them as Of does; query says on which side of Of the vector
	// stands. It is nil where there is no such place, and then an [Index] compares one by one.
	place func(v []float32, query bool) []float32
	of    func(square float32) float32 // the distance, of the squared Euclidean distance there
}

// Place is where the squared Euclidean distance orders vectors as Of does, up to rounding: of a vector, or of a query that is compared with
// vectors. It is false where there is no such place.
func (d Distance) Place(v []float32, query bool) (point []float32, ok bool) {
	if d.place == nil {
		return nil, false
	}
	return d.place(v, query), true
}

// All lists the distances that have a name alone. A [PairHead] is made of its weights.
func All() []Distance {
	return []Distance{SquaredEuclidean(), Euclidean(), L1(), Cosine(), NegativeDot(), SNR()}
}

// ByName finds the distance that a model file or a flag names, among the caller's own and then among [All].
func ByName(name string, own ...Distance) (Distance, error) {
	var names []string
	for _, d := range slices.Concat(own, All()) {
		if d.Name == name {
			return d, nil
		}
		names = append(names, d.Name)
	}
	return Distance{}, fmt.Errorf("unknown distance %q, want one of %s", name, strings.Join(names, ", "))
}

// Check says which of the vectors cannot be compared, because it has not d numbers or holds one that is not finite; nil when
// all can. They are counted from 1.
func Check(d int, vectors ...[]float32) error {
	for i, v := range vectors {
		if err := CheckOne(d, v); err != nil {
			return fmt.Errorf("embedding %d %w", i+1, err)
		}
	}
	return nil
}

// CheckOne is [Check] of one vector, whose error goes on after what the vector is called: "has 3 numbers, want 4".
func CheckOne(d int, v []float32) error {
	if len(v) != d {
		return fmt.Errorf("has %d numbers, want %d: compare those of one model only", len(v), d)
	}
	for j, x := range v {
		if math.IsNaN(float64(x)) || math.IsInf(float64(x), 0) {
			return fmt.Errorf("holds %v as number %d: the model that made it is broken, or not trained", x, j+1)
		}
	}
	return nil
}

// checked is a distance that panics on vectors of different lengths.
func checked(name string, of func(a, b []float32) float64) Distance {
	return Distance{Name: name, Of: func(a, b []float32) float32 {
		if len(a) != len(b) {
			panic(fmt.Sprintf("distance: %s of vectors of %d and %d numbers, want the same length", name, len(a), len(b)))
		}
		return float32(of(a, b))
	}}
}

// asItIs is the place of vectors that the squared Euclidean distance orders where they are.
func asItIs(v []float32, _ bool) []float32 { return v }
