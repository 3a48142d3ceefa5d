package cpu

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/siam-go/siam/metric"
)

// l1Case is weighted L1 distances of n embeddings to m others, or to themselves if m is 0.
type l1Case struct{ n, m, d int }

// inputs are the embeddings, with some numbers equal, the others, the weights and what each distance counts in the loss.
func (k l1Case) inputs() []array {
	random := rand.New(rand.NewPCG(uint64(k.n), uint64(k.d)))
	m := max(k.m, 1)
	list := []array{noise(random, k.n, k.d), noise(random, m, k.d), noise(random, k.d), noise(random, k.n, k.others())}
	for _, a := range list[:2] {
		for i := range a.data {
			if i%3 == 0 {
				a.data[i] = 0.5
			}
		}
	}
	return list
}

func (k l1Case) others() int {
	if k.m == 0 {
		return k.n
	}
	return k.m
}

// graph gives the distances and the gradients of their weighted sum to the embeddings, the others if there are any, and the
// weights.
func (k l1Case) graph(in []*graph.Node) []*graph.Node {
	a, b, w, v := in[0], in[1], in[2], in[3]
	if k.m == 0 {
		y := metric.PairwiseL1(a, w)
		return append([]*graph.Node{y}, graph.Gradient(graph.ReduceAllSum(graph.Mul(y, v)), a, w)...)
	}
	differences := graph.Abs(graph.Sub(graph.InsertAxes(a, 1), graph.InsertAxes(b, 0)))
	y := graph.ReduceSum(graph.Mul(graph.InsertAxes(w, 0, 0), differences), -1)
	return append([]*graph.Node{y}, graph.Gradient(graph.ReduceAllSum(graph.Mul(y, v)), a, b, w)...)
}

// want is the definition in float64.
func (k l1Case) want(in []array) [][]float64 {
	a, b := in[0], in[1]
	if k.m == 0 {
		b = a
	}
	m := k.others()
	y, da, db, dw := make([]float64, k.n*m), make([]float64, k.n*k.d), make([]float64, m*k.d), make([]float64, k.d)
	for i := range k.n {
		for j := range m {
			for c := range k.d {
				x, w, v := a.at(i, c)-b.at(j, c), in[2].at(c), in[3].at(i, j)
				sign := 1.0
				if x < 0 {
					sign = -1
				}
				y[i*m+j] += w * math.Abs(x)
				da[i*k.d+c] += v * w * sign
				db[j*k.d+c] -= v * w * sign
				dw[c] += v * math.Abs(x)
			}
		}
	}
	if k.m > 0 {
		return [][]float64{y, da, db, dw}
	}
	for i, x := range db {
		da[i] += x
	}
	return [][]float64{y, da, dw}
}

func (k l1Case) run(t *testing.T, b compute.Backend) [][]float32 {
	t.Helper()
	var flat [][]float32
	for _, out := range graph.MustExecOnceN(b, k.graph, asTensors(k.inputs())...) {
		flat = append(flat, tensors.MustCopyFlatData[float32](out))
	}
	return flat
}

func TestWeightedL1DistancesAreFusedAndEqualTheirDefinition(t *testing.T) {
	for _, k := range []l1Case{{1, 0, 1}, {2, 0, 3}, {7, 0, 64}, {9, 0, 65}, {33, 0, 200}, {1, 5, 3}, {5, 1, 70}, {9, 17, 129}} {
		t.Run(fmt.Sprint(k), func(t *testing.T) {
			count := map[compute.OpType]int{}
			got := k.run(t, counting(t, count))
			for i, want := range k.want(k.inputs()) {
				expect(t, []string{"distance", "gradient", "gradient", "gradient"}[i], array{[]int{len(want)}, got[i]}, want, 1e-5*math.Sqrt(float64(k.d)))
			}
			if k.n == 1 || k.m == 1 { // GoMLX derives something else of one embedding
				return
			}
			if count[opL1] != 1 || count[opL1Grad] != 2 || count[opL1WeightGrad] != 1 || count[compute.OpTypeSign] != 0 || count[compute.OpTypeAbs] != 0 {
				t.Errorf("nodes = %v, want the distances and their gradients in 4", count)
			}
		})
	}
}

func TestWeightedL1DistancesDoNotDependOnTheThreads(t *testing.T) {
	k := l1Case{n: 37, d: 1000}
	want := k.run(t, newTestBackend(t, Options{Threads: 1}))
	for _, threads := range []int{2, 3, 8} {
		for i, got := range k.run(t, newTestBackend(t, Options{Threads: threads})) {
			for at, x := range got {
				if x != want[i][at] {
					t.Fatalf("with %d threads result %d at %d = %v, want %v", threads, i, at, x, want[i][at])
				}
			}
		}
	}
}

func TestWeightedL1DistancesNeedMemoryForTheEmbeddingsOnly(t *testing.T) {
	const n, d = 64, 512
	g := graph.NewGraph(newTestBackend(t, Options{Threads: 2}), "distances")
	e, w := graph.Parameter(g, "e", shapes.Make(dtypes.Float32, n, d)), graph.Parameter(g, "w", shapes.Make(dtypes.Float32, d))
	y := metric.PairwiseL1(e, w)
	if err := g.Compile(graph.Gradient(graph.ReduceAllSum(graph.Square(y)), e, w)...); err != nil {
		t.Fatal(err)
	}
	if got, most := g.Executable().(*Executable).program.arenaBytes, 8*4*n*d; got > most {
		t.Errorf("the step needs %d bytes besides its inputs and outputs, want at most %d (all differences are %d)", got, most, 4*n*n*d)
	}
}
