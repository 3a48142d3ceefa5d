package cpu

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/layers"
	"github.com/gomlx/gomlx/ml/layers/norm"
	"github.com/gomlx/gomlx/ml/model"
)

// unfused is a backend whose graphs run operation by operation.
func unfused(t *testing.T) compute.Backend {
	b := newTestBackend(t, Options{}).(*Backend)
	b.unfused = true
	return b
}

// shuffled is a backend that runs its graphs' nodes in a random legal order.
func shuffled(t *testing.T, seed uint64) compute.Backend {
	b := newTestBackend(t, Options{}).(*Backend)
	random := rand.New(rand.NewPCG(seed, 0))
	numbers := map[*node]int{}
	b.inspect = func(g *body) {
		g.order(func(n *node) int {
			if _, ok := numbers[n]; !ok {
				numbers[n] = random.Int()
			}
			return numbers[n]
		})
	}
	return b
}

func TestFusedTrainingEqualsUnfused(t *testing.T) {
	want := trainSmallNet(t, unfused(t), 6)
	got := trainSmallNet(t, newTestBackend(t, Options{}), 6)
	for i := range want {
		if math.Abs(float64(got[i]-want[i])) > 1e-4*float64(want[i]) {
			t.Errorf("loss of step %d = %v, want %v", i, got[i], want[i])
		}
	}
}

func TestEveryLegalOrderTrainsTheSame(t *testing.T) {
	want := trainSmallNet(t, newTestBackend(t, Options{}), 4)
	for seed := range uint64(5) {
		got := trainSmallNet(t, shuffled(t, seed), 4)
		for i := range want {
			if got[i] != want[i] {
				t.Errorf("order %d: loss of step %d = %v, want %v", seed, i, got[i], want[i])
			}
		}
	}
}

// count counts the nodes by operation.
func (g *body) count() map[compute.OpType]int {
	count := map[compute.OpType]int{}
	for _, n := range g.nodes {
		count[n.op]++
	}
	return count
}

// blockCase is a piece of a network on images [n, h, w, c].
type blockCase struct {
	name string
	f    func(scope *model.Scope, x *graph.Node) *graph.Node
	ops  map[compute.OpType]int // operations that fusion must leave, by how many; the gradient to the images is a convolution too
}

func convolution(scope *model.Scope, x *graph.Node) *graph.Node {
	return layers.Convolution(scope, x).Channels(6).KernelSize(3).PadSame().Done()
}

func batchNorm(scope *model.Scope, x *graph.Node) *graph.Node {
	return norm.BatchNorm(scope, x, -1).Done()
}
func relu(x *graph.Node) *graph.Node    { return graph.MaxScalar(x, 0) }
func maxPool(x *graph.Node) *graph.Node { return graph.MaxPool(x).Window(2).Done() }

var blockCases = []blockCase{
	{"convolution, norm, ReLU, pool", func(s *model.Scope, x *graph.Node) *graph.Node {
		return maxPool(relu(batchNorm(s, convolution(s, x))))
	}, map[compute.OpType]int{opConv: 2, opBlock: 1, opBlockGrad: 1}},
	{"convolution, norm, pool, ReLU", func(s *model.Scope, x *graph.Node) *graph.Node {
		return relu(maxPool(batchNorm(s, convolution(s, x))))
	}, map[compute.OpType]int{opConv: 2, opBlock: 1, opBlockGrad: 1}},
	{"convolution, ReLU, pool", func(s *model.Scope, x *graph.Node) *graph.Node { return maxPool(relu(convolution(s, x))) },
		map[compute.OpType]int{opConv: 2, opBlock: 1, opBlockGrad: 1}},
	{"convolution, pool, ReLU", func(s *model.Scope, x *graph.Node) *graph.Node { return relu(maxPool(convolution(s, x))) },
		map[compute.OpType]int{opConv: 2, opBlock: 1, opBlockGrad: 1}},
	{"convolution, norm, ReLU", func(s *model.Scope, x *graph.Node) *graph.Node { return relu(batchNorm(s, convolution(s, x))) },
		map[compute.OpType]int{opConv: 2, opBlock: 1, opBlockGrad: 1}},
	{"overlapping pool", func(s *model.Scope, x *graph.Node) *graph.Node {
		return graph.MaxPool(relu(batchNorm(s, convolution(s, x)))).Window(3).Strides(2).PadSame().Done()
	}, map[compute.OpType]int{opConv: 2, opBlock: 1, opBlockGrad: 1}},
	{"residual", func(s *model.Scope, x *graph.Node) *graph.Node {
		y := relu(batchNorm(s.In("a"), convolution(s.In("c"), x)))
		return relu(graph.Add(batchNorm(s.In("b"), convolution(s.In("d"), y)), y))
	}, map[compute.OpType]int{opConv: 4, opBlock: 2, opBlockGrad: 2, compute.OpTypeBatchNormForTraining: 0}},
	{"residual, then pool", func(s *model.Scope, x *graph.Node) *graph.Node {
		y := relu(batchNorm(s.In("a"), convolution(s.In("c"), x)))
		return maxPool(relu(graph.Add(y, batchNorm(s.In("b"), convolution(s.In("d"), y)))))
	}, map[compute.OpType]int{opConv: 4, opBlock: 2, opBlockGrad: 2, opReluGrad: 0, compute.OpTypeBatchNormForTraining: 0}},
	{"residual that is normalised", func(s *model.Scope, x *graph.Node) *graph.Node {
		y := batchNorm(s.In("a"), convolution(s.In("c"), x))
		return relu(graph.Add(y, batchNorm(s.In("b"), convolution(s.In("d"), x))))
	}, map[compute.OpType]int{opConv: 4, opBlock: 1, opBlockGrad: 1, compute.OpTypeBatchNormForTraining: 1}},
	{"residual that is read elsewhere, too", func(s *model.Scope, x *graph.Node) *graph.Node {
		y := batchNorm(s, convolution(s, x))
		return graph.Mul(y, relu(graph.Add(y, convolution(s.In("b"), x))))
	}, map[compute.OpType]int{opConv: 4, opBlock: 0, opBlockGrad: 0, compute.OpTypeBatchNormForTraining: 1}},
}

// gradients runs a piece of a network and its gradients to the images and to all weights.
func (k blockCase) gradients(t *testing.T, b compute.Backend) [][]float32 {
	t.Helper()
	store := model.NewStore()
	store.SetParam(model.ParamInitialSeed, int64(5))
	exec, err := model.NewExec(b, store, func(scope *model.Scope, x *graph.Node) []*graph.Node {
		store.SetTraining(x.Graph(), true)
		y := k.f(scope, x)
		loss := graph.ReduceAllSum(graph.Mul(y, graph.Sin(graph.IotaFull(x.Graph(), y.Shape()))))
		wanted := []*graph.Node{x}
		for v := range scope.IterVariables() {
			if v.Trainable {
				wanted = append(wanted, v.NodeValue(x.Graph()))
			}
		}
		return append(graph.Gradient(loss, wanted...), y)
	})
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.Call(asTensors([]array{noise(rand.New(rand.NewPCG(4, 4)), 3, 9, 8, 2)})[0])
	if err != nil {
		t.Fatal(err)
	}
	var list [][]float32
	for _, o := range out {
		list = append(list, tensors.MustCopyFlatData[float32](o))
	}
	return list
}

func TestFusedBlocksEqualUnfused(t *testing.T) {
	for _, k := range blockCases {
		t.Run(k.name, func(t *testing.T) {
			want := k.gradients(t, unfused(t))
			b := newTestBackend(t, Options{}).(*Backend)
			left := map[compute.OpType]int{}
			b.inspect = func(g *body) {
				for op, n := range g.count() {
					left[op] = max(left[op], n)
				}
			}
			got := k.gradients(t, b)
			for i := range want {
				wide := make([]float64, len(want[i]))
				for j, w := range want[i] {
					wide[j] = float64(w)
				}
				expect(t, fmt.Sprint("output ", i), array{[]int{len(got[i])}, got[i]}, wide, 2e-4)
			}
			for op, n := range k.ops {
				if left[op] != n {
					t.Errorf("%s nodes = %d, want %d", opName(op), left[op], n)
				}
			}
			for _, op := range []compute.OpType{compute.OpTypeMax, compute.OpTypeReverse, compute.OpTypeSelectAndScatterMax} {
				if left[op] != 0 {
					t.Errorf("%s nodes = %d, want none", op, left[op])
				}
			}
		})
	}
}

func TestConstantWeightsGiveTheSame(t *testing.T) {
	b := newTestBackend(t, Options{})
	random := rand.New(rand.NewPCG(2, 2))
	x, w, m := noise(random, 2, 7, 7, 3), noise(random, 3, 3, 3, 20), noise(random, 20, 9)
	product := func(f compute.Function, x, w, m compute.Value) ([]compute.Value, error) {
		y, err := f.ConvGeneral(x, w, channelsLast, nil, nil, nil, nil, 1, 1)
		if err != nil {
			return nil, err
		}
		return one(f.DotGeneral(y, []int{3}, nil, m, []int{0}, nil, compute.DotGeneralConfig{}))
	}
	want := run(t, b, []array{x, w, m}, func(f compute.Function, in []compute.Value) ([]compute.Value, error) {
		return product(f, in[0], in[1], in[2])
	})[0]
	got := run(t, b, []array{x}, func(f compute.Function, in []compute.Value) ([]compute.Value, error) {
		cw, err := f.Constant(w.data, w.dims...)
		if err != nil {
			return nil, err
		}
		cm, err := f.Constant(m.data, m.dims...)
		if err != nil {
			return nil, err
		}
		return product(f, in[0], cw, cm)
	})[0]
	for i, v := range want.data {
		if math.Abs(float64(got.data[i]-v)) > 1e-5*(1+math.Abs(float64(v))) {
			t.Fatalf("output[%d] = %v, want %v", i, got.data[i], v)
		}
	}
}

// inferenceCases are pieces of networks of which fusion must leave these convolutions and nothing else but pools.
var inferenceCases = []blockCase{
	{"two blocks", func(s *model.Scope, x *graph.Node) *graph.Node {
		for i := range 2 {
			block := s.In("block%d", i)
			x = maxPool(relu(batchNorm(block, convolution(block, x))))
		}
		return x
	}, map[compute.OpType]int{opConv: 2}},
	{"convolutions in a row", func(s *model.Scope, x *graph.Node) *graph.Node {
		return maxPool(relu(convolution(s.In("c"), relu(convolution(s.In("b"), convolution(s.In("a"), x))))))
	}, map[compute.OpType]int{opConv: 3}},
	{"overlapping pool", func(s *model.Scope, x *graph.Node) *graph.Node {
		return graph.MaxPool(relu(convolution(s, x))).Window(3).Strides(2).PadSame().Done()
	}, map[compute.OpType]int{opConv: 1, opBlock: 1}},
	{"clipped", func(s *model.Scope, x *graph.Node) *graph.Node {
		return graph.MinScalar(relu(convolution(s, x)), 0.5)
	}, map[compute.OpType]int{opConv: 1}},
	{"clipped on both sides", func(s *model.Scope, x *graph.Node) *graph.Node {
		return graph.MaxScalar(graph.MinScalar(convolution(s, x), 0.3), -0.2)
	}, map[compute.OpType]int{opConv: 1}},
	{"clipped and raised again", func(s *model.Scope, x *graph.Node) *graph.Node {
		return graph.MaxScalar(graph.MinScalar(convolution(s, x), -0.2), 0.1)
	}, map[compute.OpType]int{opConv: 1, compute.OpTypeMax: 1}},
	{"steep below", func(s *model.Scope, x *graph.Node) *graph.Node {
		return leaky(batchNorm(s, convolution(s, x)), graph.Scalar(x.Graph(), x.DType(), -7.9))
	}, map[compute.OpType]int{opConv: 1}},
	{"slope per channel", func(s *model.Scope, x *graph.Node) *graph.Node {
		slopes := graph.Const(x.Graph(), [][][][]float32{{{{-1, 0, 0.25, 2, 1, -3}}}})
		return leaky(convolution(s, x), slopes)
	}, map[compute.OpType]int{opConv: 1}},
	{"steep below, of images", func(_ *model.Scope, x *graph.Node) *graph.Node {
		return leaky(x, graph.Const(x.Graph(), [][][][]float32{{{{3, -2}}}}))
	}, map[compute.OpType]int{opLeakyRelu: 1}},
	{"steep below within a chain", func(_ *model.Scope, x *graph.Node) *graph.Node {
		return graph.Exp(leaky(graph.Neg(x), graph.Scalar(x.Graph(), x.DType(), -2)))
	}, nil},
	{"residual, then ReLU", func(s *model.Scope, x *graph.Node) *graph.Node {
		y := relu(convolution(s.In("a"), x))
		return relu(graph.Add(convolution(s.In("b"), y), y))
	}, map[compute.OpType]int{opConv: 2}},
	{"residual after the activation", func(s *model.Scope, x *graph.Node) *graph.Node {
		y := graph.Neg(convolution(s.In("a"), x))
		return relu(graph.Add(y, relu(convolution(s.In("b"), y))))
	}, map[compute.OpType]int{opConv: 2, compute.OpTypeNeg: 1, opRelu: 1}},
	{"sum of two convolutions", func(s *model.Scope, x *graph.Node) *graph.Node {
		return relu(graph.Add(convolution(s.In("a"), x), batchNorm(s, convolution(s.In("b"), x))))
	}, map[compute.OpType]int{opConv: 2}},
	{"residual before the pool", func(s *model.Scope, x *graph.Node) *graph.Node {
		y := convolution(s.In("a"), x)
		return maxPool(relu(graph.Add(convolution(s.In("b"), y), y)))
	}, map[compute.OpType]int{opConv: 2, opBlock: 1}},
	{"products with residuals", func(s *model.Scope, x *graph.Node) *graph.Node {
		y := layers.Dense(s.In("a"), x, true, 6)
		return leaky(graph.Add(y, layers.Dense(s.In("b"), y, true, 6)), graph.Scalar(x.Graph(), x.DType(), 0.1))
	}, map[compute.OpType]int{opDot: 2}},
	{"map read elsewhere, too", func(s *model.Scope, x *graph.Node) *graph.Node {
		x = relu(convolution(s, x))
		return graph.Add(maxPool(x), graph.ReduceAllMax(x))
	}, map[compute.OpType]int{opConv: 1, compute.OpTypeAdd: 1}},
}

// leaky is x where x is positive and slope·x elsewhere.
func leaky(x, slope *graph.Node) *graph.Node {
	zero := graph.ScalarZero(x.Graph(), x.DType())
	return graph.Add(graph.Max(x, zero), graph.Mul(slope, graph.Min(x, zero)))
}

// infer runs a piece of a network without training.
func (k blockCase) infer(t *testing.T, b compute.Backend) array {
	t.Helper()
	store := model.NewStore()
	store.SetParam(model.ParamInitialSeed, int64(5))
	exec, err := model.NewExec(b, store, func(scope *model.Scope, x *graph.Node) *graph.Node {
		store.SetTraining(x.Graph(), false)
		return k.f(scope, x)
	})
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.Call(asTensors([]array{noise(rand.New(rand.NewPCG(4, 4)), 3, 15, 13, 2)})[0])
	if err != nil {
		t.Fatal(err)
	}
	return array{out[0].Shape().Dimensions, tensors.MustCopyFlatData[float32](out[0])}
}

func TestFusedInferenceEqualsUnfused(t *testing.T) {
	for _, k := range inferenceCases {
		t.Run(k.name, func(t *testing.T) {
			var want []float64
			for _, v := range k.infer(t, unfused(t)).data {
				want = append(want, float64(v))
			}
			b := newTestBackend(t, Options{}).(*Backend)
			left := map[compute.OpType]int{}
			b.inspect = func(g *body) {
				for op, n := range g.count() {
					left[op] = max(left[op], n)
				}
			}
			expect(t, "output", k.infer(t, b), want, 1e-5)
			for _, op := range []compute.OpType{opConv, opDot, opBlock, opRelu, opLeakyRelu, compute.OpTypeConvGeneral,
				compute.OpTypeBatchNormForInference, compute.OpTypeAdd, compute.OpTypeMax, compute.OpTypeMin, compute.OpTypeNeg} {
				if left[op] != k.ops[op] {
					t.Errorf("%s nodes = %d, want %d", opName(op), left[op], k.ops[op])
				}
			}
		})
	}
}
