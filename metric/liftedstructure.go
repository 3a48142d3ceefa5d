package metric

import . "github.com/gomlx/gomlx/core/graph"

// LiftedStructure is the loss of Song et al. 2016 (equation 4): for each same pair (i, j) half the square of max(J, 0), where
//
//	J = s·d(i,j) + log( Σ_{k different from i} exp(margin − s·d(i,k)) + Σ_{l different from j} exp(margin − s·d(j,l)) )
//
// The paper has the Euclidean distance, margin 1 and scale s = 1, takes the mean, and does not normalise its Embeddings: those of
// length 1 cannot be far apart, and then all different ones count nearly alike. A larger scale is the same as longer embeddings.
func LiftedStructure(margin, scale float64) Loss {
	return Loss{Name: "lifted_structure", Terms: func(p Pairs) []Terms {
		p.Distances = MulScalar(p.Distances, scale)
		push := AddScalar(Neg(p.Distances), margin)
		i, someI := LogSumExp(push, p.Different), AnyOf(p.Different)
		j, someJ := LogSumExp(Transpose(push, 0, 1), Transpose(p.Different, 0, 1)), AnyOf(Transpose(p.Different, 0, 1))
		either := logAddExp(InsertAxes(orFar(i, someI), 1), InsertAxes(orFar(j, someJ), 0))
		some := LogicalOr(InsertAxes(someI, 1), InsertAxes(someJ, 0))
		mask := LogicalAnd(p.Same, some)
		values := relu(Add(p.Distances, Masked(mask, either)))
		return []Terms{TermsOf(DivScalar(Square(values), 2), mask)}
	}}
}

// orFar is x where there is some, and so low elsewhere that its exponential is 0.
func orFar(x, some *Node) *Node { return Where(some, x, scalars(x, -far)) }

// logAddExp is log(exp(a) + exp(b)), without overflow.
func logAddExp(a, b *Node) *Node { return Add(Max(a, b), Log1p(Exp(Neg(Abs(Sub(a, b)))))) }
