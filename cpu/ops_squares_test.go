package cpu

import (
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/siam-go/siam/internal/kernel"
)

// precise is a backend of a precision.
func precise(t *testing.T, p Precision) compute.Backend {
	return newTestBackend(t, Options{Threads: 3, Precision: p})
}

// results runs a graph and gives each result flattened.
func results(t *testing.T, b compute.Backend, f func(in []*graph.Node) []*graph.Node, inputs ...array) [][]float32 {
	t.Helper()
	outputs, err := graph.CallOnceN(b, f, asTensors(inputs)...)
	if err != nil {
		t.Fatal(err)
	}
	var flat [][]float32
	for _, out := range outputs {
		flat = append(flat, tensors.MustCopyFlatData[float32](out))
	}
	return flat
}

// distance is the length of the difference of two results, relative to that of the second.
func distance(got, want []float32) float64 {
	var off, size float64
	for i, w := range want {
		off, size = off+math.Pow(float64(got[i]-w), 2), size+math.Pow(float64(w), 2)
	}
	return math.Sqrt(off / size)
}

// twoConvolutions is a small network, its loss and all gradients.
func twoConvolutions(in []*graph.Node) []*graph.Node {
	x, w1, w2, dense := in[0], in[1], in[2], in[3]
	y := relu(graph.Convolve(x, w1).PadSame().Done())
	y = maxPool(relu(graph.Convolve(y, w2).Done()))
	y = graph.Dot(graph.Reshape(y, y.Shape().Dim(0), -1), dense).Product()
	loss := graph.ReduceAllMean(graph.Square(y))
	return append([]*graph.Node{y, loss}, graph.Gradient(loss, in...)...)
}

func TestPrecisionsAgreeWithFloat32(t *testing.T) {
	random := rand.New(rand.NewPCG(18, 1))
	inputs := []array{noise(random, 20, 12, 12, 32), noise(random, 3, 3, 32, 40), noise(random, 3, 3, 40, 32), noise(random, 800, 64)}
	want := results(t, precise(t, Float32), twoConvolutions, inputs...)
	for p, tolerance := range map[Precision]float64{BFloat16: 0.1, BFloat16x3: 1e-4} {
		for i, got := range results(t, precise(t, p), twoConvolutions, inputs...) {
			if off := distance(got, want[i]); !(off < tolerance) {
				t.Errorf("%s: result %d is off by %.2g of its length, want less than %.2g", p, i, off, tolerance)
			}
		}
	}
}

// onlyProduct is a product alone, whose precision matters on a matrix unit only.
func onlyProduct(in []*graph.Node) []*graph.Node {
	return []*graph.Node{graph.Dot(in[0], in[1]).Product()}
}

func TestMatrixUnitIsUsedWhereThereIsOne(t *testing.T) {
	random := rand.New(rand.NewPCG(18, 2))
	x, w := noise(random, 128, 512), noise(random, 512, 512)
	exact := results(t, precise(t, Float32), onlyProduct, x, w)[0]
	for _, p := range []Precision{BFloat16, BFloat16x3} {
		if off := distance(results(t, precise(t, p), onlyProduct, x, w)[0], exact); (off > 0) != kernel.HasSquares() {
			t.Errorf("%s: a product differs from that of float32 by %v; there is a matrix unit: %v", p, off, kernel.HasSquares())
		}
	}
}

// TestNetworksRunOnThePortableLoopOfTheMatrixUnit runs the tests above, and that of training, where SIAM_CPU asks for that
// loop.
func TestNetworksRunOnThePortableLoopOfTheMatrixUnit(t *testing.T) {
	if os.Getenv("SIAM_CPU") != "" {
		t.Skip("an instruction set is forced")
	}
	command := exec.Command(os.Args[0], "-test.run=^(TestPrecisionsAgree|TestMatrixUnitIs)")
	command.Env = append(os.Environ(), "SIAM_CPU=squares")
	if output, err := command.CombinedOutput(); err != nil {
		t.Errorf("with SIAM_CPU=squares: %v\n%s", err, output)
	}
}
