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
		Name: name, triplets: true, collapsed: collapsed,
		terms: func(p Pairs) []Terms { return []Terms{loss.terms(p)} },
	}
}

// terms adds up the triplets that the pairs make.
func (l gapLoss) terms(p Pairs) Terms {
	if p.single {
		gap := Sub(sums(masked(p.Same, p.Distances)), sums(masked(p.Different, p.Distances)))
		return one(l.value(gap), LogicalAnd(anyOf(p.Same), anyOf(p.Different)))
	}
	return l.all(p)
}

// triplets are those that anchors first to last−1 make with positives from to to−1 and with all negatives.
type triplets struct {
	pairs                 Pairs
	first, last, from, to int
	gap                   *Node // [last−first, to−from, m], without a gradient
	wanted                *Node // like gap: whether labels and miner make it a triplet
	seen                  *Node // [last−first]: how many triplets there are before the miner's choice
}

// chunkSize bounds the triplets looked at together.
const chunkSize = 1 << 21

// all sums over all triplets in memory n·m: it walks through their [n, m, m] gaps a chunk at a time, without a gradient, and
// keeps how much each distance weighs, Σ_n slope for a positive and −Σ_p slope for a negative. The weighted sum of the
// distances has the same gradient as the loss.
func (l gapLoss) all(p Pairs) Terms {
	n, m := p.Distances.Shape().Dim(0), p.Distances.Shape().Dim(1)
	rows, columns := max(1, chunkSize/(m*m)), max(1, chunkSize/m)
	var terms []Terms
	var weights []*Node
	for first := 0; first < n; first += rows {
		t, w := l.ofAnchors(p, first, min(n, first+rows), columns)
		terms, weights = append(terms, t), append(weights, w)
	}
	linear := sums(Mul(join(weights, 0), p.Distances))
	all := joinTerms(terms)
	all.Sum = Add(all.Sum, Sub(linear, StopGradient(linear))) // the value of Sum, the gradient of linear
	return all
}

// ofAnchors looks at the triplets of anchors first to last−1, so many positives at once. weights [last−first, m] are the
// derivatives of their sum by each distance.
func (l gapLoss) ofAnchors(p Pairs, first, last, columns int) (terms Terms, weights *Node) {
	m := p.Distances.Shape().Dim(1)
	var pull []*Node // by positive
	var push *Node   // by negative
	for from := 0; from < m; from += columns {
		t := p.triplets(first, last, from, min(m, from+columns))
		slopes := masked(t.wanted, l.slope(t.gap))
		pull = append(pull, ReduceSum(slopes, 2))
		if from == 0 {
			terms, push = t.terms(l), ReduceSum(slopes, 1)
		} else {
			terms, push = terms.plus(t.terms(l)), Add(push, ReduceSum(slopes, 1))
		}
	}
	return terms, StopGradient(Sub(join(pull, 1), push))
}

// triplets lists those of anchors first to last−1 with positives from to to−1.
func (p Pairs) triplets(first, last, from, to int) triplets {
	part := func(x *Node, columns SliceAxisSpec) *Node {
		return StopGradient(Slice(x, AxisRange(first, last), columns))
	}
	positives, all := AxisRange(from, to), AxisRange()
	t := triplets{pairs: p, first: first, last: last, from: from, to: to}
	t.gap = Sub(InsertAxes(part(p.Distances, positives), 2), InsertAxes(part(p.Distances, all), 1))
	t.wanted = LogicalAnd(InsertAxes(part(p.Same, positives), 2), InsertAxes(part(p.Different, all), 1))
	t.seen = counts(Reshape(t.wanted, last-first, -1), t.gap)
	if p.keep != nil {
		t.wanted = LogicalAnd(t.wanted, p.keep(t))
	}
	return t
}

// terms adds up the values of the wanted triplets.
func (t triplets) terms(l gapLoss) Terms {
	flat := func(x *Node) *Node { return Reshape(x, t.last-t.first, -1) }
	terms := termsOf(flat(l.value(t.gap)), flat(t.wanted))
	terms.Seen = t.seen
	return terms
}

// plus adds the tuples of the same anchors.
func (t Terms) plus(more Terms) Terms {
	return Terms{
		Sum: Add(t.Sum, more.Sum), Count: Add(t.Count, more.Count),
		Active: Add(t.Active, more.Active), Seen: Add(t.Seen, more.Seen),
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
