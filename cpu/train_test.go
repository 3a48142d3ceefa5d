package cpu

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/layers"
	"github.com/gomlx/gomlx/ml/layers/activation"
	"github.com/gomlx/gomlx/ml/layers/norm"
	"github.com/gomlx/gomlx/ml/layers/regularizer"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/train"
	"github.com/gomlx/gomlx/ml/train/loss"
	"github.com/gomlx/gomlx/ml/train/metric"
	"github.com/gomlx/gomlx/ml/train/optimizer"
)

// smallNet is two blocks of convolution, batch normalisation, ReLU and max-pooling and a linear layer:
// [n, 8, 8, 1] to logits [n, 1].
func smallNet(scope *model.Scope, x *graph.Node) *graph.Node {
	for i := range 2 {
		block := scope.In("block%d", i)
		x = layers.Convolution(block, x).Channels(8).KernelSize(3).PadSame().Done()
		x = norm.BatchNorm(block, x, -1).Done()
		x = graph.MaxPool(graph.MaxScalar(x, 0)).Window(2).Done()
	}
	return layers.DenseWithBias(scope.In("head"), graph.Reshape(x, x.Shape().Dimensions[0], -1), 1)
}

// bars is n images of a bar, upright where the label is 1 and lying where it is 0, in noise.
func bars(random *rand.Rand, n int) (images, labels *tensors.Tensor) {
	x, y := make([]float32, n*64), make([]float32, n)
	for i := range n {
		y[i] = float32(random.IntN(2))
		at := 1 + random.IntN(6)
		for j := range 64 {
			x[i*64+j] = 0.3 * float32(random.NormFloat64())
			if position := [2]int{j / 8, j % 8}; position[int(y[i])] == at {
				x[i*64+j]++
			}
		}
	}
	return tensors.FromFlatDataAndDimensions(x, n, 8, 8, 1), tensors.FromFlatDataAndDimensions(y, n, 1)
}

// trainSmallNet returns the losses of some steps of Adam.
func trainSmallNet(t *testing.T, backend compute.Backend, steps int) []float32 {
	t.Helper()
	store := model.NewStore()
	store.SetParam(model.ParamInitialSeed, int64(7))
	lossFn := func(labels, logits []*graph.Node) *graph.Node {
		return graph.ReduceAllMean(loss.BinaryCrossentropyLogits(labels, logits))
	}
	trainer := train.NewTrainer(backend, store, smallNet, lossFn, optimizer.Adam().LearningRate(0.01).Done(), nil, nil)
	random := rand.New(rand.NewPCG(3, 4))
	var losses []float32
	for range steps {
		images, labels := bars(random, 32)
		metrics, err := trainer.TrainStep(train.Batch{Inputs: []*tensors.Tensor{images}, Labels: []*tensors.Tensor{labels}})
		if err != nil {
			t.Fatal(err)
		}
		losses = append(losses, metrics[0].Value().(float32))
	}
	return losses
}

func newTestBackend(t testing.TB, options Options) compute.Backend {
	t.Helper()
	b, err := New(options)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestConvolutionalNetLearns(t *testing.T) {
	losses := trainSmallNet(t, newTestBackend(t, Options{}), 40)
	if first, last := losses[0], losses[len(losses)-1]; first < 0.3 || last > 0.1 {
		t.Errorf("loss went from %v to %v, want from above 0.3 to below 0.1", first, last)
	}
}

func TestTrainingIsTheSameOnAnyNumberOfThreads(t *testing.T) {
	want := trainSmallNet(t, newTestBackend(t, Options{Threads: 1}), 5)
	for _, threads := range []int{2, 3, 7} {
		got := trainSmallNet(t, newTestBackend(t, Options{Threads: threads}), 5)
		for i := range want {
			if got[i] != want[i] {
				t.Errorf("threads=%d: loss of step %d = %v, want %v", threads, i, got[i], want[i])
			}
		}
	}
}

// variedNet has what a supported network may be made of beside smallNet's parts.
func variedNet(scope *model.Scope, x *graph.Node) *graph.Node {
	x = layers.Convolution(scope.In("first"), x).Channels(8).KernelSize(3).PadSame().Regularizer(regularizer.L2(1e-4)).Done()
	x = activation.LeakyRelu(norm.BatchNorm(scope.In("norm"), x, -1).Done())
	x = graph.MeanPool(x).Window(2).Done()
	x = layers.Convolution(scope.In("second"), x).Channels(8).KernelSize(3).PadSame().Strides(2).Done()
	x = layers.DropoutStatic(scope, graph.MaxScalar(x, 0), 0.3)
	x = graph.L2Normalize(graph.ReduceMean(x, 1, 2), -1)
	x = graph.Tanh(layers.DenseWithBias(scope.In("hidden"), x, 16))
	return layers.DenseWithBias(scope.In("head"), x, 3)
}

func TestTrainingNeedsNoFallback(t *testing.T) {
	b := newTestBackend(t, Options{}).(*Backend)
	b.inspect = func(g *body) {
		p, err := lower(b, g)
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range p.tasks {
			if strings.HasPrefix(k.name, fallbackName) {
				t.Errorf("a training step runs %s, want our own", k.name)
			}
		}
	}
	accuracy := metric.NewSparseCategoricalAccuracy("accuracy", "acc")
	trainer := train.NewTrainer(b, model.NewStore(), variedNet, loss.SparseCategoricalCrossEntropyLogits,
		optimizer.Adam().WeightDecay(1e-3).Done(), []metric.Interface{accuracy}, nil)
	images, _ := bars(rand.New(rand.NewPCG(1, 2)), 8)
	labels := tensors.FromFlatDataAndDimensions([]int32{0, 1, 2, 0, 1, 2, 0, 1}, 8, 1)
	metrics, err := trainer.TrainStep(train.Batch{Inputs: []*tensors.Tensor{images}, Labels: []*tensors.Tensor{labels}})
	if err != nil {
		t.Fatal(err)
	}
	if got := metrics[0].Value().(float32); !(got > 0.3 && got < 5) {
		t.Errorf("loss = %v, want about ln 3", got)
	}
}
