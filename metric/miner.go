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
	// Pick narrows Same and Different of the pairs; nil keeps all. [Nearest] and [Farthest] serve it.
	Pick func(Pairs) Pairs
	// Keep says which triplets of the remaining pairs count, as a mask like Triplets.Gap; nil keeps all.
	Keep func(Triplets) *Node
	// Embeddings says that the miner compares embeddings itself, so that proxies are no match.
	Embeddings bool
}

// narrow applies the miner's choice.
func (m Miner) narrow(p Pairs) Pairs {
	if m.Pick != nil {
		p = m.Pick(p)
	}
	if p.keep = m.Keep; m.Keep != nil && m.Embeddings {
		p.listed = nil // such a miner looks positives up by column
	}
	return p
}

// All keeps every pair and every triplet ("batch-all").
func All() Miner { return Miner{Name: "all"} }

// Easy keeps the triplets that already keep the margin.
func Easy(margin float64) Miner {
	return Miner{Name: "easy", Keep: func(t Triplets) *Node { return below(t.Gap, -margin) }}
}

// SemiHard keeps the triplets whose negative is farther than the positive, but by less than the margin, as FaceNet does
// (Schroff et al. 2015, section 3.2).
func SemiHard(margin float64) Miner {
	return Miner{Name: "semi_hard", Keep: func(t Triplets) *Node {
		return LogicalAnd(LogicalNot(below(t.Gap, -margin)), below(t.Gap, 0))
	}}
}

// Hard keeps the triplets whose negative is no farther than the positive.
func Hard() Miner {
	return Miner{Name: "hard", Keep: func(t Triplets) *Node { return LogicalNot(below(t.Gap, 0)) }}
}

// Nearest narrows mask to the first smallest distance of each row.
func Nearest(distances, mask *Node) *Node {
	return LogicalAnd(mask, chosen(ArgMin(Where(mask, distances, scalars(distances, far)), -1), mask))
}

// Farthest narrows mask to the first largest distance of each row.
func Farthest(distances, mask *Node) *Node {
	return LogicalAnd(mask, chosen(ArgMax(Where(mask, distances, scalars(distances, -far)), -1), mask))
}

// chosen is true at column index[i] of each row i.
func chosen(index, mask *Node) *Node {
	shape := mask.Shape().Clone()
	shape.DType = dtypes.Int32
	return Equal(Iota(mask.Graph(), shape, 1), InsertAxes(index, 1))
}
