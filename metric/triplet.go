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
	return tripletLoss("triplet", margin, hinge(margin))
}

// SoftMarginTriplet is the triplet loss with a soft margin, log(1 + exp(d(a,p) − d(a,n))) (Hermans et al. 2017, section 2),
// which has no margin to choose and goes on pulling. The paper has the Euclidean distance without unit length, and
// [BatchHard].
func SoftMarginTriplet() Loss {
	return tripletLoss("soft_margin_triplet", math.Ln2, gapLoss{softplus, Sigmoid})
}

// gapLoss is a loss of a triplet's gap d(a,p) − d(a,n) alone; slope is value's derivative.
type gapLoss struct{ value, slope func(gap *Node) *Node }

func hinge(margin float64) gapLoss {
	return gapLoss{
		value: func(gap *Node) *Node { return relu(AddScalar(gap, margin)) },
		slope: func(gap *Node) *Node { return number(LogicalNot(atMost(gap, -margin)), gap) },
	}
}

func tripletLoss(name string, collapsed float64, loss gapLoss) Loss {
	return Loss{
		Name: name, Triplets: true, Collapsed: collapsed,
		Terms: func(p Pairs) []Terms { return []Terms{loss.terms(p)} },
	}
}

// TripletTerms adds up value, a function of each number alone, of the gaps d(a,p) − d(a,n) of the triplets that the pairs make and
// the miner keeps. Its memory grows with n·m, not with the triplets.
func (p Pairs) TripletTerms(value func(gap *Node) *Node) Terms {
	return gapLoss{value, func(gap *Node) *Node { return Gradient(ReduceAllSum(value(gap)), gap)[0] }}.terms(p)
}

// terms adds up the triplets that the pairs make.
func (l gapLoss) terms(p Pairs) Terms {
	if p.Single {
		gap := Sub(sums(Masked(p.Same, p.Distances)), sums(Masked(p.Different, p.Distances)))
		return PerAnchor(l.value(gap), LogicalAnd(AnyOf(p.Same), AnyOf(p.Different)))
	}
	return l.all(p)
}

// Triplets are those that a anchors make with p of their positives and with all m others, as a miner sees them. Nothing of them has
// a gradient.
type Triplets struct {
	Positive, Negative *Node // the distances [a, p, 1] and [a, 1, m]
	Gap                *Node // Positive − Negative, [a, p, m]; also where labels make no triplet

	pairs  Pairs
	chunk  chunk
	wanted *Node // like Gap: whether labels and miner make it a triplet
	seen   *Node // [a]: how many triplets there are before the miner's choice
}

// chunk is some anchors, first to last−1, with some of their positives, from to to−1.
type chunk struct{ first, last, from, to int }

// Embeddings are those of the anchors [a, d], of the positives [p, d], and of the others [m, d]. Only a miner with Embeddings set
// has them; for others it panics.
func (t Triplets) Embeddings() (anchors, positives, others *Node) {
	if t.pairs.listed != nil {
		panic("metric: a miner of triplets looks at embeddings, but its Embeddings is not set")
	}
	others = t.pairs.Others
	return Slice(t.pairs.Anchors, AxisRange(t.chunk.first, t.chunk.last)), Slice(others, AxisRange(t.chunk.from, t.chunk.to)), others
}

// chunkSize bounds the triplets looked at together.
const chunkSize = 1 << 21

// all sums over all triplets in memory n·m: with w positives of each anchor it walks through their [n, w, m] gaps a chunk at a
// time, without a gradient, and keeps how much each distance weighs, Σ_n slope for a positive and −Σ_p slope for a negative.
// The weighted sum of the distances has the same gradient as the loss.
func (l gapLoss) all(p Pairs) Terms {
	near, there := p.positives()
	n, m, w := p.Distances.Shape().Dim(0), p.Distances.Shape().Dim(1), near.Shape().Dim(1)
	rows, columns := max(1, chunkSize/(w*m)), max(1, chunkSize/m)
	var terms []Terms
	var pull, push []*Node // the weights of positives [n, w] and of negatives [n, m], by anchors
	for first := 0; first < n; first += rows {
		var ofAnchors Terms
		var toward []*Node
		var away *Node
		for from := 0; from < w; from += columns {
			t := p.triplets(near, there, chunk{first, min(n, first+rows), from, min(w, from+columns)})
			slopes := Masked(t.wanted, l.slope(t.Gap))
			ofAnchors = ofAnchors.plus(t.terms(l))
			toward, away = append(toward, ReduceSum(slopes, 2)), plus(away, ReduceSum(slopes, 1))
		}
		terms, pull, push = append(terms, ofAnchors), append(pull, join(toward, 1)), append(push, away)
	}
	weighed := func(weights []*Node, distances *Node) *Node {
		return sums(Mul(StopGradient(join(weights, 0)), distances))
	}
	linear := Sub(weighed(pull, near), weighed(push, p.Distances))
	total := joinTerms(terms)
	total.Sum = Add(total.Sum, Sub(linear, StopGradient(linear))) // the value of Sum, the gradient of linear
	return total
}

// positives are the distances to the candidates for an anchor's positives [n, w], and which of them are: those listed, or all
// others.
func (p Pairs) positives() (distances, there *Node) {
	if p.listed == nil {
		return p.Distances, p.Same
	}
	n, m := p.Distances.Shape().Dim(0), p.Distances.Shape().Dim(1)
	flat := func(x *Node) *Node { return Reshape(x, n*m) }
	row := MulScalar(InsertAxes(count(p.listed.Graph(), n), 1), m)
	at := InsertAxes(Add(MaxScalar(p.listed, 0), row), -1)
	same := Gather(flat(number(p.Same, p.Distances)), at)
	return Gather(flat(p.Distances), at), LogicalAnd(LogicalNot(below(same, 0.5)), GreaterOrEqual(p.listed, ZerosLike(p.listed)))
}

// triplets lists those of a chunk, whose positives are candidates: their distances are near, and there says which are positives.
func (p Pairs) triplets(near, there *Node, c chunk) Triplets {
	part := func(x *Node, columns SliceAxisSpec) *Node {
		return StopGradient(Slice(x, AxisRange(c.first, c.last), columns))
	}
	positives, all := AxisRange(c.from, c.to), AxisRange()
	t := Triplets{
		Positive: InsertAxes(part(near, positives), 2), Negative: InsertAxes(part(p.Distances, all), 1),
		pairs: p, chunk: c,
	}
	t.Gap = Sub(t.Positive, t.Negative)
	t.wanted = LogicalAnd(InsertAxes(part(there, positives), 2), InsertAxes(part(p.Different, all), 1))
	t.seen = counts(Reshape(t.wanted, c.last-c.first, -1), t.Gap)
	if p.keep != nil {
		t.wanted = LogicalAnd(t.wanted, p.keep(t))
	}
	return t
}

// terms adds up the values of the wanted triplets.
func (t Triplets) terms(l gapLoss) Terms {
	flat := func(x *Node) *Node { return Reshape(x, t.chunk.last-t.chunk.first, -1) }
	terms := TermsOf(flat(l.value(t.Gap)), flat(t.wanted))
	terms.Seen = t.seen
	return terms
}

// plus adds more tuples of the same anchors; t may be empty.
func (t Terms) plus(more Terms) Terms {
	return Terms{
		Sum: plus(t.Sum, more.Sum), Count: plus(t.Count, more.Count),
		Active: plus(t.Active, more.Active), Seen: plus(t.Seen, more.Seen),
	}
}

// joinTerms stacks the terms of different anchors.
func joinTerms(parts []Terms) Terms {
	field := func(of func(Terms) *Node) *Node {
		var nodes []*Node
		for _, t := range parts {
			nodes = append(nodes, of(t))
		}
		return join(nodes, 0)
	}
	return Terms{
		Sum:    field(func(t Terms) *Node { return t.Sum }),
		Count:  field(func(t Terms) *Node { return t.Count }),
		Active: field(func(t Terms) *Node { return t.Active }),
		Seen:   field(func(t Terms) *Node { return t.Seen }),
	}
}

// join concatenates parts along an axis.
func join(parts []*Node, axis int) *Node {
	if len(parts) == 1 {
		return parts[0]
	}
	return Concatenate(parts, axis)
}
