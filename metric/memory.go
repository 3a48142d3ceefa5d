package metric

import (
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
)

// MemoryScope is the scope below an objective's in which its cross-batch memory lives: variables that no gradient changes and
// that are no weights. All zeros is an empty memory.
const MemoryScope = "memory"

// memory holds the last embeddings seen, the newest first.
type memory struct {
	embeddings *model.Variable // [m, d]
	labels     *model.Variable // [m] int32, plus 1: 0 means that there is none yet
}

func memoryIn(scope *model.Scope, m, d int) memory {
	scope = scope.At(MemoryScope)
	zeros := func(shape shapes.Shape) func() *tensors.Tensor {
		return func() *tensors.Tensor { return tensors.FromShape(shape) }
	}
	return memory{
		embeddings: Variable(scope, "embeddings", zeros(shapes.Make(dtypes.Float32, m, d))).SetTrainable(false),
		labels:     Variable(scope, "labels", zeros(shapes.Make(dtypes.Int32, m))).SetTrainable(false),
	}
}

// againstMemory compares a batch with itself and with the memory (Wang et al. 2020, "Cross-Batch Memory for Embedding
// Learning"), and then remembers the batch. No gradient flows into the memory. Others are the batch's n, then the memory's m.
//
// The paper fills the memory only when embeddings have come to change slowly, after 1,000 steps. Here it fills from the first
// step on; what is out of date has fallen out after m/n steps.
func againstMemory(distance Distance, embeddings, labels *Node, memory memory) Pairs {
	old := ConvertDType(memory.embeddings.NodeValue(embeddings), embeddings.DType())
	oldLabels := memory.labels.NodeValue(embeddings)
	otherLabels := Concatenate([]*Node{labels, ConvertDType(AddScalar(oldLabels, -1), labels.DType())}, 0)
	others := Concatenate([]*Node{embeddings, StopGradient(old)}, 0)
	p := Against(distance, embeddings, labels, others, otherLabels).withoutItself()
	there := GreaterOrEqual(otherLabels, ZerosLike(otherLabels))
	p.Different = LogicalAnd(p.Different, InsertAxes(there, 0))
	memory.push(embeddings, labels)
	return p
}

// push puts a batch before the rest, whose end falls out.
func (m memory) push(embeddings, labels *Node) {
	renew := func(v *model.Variable, batch *Node) {
		size := v.Shape().Dim(0)
		all := Concatenate([]*Node{ConvertDType(StopGradient(batch), v.DType()), v.NodeValue(batch)}, 0)
		v.SetNodeValue(Slice(all, AxisRange(0, size)))
	}
	renew(m.embeddings, embeddings)
	renew(m.labels, AddScalar(ConvertDType(labels, m.labels.DType()), 1))
}
