package metric

import . "github.com/gomlx/gomlx/core/graph"

// Reducer turns one part of a loss into the scalar to minimise. It is 0 where there are no tuples.
type Reducer struct {
	Name   string
	Reduce func(Terms) *Node
}

// Sum adds all values, as the lecture and FaceNet's equation 3 have it.
func Sum() Reducer {
	return Reducer{"sum", func(t Terms) *Node { return ReduceAllSum(t.Sum) }}
}

// Divisor divides the sum by a fixed number, such as the tuples a batch usually has: like [Sum], a batch with fewer tuples
// above 0 then makes a smaller step.
func Divisor(by float64) Reducer {
	return Reducer{"divisor", func(t Terms) *Node { return DivScalar(ReduceAllSum(t.Sum), by) }}
}

// Mean divides the sum by the number of tuples.
func Mean() Reducer {
	return Reducer{"mean", func(t Terms) *Node { return share(t.Sum, t.Count) }}
}

// MeanActive divides the sum by the number of tuples above 0 ("mean over non-zero"), so that satisfied ones do not dilute
// the others.
func MeanActive() Reducer {
	return Reducer{"mean_active", func(t Terms) *Node { return share(t.Sum, t.Active) }}
}

// PerClass is the mean over classes of the mean over the tuples of a class's anchors, so that a class with many examples
// weighs no more than one with few.
func PerClass() Reducer {
	return Reducer{"per_class", func(t Terms) *Node {
		together := number(equal(t.Labels, t.Labels), t.Sum) // [n, n]
		all := func(x *Node) *Node { return DotGeneral(together, []int{1}, nil, x, []int{0}, nil) }
		count := all(t.Count)
		some := GreaterThan(count, ZerosLike(count))
		mean := Div(all(t.Sum), MaxScalar(count, 1))
		once := Masked(some, Reciprocal(all(OnesLike(count)))) // adds up to 1 over the anchors of a class
		return share(Mul(mean, once), once)
	}}
}

// share is Σ part / Σ whole, with at least 1 below.
func share(part, whole *Node) *Node {
	return Div(ReduceAllSum(part), MaxScalar(ReduceAllSum(whole), 1))
}
