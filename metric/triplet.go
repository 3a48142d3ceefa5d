package metric

import (
	"math"

	. "github.com/gomlx/gomlx/core/graph"
)

// Triplet is the triplet loss (Schroff et al. 2015, equation 2; the lecture's equation 2):
//
//	max(d(a,p) − d(a,n) + margin, 0)
//
// FaceNet has the squared Euclidean distance on unit vectors and margin 0.2.
func Triplet(margin float64) Loss {
	return tripletLoss("triplet", margin,
		func(gap *Node) *Node { return relu(AddScalar(gap, margin)) },
		func(gap *Node) *Node { return number(LogicalNot(atMost(gap, -margin)), gap) })
}

// SoftTriplet is the triplet loss with a soft margin, log(1 + exp(d(a,p) − d(a,n))) (Hermans et al. 2017, section 3.2).
func SoftTriplet() Loss {
	return tripletLoss("soft_triplet", math.Ln2, softplus, Sigmoid)
}

// tripletLoss is a loss of the gap d(a,p) − d(a,n) alone, collapsed at gap 0; slope is value's derivative.
func tripletLoss(name string, collapsed float64, value, slope func(gap *Node) *Node) Loss {
	terms := func(p Pairs, keep func(*Node) *Node) Terms {
		if p.single {
			return singleTriplets(p, keep, value)
		}
		return allTriplets(p, keep, value, slope)
	}
	return Loss{Name: name, triplets: true, collapsed: collapsed, terms: terms}
}

// singleTriplets has one triplet per anchor at most: the masks' only entries.
func singleTriplets(p Pairs, keep, value func(*Node) *Node) Terms {
	gap := Sub(sums(masked(p.Same, p.Distances)), sums(masked(p.Different, p.Distances)))
	all := LogicalAnd(anyOf(p.Same), anyOf(p.Different))
	return keptTerms(InsertAxes(gap, 1), InsertAxes(all, 1), keep, value)
}

// keptTerms adds up the values of the triplets in all [n, t] that the miner keeps.
func keptTerms(gap, all *Node, keep, value func(*Node) *Node) Terms {
	terms := termsOf(value(gap), kept(gap, all, keep))
	terms.Seen = StopGradient(sums(number(all, gap)))
	return terms
}

func kept(gap, all *Node, keep func(*Node) *Node) *Node {
	if keep == nil {
		return all
	}
	return LogicalAnd(all, keep(gap))
}

// chunkSize bounds the triplets looked at together, in numbers.
const chunkSize = 1 << 21

// allTriplets sums over all triplets in memory n·m: it walks through the [n, m, m] gaps some anchors at a time, without a
// gradient, and keeps how much each distance weighs, Σ_n slope for a positive and −Σ_p slope for a negative. The weighted
// sum of the distances has the same gradient as the loss.
func allTriplets(p Pairs, keep, value, slope func(*Node) *Node) Terms {
	n, m := p.Distances.Shape().Dim(0), p.Distances.Shape().Dim(1)
	rows := max(1, chunkSize/(m*m))
	var sum, count, active, seen, weights []*Node
	for first := 0; first < n; first += rows {
		t, w := tripletChunk(p, first, min(n, first+rows), keep, value, slope)
		sum, count = append(sum, t.Sum), append(count, t.Count)
		active, seen = append(active, t.Active), append(seen, t.Seen)
		weights = append(weights, w)
	}
	linear := sums(Mul(join(weights), p.Distances))
	return Terms{
		Sum:    Add(join(sum), Sub(linear, StopGradient(linear))), // the value of sum, the gradient of linear
		Count:  join(count),
		Active: join(active),
		Seen:   join(seen),
	}
}

// tripletChunk looks at the triplets of anchors first to last-1. weights [last-first, m] are the derivatives of the sum by
// each distance.
func tripletChunk(p Pairs, first, last int, keep, value, slope func(*Node) *Node) (terms Terms, weights *Node) {
	rows := func(x *Node) *Node { return StopGradient(Slice(x, AxisRange(first, last))) }
	distances := rows(p.Distances)
	gap := Sub(InsertAxes(distances, 2), InsertAxes(distances, 1)) // [rows, positive, negative]
	all := LogicalAnd(InsertAxes(rows(p.Same), 2), InsertAxes(rows(p.Different), 1))
	slopes := masked(kept(gap, all, keep), slope(gap))
	weights = StopGradient(Sub(ReduceSum(slopes, 2), ReduceSum(slopes, 1)))
	flat := func(x *Node) *Node { return Reshape(x, last-first, -1) }
	return keptTerms(flat(gap), flat(all), keep, value), weights
}

// join stacks parts along the first axis.
func join(parts []*Node) *Node {
	if len(parts) == 1 {
		return parts[0]
	}
	return Concatenate(parts, 0)
}

func atMost(x *Node, bound float64) *Node {
	return LessOrEqual(x, Scalar(x.Graph(), x.DType(), bound))
}

// softplus is log(1 + exp(x)), without overflow.
func softplus(x *Node) *Node { return Add(relu(x), Log1p(Exp(Neg(Abs(x))))) }
