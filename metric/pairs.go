package metric

import (
	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
)

// Pairs is what miners narrow and losses see: n anchors against m others. A batch against itself has m = n.
type Pairs struct {
	Distances *Node // [n, m]
	Same      *Node // [n, m] bool: the labels agree, and it is not the same row
	Different *Node // [n, m] bool: the labels disagree
	// single says that a miner left at most one same and one different in every row.
	single bool
}

// Within compares a batch with itself: embeddings [n, d], labels [n] integers. An embedding is no pair with itself.
func Within(distance Distance, embeddings, labels *Node) Pairs {
	p := Against(distance, embeddings, labels, embeddings, labels)
	itself := Diagonal(labels.Graph(), labels.Shape().Dim(0))
	p.Same = LogicalAnd(p.Same, LogicalNot(itself))
	return p
}

// Against compares embeddings [n, d] with others [m, d], such as proxies or a memory, whose labels are otherLabels [m].
func Against(distance Distance, embeddings, labels, others, otherLabels *Node) Pairs {
	same := Equal(InsertAxes(labels, 1), InsertAxes(otherLabels, 0))
	return Pairs{Distances: distance.Matrix(embeddings, others), Same: same, Different: LogicalNot(same)}
}

// number turns a mask into zeros and ones of like's type.
func number(mask, like *Node) *Node { return ConvertDType(mask, like.DType()) }

// masked is x where mask holds, 0 elsewhere; no gradient flows from elsewhere.
func masked(mask, x *Node) *Node { return Where(mask, x, ZerosLike(x)) }

// far stands for infinity in masked minima and maxima; it is finite so that no gradient becomes NaN.
const far = 1e30

// sums adds along the last axis.
func sums(x *Node) *Node { return ReduceSum(x, -1) }

// anyOf is true in rows of mask [n, m] that hold a true, giving [n].
func anyOf(mask *Node) *Node {
	count := sums(ConvertDType(mask, dtypes.Int32))
	return GreaterThan(count, ScalarZero(mask.Graph(), dtypes.Int32))
}

// logSumExp is log Σ exp(x) over the entries of each row in mask, giving [n]; 0 for a row without any.
func logSumExp(x, mask *Node) *Node {
	low := MulScalar(OnesLike(x), -far)
	top := StopGradient(ReduceAndKeep(Where(mask, x, low), ReduceMax, -1))
	total := sums(Exp(Where(mask, Sub(x, top), low)))
	some := anyOf(mask)
	return masked(some, Add(Log(Where(some, total, OnesLike(total))), Reshape(top, -1)))
}
