package metric

import (
	"math"

	. "github.com/gomlx/gomlx/core/graph"
)

// The losses of this file are classification: pairs are embeddings against one proxy per class, with the cosine distance.

// NormalizedSoftmax is cross-entropy over the classes with logits −scale·d (Zhai and Wu 2019; also ProxyNCA++).
func NormalizedSoftmax(scale float64) Loss {
	return classLoss("normalized_softmax", scale, func(d *Node) *Node { return d })
}

// CosFace is [NormalizedSoftmax] with margin added to the distance to the own class (Wang et al. 2018, equation 4).
func CosFace(margin, scale float64) Loss {
	return classLoss("cosface", scale, func(d *Node) *Node { return AddScalar(d, margin) })
}

// ArcFace is [NormalizedSoftmax] with margin, in radians, added to the angle to the own class (Deng et al. 2019, equation 3). Where
// that passes π it goes on as a straight line, so that the loss still grows with the angle.
func ArcFace(margin, scale float64) Loss {
	return classLoss("arcface", scale, func(d *Node) *Node {
		cosine := OneMinus(d)
		sine := Sqrt(MaxScalar(OneMinus(Square(cosine)), 1e-6))
		wider := Sub(MulScalar(cosine, math.Cos(margin)), MulScalar(sine, math.Sin(margin)))
		line := AddScalar(cosine, -margin*math.Sin(margin))
		fits := LogicalNot(atMost(cosine, -math.Cos(margin)))
		return OneMinus(Where(fits, wider, line))
	})
}

// classLoss is cross-entropy with logits −scale·d, where penalize changes the distance to the own class.
func classLoss(name string, scale float64, penalize func(d *Node) *Node) Loss {
	return Loss{Name: name, terms: func(p Pairs, _ func(*Node) *Node) Terms {
		distances := Where(p.Same, penalize(p.Distances), p.Distances)
		logits := MulScalar(distances, -scale)
		own := sums(masked(p.Same, logits))
		all := logSumExp(logits, LogicalOr(p.Same, p.Different))
		return one(Sub(all, own), anyOf(p.Same))
	}}
}
