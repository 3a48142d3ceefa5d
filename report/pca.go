package report

import (
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/siam-go/siam/internal/parallel"
)

// PCA projects embeddings onto their two main axes, the directions of largest variance, and returns the share of the
// variance that each axis shows. It fails on no embeddings, on rows of different length and on values that are not finite.
func PCA(embeddings [][]float32, seed uint64) (points [][2]float64, explained [2]float64, err error) {
	x, err := centre(embeddings)
	if err != nil {
		return nil, explained, fmt.Errorf("projecting embeddings: %w", err)
	}
	total := 0.0
	for _, row := range x {
		total += dot(row, row)
	}
	axes := mainAxes(x, seed)
	points = make([][2]float64, len(x))
	for k := range min(2, len(axes)) {
		for i, row := range x {
			points[i][k] = dot(row, axes[k])
			if total > 0 {
				explained[k] += points[i][k] * points[i][k] / total
			}
		}
	}
	return points, explained, nil
}

// centre returns the rows less their mean.
func centre(embeddings [][]float32) ([][]float64, error) {
	if len(embeddings) == 0 {
		return nil, fmt.Errorf("there are none")
	}
	n, d := len(embeddings), len(embeddings[0])
	mean := make([]float64, d)
	x := make([][]float64, n)
	for i, row := range embeddings {
		if len(row) != d {
			return nil, fmt.Errorf("embedding %d has %d numbers and the first has %d; do not mix models", i+1, len(row), d)
		}
		x[i] = make([]float64, d)
		for j, v := range row {
			if !finite(v) {
				return nil, fmt.Errorf("embedding %d holds %v; the model is broken or not trained", i+1, v)
			}
			x[i][j] = float64(v)
			mean[j] += float64(v) / float64(n)
		}
	}
	for _, row := range x {
		for j := range row {
			row[j] -= mean[j]
		}
	}
	return x, nil
}

// mainAxes finds the unit vectors of largest variance by subspace iteration: a few vectors more than are wanted are
// multiplied by XᵀX and made orthogonal, again and again. Each axis points where its largest entry is positive.
func mainAxes(x [][]float64, seed uint64) [][]float64 {
	const vectors, rounds = 8, 60
	d := len(x[0])
	rng := rand.New(rand.NewPCG(seed, 0))
	axes := make([][]float64, min(vectors, d))
	for k := range axes {
		axes[k] = make([]float64, d)
		for j := range axes[k] {
			axes[k][j] = rng.NormFloat64()
		}
	}
	orthogonalise(axes)
	for range rounds {
		parallel.Ranges(len(axes), func(lo, hi int) {
			for k := lo; k < hi; k++ {
				axes[k] = timesCovariance(x, axes[k])
			}
		})
		orthogonalise(axes)
	}
	for _, axis := range axes {
		largest := 0.0
		for _, v := range axis {
			if math.Abs(v) > math.Abs(largest) {
				largest = v
			}
		}
		if largest < 0 {
			for j := range axis {
				axis[j] = -axis[j]
			}
		}
	}
	return axes
}

// timesCovariance returns XᵀX·v.
func timesCovariance(x [][]float64, v []float64) []float64 {
	product := make([]float64, len(v))
	for _, row := range x {
		along := dot(row, v)
		for j, value := range row {
			product[j] += along * value
		}
	}
	return product
}

// orthogonalise makes the vectors orthogonal unit vectors in their order (Gram-Schmidt); what has no length left becomes 0.
func orthogonalise(vectors [][]float64) {
	for k, v := range vectors {
		before := math.Sqrt(dot(v, v))
		for _, u := range vectors[:k] {
			along := dot(u, v)
			for j := range v {
				v[j] -= along * u[j]
			}
		}
		length := math.Sqrt(dot(v, v))
		scale := 0.0
		if length > 1e-10*before {
			scale = 1 / length
		}
		for j := range v {
			v[j] *= scale
		}
	}
}

func dot(a, b []float64) float64 {
	sum := 0.0
	for i, v := range a {
		sum += v * b[i]
	}
	return sum
}
