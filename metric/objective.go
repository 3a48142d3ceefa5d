package metric

import (
	"fmt"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
)

// Objective is what training minimises: distance, miner, loss and reducer, each replaceable by its like.
type Objective struct {
	Distance Distance
	Miner    Miner
	Loss     Loss
	Reducer  Reducer
	// Classes above 0 compares embeddings with learned proxies of the classes, labels 0 to Classes−1, instead of with each
	// other. The losses of classification need it.
	Classes int
	// Memory above 0 compares embeddings also with so many of the batches before (Wang et al. 2020, "Cross-Batch Memory").
	// Labels must then be 0 or more.
	Memory int
	// Regularizers are added to the loss.
	Regularizers []Regularizer
}

// FaceNet is the triplet objective of Schroff et al. 2015: squared Euclidean distance, semi-hard triplets, margin 0.2.
func FaceNet() Objective {
	const margin = 0.2
	return Objective{Distance: SquaredEuclidean(), Miner: SemiHard(margin), Loss: Triplet(margin), Reducer: MeanActive()}
}

// Check says which parts do not fit together, nil when all do.
func (o Objective) Check() error {
	switch {
	case o.Distance.Matrix == nil || o.Loss.Terms == nil || o.Reducer.Reduce == nil:
		return fmt.Errorf("objective lacks its distance, loss or reducer")
	case o.Miner.Keep != nil && !o.Loss.Triplets:
		return fmt.Errorf("miner %s picks triplets, but loss %s sees pairs: use a miner of pairs or all", o.Miner.Name, o.Loss.Name)
	case o.Classes < 0 || o.Memory < 0:
		return fmt.Errorf("objective with %d classes and a memory of %d embeddings: want 0 or more", o.Classes, o.Memory)
	case o.Classes > 0 && o.Memory > 0:
		return fmt.Errorf("objective with %d classes and a memory: embeddings are compared with proxies or with a memory", o.Classes)
	case o.Loss.Proxies && o.Classes == 0:
		return fmt.Errorf("loss %s compares with proxies of classes: give the number of classes", o.Loss.Name)
	case o.Miner.Embeddings && o.Classes > 0:
		return fmt.Errorf("miner %s compares embeddings with embeddings, not with proxies of classes", o.Miner.Name)
	}
	for _, r := range o.Regularizers {
		if err := r.check(o); err != nil {
			return err
		}
	}
	return nil
}

// CheckLabels says which label of a batch the objective cannot take, nil when it takes all.
func (o Objective) CheckLabels(labels []int32) error {
	for _, label := range labels {
		switch {
		case o.Classes > 0 && (label < 0 || int(label) >= o.Classes):
			return fmt.Errorf("label %d in a batch, but the objective has %d classes", label, o.Classes)
		case o.Memory > 0 && label < 0:
			return fmt.Errorf("label %d in a batch, but the objective's memory takes labels from 0 on", label)
		}
	}
	for _, r := range o.Regularizers {
		if r.also != nil {
			if err := r.also.CheckLabels(labels); err != nil {
				return err
			}
		}
	}
	return nil
}

// Outcome is what an objective makes of a batch. All are scalars; only Loss has a gradient.
type Outcome struct {
	Loss *Node // with the regularizers
	// Active is the fraction, in [0, 1], of the tuples of the miner's pairs that count and give a loss above 0.
	Active *Node
	// Typical is the mean value of a tuple that counts, added up over the loss's parts, whatever the reducer is.
	Typical *Node
	// Mean and Spread are the mean and the standard deviation of all distances.
	Mean, Spread *Node
}

// Apply adds the objective to the graph. What it learns, remembers and draws at random is in scope, under the names that
// [Objective.Declare] gives; scope may be nil where there is nothing of the kind. It panics on parts that return what they must not.
func (o Objective) Apply(scope *model.Scope, b Batch) Outcome {
	pairs := o.pairs(scope, b)
	parts := o.Loss.Terms(o.Miner.narrow(pairs))
	loss := o.regularized(o.reduce(parts, b.Labels), scope, b)
	mean, spread := moments(pairs)
	active, typical := watched(parts)
	return Outcome{Loss: loss, Active: active, Typical: typical, Mean: mean, Spread: spread}
}

// Declare creates the variables in scope that Apply uses for embeddings of d numbers, where they are missing: "proxies" [classes ×
// proxies a class, d], what the loss learns, and the memory's in [MemoryScope]. Apply would create them too, but too late for
// a caller that looks at all variables before it builds a graph.
func (o Objective) Declare(scope *model.Scope, d int) {
	if o.Classes > 0 {
		o.proxies(scope, d)
	}
	if o.Memory > 0 {
		memoryIn(scope, o.Memory, d)
	}
	if o.Loss.Declare != nil {
		o.Loss.Declare(scope)
	}
	for i, r := range o.Regularizers {
		if r.Declare != nil {
			r.Declare(regularizerScope(scope, i), d)
		}
	}
}

// Collapsed is the value of each tuple when all embeddings are one point, 0 where that depends on the batch: a training
// whose typical value stays there has collapsed.
func (o Objective) Collapsed() float64 { return o.Loss.Collapsed }

func (o Objective) pairs(scope *model.Scope, b Batch) (p Pairs) {
	switch {
	case o.Classes > 0:
		p = againstProxies(o.Distance, o.Loss, b.Embeddings, b.Labels, o.proxiesIn(scope, b.Embeddings))
	case o.Memory > 0:
		p = againstMemory(o.Distance, b.Embeddings, b.Labels, memoryIn(scope, o.Memory, b.Embeddings.Shape().Dim(1)))
	default:
		p = Within(o.Distance, b.Embeddings, b.Labels)
		p.listed = b.Positives
	}
	p.Scope = scope
	return p
}

// reduce adds up the loss's parts.
func (o Objective) reduce(parts []Terms, labels *Node) *Node {
	var total *Node
	for _, t := range parts {
		if t.Labels == nil {
			t.Labels = labels
		}
		total = plus(total, scalar("reducer "+o.Reducer.Name, o.Reducer.Reduce(t)))
	}
	if total == nil {
		panic(fmt.Sprintf("metric: loss %s returned no terms", o.Loss.Name))
	}
	return total
}

// scalar is x, which part makes; it panics on any other shape.
func scalar(part string, x *Node) *Node {
	if !x.IsScalar() {
		panic(fmt.Sprintf("metric: %s gives %s, want a scalar", part, x.Shape()))
	}
	return x
}

// watched are an outcome's Active and Typical.
func watched(parts []Terms) (active, typical *Node) {
	var above, seen *Node
	for _, t := range parts {
		above, seen = plus(above, ReduceAllSum(t.Active)), plus(seen, ReduceAllSum(t.Seen))
		typical = plus(typical, share(t.Sum, t.Count))
	}
	return share(above, seen), StopGradient(typical)
}

// plus is total + x, where total may be nil for 0.
func plus(total, x *Node) *Node {
	if total == nil {
		return x
	}
	return Add(total, x)
}

// moments are the mean and the standard deviation of the distances of all pairs.
func moments(p Pairs) (mean, spread *Node) {
	distances := StopGradient(p.Distances)
	mask := LogicalOr(p.Same, p.Different)
	count := number(mask, distances)
	mean = share(Masked(mask, distances), count)
	spread = Sqrt(share(Masked(mask, Square(Sub(distances, mean))), count))
	return mean, spread
}
