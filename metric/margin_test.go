package metric

import (
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
)

func TestTheBoundaryIsLearned(t *testing.T) {
	e, labels := batch(10, 3, true)
	objective := Objective{Distance: Euclidean(), Loss: Margin(0.2, 1.2), Reducer: Sum()}
	c := compile(t, func(scope *model.Scope, x, l *Node) []*Node {
		scope = scope.In("objective")
		objective.Declare(scope, 3)
		loss := objective.Apply(scope, Batch{Embeddings: x, Labels: l}).Loss
		slope := Gradient(loss, scope.GetVariable("boundary").NodeValue(x))[0]
		return []*Node{loss, ConvertDType(slope, x.DType())}
	})
	lossAt := func(boundary float32) []float64 {
		v := c.store.GetVariable("/objective/boundary")
		if err := v.SetValue(tensors.FromScalar(boundary)); err != nil {
			t.Fatal(err)
		}
		got := c.run(e, labels)
		return []float64{got[0][0], got[1][0]}
	}
	c.run(e, labels) // makes the variable
	const step = 1.0 / 128
	want := (lossAt(1.2 + step)[0] - lossAt(1.2 - step)[0]) / (2 * step)
	if got := lossAt(1.2)[1]; !near(got, want, 1e-2) || want == 0 {
		t.Errorf("derivative by the boundary = %v, want %v", got, want)
	}
}
