package metric

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/gomlx/compute/gobackend"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
)

// run computes graph functions of embeddings and labels in float64 on GoMLX's Go backend, each result flattened.
func run(t *testing.T, build func(embeddings, labels *Node) []*Node, embeddings [][]float64, labels []int32) [][]float64 {
	t.Helper()
	exec, err := NewExec(gobackend.GetBackend(), func(inputs []*Node) []*Node {
		return build(inputs[0], inputs[1])
	})
	if err != nil {
		t.Fatal(err)
	}
	outputs, err := exec.Call(embeddings, labels)
	if err != nil {
		t.Fatal(err)
	}
	flat := make([][]float64, len(outputs))
	for i, o := range outputs {
		if flat[i], err = tensors.CopyFlatData[float64](o); err != nil {
			t.Fatal(err)
		}
	}
	return flat
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
		labels[i] = int32(i * i % 5 % 4)
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
