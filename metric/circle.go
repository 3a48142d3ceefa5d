package metric

import . "github.com/gomlx/gomlx/core/graph"

// Circle is the circle loss (Sun et al. 2020, equation 6, its four margins tied to one), written with distances: for
// each anchor
//
//	log(1 + Σ_same exp(scale·w(d − margin)) · Σ_different exp(scale·v(1 − d − margin)))
//
// with the weights w = max(d + margin, 0) and v = max(1 − d + margin, 0), through which no gradient flows. It needs the
// cosine distance; the paper has margin 0.25 and scale 256 for faces and people, 0.4 and 80 for retrieval.
func Circle(margin, scale float64) Loss {
	return Loss{Name: "circle", Terms: func(p Pairs) []Terms {
		weighed := func(x *Node) *Node { // of the distance to pull, or of the similarity to push
			weight := StopGradient(relu(AddScalar(x, margin)))
			return MulScalar(Mul(weight, AddScalar(x, -margin)), scale)
		}
		pull := LogSumExp(weighed(p.Distances), p.Same)
		push := LogSumExp(weighed(OneMinus(p.Distances)), p.Different)
		return []Terms{PerAnchor(softplus(Add(pull, push)), LogicalAnd(AnyOf(p.Same), AnyOf(p.Different)))}
	}}
}
