package metric

import (
	"math"

	. "github.com/gomlx/gomlx/core/graph"
)

// Angular keeps the triplets whose angle at the negative is wider than so many degrees (Wang et al. 2017, "Deep Metric Learning
// with Angular Loss"): with c the middle between anchor and positive,
//
//	tan(angle) = |a − p| / (2 |n − c|)
//
// Whatever the objective's distance, the embeddings' Euclidean ones are compared. The paper has 36 to 55 degrees.
func Angular(degrees float64) Miner {
	square := math.Pow(math.Tan(degrees*math.Pi/180), 2)
	return Miner{Name: "angular", Embeddings: true, Keep: func(t Triplets) *Node {
		anchors, positives, others := t.Embeddings()
		ap := InsertAxes(squaredMatrix(anchors, positives), 2)
		an := InsertAxes(squaredMatrix(anchors, others), 1)
		pn := InsertAxes(squaredMatrix(positives, others), 0)
		// |n − c|² = (|n − a|² + |n − p|²)/2 − |a − p|²/4, so |a − p|² > 4 tan² |n − c|² is:
		return StopGradient(GreaterThan(MulScalar(ap, 1+square), MulScalar(Add(an, pn), 2*square)))
	}}
}
