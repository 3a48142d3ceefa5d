package cpu

import "github.com/gomlx/compute"

// operation is what the compiler knows of one kind of node. It is declared beside its lowering, in ops_*.go.
type operation struct {
	lower lowering // nil where only GoMLX's Go backend runs it
	apart apart
}

// operations holds every kind of node that functions record or passes introduce.
var operations = map[compute.OpType]operation{}

// lowering emits the tasks of a node, or returns false, having done nothing, if it cannot.
type lowering func(c *compiler, n *node) bool

// apart issues a node that reads the images of a batch again, for the images of a part, or gives errApart if it does not
// treat them apart. inputs are the node's, issued before. See splitter.
type apart func(s *splitter, n *node, inputs []compute.Value) ([]compute.Value, error)

// declare enters operations that functions record.
func declare(lower lowering, apart apart, ops ...compute.OpType) {
	for _, op := range ops {
		operations[op] = operation{lower, apart}
	}
}

// introduce enters an operation of the passes. They run when a batch has been split.
func introduce(op compute.OpType, name string, lower lowering) {
	opNames[op] = name
	operations[op] = operation{lower, together}
}

// opNames names the operations of the passes.
var opNames = map[compute.OpType]string{}

// opName names an operation, those of the passes too.
func opName(op compute.OpType) string {
	if name, ok := opNames[op]; ok {
		return name
	}
	return op.String()
}

func init() {
	introduce(opForeign, "Graph", nil)
	declare(lowerAlias, replayedIf(func(*splitter, *node) bool { return true }),
		compute.OpTypeIdentity, compute.OpTypeOptimizationBarrier, compute.OpTypeSchedulingBarrier)
	declare(lowerAlias, reshapeApart, compute.OpTypeReshape)
	declare(nil, pointwise, compute.OpTypeFusedGelu)
	declare(nil, together, compute.OpTypeSort, compute.OpTypeFFT,
		compute.OpTypeBitcast, compute.OpTypeDynamicDimensionSize, compute.OpTypeDynamicShape,
		compute.OpTypeFusedAttentionQKVProjection, compute.OpTypeFusedDense, compute.OpTypeFusedQuantizedDense,
		compute.OpTypeQuantizedEmbeddingLookup)
}

// lowerAlias gives the results the memory of the operands.
func lowerAlias(c *compiler, n *node) bool {
	for i, v := range n.outputs {
		c.where[v] = c.in(n.inputs[i])
	}
	return true
}

func reshapeApart(s *splitter, n *node, inputs []compute.Value) ([]compute.Value, error) {
	return one(s.to.Reshape(inputs[0], s.smaller(n.outputs[0].shape).Dimensions...))
}
