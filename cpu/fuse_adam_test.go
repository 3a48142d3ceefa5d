package cpu

import (
	"math"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/train"
	"github.com/gomlx/gomlx/ml/train/loss"
	"github.com/gomlx/gomlx/ml/train/optimizer"
)

// counting is a backend that adds up the nodes of its graphs by operation.
func counting(t *testing.T, total map[compute.OpType]int) compute.Backend {
	b := newTestBackend(t, Options{}).(*Backend)
	b.inspect = func(g *body) {
		for op, n := range g.count() {
			total[op] += n
		}
	}
	return b
}

// trainLine fits a line with 3 slopes by an optimizer, and returns the losses.
func trainLine(t *testing.T, backend compute.Backend, by optimizer.Interface) []float32 {
	t.Helper()
	store := model.NewStore()
	store.SetParam(model.ParamInitialSeed, int64(1))
	line := func(scope *model.Scope, x *graph.Node) *graph.Node {
		w := scope.VariableWithShape("w", x.Shape()).NodeValue(x.Graph())
		return graph.ReduceAndKeep(graph.Mul(x, w), graph.ReduceSum, -1)
	}
	trainer := train.NewTrainer(backend, store, line, loss.MeanSquaredError, by, nil, nil)
	x := tensors.FromFlatDataAndDimensions([]float32{1, -2, 3, 0.5, 4, -1}, 2, 3)
	y := tensors.FromFlatDataAndDimensions([]float32{1, 2}, 2, 1)
	var losses []float32
	for range 5 {
		metrics, err := trainer.TrainStep(train.Batch{Inputs: []*tensors.Tensor{x}, Labels: []*tensors.Tensor{y}})
		if err != nil {
			t.Fatal(err)
		}
		losses = append(losses, metrics[0].Value().(float32))
	}
	return losses
}

func TestAdamIsOneNodeAndEqualsItsOperations(t *testing.T) {
	for name, by := range map[string]func() optimizer.Interface{
		"Adam":  func() optimizer.Interface { return optimizer.Adam().LearningRate(0.1).Done() },
		"AdamW": func() optimizer.Interface { return optimizer.Adam().LearningRate(0.1).WeightDecay(0.1).Done() },
	} {
		t.Run(name, func(t *testing.T) {
			count := map[compute.OpType]int{}
			got, want := trainLine(t, counting(t, count), by()), trainLine(t, unfused(t), by())
			if count[opAdam] != 1 {
				t.Errorf("a step has %d fused updates, want 1 among %v", count[opAdam], count)
			}
			for i := range want {
				if math.Abs(float64(got[i]-want[i])) > 1e-5*float64(want[i]) {
					t.Errorf("loss of step %d = %v, want %v", i, got[i], want[i])
				}
			}
		})
	}
}

func TestAnUpdateWhoseRateDependsOnItsAveragesIsNotFused(t *testing.T) {
	update := func(p, m, v, g *graph.Node) []*graph.Node {
		m = graph.Add(graph.MulScalar(m, 0.9), graph.MulScalar(g, 0.1))
		v = graph.Add(graph.MulScalar(v, 0.99), graph.MulScalar(graph.Mul(g, g), 0.01))
		rate := graph.ReduceAllMax(graph.Abs(m))
		return []*graph.Node{graph.Sub(p, graph.Div(graph.Mul(m, rate), graph.AddScalar(graph.Sqrt(v), 0.1))), m, v}
	}
	count := map[compute.OpType]int{}
	p, m, v, g := []float32{1, 2, 3}, []float32{0, 1, -1}, []float32{1, 1, 4}, []float32{-2, 0.5, 1}
	got := graph.MustExecOnceN(counting(t, count), update, p, m, v, g)
	want := graph.MustExecOnceN(unfused(t), update, p, m, v, g)
	if count[opAdam] != 0 {
		t.Errorf("%d updates are fused, want 0", count[opAdam])
	}
	for i := range want {
		if !got[i].InDelta(want[i], 1e-6) {
			t.Errorf("result %d = %v, want %v", i, got[i], want[i])
		}
	}
}
