package metric

import (
	"fmt"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
)

// Regularizer is a number added to the loss that depends on embeddings or proxies themselves rather than on tuples.
type Regularizer struct {
	Name string
	// Penalty is the scalar to add.
	Penalty func(s Subject) *Node
	// Centers is how many proxies every class must have at least; 0 when the regularizer does not look at proxies.
	Centers int
	// Declare creates the variables in scope that the regularizer learns, by [Variable], for embeddings of d numbers; nil when there
	// are none. Penalty finds them again in Subject.Scope.
	Declare func(scope *model.Scope, d int)
	// also is the objective that [Also] adds, nil in all others.
	also *Objective
}

// Subject is what a regularizer may look at.
type Subject struct {
	Batch
	Proxies *Node        // [classes, k, d], nil without classes
	Scope   *model.Scope // for the variables of this regularizer alone
}

// Also adds weight times the loss of another objective for the same batch, with a distance, a miner and a reducer of its own.
func Also(weight float64, o Objective) Regularizer {
	return Regularizer{
		Name: "also_" + o.Loss.Name, also: &o, Declare: o.Declare,
		Penalty: func(s Subject) *Node { return MulScalar(o.Apply(s.Scope, s.Batch).Loss, weight) },
	}
}

// check says why the regularizer does not fit the objective, nil when it does.
func (r Regularizer) check(o Objective) error {
	switch {
	case r.Penalty == nil:
		return fmt.Errorf("objective with an empty regularizer")
	case r.Centers > 0 && o.Classes == 0:
		return fmt.Errorf("regularizer %s looks at proxies of classes: give the number of classes", r.Name)
	case r.Centers > max(1, o.Loss.Centers):
		return fmt.Errorf("regularizer %s needs %d or more proxies per class, loss %s has one", r.Name, r.Centers, o.Loss.Name)
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
	s := Subject{Batch: b}
	if d := b.Embeddings.Shape().Dim(1); o.Classes > 0 {
		s.Proxies = Reshape(o.proxiesIn(scope, b.Embeddings), o.Classes, -1, d)
	}
	for i, r := range o.Regularizers {
		if scope != nil {
			s.Scope = regularizerScope(scope, i)
		}
		loss = Add(loss, scalar("regularizer "+r.Name, r.Penalty(s)))
	}
	return loss
}

// regularizerScope holds the variables of regularizer number i.
func regularizerScope(scope *model.Scope, i int) *model.Scope { return scope.At("also%d", i) }
