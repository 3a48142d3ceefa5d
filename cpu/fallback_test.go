package cpu

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
)

// twoLayers is a network in float64 with the gradient of its loss to its weights. A running sum in the middle, whose padding
// is ours, keeps it from being one graph of the Go backend.
func twoLayers(x, w *graph.Node) []*graph.Node {
	y := graph.CumSum(graph.Tanh(graph.Dot(x, w).Product()), 0)
	loss := graph.ReduceAllMean(graph.Square(graph.Dot(y, graph.Transpose(w, 0, 1)).Product()))
	return append([]*graph.Node{loss}, graph.Gradient(loss, w)...)
}

func TestFloat64RunsInGraphsOfTheGoBackend(t *testing.T) {
	x := [][]float64{{1, 2, -1}, {0.5, -2, 3}}
	w := [][]float64{{0.1, -0.2}, {0.3, 0.7}, {-0.5, 0.4}}
	var graphs, alone int
	b := newTestBackend(t, Options{}).(*Backend)
	got, err := graph.CallOnceN(b, twoLayers, x, w)
	if err != nil {
		t.Fatal(err)
	}
	x32 := [][]float32{{1, 2, -1}, {0.5, -2, 3}}
	w32 := [][]float32{{0.1, -0.2}, {0.3, 0.7}, {-0.5, 0.4}}
	for i, want := range graph.MustExecOnceN(b, twoLayers, x32, w32) {
		values := tensors.MustCopyFlatData[float64](got[i])
		for at, v := range tensors.MustCopyFlatData[float32](want) {
			if math.Abs(values[at]-float64(v)) > 1e-6 {
				t.Errorf("result %d at %d = %v, want %v", i, at, values[at], v)
			}
		}
	}
	g := graph.NewGraph(b, "two layers")
	outputs := twoLayers(graph.Parameter(g, "x", shapes.Make(dtypes.Float64, 2, 3)), graph.Parameter(g, "w", shapes.Make(dtypes.Float64, 3, 2)))
	if err := g.Compile(outputs...); err != nil {
		t.Fatal(err)
	}
	for _, k := range g.Executable().(*Executable).program.tasks {
		switch {
		case k.name == fallbackName+"Graph":
			graphs++
		case strings.HasPrefix(k.name, fallbackName):
			alone++
		}
	}
	if graphs < 1 || graphs > 4 || alone > 1 {
		t.Errorf("the network runs in %d graphs and %d single operations of the Go backend, want a few graphs", graphs, alone)
	}
	if list := b.Fallbacks(); !slices.Contains(list, "Tanh[(Float64)[2, 2]]") {
		t.Errorf("Fallbacks() = %q, want the hyperbolic tangent among them", list)
	}
}

func TestRefusedFallbacksAreListed(t *testing.T) {
	b, err := compute.NewWithConfig("cpu:fallback=refuse")
	if err != nil {
		t.Fatal(err)
	}
	_, err = graph.CallOnce(b, func(x *graph.Node) *graph.Node { return graph.Sqrt(graph.Tanh(x)) }, []float64{1, 2})
	if !errors.Is(err, compute.ErrNotImplemented) || !strings.Contains(err.Error(), "Sqrt[(Float64)[2]], Tanh[(Float64)[2]]") {
		t.Errorf("error = %v, want one that lists both operations", err)
	}
	if _, err := graph.CallOnce(b, func(x *graph.Node) *graph.Node { return graph.Tanh(x) }, []float32{1, 2}); err != nil {
		t.Errorf("a graph of ours gives the error %v, want none", err)
	}
}

func TestWhatNobodyHasIsRefusedInOurName(t *testing.T) {
	b := newTestBackend(t, Options{})
	for name, f := range map[string]func(x *graph.Node) *graph.Node{
		"Complex": func(x *graph.Node) *graph.Node { return graph.Real(graph.Complex(x, x)) },
		"FFT":     func(x *graph.Node) *graph.Node { return graph.Real(graph.FFT(graph.ConvertDType(x, dtypes.Complex64))) },
	} {
		_, err := graph.CallOnce(b, f, []float32{1, 2})
		if err == nil || !errors.Is(err, compute.ErrNotImplemented) || !strings.Contains(err.Error(), "cpu backend") || strings.Contains(err.Error(), `"go"`) {
			t.Errorf("%s: error = %v, want one of the cpu backend that wraps ErrNotImplemented", name, err)
		}
	}
}

func TestFallbackOperationsNameWhatIsNeverOurs(t *testing.T) {
	names := newTestBackend(t, Options{}).(*Backend).FallbackOperations()
	for name, want := range map[string]bool{"Sort": true, "BitCount": true, "FFT": false, "Add": false, "Sin": false, "LogicalAnd": false, "Gather": false} {
		if slices.Contains(names, name) != want {
			t.Errorf("FallbackOperations() has %s: %v, want %v, among %q", name, !want, want, names)
		}
	}
}
