package metric

import (
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
)

// Objective is what training minimises: distance, miner, loss and reducer, each replaceable by its like.
type Objective struct {
	Distance Distance
	Miner    Miner
	Loss     Loss
	Reducer  Reducer
	// Classes above 0 compares embeddings with one learned proxy per class, labels 0 to Classes−1, instead of with each
	// other. The losses of classification need it.
	Classes int
}

// FaceNet is the triplet objective of Schroff et al. 2015: squared Euclidean distance, semi-hard triplets, margin 0.2.
func FaceNet() Objective {
	const margin = 0.2
	return Objective{SquaredEuclidean(), SemiHard(margin), Triplet(margin), MeanActive(), 0}
}

// Check says which parts do not fit together, nil when all do.
func (o Objective) Check() error {
	switch {
	case o.Distance.Matrix == nil || o.Loss.terms == nil || o.Reducer.reduce == nil:
		return fmt.Errorf("objective lacks its distance, loss or reducer")
	case o.Miner.keep != nil && !o.Loss.triplets:
		return fmt.Errorf("miner %s picks triplets, but loss %s sees pairs: use a miner of pairs or all", o.Miner.Name, o.Loss.Name)
	case o.Classes < 0:
		return fmt.Errorf("objective with %d classes", o.Classes)
	}
	return nil
}

// Outcome is what an objective makes of a batch. All are scalars; only Loss has a gradient.
type Outcome struct {
	Loss *Node
	// Active is the fraction, in [0, 1], of the tuples of the miner's pairs that count and give a loss above 0.
	Active *Node
	// Typical is the mean value of a tuple that counts, whatever the reducer is.
	Typical *Node
	// Mean and Spread are the mean and the standard deviation of all distances.
	Mean, Spread *Node
}

// Apply adds the objective to the graph: embeddings [n, d], labels [n] int32. Proxies are a variable in scope.
func (o Objective) Apply(scope *model.Scope, embeddings, labels *Node) Outcome {
	pairs := o.pairs(scope, embeddings, labels)
	terms := o.Loss.terms(o.Miner.narrow(pairs), o.Miner.keep)
	mean, spread := moments(pairs)
	return Outcome{
		Loss:    o.Reducer.reduce(terms),
		Active:  share(terms.Active, terms.Seen),
		Typical: StopGradient(share(terms.Sum, terms.Count)),
		Mean:    mean,
		Spread:  spread,
	}
}

// Collapsed is the value of each tuple when all embeddings are one point, 0 where that depends on the batch: a training
// whose typical value stays there has collapsed.
func (o Objective) Collapsed() float64 { return o.Loss.collapsed }

func (o Objective) pairs(scope *model.Scope, embeddings, labels *Node) Pairs {
	if o.Classes == 0 {
		return Within(o.Distance, embeddings, labels)
	}
	g := embeddings.Graph()
	proxies := o.proxies(scope, embeddings.Shape().Dim(1)).NodeValue(g)
	classes := Iota(g, shapes.Make(labels.DType(), o.Classes), 0)
	return Against(o.Distance, embeddings, labels, proxies, classes)
}

// proxies is the variable [classes, d], which begins as normal numbers drawn from the store's seed.
func (o Objective) proxies(scope *model.Scope, d int) *model.Variable {
	if v := scope.GetVariable("proxies"); v != nil {
		return v
	}
	seed := model.GetParamOr(scope, model.ParamInitialSeed, int64(0))
	random := rand.New(rand.NewPCG(uint64(seed), uint64(o.Classes)))
	values := make([]float32, o.Classes*d)
	for i := range values {
		values[i] = float32(random.NormFloat64() / math.Sqrt(float64(d)))
	}
	return scope.VariableWithValue("proxies", tensors.FromFlatDataAndDimensions(values, o.Classes, d))
}

// moments are the mean and the standard deviation of the distances of all pairs.
func moments(p Pairs) (mean, spread *Node) {
	distances := StopGradient(p.Distances)
	mask := LogicalOr(p.Same, p.Different)
	count := number(mask, distances)
	mean = share(masked(mask, distances), count)
	spread = Sqrt(share(masked(mask, Square(Sub(distances, mean))), count))
	return mean, spread
}
