package onnx

import (
	"math"
	"testing"

	"github.com/gomlx/compute"

	"github.com/siam-go/siam/cpu"
	"github.com/siam-go/siam/internal/onnxruntime"
)

func newBackend(t testing.TB) compute.Backend {
	t.Helper()
	backend, err := cpu.New(cpu.Options{Threads: 2})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(backend.Finalize)
	return backend
}

// inRuntime runs an ONNX file in ONNX Runtime. Inputs and outputs are in ONNX's own order.
func inRuntime(t *testing.T, file string, infos []ValueInfo, inputs []Array, outputs []string) []Array {
	t.Helper()
	var given []onnxruntime.Tensor
	for i, in := range inputs {
		given = append(given, onnxruntime.Tensor{Name: infos[i].Name, Type: infos[i].Type.String(), Shape: in.Shape, Values: in.Values})
	}
	results, err := onnxruntime.Run(file, given, outputs)
	if err != nil {
		t.Fatal(err)
	}
	var arrays []Array
	for _, r := range results {
		arrays = append(arrays, Array{r.Shape, r.Values})
	}
	return arrays
}

// channelsFirst turns [n, h, w, c] into [n, c, h, w].
func channelsFirst(a Array) Array {
	t := floatTensor(a.Shape, a.Values).transposed([]int{0, 3, 1, 2})
	return Array{t.Shape, t.Float32s()}
}

// inOurOrder turns [n, c, h, w] into [n, h, w, c], and leaves what has not four axes.
func inOurOrder(a Array) Array {
	if len(a.Shape) != 4 {
		return a
	}
	t := floatTensor(a.Shape, a.Values).transposed([]int{0, 2, 3, 1})
	return Array{t.Shape, t.Float32s()}
}

// difference is the largest distance between two numbers of one place, as a part of the largest of want, which counts as at
// least a thousandth: ONNX Runtime's sigmoid is off by some 1e-7 however small its result is.
func difference(got, want []float32) float64 {
	if len(got) != len(want) {
		return math.Inf(1)
	}
	worst, largest := 0.0, 1e-3
	for i := range want {
		d := math.Abs(float64(got[i]) - float64(want[i]))
		if math.IsNaN(d) {
			return math.Inf(1)
		}
		worst, largest = max(worst, d), max(largest, math.Abs(float64(want[i])))
	}
	return worst / largest
}
