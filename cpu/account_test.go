package cpu

import (
	"testing"
	"time"

	"github.com/gomlx/gomlx/core/graph"
)

func TestTheAccountHasWhatTimeWentInto(t *testing.T) {
	backend, err := New(Options{Threads: 2})
	if err != nil {
		t.Fatal(err)
	}
	defer backend.Finalize()
	exec := graph.MustNewExec(backend, func(x *graph.Node) *graph.Node {
		return graph.ReduceAllSum(graph.MatMul(x, graph.Transpose(x, 0, 1)))
	})
	x := make([][]float32, 64)
	for i := range x {
		x[i] = make([]float32, 48)
	}
	exec.MustCall(x)
	sums := backend.(*Backend).Account()
	start := time.Now()
	exec.MustCall(x)
	took, all := time.Since(start), time.Duration(0)
	first := sums()
	for _, part := range first {
		all += part
	}
	if first["Dot"] <= 0 || first["ReduceSum"] <= 0 || first[executionName] <= 0 || all > took {
		t.Errorf("of %v the account has %v", took, first)
	}
	exec.MustCall(x)
	if second := sums(); second["Dot"] <= first["Dot"] {
		t.Errorf("the account has %v, and after another execution %v", first, second)
	}
}
