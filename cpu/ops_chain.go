package cpu

import (
	"github.com/gomlx/compute"
	"github.com/siam-go/siam/internal/kernel"
)

func init() { introduce(opChain, "Chain", lowerChain) }

// lowerChain runs a chain as a program of the kernels.
func lowerChain(c *compiler, n *node) bool {
	group := n.attrs.(*chain)
	p := chainRun{program: group.program(), size: group.links[0].size, cost: len(group.links)}
	for i, v := range n.inputs {
		p.inputs, p.kinds = append(p.inputs, c.in(v)), append(p.kinds, group.inputs[i].kind)
	}
	for _, v := range n.outputs {
		p.outputs = append(p.outputs, c.out(v))
	}
	c.emitChain(p)
	return true
}

// chainRun is a program of the kernels and the blocks it works on.
type chainRun struct {
	program         *kernel.Program
	size, cost      int // elements, and operations per element
	inputs, outputs []ref
	kinds           []operand // of the inputs
}

// emitChain adds the task. Any output may take over any input of its length: the program sees to it that no element is
// written before it was read for the last time.
func (c *compiler) emitChain(p chainRun) {
	for _, to := range p.outputs {
		for i, from := range p.inputs {
			if p.kinds[i] == asResult {
				c.replace(to, from)
			}
		}
	}
	scratch := c.threadScratch(p.program.ScratchLen())
	c.needLists(len(p.inputs) + len(p.outputs))
	c.elements(p.size, p.cost, func(fr *frame, thread, lo, hi int) {
		to, from := fr.lists[thread][:len(p.outputs)], fr.lists[thread][len(p.outputs):][:len(p.inputs)]
		for i, r := range p.outputs {
			to[i] = fr.f32(r)
		}
		for i, r := range p.inputs {
			from[i] = fr.f32(r)
		}
		p.program.Run(to, from, lo, hi, scratch(fr, thread))
	})
}

// program writes the chain as one of the kernels' programs.
func (group *chain) program() *kernel.Program {
	var b kernel.ProgramBuilder
	values := map[use]kernel.Value{}
	for _, u := range group.inputs {
		values[u] = u.kind.declare(&b, u.columns)
	}
	for _, l := range group.links {
		args := make([]kernel.Value, len(l.uses))
		for i, u := range l.uses {
			args[i] = values[u]
		}
		values[use{source: l.node.outputs[0], kind: asResult}] = record(&b, l.node.op, args)
	}
	for _, v := range group.results {
		b.Output(values[use{source: v, kind: asResult}])
	}
	return b.Program()
}

// declare adds an input of this kind to a program.
func (kind operand) declare(b *kernel.ProgramBuilder, columns int) kernel.Value {
	switch kind {
	case asScalar:
		return b.Scalar()
	case asRow:
		return b.Row(columns)
	case asColumn:
		return b.Column(columns)
	}
	return b.Vector()
}

// record adds an operation to a program.
func record(b *kernel.ProgramBuilder, op compute.OpType, args []kernel.Value) kernel.Value {
	switch op {
	case opReluGrad:
		return b.ReluGrad(args[0], args[1])
	case opLeakyRelu:
		below := b.Binary(kernel.OpMin, args[0], b.Constant(0))
		return b.Binary(kernel.OpAdd, b.Unary(kernel.OpRelu, args[0]), b.Binary(kernel.OpMul, below, args[1]))
	}
	if unary, ok := unaryOps[op]; ok {
		return b.Unary(unary, args[0])
	}
	return b.Binary(binaryOps[op], args[0], args[1])
}
