package metric

import (
	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
)

// Miner picks, after encoding, which pairs or triplets of a batch a loss sees. Picking has no gradient.
//
// A triplet's gap is d(a,p) − d(a,n): easy below −margin, semi-hard from −margin to below 0, hard from 0 on.
type Miner struct {
	Name string
	// pick narrows the pairs; nil keeps all.
	pick func(Pairs) Pairs
	// keep says which triplets of the remaining pairs count, by their gap; nil keeps all.
	keep func(gap *Node) *Node
}

// narrow applies the miner's choice of pairs.
func (m Miner) narrow(p Pairs) Pairs {
	if m.pick == nil {
		return p
	}
	return m.pick(p)
}

// All keeps every pair and every triplet ("batch-all").
func All() Miner { return Miner{Name: "all"} }

// Easy keeps the triplets that already keep the margin.
func Easy(margin float64) Miner {
	return Miner{Name: "easy", keep: func(gap *Node) *Node { return below(gap, -margin) }}
}

// SemiHard keeps the triplets whose negative is farther than the positive, but by less than the margin, as FaceNet does
// (Schroff et al. 2015, section 3.2).
func SemiHard(margin float64) Miner {
	return Miner{Name: "semi_hard", keep: func(gap *Node) *Node {
		return LogicalAnd(LogicalNot(below(gap, -margin)), below(gap, 0))
	}}
}

// Hard keeps the triplets whose negative is no farther than the positive.
func Hard() Miner {
	return Miner{Name: "hard", keep: func(gap *Node) *Node { return LogicalNot(below(gap, 0)) }}
}

// BatchHard keeps each anchor's farthest positive and nearest negative (Hermans et al. 2017, equation 5).
func BatchHard() Miner {
	return Miner{Name: "batch_hard", pick: func(p Pairs) Pairs {
		distances := StopGradient(p.Distances)
		p.Same = farthest(distances, p.Same)
		p.Different = nearest(distances, p.Different)
		p.single = true
		return p
	}}
}

// BatchSemiHard keeps each anchor's farthest positive, and the nearest negative that is farther than it; where no negative
// is, the farthest negative.
func BatchSemiHard() Miner {
	return Miner{Name: "batch_semi_hard", pick: func(p Pairs) Pairs {
		distances := StopGradient(p.Distances)
		p.Same = farthest(distances, p.Same)
		positive := InsertAxes(sums(masked(p.Same, distances)), 1)
		beyond := LogicalAnd(p.Different, GreaterThan(distances, positive))
		some := BroadcastToShape(InsertAxes(anyOf(beyond), 1), beyond.Shape())
		p.Different = Where(some, nearest(distances, beyond), farthest(distances, p.Different))
		p.single = true
		return p
	}}
}

// EasyPositive keeps each anchor's nearest positive and nearest negative (Xuan et al. 2020): classes with several modes need
// not be pulled into one.
func EasyPositive() Miner {
	return Miner{Name: "easy_positive", pick: func(p Pairs) Pairs {
		distances := StopGradient(p.Distances)
		p.Same = nearest(distances, p.Same)
		p.Different = nearest(distances, p.Different)
		p.single = true
		return p
	}}
}

// Informative keeps the positives farther than the nearest negative less slack, and the negatives nearer than the farthest
// positive plus slack (Wang et al. 2019, "Multi-Similarity Loss", equations 8 and 9). slack is 0.1 in the paper.
func Informative(slack float64) Miner {
	return Miner{Name: "informative", pick: func(p Pairs) Pairs {
		distances := StopGradient(p.Distances)
		low := ReduceAndKeep(Where(p.Different, distances, scalars(distances, far)), ReduceMin, -1)
		high := ReduceAndKeep(Where(p.Same, distances, scalars(distances, -far)), ReduceMax, -1)
		p.Same = LogicalAnd(p.Same, GreaterThan(distances, AddScalar(low, -slack)))
		p.Different = LogicalAnd(p.Different, LessThan(distances, AddScalar(high, slack)))
		return p
	}}
}

func below(x *Node, bound float64) *Node { return LessThan(x, Scalar(x.Graph(), x.DType(), bound)) }

// scalars is an array like x filled with value.
func scalars(x *Node, value float64) *Node { return MulScalar(OnesLike(x), value) }

// nearest narrows mask to the first smallest distance of each row.
func nearest(distances, mask *Node) *Node {
	return LogicalAnd(mask, chosen(ArgMin(Where(mask, distances, scalars(distances, far)), -1), mask))
}

// farthest narrows mask to the first largest distance of each row.
func farthest(distances, mask *Node) *Node {
	return LogicalAnd(mask, chosen(ArgMax(Where(mask, distances, scalars(distances, -far)), -1), mask))
}

// chosen is true at column index[i] of each row i.
func chosen(index, mask *Node) *Node {
	shape := mask.Shape().Clone()
	shape.DType = dtypes.Int32
	return Equal(Iota(mask.Graph(), shape, 1), InsertAxes(index, 1))
}
