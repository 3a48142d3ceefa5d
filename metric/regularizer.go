package metric

import (
	"fmt"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
)

// Regularizer is a number added to the loss that depends on embeddings or proxies themselves rather than on tuples.
type Regularizer struct {
	Name string
	// centers is how many proxies every class must have at least; 0 when the regularizer does not look at proxies.
	centers int
	// also is the objective that [Also] adds, nil in all others.
	also    *Objective
	penalty func(s subject) *Node
}

// subject is what a regularizer may look at.
type subject struct {
	Batch
	proxies *Node        // [classes, k, d], nil without classes
	scope   *model.Scope // for the variables of this regularizer alone
}

// Also adds weight times the loss of another objective for the same batch, with a distance, a miner and a reducer of its own.
func Also(weight float64, o Objective) Regularizer {
	return Regularizer{
		Name: "also_" + o.Loss.Name, also: &o,
		penalty: func(s subject) *Node { return MulScalar(o.Apply(s.scope, s.Batch).Loss, weight) },
	}
}

// check says why the regularizer does not fit the objective, nil when it does.
func (r Regularizer) check(o Objective) error {
	switch {
	case r.penalty == nil:
		return fmt.Errorf("objective with an empty regularizer")
	case r.centers > 0 && o.Classes == 0:
		return fmt.Errorf("regularizer %s looks at proxies of classes: give the number of classes", r.Name)
	case r.centers > max(1, o.Loss.centers):
		return fmt.Errorf("regularizer %s needs %d or more proxies per class, loss %s has one", r.Name, r.centers, o.Loss.Name)
	case r.also != nil:
		return r.also.Check()
	}
	return nil
}

// regularized is loss with all regularizers added.
func (o Objective) regularized(loss *Node, scope *model.Scope, b Batch) *Node {
	if len(o.Regularizers) == 0 {
		return loss
	}
	s := subject{Batch: b}
	if d := b.Embeddings.Shape().Dim(1); o.Classes > 0 {
		s.proxies = Reshape(o.proxiesIn(scope, b.Embeddings), o.Classes, -1, d)
	}
	for i, r := range o.Regularizers {
		if r.also != nil {
			s.scope = alsoScope(scope, i)
		}
		loss = Add(loss, r.penalty(s))
	}
	return loss
}

// alsoScope holds the variables of regularizer number i.
func alsoScope(scope *model.Scope, i int) *model.Scope { return scope.At("also%d", i) }
