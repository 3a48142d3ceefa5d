package metric

import . "github.com/gomlx/gomlx/core/graph"

// Reducer turns a loss's terms into the scalar to minimise. It is 0 where there are no tuples.
type Reducer struct {
	Name   string
	reduce func(Terms) *Node
}

// Sum adds all values, as the lecture and FaceNet's equation 3 have it.
func Sum() Reducer {
	return Reducer{"sum", func(t Terms) *Node { return ReduceAllSum(t.Sum) }}
}

// Mean divides the sum by the number of tuples.
func Mean() Reducer {
	return Reducer{"mean", func(t Terms) *Node { return share(t.Sum, t.Count) }}
}

// MeanActive divides the sum by the number of tuples above 0, so that satisfied ones do not dilute the others.
func MeanActive() Reducer {
	return Reducer{"mean_active", func(t Terms) *Node { return share(t.Sum, t.Active) }}
}

// share is Σ part / Σ whole, with at least 1 below.
func share(part, whole *Node) *Node {
	return Div(ReduceAllSum(part), MaxScalar(ReduceAllSum(whole), 1))
}
