package metric

import (
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
)

// Pairs is what miners narrow and losses see: n anchors against m others. A batch against itself has m = n.
type Pairs struct {
	Distances *Node // [n, m]
	Same      *Node // [n, m] bool: the labels agree, and it is not the same row
	Different *Node // [n, m] bool: the labels disagree

	Anchors, Others           *Node // the embeddings compared, [n, d] and [m, d]
	AnchorLabels, OtherLabels *Node // [n] and [m]

	// Scope holds what a loss learns, and the random numbers of miners.
	Scope *model.Scope
	// Single says that a miner left at most one same and one different in every row, which makes triplets cheap.
	Single bool

	// keep says which of the triplets that the pairs make count; nil keeps all.
	keep func(Triplets) *Node
	// listed are the columns [n, w] of each anchor's positives, filled up with −1; nil when they are not listed.
	listed *Node
}

// Within compares a batch with itself: embeddings [n, d], labels [n] integers. An embedding is no pair with itself.
func Within(distance Distance, embeddings, labels *Node) Pairs {
	return Against(distance, embeddings, labels, embeddings, labels).withoutItself()
}

// Against compares embeddings [n, d] with others [m, d], such as proxies or a memory, whose labels are otherLabels [m].
func Against(distance Distance, embeddings, labels, others, otherLabels *Node) Pairs {
	p := Pairs{
		Distances: distance.Matrix(embeddings, others),
		Anchors:   embeddings, Others: others, AnchorLabels: labels, OtherLabels: otherLabels,
	}
	p.Same = equal(labels, otherLabels)
	p.Different = LogicalNot(p.Same)
	return p
}

// withoutItself takes row i out of the others of anchor i.
func (p Pairs) withoutItself() Pairs {
	g, n, m := p.Same.Graph(), p.Same.Shape().Dim(0), p.Same.Shape().Dim(1)
	p.Same = LogicalAnd(p.Same, LogicalNot(equal(count(g, n), count(g, m))))
	return p
}

// equal compares every number of a [n] with every one of b [m], giving [n, m].
func equal(a, b *Node) *Node { return Equal(InsertAxes(a, 1), InsertAxes(b, 0)) }

// count is 0, 1, …, n−1.
func count(g *Graph, n int) *Node { return IotaFull(g, shapes.Make(dtypes.Int32, n)) }

// number turns a mask into zeros and ones of like's type.
func number(mask, like *Node) *Node { return ConvertDType(mask, like.DType()) }

// Masked is x where mask holds, 0 elsewhere; no gradient flows from elsewhere.
func Masked(mask, x *Node) *Node { return Where(mask, x, ZerosLike(x)) }

// far stands for infinity in masked minima and maxima; it is finite so that no gradient becomes NaN.
const far = 1e30

// sums adds along the last axis.
func sums(x *Node) *Node { return ReduceSum(x, -1) }

// AnyOf is true in rows of mask [n, m] that hold a true, giving [n].
func AnyOf(mask *Node) *Node {
	count := sums(ConvertDType(mask, dtypes.Int32))
	return GreaterThan(count, ScalarZero(mask.Graph(), dtypes.Int32))
}

// LogSumExp is log Σ exp(x) over the entries of each row in mask, giving [n]; 0 for a row without any.
func LogSumExp(x, mask *Node) *Node {
	low := scalars(x, -far)
	top := StopGradient(ReduceAndKeep(Where(mask, x, low), ReduceMax, -1))
	total := sums(Exp(Where(mask, Sub(x, top), low)))
	some := AnyOf(mask)
	return Masked(some, Add(Log(Where(some, total, OnesLike(total))), Reshape(top, -1)))
}

// relu is max(x, 0).
func relu(x *Node) *Node { return MaxScalar(x, 0) }

// softplus is log(1 + exp(x)), without overflow.
func softplus(x *Node) *Node { return Add(relu(x), Log1p(Exp(Neg(Abs(x))))) }

// scalars is an array like x filled with value.
func scalars(x *Node, value float64) *Node { return MulScalar(OnesLike(x), value) }

func below(x *Node, bound float64) *Node { return LessThan(x, Scalar(x.Graph(), x.DType(), bound)) }

func atMost(x *Node, bound float64) *Node { return LessOrEqual(x, Scalar(x.Graph(), x.DType(), bound)) }
