package metric

import (
	"math"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
)

// regularizerTable gives each regularizer's value by its definition, for embeddings with labels and proxies by class.
var regularizerTable = map[string]struct {
	regularizer Regularizer
	oracle      func(e [][]float64, labels []int32, proxies [][][]float64) float64
}{
	"Length": {Length(0.5), func(e [][]float64, _ []int32, _ [][][]float64) (sum float64) {
		for _, x := range e {
			sum += 0.5 * squared(x, make([]float64, len(x))) / float64(len(e))
		}
		return sum
	}},
	"ZeroMean": {ZeroMean(0.5), func(e [][]float64, _ []int32, _ [][][]float64) (sum float64) {
		for _, x := range e {
			var components float64
			for _, v := range x {
				components += v
			}
			sum += 0.5 * math.Abs(components) / float64(len(e))
		}
		return sum
	}},
	"Center": {Center(0.5), func(e [][]float64, labels []int32, _ [][][]float64) (sum float64) {
		for i, x := range e {
			center, n := make([]float64, len(x)), 0.0
			for k, y := range e {
				if labels[i] == labels[k] {
					n++
					for j := range y {
						center[j] += y[j]
					}
				}
			}
			for j := range center {
				center[j] /= n
			}
			sum += 0.5 * squared(x, center) / 2 / float64(len(e))
		}
		return sum
	}},
	"SparseCenters": {SparseCenters(0.5), func(_ [][]float64, _ []int32, proxies [][][]float64) (sum float64) {
		for _, class := range proxies {
			k := len(class)
			for s := range k {
				for u := s + 1; u < k; u++ {
					sum += 0.5 * math.Sqrt(2*cosine(class[s], class[u])) / float64(len(proxies)*k*(k-1))
				}
			}
		}
		return sum
	}},
	"Also": {Also(0.5, Objective{Distance: SquaredEuclidean(), Loss: Triplet(0.3), Reducer: Sum()}),
		func(e [][]float64, labels []int32, _ [][][]float64) (sum float64) {
			m := writtenOut(matrix(squared, e), labels)
			for a := range e {
				for _, v := range m.triplets(a, func(gap float64) float64 { return max(gap+0.3, 0) }) {
					sum += 0.5 * v
				}
			}
			return sum
		}},
}

func TestRegularizersMatchTheirDefinitions(t *testing.T) {
	const n, d, classes, k = 8, 3, 2, 3
	for name, row := range regularizerTable {
		t.Run(name, func(t *testing.T) {
			e, labels := batch(n, d, false)
			more, _ := batch(classes*k, d, false)
			proxies := [][][]float64{more[:k], more[k:]}
			e = append(e, more...)
			c := compile(t, func(scope *model.Scope, x, l *Node) []*Node {
				penalty := row.regularizer.Penalty(Subject{
					Batch: Batch{Embeddings: Slice(x, AxisRange(0, n)), Labels: l}, Scope: scope,
					Proxies: Reshape(Slice(x, AxisRangeToEnd(n)), classes, k, d),
				})
				return append([]*Node{penalty}, Gradient(penalty, x)...)
			})
			got := c.run(e, labels)
			if want := row.oracle(e[:n], labels, proxies); !near(got[0][0], want, 1e-9) {
				t.Errorf("penalty = %v, want %v", got[0][0], want)
			}
			checkGradient(t, got[1], e, func() float64 { return row.oracle(e[:n], labels, proxies) })
		})
	}
}

func TestRegularizersAreAddedToTheLoss(t *testing.T) {
	e, labels := batch(8, 3, false)
	losses := run(t, func(x, l *Node) []*Node {
		o := Objective{Distance: SquaredEuclidean(), Loss: Triplet(0.2), Reducer: Mean()}
		plain := o.Apply(nil, Batch{Embeddings: x, Labels: l}).Loss
		o.Regularizers = []Regularizer{Length(0.5), ZeroMean(2)}
		return []*Node{plain, o.Apply(nil, Batch{Embeddings: x, Labels: l}).Loss}
	}, e, labels)
	want := losses[0][0] + regularizerTable["Length"].oracle(e, nil, nil) + 4*regularizerTable["ZeroMean"].oracle(e, nil, nil)
	if got := losses[1][0]; !near(got, want, 1e-9) {
		t.Errorf("loss with two regularizers = %v, want %v", got, want)
	}
}
