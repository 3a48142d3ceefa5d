package cpu_test

import (
	"fmt"
	"math/rand/v2"

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

// The registered backend, by name: any GoMLX program needs only the import and the name.
func Example() {
	backend, err := compute.NewWithConfig("cpu:threads=2")
	if err != nil {
		panic(err)
	}
	defer backend.Finalize()

	slope := graph.MustNewExec(backend, func(x *graph.Node) *graph.Node {
		y := graph.ReduceAllSum(graph.Square(x))
		return graph.Gradient(y, x)[0]
	})
	fmt.Println(slope.MustCall([]float32{1, 2, 3})[0].Value())
	// Output: [2 4 6]
}

// A convolutional net with batch normalisation learns to tell upright stripes from lying ones.
func ExampleNew() {
	backend, err := cpu.New(cpu.Options{Threads: 2})
	if err != nil {
		panic(err)
	}
	defer backend.Finalize()

	net := func(scope *model.Scope, x *graph.Node) *graph.Node { // [n, 8, 8, 1] → logits [n, 1]
		x = layers.Convolution(scope, x).Channels(16).KernelSize(3).PadSame().Done()
		x = norm.BatchNorm(scope, x, -1).Done()
		x = graph.MaxPool(graph.MaxScalar(x, 0)).Window(2).Done()
		return layers.DenseWithBias(scope, graph.Reshape(x, x.Shape().Dim(0), -1), 1)
	}
	crossEntropy := func(labels, logits []*graph.Node) *graph.Node {
		return graph.ReduceAllMean(loss.BinaryCrossentropyLogits(labels, logits))
	}
	trainer := train.NewTrainer(backend, model.NewStore(), net, crossEntropy, optimizer.Adam().LearningRate(0.01).Done(), nil, nil)
	var last float32
	for step := range 30 {
		images, labels := stripes(step, 32)
		metrics, err := trainer.TrainStep(train.Batch{Inputs: []*tensors.Tensor{images}, Labels: []*tensors.Tensor{labels}})
		if err != nil {
			panic(err)
		}
		last = metrics[0].Value().(float32)
	}
	fmt.Println("learned:", last < 0.1)
	// Output: learned: true
}

// stripes is n images [n, 8, 8, 1] of stripes, upright where the label [n, 1] is 1 and lying where it is 0.
func stripes(seed, n int) (images, labels *tensors.Tensor) {
	random := rand.New(rand.NewPCG(uint64(seed), 0))
	x, y := make([]float32, n*64), make([]float32, n)
	for i := range n {
		label, shift := random.IntN(2), random.IntN(4)
		y[i] = float32(label)
		for j := range 64 {
			at := [2]int{j / 8, j % 8}[label]
			x[i*64+j] = float32((at + shift) / 2 % 2)
		}
	}
	return tensors.FromFlatDataAndDimensions(x, n, 8, 8, 1), tensors.FromFlatDataAndDimensions(y, n, 1)
}
