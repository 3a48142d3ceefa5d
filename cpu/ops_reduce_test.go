package cpu

import (
	"math/rand/v2"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
)

func TestSumsOfSquaresAreOneNodeAndEqualTheirOperations(t *testing.T) {
	sums := func(x *graph.Node) []*graph.Node {
		return []*graph.Node{graph.ReduceAllSum(graph.Square(x)), graph.ReduceSum(graph.Square(x), -1), graph.ReduceAllSum(graph.Mul(x, graph.Neg(x)))}
	}
	data := noise(rand.New(rand.NewPCG(1, 1)), 70, 130).data
	x := func() *tensors.Tensor { return tensors.FromFlatDataAndDimensions(data, 70, 130) }
	count := map[compute.OpType]int{}
	got, want := graph.MustExecOnceN(counting(t, count), sums, x()), graph.MustExecOnceN(unfused(t), sums, x())
	if count[opSquares] != 1 {
		t.Errorf("%d sums of squares are fused, want 1", count[opSquares])
	}
	for i := range want {
		if !got[i].InDelta(want[i], 1e-2) {
			t.Errorf("sum %d = %v, want %v", i, got[i], want[i])
		}
	}
}
