package metric

import . "github.com/gomlx/gomlx/core/graph"

// NormalizedSoftmax is cross-entropy over the classes with logits −scale·d, where d are distances to one proxy per class
// (Zhai and Wu 2019, whose temperature is 1/scale). The paper has the cosine distance and scale 20.
func NormalizedSoftmax(scale float64) Loss {
	return classLoss("normalized_softmax", scale, func(d *Node) *Node { return d })
}

// ProxyNCA is ProxyNCA++ (Teh, DeVries and Taylor 2020): cross-entropy over the classes with logits −‖x − p‖²/T
// of unit vectors. With the cosine distance it is the paper's, since ‖x − p‖² is then 2d; the paper has temperature T 1/9.
//
// The first ProxyNCA (Movshovitz-Attias et al. 2017) leaves the own class out of the denominator, so that it can be
// negative; this one does not.
func ProxyNCA(temperature float64) Loss {
	return classLoss("proxy_nca", 2/temperature, func(d *Node) *Node { return d })
}

// classLoss is cross-entropy over one proxy per class with logits −scale·d, where penalize changes the distance to the own
// class.
func classLoss(name string, scale float64, penalize func(d *Node) *Node) Loss {
	return Loss{Name: name, Proxies: true, Terms: func(p Pairs) []Terms {
		distances := Where(p.Same, penalize(p.Distances), p.Distances)
		logits := MulScalar(distances, -scale)
		own := sums(Masked(p.Same, logits))
		all := LogSumExp(logits, LogicalOr(p.Same, p.Different))
		return []Terms{PerAnchor(Sub(all, own), AnyOf(p.Same))}
	}}
}
