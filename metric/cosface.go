package metric

import . "github.com/gomlx/gomlx/core/graph"

// CosFace is [NormalizedSoftmax] with margin added to the distance to the own class (Wang et al. 2018, "CosFace", equation
// 4). The paper has the cosine distance, margin 0.35 and scale 64.
func CosFace(margin, scale float64) Loss {
	return classLoss("cosface", scale, func(d *Node) *Node { return AddScalar(d, margin) })
}
