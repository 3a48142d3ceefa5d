package metric

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/gomlx/compute/gobackend"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
)

// computation runs a graph of embeddings and labels in float64 on GoMLX's Go backend. Each call begins with the same random
// numbers; variables stay.
type computation struct {
	t     *testing.T
	store *model.Store
	exec  *model.Exec
}

func compile(t *testing.T, build func(scope *model.Scope, embeddings, labels *Node) []*Node) computation {
	t.Helper()
	store := model.NewStore()
	store.SetParam(model.ParamInitialSeed, int64(1))
	exec, err := model.NewExec(gobackend.GetBackend(), store, func(scope *model.Scope, inputs []*Node) []*Node {
		return build(scope, inputs[0], inputs[1])
	})
	if err != nil {
		t.Fatal(err)
	}
	return computation{t, store, exec}
}

// run returns each result flattened.
func (c computation) run(embeddings [][]float64, labels []int32) [][]float64 {
	c.t.Helper()
	if err := c.store.SetRNGStateFromSeed(1); err != nil {
		c.t.Fatal(err)
	}
	outputs, err := c.exec.Call(embeddings, labels)
	if err != nil {
		c.t.Fatal(err)
	}
	flat := make([][]float64, len(outputs))
	for i, o := range outputs {
		if flat[i], err = tensors.CopyFlatData[float64](o); err != nil {
			c.t.Fatal(err)
		}
	}
	return flat
}

// run computes graph functions of embeddings and labels once.
func run(t *testing.T, build func(embeddings, labels *Node) []*Node, embeddings [][]float64, labels []int32) [][]float64 {
	t.Helper()
	return compile(t, func(_ *model.Scope, e, l *Node) []*Node { return build(e, l) }).run(embeddings, labels)
}

// batch is n normal embeddings of d numbers, seeded, with labels that make classes of different sizes, one of size 1.
func batch(n, d int, unitLength bool) ([][]float64, []int32) {
	random := rand.New(rand.NewPCG(uint64(n), uint64(d)))
	embeddings, labels := make([][]float64, n), make([]int32, n)
	for i := range embeddings {
		embeddings[i] = make([]float64, d)
		var square float64
		for j := range embeddings[i] {
			embeddings[i][j] = random.NormFloat64()
			square += embeddings[i][j] * embeddings[i][j]
		}
		for j := range embeddings[i] {
			if unitLength {
				embeddings[i][j] /= math.Sqrt(square)
			}
		}
		labels[i] = int32(i * i % 7 % 5)
	}
	labels[n-1] = 77
	return embeddings, labels
}

// matrix is all distances by the vector form.
func matrix(distance func(a, b []float64) float64, embeddings [][]float64) [][]float64 {
	d := make([][]float64, len(embeddings))
	for i, a := range embeddings {
		for _, b := range embeddings {
			d[i] = append(d[i], distance(a, b))
		}
	}
	return d
}

func squared(a, b []float64) float64 {
	var sum float64
	for j := range a {
		sum += (a[j] - b[j]) * (a[j] - b[j])
	}
	return sum
}

func cosine(a, b []float64) float64 {
	var ab, aa, bb float64
	for j := range a {
		ab, aa, bb = ab+a[j]*b[j], aa+a[j]*a[j], bb+b[j]*b[j]
	}
	return 1 - ab/math.Sqrt(aa*bb)
}

func near(a, b, tolerance float64) bool {
	return math.Abs(a-b) <= tolerance*(1+math.Abs(b))
}
