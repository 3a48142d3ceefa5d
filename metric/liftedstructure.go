package metric

import . "github.com/gomlx/gomlx/core/graph"

// LiftedStructure is the loss of Song et al. 2016 (equation 4): for each same pair (i, j) half the square of max(J, 0), where
//
//	J = d(i,j) + log( Σ_{k different from i} exp(margin − d(i,k)) + Σ_{l different from j} exp(margin − d(j,l)) )
//
// The paper has the Euclidean distance and margin 1, and takes the mean.
func LiftedStructure(margin float64) Loss {
	return Loss{Name: "lifted_structure", terms: func(p Pairs) []Terms {
		push := AddScalar(Neg(p.Distances), margin)
		i, someI := logSumExp(push, p.Different), anyOf(p.Different)
		j, someJ := logSumExp(Transpose(push, 0, 1), Transpose(p.Different, 0, 1)), anyOf(Transpose(p.Different, 0, 1))
		either := logAddExp(InsertAxes(orFar(i, someI), 1), InsertAxes(orFar(j, someJ), 0))
		some := LogicalOr(InsertAxes(someI, 1), InsertAxes(someJ, 0))
		mask := LogicalAnd(p.Same, some)
		values := relu(Add(p.Distances, masked(mask, either)))
		return []Terms{termsOf(DivScalar(Square(values), 2), mask)}
	}}
}

// orFar is x where there is some, and so low elsewhere that its exponential is 0.
func orFar(x, some *Node) *Node { return Where(some, x, scalars(x, -far)) }

// logAddExp is log(exp(a) + exp(b)), without overflow.
func logAddExp(a, b *Node) *Node { return Add(Max(a, b), Log1p(Exp(Neg(Abs(Sub(a, b)))))) }
