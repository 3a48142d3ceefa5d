package metric

import . "github.com/gomlx/gomlx/core/graph"

// Quadruplet is the loss of Chen et al. 2017 ("Beyond triplet loss"), in two parts: [Triplet], and for each same pair (a, p)
// and different pair (k, l) with no label in common
//
//	max(d(a,p) − d(k,l) + between, 0)
//
// so that all same pairs get closer than all different ones. Of all (k, l) only the closest is taken, since there are as many
// quadruplets as the fourth power of the batch. The paper has margin 1 and between 0.5; between is to be the smaller.
func Quadruplet(margin, between float64) Loss {
	return Loss{
		Name: "quadruplet", Triplets: true, Collapsed: margin + between,
		Terms: func(p Pairs) []Terms {
			gap, some := p.gapElsewhere()
			apart := TermsOf(relu(AddScalar(gap, between)), LogicalAnd(p.Same, InsertAxes(some, 1)))
			return []Terms{hinge(margin).terms(p), apart}
		},
	}
}

// gapElsewhere is every distance of a row less the smallest one between two different classes that are not the anchor's
// [n, m], and whether there is one [n].
//
// Not all pairs are looked through for every anchor: of each row k its nearest other and the nearest of yet another class are
// enough, because one of the two is not of the anchor's class.
func (p Pairs) gapElsewhere() (gap, some *Node) {
	n := p.Distances.Shape().Dim(0)
	labels := BroadcastToDims(InsertAxes(p.OtherLabels, 0), p.Distances.Shape().Dimensions...)
	closest := func(mask *Node) (distance, there, label *Node) {
		mask = Nearest(StopGradient(p.Distances), mask)
		return sums(Masked(mask, p.Distances)), AnyOf(mask), sums(Masked(mask, labels))
	}
	first, someFirst, label := closest(p.Different)
	second, someSecond, _ := closest(LogicalAnd(p.Different, NotEqual(labels, InsertAxes(label, 1))))

	taken := equal(p.AnchorLabels, label) // [anchor, k]: the nearest of k is of the anchor's class
	toAll := func(x *Node) *Node { return BroadcastToDims(InsertAxes(x, 0), n, n) }
	distances := Where(taken, toAll(second), toAll(first))
	there := Where(taken, toAll(someSecond), toAll(someFirst))
	elsewhere := LogicalNot(equal(p.AnchorLabels, p.AnchorLabels))
	pick := Nearest(StopGradient(distances), LogicalAnd(there, elsewhere))
	return Sub(p.Distances, InsertAxes(sums(Masked(pick, distances)), 1)), AnyOf(pick)
}
