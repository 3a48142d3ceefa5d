package metric

import . "github.com/gomlx/gomlx/core/graph"

// NPairs is the multi-class N-pair loss (Sohn 2016): of each class in the batch the first example is an anchor and the next
// its positive, and the other classes' positives are its negatives:
//
//	−log( exp(−d_p/τ) / (exp(−d_p/τ) + Σ_n exp(−d_n/τ)) )
//
// All other examples have no part in it: two of each class are enough. The paper has the distance [NegativeDot] without unit length,
// temperature τ 1 and the regularizer [Length]; unit vectors want a smaller τ, as in [NTXent].
func NPairs(temperature float64) Loss {
	return Loss{Name: "n_pairs", Terms: func(p Pairs) []Terms { return []Terms{infoNCE(p.onePerClass(), temperature)} }}
}

// onePerClass leaves the first anchor of each label, the first other of its label, and the first others of other labels.
func (p Pairs) onePerClass() Pairs {
	g, n := p.Same.Graph(), p.Same.Shape().Dim(0)
	earlier := LessThan(InsertAxes(count(g, n), 0), InsertAxes(count(g, n), 1))
	first := LogicalNot(AnyOf(LogicalAnd(earlier, equal(p.AnchorLabels, p.AnchorLabels))))
	index := Iota(g, p.Distances.Shape(), 1)
	p.Same = LogicalAnd(Nearest(index, p.Same), InsertAxes(first, 1))
	positives := AnyOf(Transpose(p.Same, 0, 1))
	p.Different = LogicalAnd(p.Different, LogicalAnd(InsertAxes(first, 1), InsertAxes(positives, 0)))
	return p
}
