package train

import (
	"path"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
)

// gathered is what the batches of a step, up to Config.Accumulate of them, have shown so far.
type gathered struct {
	batches int
	sum     result // of all but the gradients' lengths
}

// parts is the number of batches that make a step.
func (c Config) parts() int { return max(1, c.Accumulate) }

// last says whether the coming batch ends its step.
func (t *Trainer[B]) last() bool { return t.gathered.batches+1 == t.config.parts() }

// gather adds what a batch has shown.
func (t *Trainer[B]) gather(r result) {
	share := 1 / float64(t.config.parts())
	s := &t.gathered.sum
	s.loss += share * r.loss
	s.sight.Typical += share * r.sight.Typical
	s.sight.Active += share * r.sight.Active
	s.sight.Mean += share * r.sight.Mean
	s.sight.Spread += share * r.sight.Spread
	t.gathered.batches++
}

// together are the gradients of this batch and those before it in its step, each counting its share. again is 0 for the first.
func (t *Trainer[B]) together(scope *model.Scope, weights []*model.Variable, gradients []*Node, again *Node) []*Node {
	if t.config.parts() == 1 {
		return gradients
	}
	sums := make([]*Node, len(gradients))
	for i, v := range weights {
		before := t.sumOf(scope, v).NodeValue(again)
		sums[i] = Add(Mul(before, again), MulScalar(gradients[i], 1/float64(t.config.parts())))
	}
	return sums
}

// hold keeps gradients for the next batch of the step, unless they are not finite.
func (t *Trainer[B]) hold(scope *model.Scope, weights []*model.Variable, gradients []*Node, finite *Node) {
	for i, v := range weights {
		sum := t.sumOf(scope, v)
		sum.SetNodeValue(Where(finite, gradients[i], sum.NodeValue(finite)))
	}
}

// sumOf is the variable with the sum of a weight's gradients.
func (t *Trainer[B]) sumOf(scope *model.Scope, v *model.Variable) *model.Variable {
	sums := scope.Store().Scope(path.Join("/", gatheredScope, v.Path()))
	if sum := sums.GetVariable("gradient"); sum != nil {
		return sum.SetTrainable(false)
	}
	return sums.VariableWithValue("gradient", tensors.FromShape(v.Shape())).SetTrainable(false)
}
