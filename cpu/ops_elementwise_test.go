package cpu

import (
	"testing"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
)

func TestOneConditionChoosesAWholeOperand(t *testing.T) {
	b := newTestBackend(t, Options{})
	choose := func(limit, x, y *graph.Node) []*graph.Node {
		is := graph.GreaterThan(limit, graph.ScalarZero(limit.Graph(), limit.DType()))
		return []*graph.Node{graph.Where(is, x, y), graph.Where(is, x, graph.ScalarOne(x.Graph(), x.DType())), graph.Where(is, limit, y)}
	}
	x, y := []float32{1, 2, 3, 4}, []float32{5, 6, 7, 8}
	for limit, want := range map[float32][][]float32{
		2:  {x, x, {2, 2, 2, 2}},
		-1: {y, {1, 1, 1, 1}, y},
	} {
		for i, got := range graph.MustExecOnceN(b, choose, limit, x, y) {
			if !got.Equal(tensors.FromValue(want[i])) {
				t.Errorf("choice %d with limit %v = %v, want %v", i, limit, got, want[i])
			}
		}
	}
}
