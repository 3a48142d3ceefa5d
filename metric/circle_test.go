package metric

import (
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
)

// The derivative that the paper means takes the weights as constants, so that central differences of the loss are not it.
func TestCircleHoldsItsWeights(t *testing.T) {
	row := lossTable["Circle"]
	e, labels := row.problem(8, 3)
	gradient := run(t, func(x, l *Node) []*Node {
		return Gradient(ReduceAllSum(row.loss.Terms(Within(row.distance, x, l))[0].Sum), x)
	}, e, labels)[0]
	oracle := circleOracle(0.25, 8, matrix(cosine, e))
	checkGradient(t, gradient, e, func() (sum float64) {
		for _, values := range oracle(writtenOut(matrix(cosine, e), labels))[0] {
			for _, v := range values {
				sum += v
			}
		}
		return sum
	})
}
