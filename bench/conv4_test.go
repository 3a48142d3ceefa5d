// Package bench measures this project's engine on the work that other software is measured on.
package bench

import (
	"math/rand/v2"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/layers"
	"github.com/gomlx/gomlx/ml/layers/norm"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/train"
	"github.com/gomlx/gomlx/ml/train/loss"
	"github.com/gomlx/gomlx/ml/train/optimizer"
	"github.com/siam-go/siam/cpu"
)

const (
	conv4Pairs = 128
	conv4Side  = 28
)

// conv4 is the encoder of four blocks of 3×3 convolution to 64 channels, batch normalisation, ReLU and 2×2
// max-pooling: [n, 28, 28, 1] to [n, 64].
func conv4(scope *model.Scope, x *graph.Node) *graph.Node {
	for i := range 4 {
		block := scope.In("block%d", i)
		x = layers.Convolution(block, x).Channels(64).KernelSize(3).PadSame().Done()
		x = norm.BatchNorm(block, x, -1).Epsilon(1e-5).Done()
		x = graph.MaxScalar(x, 0)
		x = graph.MaxPool(x).Window(2).Done()
	}
	return graph.Reshape(x, x.Shape().Dimensions[0], -1)
}

// conv4Pair is the logits [n, 1] that the two halves of the images [2n, 28, 28, 1] differ: a linear function of
// |h₁ − h₂|.
func conv4Pair(scope *model.Scope, images *graph.Node) *graph.Node {
	h := conv4(scope, images)
	n := h.Shape().Dimensions[0] / 2
	first := graph.Slice(h, graph.AxisRange(0, n))
	second := graph.Slice(h, graph.AxisRange(n))
	return layers.DenseWithBias(scope.In("head"), graph.Abs(graph.Sub(first, second)), 1)
}

func newBackend(b *testing.B) compute.Backend {
	backend, err := cpu.New(cpu.Options{})
	if err != nil {
		b.Fatal(err)
	}
	return backend
}

// conv4Batch is pairs of noise and their labels.
func conv4Batch() (images, labels *tensors.Tensor) {
	random := rand.New(rand.NewPCG(1, 1))
	x := make([]float32, 2*conv4Pairs*conv4Side*conv4Side)
	for i := range x {
		x[i] = float32(random.NormFloat64())
	}
	y := make([]float32, conv4Pairs)
	for i := range y {
		y[i] = float32(random.IntN(2))
	}
	return tensors.FromFlatDataAndDimensions(x, 2*conv4Pairs, conv4Side, conv4Side, 1),
		tensors.FromFlatDataAndDimensions(y, conv4Pairs, 1)
}

// BenchmarkConv4Training is a training step with Adam on 128 pairs.
func BenchmarkConv4Training(b *testing.B) {
	lossFn := func(labels, logits []*graph.Node) *graph.Node {
		return graph.ReduceAllMean(loss.BinaryCrossentropyLogits(labels, logits))
	}
	trainer := train.NewTrainer(newBackend(b), model.NewStore(), conv4Pair, lossFn,
		optimizer.Adam().LearningRate(1e-3).Epsilon(1e-8).Done(), nil, nil)
	step := func() {
		images, labels := conv4Batch()
		metrics, err := trainer.TrainStep(train.Batch{Inputs: []*tensors.Tensor{images}, Labels: []*tensors.Tensor{labels}})
		if err != nil {
			b.Fatal(err)
		}
		for _, m := range metrics {
			m.MustFinalizeAll()
		}
	}
	step()
	step()
	b.ReportAllocs()
	for b.Loop() {
		step()
	}
	b.ReportMetric(conv4Pairs*float64(b.N)/b.Elapsed().Seconds(), "pairs/s")
}

// BenchmarkConv4Embedding is the encoder on 256 images, with the running statistics of the batch normalisation.
func BenchmarkConv4Embedding(b *testing.B) {
	store := model.NewStore()
	exec, err := model.NewExec(newBackend(b), store, func(scope *model.Scope, images *graph.Node) *graph.Node {
		store.SetTraining(images.Graph(), false)
		return conv4(scope, images)
	})
	if err != nil {
		b.Fatal(err)
	}
	images, _ := conv4Batch()
	run := func() {
		out, err := exec.Call(images)
		if err != nil {
			b.Fatal(err)
		}
		out[0].MustFinalizeAll()
	}
	run()
	b.ReportAllocs()
	for b.Loop() {
		run()
	}
	b.ReportMetric(2*conv4Pairs*float64(b.N)/b.Elapsed().Seconds(), "images/s")
}
