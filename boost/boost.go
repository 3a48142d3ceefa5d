// Package boost learns gradient-boosted decision trees that say yes or no of a row of numbers (J. H. Friedman, "Greedy function approximation: a gradient
// boosting machine", 2001), with logistic loss, Newton's leaves and splits between histograms' bins, as XGBoost and LightGBM have them.
package boost

import (
	"fmt"
	"math"

	"github.com/siam-go/siam/modelfile"
)

// Forest is trees that are added up. Each is whole: from its root, node i goes on to 2i+1 or 2i+2, and after Depth splits stands a leaf. A node with
// nothing to split has a threshold of which everything is at or below.
type Forest struct {
	Columns, Trees, Depth int
	Features              []float32 // [trees, 2^depth − 1]: the column that a node looks at
	Thresholds            []float32 // the same: a number at or below goes left; NaN does too
	Leaves                []float32 // [trees, 2^depth]: what is added to the logit
	Base                  float32   // logit of no tree
}

// Logit is the logarithm of the odds that a row is a yes. It panics when the row has another length than those learned from.
func (f *Forest) Logit(row []float32) float64 {
	if len(row) != f.Columns {
		panic(fmt.Sprintf("boost: a row of %d numbers, want %d", len(row), f.Columns))
	}
	splits := 1<<f.Depth - 1
	sum := float64(f.Base)
	for t := range f.Trees {
		at := 0
		for range f.Depth {
			k := t*splits + at
			at = 2*at + 1
			if row[int(f.Features[k])] > f.Thresholds[k] {
				at++
			}
		}
		sum += float64(f.Leaves[t*(splits+1)+at-splits])
	}
	return sum
}

// Probability is how likely a row is a yes, in (0, 1).
func (f *Forest) Probability(row []float32) float64 { return logistic(f.Logit(row)) }

func logistic(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

// The names of the tensors that hold a forest in a model file.
const (
	tensorFeatures   = "trees/features"
	tensorThresholds = "trees/thresholds"
	tensorLeaves     = "trees/leaves"
	tensorBase       = "trees/base"
)

// Tensors are the forest as a model file keeps it.
func (f *Forest) Tensors() []modelfile.Tensor {
	splits := 1<<f.Depth - 1
	return []modelfile.Tensor{
		{Name: tensorBase, Shape: []int{2}, Values: []float32{f.Base, float32(f.Columns)}},
		{Name: tensorFeatures, Shape: []int{f.Trees, splits}, Values: f.Features},
		{Name: tensorLeaves, Shape: []int{f.Trees, splits + 1}, Values: f.Leaves},
		{Name: tensorThresholds, Shape: []int{f.Trees, splits}, Values: f.Thresholds},
	}
}

// FromTensors is the forest among the tensors of a model file, and the other tensors; nil where there is none. The error says what does not fit.
func FromTensors(all []modelfile.Tensor) (f *Forest, others []modelfile.Tensor, err error) {
	by := map[string]modelfile.Tensor{}
	for _, t := range all {
		switch t.Name {
		case tensorFeatures, tensorThresholds, tensorLeaves, tensorBase:
			by[t.Name] = t
		default:
			others = append(others, t)
		}
	}
	if len(by) == 0 {
		return nil, others, nil
	}
	leaves, base := by[tensorLeaves], by[tensorBase]
	if len(by) != 4 || len(leaves.Shape) != 2 || len(base.Values) != 2 {
		return nil, nil, fmt.Errorf("the trees lack a part: want %s, %s, %s and %s", tensorBase, tensorFeatures, tensorLeaves, tensorThresholds)
	}
	f = &Forest{Columns: int(base.Values[1]), Trees: leaves.Shape[0], Base: base.Values[0],
		Features: by[tensorFeatures].Values, Thresholds: by[tensorThresholds].Values, Leaves: leaves.Values}
	for 1<<f.Depth < leaves.Shape[1] {
		f.Depth++
	}
	return f, others, f.check(leaves.Shape[1])
}

// check finds what would make [Forest.Logit] read outside.
func (f *Forest) check(leaves int) error {
	splits := f.Trees * (1<<f.Depth - 1)
	if f.Columns < 1 || leaves != 1<<f.Depth || len(f.Features) != splits || len(f.Thresholds) != splits || len(f.Leaves) != f.Trees*leaves {
		return fmt.Errorf("%d trees of %d leaves with %d features, %d thresholds", f.Trees, leaves, len(f.Features), len(f.Thresholds))
	}
	for _, c := range f.Features {
		if !(c >= 0 && int(c) < f.Columns) {
			return fmt.Errorf("a tree looks at column %g of %d", c, f.Columns)
		}
	}
	return nil
}
